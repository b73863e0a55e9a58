"""Who gets how many kW, and how a level is raised only into room that is really free."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station_ctl.charging.allocator import Limits, Told, Want, allocate, confirm, raise_safely, written

SURE = {"A01": Told(40.0, 40.0, 0.0, sure=True), "A02": Told(0.0, 0.0, 0.0, sure=True)}


def test_the_fullest_is_served_first_and_of_equal_ones_who_waits_longest() -> None:
    wants = [Want("A01", 40, soc=50), Want("A02", 40, soc=80), Want("A03", 40, 50, waits_since=-9.0)]
    shared = allocate(wants, Limits(90.0, least_kw=3.0))
    assert shared.kw == {"A02": 40, "A03": 40, "A01": 10}
    assert shared.held_by == {"A01": "site"}


def test_who_is_not_ready_goes_before_who_is_however_full() -> None:
    wants = [Want("A01", 40, soc=91, ready=True), Want("A02", 40, soc=30), Want("A03", 40, soc=93, ready=True)]
    assert allocate(wants, Limits(90.0)).kw == {"A02": 40, "A03": 40, "A01": 10}
    urgent = [Want("A01", 40, soc=91, must=True, ready=True), *wants[1:]]
    assert allocate(urgent, Limits(50.0)).kw == {"A01": 40, "A02": 10, "A03": 0}


def test_where_a_module_is_switched_one_gets_power_at_a_time() -> None:
    wants = [Want("A01", 20, soc=80), Want("A02", 60, soc=70), Want("A03", 60, soc=60)]
    shared = allocate(wants, Limits(500.0, turns=(frozenset({"A01", "A02"}),)))
    assert shared.kw == {"A01": 20, "A02": 0, "A03": 60} and shared.held_by == {"A02": "turn"}
    nothing = [Want("A01", 0.0, soc=80), *wants[1:]]
    assert allocate(nothing, Limits(500.0, turns=(frozenset({"A01", "A02"}),))).kw["A02"] == 60


def test_an_urgent_pack_goes_before_the_fullest_and_beyond_the_plan() -> None:
    wants = [Want("A01", 40, soc=30, must=True), Want("A02", 40, soc=80)]
    shared = allocate(wants, Limits(100.0, plan_kw=20.0))
    assert shared.kw == {"A01": 40, "A02": 0} and shared.held_by == {"A02": "plan"}
    assert allocate(wants, Limits(100.0, plan_kw=60.0)).kw == {"A01": 40, "A02": 20}
    assert allocate(wants, Limits(100.0)).kw == {"A01": 40, "A02": 40}


def test_racks_and_pairs_have_their_own_limits() -> None:
    groups = ((frozenset({"A01", "A02"}), 60.0), (frozenset({"A01", "A02", "A03"}), 70.0))
    wants = [
        Want(bay, 40, soc=soc) for bay, soc in (("A01", 80.0), ("A02", 70.0), ("A03", 60.0), ("B01", 50.0))
    ]
    assert allocate(wants, Limits(500.0, groups)).kw == {"A01": 40, "A02": 20, "A03": 10, "B01": 40}


def test_less_than_is_useful_is_nothing() -> None:
    assert allocate([Want("A01", 40, 9), Want("A02", 40, 8)], Limits(42.9, least_kw=3.0)).kw == {
        "A01": 40,
        "A02": 0,
    }


def test_what_is_left_of_an_endless_limit_is_still_a_limit_for_the_next() -> None:
    """An endless share of an endless limit must not make the limits of those behind it void."""
    wants = [Want("A01", inf, soc=80), Want("A02", 1.0, soc=70)]
    kw = allocate(wants, Limits(inf, ((frozenset({"A02"}), 0.0),))).kw
    assert kw["A01"] >= 1e6 and kw["A02"] == 0.0


NUMBERS = st.one_of(st.floats(0, 700), st.sampled_from((0.0, -1.0, nan, inf, -inf)))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(NUMBERS, st.floats(0, 100), st.booleans()), min_size=1, max_size=12), NUMBERS, NUMBERS, NUMBERS,
    st.one_of(st.none(), NUMBERS),
)  # fmt: skip
def test_no_limit_is_ever_exceeded_whatever_the_numbers(
    bays: list[Any], site: float, group: float, least: float, plan: float | None
) -> None:
    wants = [Want(f"A{no:02d}", most, soc, must) for no, (most, soc, must) in enumerate(bays)]
    half = frozenset(w.bay for w in wants[::2])
    kw = allocate(wants, Limits(site, ((half, group),), least, plan)).kw
    for given_kw, asked in zip((kw[w.bay] for w in wants), wants, strict=True):
        assert 0 <= given_kw <= max(asked.most_kw if asked.most_kw == asked.most_kw else 0.0, 0.0)
    spent = sum(kw.values())
    assert spent <= max(site if site == site else 0.0, 0.0) + 1e-6
    assert sum(kw[bay] for bay in half) <= max(group if group == group else 0.0, 0.0) + 1e-6


def test_a_raise_waits_until_the_decrease_is_measured() -> None:
    limits, wanted = Limits(40.0), {"A02": 40.0, "A01": 0.0}
    levels = raise_safely(SURE, {"A01": 40.0, "A02": 0.0}, wanted, limits)
    assert levels == {"A01": 0.0, "A02": 0.0}
    told = written(SURE, levels, 10.0)
    for now, measured, expected in ((11.5, 25.0, 0.0), (12.5, 0.0, 40.0)):
        told = confirm(told, {"A01": measured, "A02": 0.0}, now)
        assert raise_safely(told, {"A01": measured, "A02": 0.0}, wanted, limits)["A02"] == expected


def test_what_flows_counts_even_if_it_is_more_than_was_told() -> None:
    levels = raise_safely(SURE, {"A01": 55.0, "A02": 0.0}, {"A01": 40.0, "A02": 40.0}, Limits(80.0))
    assert levels == {"A01": 40.0, "A02": 25.0}


def test_decreases_come_before_increases() -> None:
    told = {**SURE, "A03": Told(20.0, 20.0, 0.0, sure=True)}
    levels = raise_safely(told, {}, {"A02": 5.0, "A01": 10.0, "A03": 20.0}, Limits(500.0))
    assert list(levels.items())[-1] == ("A02", 5.0) and levels["A01"] == 10.0


def test_a_bay_that_is_not_asked_for_gets_nothing() -> None:
    assert raise_safely(SURE, {}, {}, Limits(500.0)) == {"A01": 0.0, "A02": 0.0}


@pytest.mark.parametrize(
    ("kw", "after_s", "bound"), [(9.9, 1.0, 10.0), (10.2, 1.0, 10.0), (10.3, 1.0, 40.0), (9.9, 0.9, 40.0),
                                 (None, 5.0, 40.0), (nan, 5.0, 40.0), (-1.0, 5.0, 40.0)],
)  # fmt: skip
def test_only_a_fresh_measured_power_frees_the_room(kw: float | None, after_s: float, bound: float) -> None:
    told = written(SURE, {"A01": 10.0}, 100.0)
    assert told["A01"] == Told(10.0, 40.0, 100.0, sure=True)
    assert confirm(told, {"A01": kw}, 100.0 + after_s)["A01"].bound == bound


def test_a_write_without_an_answer_counts_with_both_levels_until_one_is_answered() -> None:
    told = written(SURE, {"A02": 30.0}, 100.0, ["A02"])
    assert told["A02"] == Told(0.0, 30.0, 0.0, sure=False)
    assert confirm(told, {"A02": 0.0}, 200.0)["A02"].bound == 30.0
    told = written(told, {"A02": 0.0}, 200.0)
    assert confirm(told, {"A02": 0.0}, 201.0)["A02"] == Told(0.0, 0.0, 200.0, sure=True)
