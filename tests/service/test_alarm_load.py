"""The load figures: rates, floods, the frequent and the stale, and how long a call waits for its answer.

Knows events as data alone.
"""

from __future__ import annotations

import pytest

from station_ctl.core.alarms import Priority
from station_ctl.service.alarm_load import AlarmEvent, figures
from station_ctl.service.alarm_states import AlarmRecord, AlarmState, Change

DAY = 86400.0


def event(at: float, key: str = "A201-lift", what: Change = Change.ANNOUNCED) -> AlarmEvent:
    return AlarmEvent(at, key, key[:4], Priority.HIGH, what, AlarmState.UNACK)


def test_rate_is_the_mean_of_ten_minutes_and_peak_the_worst_ten() -> None:
    events = [event(t) for t in (0, 100, 599, 700, 5000, 80_000)]
    found = figures(events, (), DAY, 0)
    assert (found.announced, found.peak, found.floods) == (6, 3, 0)
    assert found.per_window == pytest.approx(6 / 144)


def test_rate_of_a_short_span_is_not_blown_up() -> None:
    assert figures([event(DAY - 1)], (), DAY, DAY - 10).per_window == 1


def test_flood_is_counted_once_from_ten_in_ten_minutes_until_it_ebbs() -> None:
    flood = [event(10 * n) for n in range(15)]
    assert figures(flood[:9], (), DAY, 0).floods == 0
    assert figures(flood, (), DAY, 0).floods == 1
    later = [event(50_000 + 10 * n) for n in range(10)]
    assert figures([*flood, event(40_000), *later], (), DAY, 0).floods == 2


def test_what_lies_before_the_span_is_not_counted() -> None:
    assert figures([event(0), event(DAY + 1)], (), DAY, 10).announced == 0


def test_time_to_the_answer_counts_from_the_first_call() -> None:
    ack = Change.ACKNOWLEDGED
    events = [event(0), event(60), event(100, what=ack), event(200), event(210, what=ack), event(300, "A101-G10")]
    found = figures(events, (), DAY, 0)
    assert (found.ack_median, found.ack_worst) == (55, 100)
    assert figures([], (), DAY, 0).ack_median is None


def test_what_stands_is_counted_by_what_a_person_has_to_do() -> None:
    def record(key: str, **more: object) -> AlarmRecord:
        return AlarmRecord(key, key[:4], Priority.HIGH, **more)  # type: ignore[arg-type]

    records = [
        record("A201-a", active=True, seen=False, raised_at=DAY - 10),
        record("A201-b", active=True, raised_at=-1.0),
        record("A201-c", active=True, out_by="li", raised_at=DAY),
        record("A201-d"),
    ]
    found = figures([], records, DAY, 0)
    assert (found.standing, found.unacknowledged, found.stale, found.out_of_service) == (3, 1, ("A201-b",), 1)


def test_frequent_alarms_come_first_with_their_share() -> None:
    events = [event(1), event(2), event(3, "A101-G10"), event(4, "A101-G10", Change.SUPPRESSED)]
    found = figures(events, (), DAY, 0)
    assert found.frequent == (("A201-lift", 2, 2 / 3), ("A101-G10", 1, 1 / 3))
    assert found.by_priority[1] == (Priority.HIGH, 3, 1.0) and found.suppressed == 1
