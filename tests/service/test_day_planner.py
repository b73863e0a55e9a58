"""A plan of the working station: from its own swaps, in time or not at all, and never without enough days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.day_plan import DayPlan
from station_ctl.charging.demand import Demand
from station_ctl.charging.tariff import read_tariff
from station_ctl.core.policy import SitePolicy
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import InlineJournal
from station_ctl.service import day_planner
from station_ctl.service.day_planner import DayPlanner
from station_ctl.service.plan_process import PlanFailed, PlanOrder, plan, plan_elsewhere
from station_ctl.service.swap_times import demand_of, read_swaps, second_of_day
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench

TARIFF = read_tariff("from,to,price\n23:00,07:00,0.35\n07:00,23:00,0.82\n")
DAY = 86_400.0
NOON = datetime(2026, 3, 10, 12, 0).timestamp()
SWAPS = [NOON - back * DAY + hour * 3600 for back in range(5, -1, -1) for hour in (-3, 0, 2)]
"""Three swaps a day, at 9, 12 and 14 o'clock, for five days and today."""


def test_demand_is_learned_from_whole_days_and_not_from_today_or_a_first_day_half_seen() -> None:
    demand = demand_of([*SWAPS, NOON + 1, NOON + 2], NOON + 60)
    assert demand is not None and demand.days == 4
    assert {hour: n for hour, n in enumerate(demand.by_hour) if n} == {9: 1.0, 12: 1.0, 14: 1.0}
    assert demand_of([], NOON) is None and demand_of(SWAPS, NOON - 2 * DAY) is None, "two whole days are too few"
    assert demand_of(SWAPS, NOON + 40 * DAY) is None, "and what was weeks ago says nothing"
    assert second_of_day(NOON) == 43_200.0


def test_swaps_are_read_from_the_journal_by_their_own_key(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "j.sqlite", "S")
    for number, key in enumerate(("swap", "reception", "swap", "open-session"), 1):
        journal.commit([Record("run-opened", f"S-{number}", data=(("sequence", key),))], None)
    found = read_swaps(journal, "swap")
    assert len(found) == 2 and found == sorted(found)
    assert abs(found[0] - datetime.now().timestamp()) < 60.0
    two_packs = (("sequence", "swap"), ("also", [["P-1", "P-2", "A01", "A02"]]))
    journal.commit([Record("run-opened", "S-9", data=two_packs)], None)
    assert len(read_swaps(journal, "swap")) == 4, "once for each pack"
    journal.close()


def order(**changes: Any) -> PlanOrder:
    views = (BayView("A01", 1, "rack_a", present=True, soc=40.0, pack_type=100), BayView("A02", 2, "rack_a"))
    given = {"now": 5000.0, "second_of_day": 7 * 3600.0, "site_kw": 300.0, **changes}
    return PlanOrder(views, Demand((0.5,) * 24, 9), TARIFF, SitePolicy(), **given)


def test_another_process_makes_the_same_plan() -> None:
    here, there = plan(order()), asyncio.run(plan_elsewhere(order()))
    assert here is not None and there is not None and sum(here.kw) > 0
    assert (there.start, there.kw, there.needed_at) == (here.start, here.kw, here.needed_at)


def test_a_process_that_cannot_plan_says_why() -> None:
    with pytest.raises(PlanFailed, match=r"exit code 1: .*Error"):
        asyncio.run(plan_elsewhere(order(now="soon")))


Solve = Callable[[PlanOrder], Coroutine[Any, Any, DayPlan | None]]
Story = Callable[[DeskBench, DayPlanner], Coroutine[Any, Any, None]]


def told(folder: Path, solve: Solve, story: Story, swaps: list[float] = SWAPS) -> None:
    """A station ready for vehicles, with a planner that knows these swaps."""

    async def main() -> None:
        async with DeskBench(folder, charging=True) as bench:
            began = bench.engine.clock.monotonic()
            planner = DayPlanner(
                bench.engine, bench.charging, InlineJournal(bench.journal), TARIFF, bench.built.stand.policy,
                bench.built.archetype.swap_key, wall=lambda: NOON + bench.engine.clock.monotonic() - began, solve=solve,
            )  # fmt: skip
            bench.duty.planner = planner
            planner._swaps = list(swaps)
            await bench.make_ready()
            await story(bench, planner)

    run_virtually(main())


async def here(order: PlanOrder) -> DayPlan | None:
    return plan(order)


def test_a_plan_is_made_every_quarter_of_an_hour_charged_by_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bench looks a hundred times a second: it need not do so for fifteen minutes.
    monkeypatch.setattr(day_planner, "FIRST", 2.0)
    monkeypatch.setattr(day_planner, "EVERY", 60.0)
    orders: list[PlanOrder] = []

    async def counted(order: PlanOrder) -> DayPlan | None:
        orders.append(order)
        return plan(order)

    async def story(bench: DeskBench, planner: DayPlanner) -> None:
        task = asyncio.create_task(planner.run())
        await asyncio.sleep(day_planner.FIRST + 1.0)
        assert [order.demand.days for order in orders] == [4]
        assert orders[0].second_of_day == pytest.approx(43_202, abs=9)
        made, now = bench.charging.plan, bench.engine.clock.process()
        assert made is not None and made.kw_at(now) is not None
        shown = await bench.put("charging.plan")
        assert shown.ok and shown.data["planner"] == "planned from 4 days of swaps" and shown.data["plan"], shown
        await asyncio.sleep(day_planner.EVERY / bench.engine.clock.rate)
        assert len(orders) == 2 and orders[1].now >= orders[0].now + day_planner.EVERY
        task.cancel()

    told(tmp_path, counted, story)


def test_a_plan_that_is_late_or_failed_is_none_and_the_next_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_planner, "LATE", 2.0)
    answers: list[Any] = ["plan", "late", PlanFailed("exit code 1: no memory"), None, OSError("no process"), "plan"]

    async def solve(order: PlanOrder) -> DayPlan | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer == "late":
            await asyncio.sleep(day_planner.LATE * 10)
        return plan(order) if answer == "plan" else None

    async def story(bench: DeskBench, planner: DayPlanner) -> None:
        assert await planner.make() is not None and bench.charging.plan is not None
        for why in ("none within 2 s", "no memory", "found none in time", "no process"):
            assert await planner.make() is None and bench.charging.plan is None and why in planner.said
            shown = await bench.put("charging.plan")
            assert why in shown.data["planner"] and "fullest pack goes first" in shown.text
        assert await planner.make() is not None and planner.said.startswith("planned")

    told(tmp_path, solve, story)


def test_a_station_nobody_has_used_has_no_plan_and_its_first_swap_is_noted(tmp_path: Path) -> None:
    async def story(bench: DeskBench, planner: DayPlanner) -> None:
        assert await planner.make() is None and "fewer than 3 whole days" in planner.said
        bench.do(cmd="vehicle")
        await bench.reception.receive("test")
        assert len(planner._swaps) == 1, "the swap, and not its reception"

    told(tmp_path, here, story, [])
