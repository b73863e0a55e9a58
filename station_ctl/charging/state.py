"""What charging remembers, and what it decides: the words between the pure half and the thin shell.

Knows shapes. Does not know rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from station_ctl.charging.allocator import Told
from station_ctl.charging.history import BayHistory
from station_ctl.charging.hot_packs import HotPack
from station_ctl.charging.site_power import SiteLimit, SitePower
from station_ctl.charging.suspects import Clearance, Reason

STATION = "station"
"""The place of a finding that concerns all bays."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A pack that may not be charged nor given away until a person clears it. `at` is monotonic s."""

    pack: str
    bay: str
    reasons: tuple[Reason, ...]
    at: float


@dataclass(frozen=True, slots=True)
class ChargingState:
    """All that charging remembers. `hot` is by bay, `quarantined` by pack (by bay while no code of the pack is
    known).

    `hot` and `quarantined` are latched: they must be kept beyond a restart (`latches`), all else is seen anew.
    """

    told: Mapping[str, Told] = MappingProxyType({})
    histories: Mapping[str, BayHistory] = MappingProxyType({})
    hot: Mapping[str, HotPack] = MappingProxyType({})
    quarantined: Mapping[str, Quarantine] = MappingProxyType({})
    power: SitePower = field(default_factory=SitePower)


@dataclass(frozen=True, slots=True)
class Wish:
    """What charging asks of the engine: verb `open` or `close` a session, or `isolate` the pack of a bay; `why`
    in words.
    """

    verb: str
    bay: str
    pack: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A level for the alarm board: it stands as long as it is found. `code` is stable, `place` a bay, rack or
    "station".
    """

    code: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now. `levels` kW by bay, every bay, decreases first and of those the hot ones; `fans` on or off
    by rack.

    `clearances` and `held_by` say of each bay why it gets what it gets.
    """

    state: ChargingState
    levels: Mapping[str, float]
    fans: Mapping[str, bool]
    wishes: tuple[Wish, ...]
    findings: tuple[Finding, ...]
    limit: SiteLimit
    clearances: Mapping[str, Clearance] = field(default_factory=dict)
    held_by: Mapping[str, str] = field(default_factory=dict)
