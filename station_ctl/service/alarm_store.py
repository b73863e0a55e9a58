"""Alarms in the history file: what is acknowledged, shelved and out of service, and everything that happened.

Knows the tables `alarm` and `alarm_event`. Does not know how alarms come about; nothing here can hold up the station.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from typing import Any

import structlog

from station_ctl.core.alarms import Priority
from station_ctl.service.alarm_load import AlarmEvent
from station_ctl.service.alarm_states import AlarmRecord, AlarmState, Change, Shelving
from station_ctl.service.history_thread import History

log = structlog.get_logger()

KEPT = 100_000
"""Events kept in the file, the newest; at 150 a day that is almost two years."""

READ = 10_000
"""Events read at the start, the newest."""

PRUNE_EVERY = 1_000

_OF_THIS_LIFE = frozenset(("level", "changed_mono", "announced_mono"))
"""Fields of a record that mean nothing to the next life of the program."""

_KINDS = {
    f.name: type(f.default) for f in dataclasses.fields(AlarmRecord) if type(f.default) in (bool, int, float, str)
}


class AlarmStore:
    """Keeps records and events of alarms over restarts."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._noted = 0

    def restore(self) -> tuple[list[AlarmRecord], list[AlarmEvent]]:
        """Records as they were kept, and the newest events, oldest first. Empty when there is nothing readable."""
        rows: list[str] = self._history.at_start(_read_records, [])
        events: list[tuple[Any, ...]] = self._history.at_start(_read_events, [])
        return [r for row in rows if (r := _record(row)) is not None], [e for r in events if (e := _event(r))]

    def keep(self, record: AlarmRecord) -> None:
        """Keep a record as it is now."""
        data = {k: v for k, v in dataclasses.asdict(record).items() if k not in _OF_THIS_LIFE}
        if record.shelving is not None:
            del data["shelving"]["ends"]
        text = json.dumps(data, ensure_ascii=False)
        self._history.put(lambda db: db.execute("INSERT OR REPLACE INTO alarm VALUES (?, ?)", (record.key, text)))

    def forget(self, key: str) -> None:
        """The alarm is normal again."""
        self._history.put(lambda db: db.execute("DELETE FROM alarm WHERE key=?", (key,)))

    def note(self, event: AlarmEvent) -> None:
        """Keep an event; the oldest give way."""
        row = (
            event.at, event.key, event.code, str(event.priority), str(event.what), str(event.state), event.detail,
            event.by, event.note,
        )  # fmt: skip
        self._history.put(lambda db: db.execute(_INSERT, row))
        self._noted += 1
        if self._noted % PRUNE_EVERY == 1:
            self._history.put(
                lambda db: db.execute(
                    "DELETE FROM alarm_event WHERE seq <= (SELECT MAX(seq) FROM alarm_event) - ?", (KEPT,)
                )
            )


_INSERT = (
    "INSERT INTO alarm_event (at, key, code, priority, what, state, detail, person, note)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _read_records(db: sqlite3.Connection) -> list[str]:
    return [data for (data,) in db.execute("SELECT data FROM alarm ORDER BY key").fetchall()]


def _read_events(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    sql = "SELECT at, key, code, priority, what, state, detail, person, note FROM alarm_event ORDER BY seq DESC LIMIT ?"
    return db.execute(sql, (READ,)).fetchall()[::-1]


def _record(text: str) -> AlarmRecord | None:
    """A record of a row; one that is of another release or damaged is left out: its alarm is announced again."""
    try:
        data = json.loads(text)
        data["priority"] = Priority(data["priority"])
        if data.get("shelving") is not None:
            data["shelving"] = Shelving(ends=float("-inf"), **data["shelving"])
        record = AlarmRecord(**data)
        for name, kind in _KINDS.items():
            if type(getattr(record, name)) is not kind:
                raise ValueError(f"{name} is {getattr(record, name)!r}")
        if not isinstance(record.key, str) or not isinstance(record.code, str):
            raise ValueError("it has no name")
        if record.shelving is not None and not isinstance(record.shelving.until, (int, float)):
            raise ValueError("its shelving has no end")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("alarm-not-restored", why=str(error), row=text[:80])
        return None
    return record


def _event(row: tuple[Any, ...]) -> AlarmEvent | None:
    at, key, code, priority, what, state, detail, by, note = row
    try:
        return AlarmEvent(at, key, code, Priority(priority), Change(what), AlarmState(state), detail, by, note)
    except ValueError as error:
        log.warning("alarm-event-not-restored", why=str(error))
        return None
