"""A rush at the truck station in virtual time: every truck served, every pack in its place, nothing unsafe."""

from __future__ import annotations

from itertools import pairwise

from hil_tests.virtual.__main__ import RATE, one_day
from station_ctl.config import load_station, station_file

RUSH = [600.0, 650.0, 700.0]
"""Three trucks at the gate together; the next one enters while the pack of the one before is put away."""

MOST_S = 300.0
"""A truck's turn, from the light to the empty bay."""


def test_trucks_that_queue_are_served_one_after_another_and_every_pack_is_where_the_ledger_has_it() -> None:
    config = load_station(station_file("sim_heavy_truck"), {"clock.process_rate": RATE})
    report = one_day(config, {"seed": 2}, "rush", RUSH, until_s=0.0)
    assert (report.arrived, len(report.waits_s), report.stopped) == (3, 3, "")
    assert report.custody == [] and report.violations == []
    assert report.orders >= 3 * 31, "the monitor has judged every order of every swap"
    assert max(report.busy_s) <= MOST_S
    waited = [arrival + wait for arrival, wait in zip(RUSH, report.waits_s, strict=True)]
    assert all(later - earlier <= MOST_S for earlier, later in pairwise(waited))
