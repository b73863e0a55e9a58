"""Expected swaps, what packs need, and the cheapest plan that has them ready; without a plan the allocator goes on."""

from __future__ import annotations

import sys
from dataclasses import replace
from random import Random

import pytest

from station_ctl.charging.day_plan import DayPlan, Need
from station_ctl.charging.day_solver import solve
from station_ctl.charging.demand import Demand, learn
from station_ctl.charging.needs import PLANNED_QUANTILE, SURE_QUANTILE, needs_of, plan_day
from station_ctl.charging.pack_model import ANY_PACK, derating
from station_ctl.charging.tariff import read_tariff
from tests.charging.yard import POLICY, Yard, bay

HOUR = 3600.0
FLAT = Demand((4.0,) * 24, 30)
TWO_TIERS = read_tariff("from,to,price\n23:00,07:00,0.3\n07:00,23:00,1.0\n")


def test_demand_is_the_mean_of_the_recorded_hours() -> None:
    demand = learn([[10 * HOUR, 10.5 * HOUR, 23.99 * HOUR], [10 * HOUR]])
    assert demand.by_hour[10] == 1.5 and demand.by_hour[23] == 0.5 and demand.per_day == 2.0
    assert demand.expected(9.5 * HOUR, 10.5 * HOUR) == 0.75
    assert demand.expected(23.5 * HOUR, 34.5 * HOUR) == pytest.approx(0.25 + 0.75)
    assert learn([]).per_day == 0 and learn([]).times(0.0, 24 * HOUR) == ()
    with pytest.raises(ValueError, match="second of the day"):
        learn([[86_400.0]])


def test_a_mean_day_has_its_swaps_where_they_are_and_a_busy_one_has_them_sooner() -> None:
    mean = FLAT.times(0.0, 6 * HOUR, quantile=0.5)
    assert mean == pytest.approx([900.0 * k for k in range(1, 25)])
    busy = FLAT.times(0.0, 6 * HOUR)
    assert len(busy) > len(mean) and all(b < m for b, m in zip(busy, mean, strict=False))
    assert list(busy) == sorted(busy)


def test_the_share_of_busier_days_is_what_the_quantile_says() -> None:
    """Of many random days of that demand about nine in ten have no more swaps within 2 h than were prepared for."""
    random, prepared = Random(7), len(FLAT.times(0.0, 2 * HOUR, quantile=0.9))
    fewer = 0
    for _ in range(1000):
        at, count = random.expovariate(4 / HOUR), 0
        while at < 2 * HOUR:
            count, at = count + 1, at + random.expovariate(4 / HOUR)
        fewer += count <= prepared
    assert 860 <= fewer <= 960


def test_a_pack_charges_in_the_hours_that_its_current_table_gives() -> None:
    assert ANY_PACK.minutes_to(36.0, 95.0, 40.0) / 60 == pytest.approx(1.66, rel=0.1)
    assert ANY_PACK.minutes_to(10.0, 90.0, 40.0) / 60 == pytest.approx(2.04, rel=0.05)
    assert ANY_PACK.minutes_to(10.0, 90.0, 80.0) / 60 == pytest.approx(1.17, rel=0.1)
    assert (
        ANY_PACK.minutes_to(50.0, 90.0, 40.0, 55.0) == float("inf")
        and ANY_PACK.minutes_to(95.0, 90.0, 1.0) == 0
    )
    assert [derating(t) for t in (20.0, 45.0, 50.0, 55.0, 90.0)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert ANY_PACK.acceptance_kw(90.0, 12.5) == pytest.approx((42 + 93) / 2 * 399 / 1000)


def test_a_plan_waits_for_the_cheap_hours_as_far_as_packs_are_not_needed() -> None:
    prices = [1.0] * 8 + [0.2] * 8
    plan = solve([Need(20.0, 0, 3, 40.0), Need(30.0, 0, 15, 40.0)], prices, [500.0] * 16)
    assert plan is not None and plan.late_kwh == pytest.approx(0)
    assert sum(plan.kw[:4]) * 0.25 == pytest.approx(20.0) and sum(plan.kw[4:8]) == pytest.approx(0)
    assert sum(plan.kw[8:]) * 0.25 == pytest.approx(30.0) and plan.kw[8] == pytest.approx(40.0), (
        "sooner if it costs the same"
    )
    assert plan.cost == pytest.approx(26.0)


def test_dear_energy_is_bought_at_the_last_moment_and_cheap_energy_at_the_first() -> None:
    """What is bought dear for a swap that does not come is lost; what is bought cheap is not."""
    prices = [0.2] * 4 + [1.0] * 8 + [0.2] * 4
    dear, cheap = Need(15.0, 4, 11, 40.0), Need(15.0, 0, 15, 40.0)
    plan = solve([dear, cheap], prices, [500.0] * 16)
    assert plan is not None and plan.late_kwh == pytest.approx(0)
    assert plan.kw[:2] == pytest.approx((40.0, 20.0)) and plan.kw[10:12] == pytest.approx((20.0, 40.0))
    assert sum(plan.kw) * 0.25 == pytest.approx(30.0)
    flat = solve([cheap], [0.5] * 16, [500.0] * 16)
    assert flat is not None and flat.kw[:2] == pytest.approx((40.0, 20.0)), "without a cheaper hour sooner is safer"


def test_a_plan_holds_the_limit_of_every_slot_and_says_what_cannot_be_had() -> None:
    needs = [Need(40.0, 0, 3, 60.0) for _ in range(5)]
    limits = [80.0, 0.0, 60.0, 200.0] + [50.0] * 12
    plan = solve(needs, [1.0] * 16, limits)
    assert plan is not None
    assert all(kw <= limit + 1e-6 for kw, limit in zip(plan.kw, limits, strict=True))
    assert sum(plan.kw[:4]) == pytest.approx(340.0), "what is needed soonest is not put off"
    assert sum(plan.kw) * 0.25 + plan.late_kwh == pytest.approx(200.0)
    nothing = solve(needs, [1.0] * 4, [0.0] * 4)
    assert nothing is not None and nothing.late_kwh == pytest.approx(200.0)


def test_a_negative_price_is_taken_but_no_more_than_packs_hold() -> None:
    plan = solve([Need(10.0, 0, 3, 40.0)], [1.0, -5.0, 1.0, 1.0], [500.0] * 4)
    assert (
        plan is not None
        and plan.kw == pytest.approx((0.0, 40.0, 0.0, 0.0))
        and plan.cost == pytest.approx(-50.0)
    )


def test_no_plan_in_time_is_none_and_nonsense_is_refused() -> None:
    needs = [Need(40.0, k % 40, 40 + k % 40, 40.0) for k in range(300)]
    assert solve(needs, [float(k % 7) for k in range(96)], [900.0] * 96, time_limit_s=0.0) is None
    for prices, limits in (([1.0], [1.0, 2.0]), ([float("nan")], [1.0]), ([1.0], [float("inf")])):
        with pytest.raises(ValueError, match="price and a limit"):
            solve([], prices, limits)


def test_the_queue_of_packs_is_the_fullest_first_then_those_that_come_back() -> None:
    views = [bay(1, soc=40.0), bay(2, soc=90.0), bay(3, soc=None), bay(4, present=False)]
    swaps = [2 * HOUR, 4 * HOUR, 6 * HOUR]
    full, half, back, last = needs_of(views, swaps, POLICY)[0:4]
    assert (full.kwh, full.first, full.due) == (pytest.approx(5.0), 0, 7)
    assert (half.kwh, half.due) == (pytest.approx(55.0), 15)
    assert (back.kwh, back.first, back.due) == (pytest.approx(59.0), 8, 23)
    assert last.first == 16 and last.due == 96, "no swap takes it: it is full by the end"


def test_the_plan_begins_with_the_quarter_of_an_hour_and_ends_after_a_day() -> None:
    plan = plan_day([bay(1, soc=40.0)], FLAT, TWO_TIERS, POLICY, now=5000.0, second_of_day=7 * HOUR + 100)
    assert plan is not None and plan.start == 4900.0 and len(plan.kw) == 96
    assert (
        plan.kw_at(4899.0) is None
        and plan.kw_at(5000.0) == plan.kw[0]
        and plan.kw_at(4900.0 + 86_400) is None
    )
    assert plan.still_needed(4900.0 + 12 * HOUR)[0] > 4900.0 + 12 * HOUR
    dark = plan_day([bay(1, soc=40.0)], FLAT, TWO_TIERS, POLICY, now=0.0, second_of_day=0.0, site_kw=0.0)
    assert dark is not None and sum(dark.kw) == 0.0


def test_energy_is_bought_for_a_likely_day_and_urgent_is_what_a_busy_one_needs() -> None:
    plan = plan_day([bay(1, soc=40.0)], FLAT, TWO_TIERS, POLICY, now=0.0, second_of_day=0.0)
    assert plan is not None and SURE_QUANTILE > PLANNED_QUANTILE
    assert plan.needed_at == FLAT.times(0.0, 24 * HOUR, SURE_QUANTILE)
    assert plan.needed_at[9] < FLAT.times(0.0, 24 * HOUR, PLANNED_QUANTILE)[9]


def charging(plan: DayPlan | None) -> dict[str, float]:
    yard = Yard.of(bay(1, soc=80.0), bay(2, soc=40.0), plan=plan)
    return dict(yard.looks(10).levels)


def test_the_plan_holds_packs_back_that_are_not_urgent_and_without_a_plan_all_charge() -> None:
    assert charging(None) == {"A01": 40.0, "A02": 40.0}
    assert charging(DayPlan(0.0, (10.0,) * 96)) == {"A01": 10.0, "A02": 0.0}
    assert charging(DayPlan(-90_000.0, (10.0,) * 96)) == {"A01": 40.0, "A02": 40.0}, (
        "a plan that has run out is none"
    )
    # The fullest is needed in 20 min and lacks 10 %: at 40 kW it must begin now.
    assert charging(DayPlan(0.0, (0.0,) * 96, (1000.0 + 1200.0,))) == {"A01": 40.0, "A02": 0.0}
    assert charging(DayPlan(0.0, (0.0,) * 96, (1000.0 + 3600.0,))) == {"A01": 0.0, "A02": 0.0}


def test_the_solver_is_loaded_only_when_a_plan_is_made() -> None:
    for name, module in sys.modules.items():
        if name.startswith("station_ctl.charging."):
            assert not {"highspy", "numpy"} & set(vars(module)), name


def test_a_full_pack_gets_nothing_and_an_almost_full_one_what_its_cells_bear() -> None:
    yard = Yard.of(bay(1, soc=85.0), bay(2, soc=95.0), bay(3, soc=94.9))
    levels = yard.looks(10).levels
    assert levels["A01"] == 40.0 and levels["A02"] == 0.0 and 0 < levels["A03"] < 20.0
    yard.policy = replace(POLICY, bay_power_max_kw=20.0)
    assert yard.look().levels["A01"] == 20.0


def test_a_pack_that_grows_warm_gets_less_and_less() -> None:
    yard = Yard.of(bay(1, soc=50.0, temp_max=44.0), draws=False)
    levels = [yard.looks(8).levels["A01"]]
    for tenths in range(440, 560, 3):
        yard.set("A01", temp_max=tenths / 10)
        levels.append(yard.look(10.0).levels["A01"])
    assert levels[0] == 40.0 and levels[-1] == 0.0 and not yard.state.hot
    assert levels[-7:] == sorted(levels[-7:], reverse=True)
