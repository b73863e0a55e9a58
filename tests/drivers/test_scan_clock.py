"""Scans come at absolute deadlines, delays of reconnecting grow and end."""

from __future__ import annotations

import pytest

from drivers.backoff import BackOff
from drivers.scan_clock import PERIODS, ScanClock
from station_ctl.core.points import ScanClass

FAST, NORMAL, SLOW = ScanClass.FAST, ScanClass.NORMAL, ScanClass.SLOW


def test_everything_is_due_at_the_start_fastest_first() -> None:
    clock = ScanClock([SLOW, FAST, NORMAL], PERIODS, 100.0)
    assert clock.due(100.0) == (FAST, NORMAL, SLOW)
    assert clock.next() == pytest.approx(100.01)


def test_deadlines_do_not_drift_with_late_scans() -> None:
    clock = ScanClock([FAST], PERIODS, 100.0)
    clock.due(100.0)
    assert clock.due(100.013) == (FAST,)
    assert clock.next() == pytest.approx(100.02)
    assert clock.skipped == 0


def test_a_late_scan_skips_deadlines_and_makes_no_burst() -> None:
    clock = ScanClock([FAST, NORMAL], PERIODS, 100.0)
    clock.due(100.0)
    assert clock.due(100.057) == (FAST,)
    assert clock.due(100.0571) == ()
    assert clock.next() == pytest.approx(100.06)
    assert clock.skipped == 4


def test_no_deadline_without_scan_classes() -> None:
    assert ScanClock([], PERIODS, 0.0).next() == float("inf")


def test_delays_double_up_to_the_cap() -> None:
    back_off = BackOff(0.05, 0.2, jitter=0.0)
    assert [back_off.next() for _ in range(5)] == [0.05, 0.1, 0.2, 0.2, 0.2]


def test_a_delay_counts_from_the_beginning_of_the_attempt() -> None:
    back_off = BackOff(0.1, 0.2, jitter=0.0)
    assert back_off.next(took=0.04) == pytest.approx(0.06)
    assert back_off.next(took=5.0) == 0.02


def test_after_long_waiting_a_plc_is_asked_seldom_until_it_answered() -> None:
    back_off = BackOff(0.05, 0.2, jitter=0.0, patience=1.0, long_cap=2.0)
    delays = [back_off.next() for _ in range(12)]
    assert delays[-1] == 2.0
    back_off.reset()
    assert back_off.next() == 0.05


def test_jitter_keeps_links_from_knocking_together() -> None:
    back_off = BackOff(0.1, 0.1, jitter=0.2)
    delays = {back_off.next() for _ in range(20)}
    assert len(delays) > 1
    assert all(0.08 <= delay <= 0.12 for delay in delays)
