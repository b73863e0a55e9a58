"""What charging remembers, and what it decides: the words between the pure half and the thin shell.

Knows shapes. Does not know rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from station_ctl.charging.allocator import Told
from station_ctl.charging.history import BayHistory
from station_ctl.charging.hot_packs import HotPack
from station_ctl.charging.insulation import Insulation
from station_ctl.charging.selection import Standing
from station_ctl.charging.site_power import SiteLimit, SitePower
from station_ctl.charging.suspects import WAITS, Clearance, Reason, Suspect

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

    told: Mapping[str, Told] = field(default_factory=dict)
    histories: Mapping[str, BayHistory] = field(default_factory=dict)
    hot: Mapping[str, HotPack] = field(default_factory=dict)
    quarantined: Mapping[str, Quarantine] = field(default_factory=dict)
    power: SitePower = field(default_factory=SitePower)
    insulation: Insulation = field(default_factory=Insulation)

    @property
    def locks(self) -> tuple[tuple[str, str], ...]:
        """Every latched pack with the reason, or its bay while no code of it is known; so the engine is told of it."""
        kept = {key: "quarantine: " + "; ".join(map(str, q.reasons)) for key, q in self.quarantined.items()}
        hot = {h.pack or h.bay: f"hot in bay {h.bay}: {h.words}" for h in self.hot.values()}
        return tuple(sorted({**kept, **hot}.items()))


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

    `clearances` and `held_by` say of each bay why it gets what it gets; `standing` is what selection needs of it.
    """

    state: ChargingState
    levels: Mapping[str, float]
    fans: Mapping[str, bool]
    wishes: tuple[Wish, ...]
    findings: tuple[Finding, ...]
    limit: SiteLimit
    clearances: Mapping[str, Clearance] = field(default_factory=dict)
    held_by: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)


def standing(state: ChargingState, stopped: Mapping[str, str], clear: Mapping[str, Clearance]) -> Standing:
    """What selection must know: packs that are stopped, latched or doubted are not given away, full ones since
    when.

    A pack that only settles, or of which something is not known just now, is left to selection's own look at the
    image.
    """
    against = {
        name: f"suspect: {judged}"
        for name, judged in clear.items()
        if isinstance(judged, Suspect) and any(r.doubt not in WAITS for r in judged.reasons)
    }
    full = {h.pack: h.full_since for h in state.histories.values() if h.pack and h.full_since is not None}
    return Standing({**against, **stopped}, full)
