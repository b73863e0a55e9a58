"""The constant part of every decision: order channels by role, and the interlocks of the whole station.

Knows what `build.py` has put together. Does not change while the station runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from station_ctl.core.conditions import Condition
from station_ctl.core.devices import Channel
from station_ctl.core.positions import Position
from station_ctl.core.steps import Interlock, Job, Kept
from station_ctl.engine.custody_watch import WatchedPlace

CUSTODY_EVERY = 1.0
"""Wall seconds between two comparisons of the ledger with the sensors."""

ACK_WITHIN = 1.0
"""Wall seconds after sending in which a PLC must acknowledge; equals the order's time to live."""

PROOF_WITHIN = 2.0
"""Wall seconds between the PLC's "done" and the sensors' agreement; then the device is held to be lying."""

CAUSE_WITHIN = 0.1
"""Wall seconds that a device which stopped by itself is not yet called the cause: the interlock that stopped it is
read from another PLC and shows up within a scan or two. The device itself is already at rest."""

QUIET_WITHIN = 2.0
"""Wall seconds after which an unreachable PLC has surely stopped by itself (dead-man 1 s, plus margin)."""

STOP_WITHIN = 10.0
"""Wall seconds after which a device that was told to stop must be seen at rest. The slowest machine ramps down within
two, and a vehicle's own switching ends within a few more; whatever moves longer does not obey."""

WITHDRAWN_MOST = 3
"""Orders for one step in a row that never leave; then the station holds, because the next one would not either."""

PERMISSIVE_WITHIN = 60.0
"""Process seconds a ready step waits for its permissives before the station holds and says for what."""


ForwardOnly = Callable[[str, frozenset[int], frozenset[int], Job], str]
"""Why a run of this procedure (key), with these steps begun and proven, has no way back; empty = it has one."""


@dataclass(frozen=True)
class StationFacts:
    """What the engine knows of the station it runs.

    `bypassable` are the rows that have a branch for a bypass, by name; `attended` must be proven for one to stand.
    `places` are held against the custody ledger. `always` stays on watch whenever the station acts, whatever the
    step; `safe` is needed to reset, start, resume. `positions` say in words where machines stand.
    """

    name: str
    channels: Mapping[str, Channel]
    always: tuple[Kept, ...]
    safe: tuple[Interlock, ...]
    places: tuple[WatchedPlace, ...] = ()
    positions: Mapping[str, tuple[Position, ...]] = field(default_factory=dict)
    forward_only: ForwardOnly = lambda key, begun, proven, job: ""
    bypassable: Mapping[str, Interlock] = field(default_factory=dict)
    attended: Condition | None = None
