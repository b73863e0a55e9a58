"""The book of alarms: every record by its key, what happened to it, and who is told.

Knows keeping, naming and forgetting. Does not know when an alarm stands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import structlog

from station_ctl.core.alarms import AlarmEntry
from station_ctl.core.errors import NotFound
from station_ctl.service.alarm_load import AlarmEvent
from station_ctl.service.alarm_states import (
    REALARM_AFTER,
    SHELF_MOST,
    AlarmRecord,
    AlarmState,
    Change,
    Instant,
    Level,
)
from station_ctl.service.alarm_store import AlarmStore
from station_ctl.service.alarm_views import in_order

log = structlog.get_logger()

REMEMBERED = 10_000
"""Events kept in memory for history and figures: months at one alarm in ten minutes."""


LOGGED_BY_ENGINE = frozenset(("A302", "A702"))
"""Alarms that the engine tells the log itself, besides every trip: one line is enough."""


class AlarmBook:
    """Records by key in `records`, events oldest first in `events`."""

    def __init__(
        self,
        catalogue: Mapping[str, AlarmEntry],
        store: AlarmStore | None,
        now: Callable[[], Instant],
        possible: Iterable[str] = (),
    ) -> None:
        """`possible` are keys that may come up and may be put aside before they do."""
        self.catalogue = catalogue
        self._store, self._now = store, now
        self._possible = {key.lower(): key for key in possible}
        self._listeners: list[Callable[[AlarmEvent], None]] = []
        kept, events = store.restore() if store is not None else ([], [])
        self.events: deque[AlarmEvent] = deque(events, maxlen=REMEMBERED)
        # A row that this release does not have any more cannot be explained to anybody.
        self.records = {r.key: _taken_up(r, now()) for r in kept if r.code in catalogue}

    def listen(self, listener: Callable[[AlarmEvent], None]) -> None:
        """Show every change to an onlooker. One that fails is dropped and logged."""
        self._listeners.append(listener)

    def record_of(self, key: str, level: Level | None) -> AlarmRecord | None:
        """The record of this key; a new one if there is a level of a code that the catalogue has."""
        known = self.records.get(key)
        if known is not None or level is None or (entry := self.catalogue.get(level.code)) is None:
            return known
        return AlarmRecord(level.key, level.code, entry.priority)

    def put(self, record: AlarmRecord, changes: tuple[Change, ...], by: str = "", note: str = "") -> AlarmRecord:
        """Replace a record and tell what happened to it."""
        self.records[record.key] = record
        for change in changes:
            self._happened(record, change, by, note)
        if changes and self._store is not None:
            self._store.keep(record)
        return record

    def _happened(self, record: AlarmRecord, change: Change, by: str, note: str) -> None:
        if change is Change.ACKNOWLEDGED:
            by, note = record.seen_by, record.note
        at = self._now().wall
        event = AlarmEvent(
            at, record.key, record.code, record.priority, change, record.state, record.detail, by, note
        )
        self.events.append(event)
        if self._store is not None:
            self._store.note(event)
        if change is Change.ANNOUNCED and not record.latching and record.code not in LOGGED_BY_ENGINE:
            log.warning("alarm", code=record.code, text=record.detail, source=record.source)
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                self._listeners.remove(listener)
                log.exception("listener-failed", listener=repr(listener))

    def forget_normal(self) -> None:
        """Drop what is normal again, once it may be announced anew without counting as chatter."""
        now = self._now().mono
        for key, record in tuple(self.records.items()):
            recent = now - record.announced_mono < REALARM_AFTER
            if record.state is AlarmState.NORMAL and not record.level and not recent:
                del self.records[key]
                if self._store is not None:
                    self._store.forget(key)

    def listed(self) -> list[AlarmRecord]:
        """Every record that is not normal."""
        return [r for r in self.records.values() if r.state is not AlarmState.NORMAL]

    def named(self, alarm: str) -> AlarmRecord:
        """The listed alarm of this id, or the one of this code; or a possible one, normal now. Raises NotFound."""
        listed = self.listed()
        found = [r for r in listed if r.key.lower() == alarm.lower()]
        found = found or [r for r in listed if r.code.lower() == alarm.lower()]
        key = self._possible.get(alarm.lower(), "")
        if not found and key and (entry := self.catalogue.get(key.partition("-")[0])) is not None:
            return self.records.get(key) or AlarmRecord(key, entry.code, entry.priority)
        if len(found) == 1:
            return found[0]
        names = ", ".join(r.key for r in in_order(found or listed)) or "none"
        raise NotFound(f"{len(found) or 'no'} alarms are called {alarm}; there stand {names}")

    def with_consequences(self, alarm: str) -> Iterable[AlarmRecord]:
        """An alarm and the trips that are hidden behind it; `all` = every one listed. Raises NotFound.

        What is hidden and is no trip has not been shown to anybody: it is announced when its cause is gone.
        """
        hidden = [r for r in self.listed() if r.state is AlarmState.SUPPRESSED]
        if alarm.lower() == "all":
            return [r for r in self.listed() if r not in hidden or r.latching]
        root = self.named(alarm)
        return [root, *(r for r in hidden if r.root == root.key and r.latching)]


def _taken_up(record: AlarmRecord, now: Instant) -> AlarmRecord:
    """A record of an earlier life of the program, on this life's monotonic clock."""
    shelf = record.shelving
    if shelf is not None:
        shelf = replace(shelf, ends=now.mono + min(shelf.until - now.wall, SHELF_MOST))
    return replace(
        record, level=record.active, changed_mono=now.mono, announced_mono=float("-inf"), shelving=shelf
    )
