"""What charging keeps beyond a restart, as one journal row: hot packs, quarantine, and the limits that persons set.

Knows the form of the row. Does not know when it is written, nor what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from station_ctl.charging.hot_packs import Grade, HotPack
from station_ctl.charging.state import ChargingState, Quarantine
from station_ctl.charging.suspects import Doubt, Reason
from station_ctl.core.errors import DamagedJournal
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal

KIND = "charging"
"""Journal rows of this kind hold the whole memory; the newest one counts."""


@dataclass(frozen=True, slots=True)
class ChargingMemory:
    """`state` has the latches and nothing else. `site_kw` is the limit a person has set, None: none. `bay_kw` are the
    limits of single chargers by bay."""

    state: ChargingState = field(default_factory=ChargingState)
    site_kw: float | None = None
    bay_kw: Mapping[str, float] = field(default_factory=dict)

    def row(self, why: str) -> Record:
        """The row that keeps it; `why` says what changed."""
        hot = {h.bay: [h.pack, int(h.grade), h.words] for h in self.state.hot.values()}
        kept = {
            key: [q.pack, q.bay, [[str(r.doubt), r.words] for r in q.reasons]]
            for key, q in self.state.quarantined.items()
        }
        limits = ("site_kw", self.site_kw), ("bay_kw", dict(self.bay_kw))
        return Record(KIND, data=(("why", why), ("hot", hot), ("quarantined", kept), *limits))

    def of(self, state: ChargingState) -> ChargingMemory:
        """The same limits with the latches of this state."""
        return replace(self, state=ChargingState(hot=state.hot, quarantined=state.quarantined))


def remembered(journal: Journal) -> ChargingMemory:
    """What the journal keeps; nothing if it never kept any. Raises DamagedJournal for a row that is no such memory:
    to go on without it would give current to a pack that was locked away."""
    rows = journal.newest(1, (KIND,))
    if not rows:
        return ChargingMemory()
    try:
        return _read(rows[0].data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedJournal(f"journal row {rows[0].seq} ({KIND}) cannot be read: {error!r}") from error


def _read(data: Mapping[str, object]) -> ChargingMemory:
    hot, kept, limits = (_table(data, name) for name in ("hot", "quarantined", "bay_kw"))
    packs = {bay: HotPack(bay, str(pack), Grade(grade), str(words), 0.0) for bay, (pack, grade, words) in hot.items()}
    quarantined = {
        key: Quarantine(str(pack), str(bay), tuple(Reason(Doubt(doubt), str(words)) for doubt, words in reasons), 0.0)
        for key, (pack, bay, reasons) in kept.items()
    }
    site = data["site_kw"]
    if site is not None and not isinstance(site, int | float):
        raise ValueError(f"site_kw is {site!r}")
    return ChargingMemory(
        ChargingState(hot=packs, quarantined=quarantined), site, {bay: float(kw) for bay, kw in limits.items()}
    )


def _table(data: Mapping[str, object], name: str) -> dict[str, Any]:
    found = data[name]
    if not isinstance(found, dict):
        raise ValueError(f"{name} is {found!r}")
    return found
