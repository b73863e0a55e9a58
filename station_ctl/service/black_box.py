"""The black box: every change of every reading in the last minute, kept in memory and written down at each trip.

Knows links and effects as they pass by. Reads nothing itself, judges nothing, and is never waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import ScanClass
from station_ctl.engine.events import Announce, Effect, Progress, Record, StopDevices
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import StationState
from station_ctl.service.box_file import Keeper

log = structlog.get_logger()

BEFORE = 60.0
"""Seconds before a trip that the box tells of."""

AFTER = 5.0
"""Seconds after a trip that the box still takes in: how the machine came to rest."""

CHANGES_MOST = 250_000
"""Changes in memory, some 40 MB. A PLC that changes everything in every scan shortens the minute instead."""

_NO_BLOCK = Block()

COUNTERS = frozenset(("HB_PLC", "UPTIME_MS"))
"""Tags that move in every scan; that they stand still is told as the fault of the link."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened at `at` (monotonic s): tags of a link that changed, or what was decided (`link` empty)."""

    at: float
    link: str
    changes: Mapping[str, Any]


class Ring:
    """The newest entries, and what every tag was before the oldest of them."""

    def __init__(self, keeps: float = BEFORE, most: int = CHANGES_MOST) -> None:
        self._keeps, self._most = keeps, most
        self.size = 0
        self.entries: deque[Entry] = deque()
        self.base: dict[str, dict[str, Any]] = {}

    def add(self, entry: Entry) -> None:
        """Take an entry in; what has become too old goes into the base."""
        entries = self.entries
        entries.append(entry)
        self.size += len(entry.changes)
        oldest = entry.at - self._keeps
        while entries and (entries[0].at < oldest or self.size > self._most):
            old = entries.popleft()
            self.size -= len(old.changes)
            if old.link:
                self.base.setdefault(old.link, {}).update(old.changes)


class BlackBox:
    """Listens to every link and every effect of one engine; writes a file for each trip through `keeper`."""

    def __init__(self, engine: Engine, keeper: Keeper, *, wall: Callable[[], float] = time.time) -> None:
        self._engine, self._keeper, self._wall = engine, keeper, wall
        self.ring = Ring()
        self._blocks: dict[tuple[str, ScanClass], Block] = {}
        self._faults: dict[str, str | None] = {}
        self._tripped: list[dict[str, Any]] = []
        self._due = float("inf")
        self._header: dict[str, Any] = {}
        self._wake = asyncio.Event()
        self._failed = False
        for link in engine.links.values():
            link.on_scan(self.take)
        engine.listen(self._hear)

    # ---- taking in; called on every scan ----
    def take(self, snapshot: LinkSnapshot) -> None:
        """Note what a scan has changed. Cheap, because it runs in the scan itself, and never fails into it."""
        if self._failed:
            return
        try:
            self._note(snapshot)
        except Exception:
            self._failed = True
            log.exception("black-box-failed", link=snapshot.link)

    def _note(self, snapshot: LinkSnapshot) -> None:
        link, at = snapshot.link, 0.0
        changes: dict[str, Any] = {}
        for scan, block in snapshot.blocks.items():
            before = self._blocks.get((link, scan), _NO_BLOCK)
            if before is block:
                continue
            self._blocks[link, scan] = block
            at = max(at, block.at)
            if before.values is not block.values:
                known = before.values.get
                changes.update({tag: value for tag, value in block.values.items() if known(tag) != value})
            if block.bad or before.bad:
                _note_bad(changes, before, block)
        for tag in COUNTERS:
            changes.pop(tag, None)
        if self._faults.get(link, "") != snapshot.fault:
            self._faults[link] = snapshot.fault
            changes["fault"] = snapshot.fault
            at = self._engine.clock.monotonic()
        if changes:
            self.ring.add(Entry(at, link, changes))

    def _hear(self, effect: Effect) -> None:
        told = _told(effect)
        if told is None:
            return
        now = self._engine.clock.monotonic()
        self.ring.add(Entry(now, "", told))
        if isinstance(effect, Record) and effect.kind == "tripped":
            self._trip(now, told)

    # ---- writing down ----
    def _trip(self, now: float, told: dict[str, Any]) -> None:
        if not self._tripped:
            self._due = now + AFTER
            at = self._wall()
            state = state_as_data(self._engine.state)
            self._header = {
                "box": 1, "station": self._engine.facts.name, "code": told["code"], "mono": now,
                "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"), "state": state,
            }  # fmt: skip
            self._wake.set()
        self._tripped.append(told)

    async def run(self) -> None:
        """Write each trip down once what follows it has been taken in; on the way out, at once."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await asyncio.sleep(max(0.0, self._due - self._engine.clock.monotonic()))
                self.write()
        finally:
            self.write()

    def write(self) -> None:
        """Hand a trip that waits to be written to the keeper."""
        if not self._tripped:
            return
        header = {**self._header, "trips": self._tripped, "after": state_as_data(self._engine.state)}
        base = {link: dict(tags) for link, tags in self.ring.base.items()}
        self._keeper.keep(header, base, tuple(self.ring.entries))
        self._tripped, self._due = [], float("inf")


def _note_bad(changes: dict[str, Any], before: Block, block: Block) -> None:
    """What the PLC declares bad is noted as None: that is what the station knew."""
    for tag in block.bad:
        changes.pop(tag, None)
        if tag not in before.bad:
            changes[tag] = None
    for tag in before.bad - block.bad:
        changes[tag] = block.values.get(tag)


def _told(effect: Effect) -> dict[str, Any] | None:
    """An effect as data, if an onlooker later wants to know of it."""
    match effect:
        case Record():
            return {"record": effect.kind, "run": effect.run_id, "step": effect.step, "order": effect.order,
                    **dict(effect.data)}  # fmt: skip
        case Progress():
            return {"progress": effect.what, "run": effect.run_id, "step": effect.step, "text": effect.text}
        case Announce():
            return {"alarm": effect.code, "text": effect.text, "source": effect.source}
        case StopDevices():
            return {"stop": list(effect.roles)}
    return None


def state_as_data(state: StationState) -> dict[str, Any]:
    """The memory of the engine, as far as a person wants to read it."""
    return {
        "mode": str(state.mode),
        "state": str(state.state),
        "runs": [
            {
                "run": run.run_id, "sequence": run.sequence.key, "phase": str(run.phase),
                "steps": [
                    {"step": step.no, "text": step.text, "status": str(st.status), "order": st.order}
                    for step, st in run.pairs()
                    if st.order or st.active
                ],
            }
            for run in state.runs
        ],
        "trips": [
            {"code": t.code, "text": t.text, "first_out": t.first_out, "run": t.run_id, "step": t.step}
            for t in state.trips
        ],
        "packs": {pack: str(custody) for pack, custody in state.ledger},
    }  # fmt: skip
