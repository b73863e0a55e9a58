"""An alarm as a person reads it: state, words of the catalogue in one language, who has done what with it.

Knows forms only. Does not know how alarms come about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from station_ctl.core.alarms import AlarmEntry, Language, Priority
from station_ctl.service.alarm_states import AlarmRecord, AlarmState

_ORDER = list(Priority)


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One line of the alarm list and what stands behind it. Times are wall seconds, 0 = not yet."""

    id: str
    code: str
    state: AlarmState
    priority: Priority
    text: str
    detail: str
    cause: str
    consequence: str
    remedy: str
    source: str
    first_out: bool
    consequence_of: str
    raised_at: float
    announced_at: float
    ended_at: float
    repeats: int
    seen_by: str
    seen_at: float
    note: str
    shelved_until: float
    put_aside_by: str
    put_aside_why: str


def view(record: AlarmRecord, entry: AlarmEntry, language: Language) -> AlarmView:
    """A record with the words of its row."""
    words, shelf = entry.words(language), record.shelving
    return AlarmView(
        id=record.key,
        code=record.code,
        state=record.state,
        priority=record.priority,
        text=words.text,
        detail=record.detail,
        cause=words.cause,
        consequence=words.consequence,
        remedy=words.remedy,
        source=record.source,
        first_out=record.first_out,
        consequence_of=record.root if record.active else "",
        raised_at=record.raised_at,
        announced_at=record.announced_at,
        ended_at=record.ended_at,
        repeats=record.repeats,
        seen_by=record.seen_by,
        seen_at=record.seen_at,
        note=record.note,
        shelved_until=shelf.until if shelf is not None else 0.0,
        put_aside_by=shelf.by if shelf is not None else record.out_by,
        put_aside_why=shelf.reason if shelf is not None else record.out_reason,
    )


def in_order(records: Iterable[AlarmRecord]) -> list[AlarmRecord]:
    """What calls comes first, then by priority, then the oldest."""
    return sorted(records, key=lambda r: (not r.calls, bool(r.root), _ORDER.index(r.priority), r.raised_at))
