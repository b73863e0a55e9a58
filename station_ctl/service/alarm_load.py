"""The load that alarms put on a person, in the figures of ISA-18.2 and IEC 62682.

Pure. Counts what was announced; does not know how alarms come about.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from station_ctl.core.alarms import Priority
from station_ctl.service.alarm_states import AlarmRecord, AlarmState, Change

WINDOW = 600.0
"""Seconds of the window that rates are counted in."""

FLOOD = 10
"""Announcements in one window from which on nobody can follow."""

STALE = 24 * 3600.0
"""Seconds after which an alarm that still stands has become furniture."""


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One thing that happened to one alarm, at `at` (wall s)."""

    at: float
    key: str
    code: str
    priority: Priority
    what: Change
    state: AlarmState
    detail: str = ""
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """The figures of a span of `hours`. Times in seconds; shares 0..1.

    `per_window` is the mean number of announcements in ten minutes (goal ≤ 1), `peak` the most in any ten minutes,
    `floods` how often it went to ten or more. `frequent` are (key, announcements, share), the most frequent first.
    """

    hours: float
    announced: int
    per_window: float
    peak: int
    floods: int
    standing: int
    unacknowledged: int
    stale: tuple[str, ...]
    shelved: int
    out_of_service: int
    suppressed: int
    frequent: tuple[tuple[str, int, float], ...]
    by_priority: tuple[tuple[Priority, int, float], ...]
    ack_median: float | None
    ack_worst: float | None


def figures(
    events: Iterable[AlarmEvent], records: Iterable[AlarmRecord], now: float, since: float
) -> LoadFigures:
    """The load from `since` to `now` (wall s)."""
    span = [e for e in events if since <= e.at <= now]
    calls = [e for e in span if e.what is Change.ANNOUNCED]
    peak, floods = _peak(calls)
    took = _ack_times(span)
    kept = list(records)
    states = Counter(r.state for r in kept)
    keys, priorities = Counter(e.key for e in calls), Counter(e.priority for e in calls)
    total = len(calls)
    return LoadFigures(
        hours=(now - since) / 3600,
        announced=total,
        per_window=total * WINDOW / max(now - since, WINDOW),
        peak=peak,
        floods=floods,
        standing=sum(r.active for r in kept),
        unacknowledged=sum(not r.seen for r in kept),
        stale=tuple(r.key for r in kept if r.active and now - r.raised_at > STALE),
        shelved=states[AlarmState.SHELVED],
        out_of_service=states[AlarmState.OUT_OF_SERVICE],
        suppressed=sum(e.what is Change.SUPPRESSED for e in span),
        frequent=tuple((key, n, n / total) for key, n in keys.most_common(10)),
        by_priority=tuple((p, priorities[p], priorities[p] / total if total else 0.0) for p in Priority),
        ack_median=median(took) if took else None,
        ack_worst=max(took, default=None),
    )


def _peak(calls: list[AlarmEvent]) -> tuple[int, int]:
    """The most announcements in any window, and how many floods there were; one ends below half of it."""
    window: deque[float] = deque()
    peak = floods = 0
    flooded = False
    for call in calls:
        window.append(call.at)
        while window[0] <= call.at - WINDOW:
            window.popleft()
        peak = max(peak, len(window))
        if len(window) >= FLOOD and not flooded:
            flooded, floods = True, floods + 1
        elif len(window) < FLOOD // 2:
            flooded = False
    return peak, floods


def _ack_times(span: list[AlarmEvent]) -> list[float]:
    """Seconds from each announcement to the acknowledgement that answered it."""
    open_: dict[str, float] = {}
    took = []
    for event in span:
        if event.what is Change.ANNOUNCED:
            open_.setdefault(event.key, event.at)
        elif event.what is Change.ACKNOWLEDGED and event.key in open_:
            took.append(event.at - open_.pop(event.key))
    return took
