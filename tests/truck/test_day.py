"""A morning of the truck station in virtual time: every truck served, every pack in its place, nothing unsafe."""

from __future__ import annotations

import pytest

from hil_tests.virtual.__main__ import RATE, one_day
from station_ctl.config import load_station, station_file

MORNING = [600.0 + 1200.0 * k for k in range(6)]
"""Six trucks within two hours, each served in five minutes; seven packs are ready."""


@pytest.mark.parametrize("trucks", [2, pytest.param(6, marks=pytest.mark.long)])
def test_every_truck_is_served_and_every_pack_is_where_the_ledger_has_it(trucks: int) -> None:
    config = load_station(station_file("sim_heavy_truck"), {"clock.process_rate": RATE})
    report = one_day(config, {"seed": 1}, "morning", MORNING[:trucks], until_s=0.0)
    assert (report.arrived, len(report.waits_s), report.stopped) == (trucks, trucks, "")
    assert report.custody == [] and report.violations == []
    assert report.orders >= trucks * 31, "the monitor has judged every order of every swap"
    assert max(report.waits_s) < 360
