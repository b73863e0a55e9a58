"""A hot pack gets no current at once, nor do its neighbours, until a person clears it; and it goes only one way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.charging.bay_view import IDLE
from station_ctl.charging.decide import clear_hot
from station_ctl.charging.hot_packs import Grade
from station_ctl.charging.state import Decision
from tests.charging.yard import POLICY, SITE, Yard, bay

BAYS = ("A01", "A02", "A03", "A04")


def charging_yard(**changed: Any) -> Yard:
    """Four bays of one rack, all charging with 40 kW."""
    yard = Yard.of(*(bay(number) for number in (1, 2, 3, 4)), **changed)
    assert set(yard.looks(8).levels.values()) == {40.0}
    return yard


HOT: list[dict[str, Any]] = [
    {"no_smoke": False}, {"no_prealarm": False}, {"temp_max": 60.0}, {"gas": 300},
    {"stop_reason": 4, "temp_max": 50.0}, {"stop_reason": 4, "temp_max": None},
]  # fmt: skip


@pytest.mark.parametrize("changed", HOT, ids=[str(c) for c in HOT])
def test_a_hot_bay_and_its_neighbours_get_nothing_the_hot_one_first(changed: dict[str, Any]) -> None:
    yard = charging_yard()
    yard.set("A03", **changed)
    decision = yard.look(0.02)
    assert next(iter(decision.levels)) == "A03" and set(list(decision.levels)[:3]) == {"A02", "A03", "A04"}
    assert decision.levels == {"A01": 40.0, "A02": 0.0, "A03": 0.0, "A04": 0.0}
    assert decision.fans == {"rack_a": True}
    assert {w.bay for w in decision.wishes if w.verb == "close"} == {"A02", "A03", "A04"}
    code = "pack-smoke" if "no_smoke" in changed else "pack-hot"
    assert [(f.code, f.place) for f in decision.findings if f.code.startswith("pack-")] == [(code, "A03")]
    assert "beside A03" in decision.held_by["A02"] and set(decision.standing.against) >= {"A02", "A03", "A04"}


ALMOST: list[dict[str, Any]] = [{"gas": 299}, {"stop_reason": 4}]


@pytest.mark.parametrize("changed", ALMOST, ids=[str(c) for c in ALMOST])
def test_what_is_only_almost_hot_is_not(changed: dict[str, Any]) -> None:
    yard = charging_yard()
    yard.set("A03", **changed)
    assert not yard.looks(30).state.hot and yard.look().levels["A02"] == 40.0


def test_the_temperature_has_a_limit_of_its_own() -> None:
    yard = charging_yard(draws=False)
    for tenths in range(250, 600, 4):
        yard.set("A03", temp_max=tenths / 10)
        assert not yard.look(10.0).state.hot
    yard.set("A03", temp_max=59.9)
    assert not yard.look(10.0).state.hot
    yard.set("A03", temp_max=60.0)
    assert yard.look(10.0).state.hot["A03"].words == "60.0 °C, limit 60"


def rising(per_minute: float) -> Decision:
    yard = charging_yard()
    for _ in range(40):
        yard.set("A03", temp_max=(yard.bays["A03"].temp_max or 0.0) + per_minute / 60.0)
        decision = yard.look()
    return decision


def test_a_pack_that_warms_up_too_fast_is_hot_before_it_is_at_the_limit() -> None:
    decision = rising(3.3)
    assert "rising by 3.3" in decision.state.hot["A03"].words and decision.levels["A03"] == 0.0
    assert not rising(2.9).state.hot


def test_one_step_of_a_sensor_is_no_rise() -> None:
    yard = charging_yard()
    yard.set("A03", temp_max=26.9)
    assert not yard.looks(60).state.hot


def test_it_is_latched_until_a_person_clears_it_and_again_if_it_is_still_hot() -> None:
    yard = charging_yard(draws=False)
    yard.set("A03", no_prealarm=False)
    yard.look()
    yard.set("A03", no_prealarm=True)
    levels = dict(yard.looks(600, dt=60.0).levels)
    assert levels.pop("A01") > 0 and set(levels.values()) == {0.0}
    yard.state = clear_hot(yard.state, "A03")
    assert yard.looks(10).levels["A02"] == 40.0
    yard.set("A03", no_smoke=False)
    yard.look()
    yard.state = clear_hot(yard.state, "A03")
    assert yard.look().state.hot["A03"].grade is Grade.SMOKE


def test_a_latch_rises_from_pre_alarm_to_smoke_and_never_falls() -> None:
    yard = charging_yard()
    yard.set("A03", no_prealarm=False)
    assert yard.look().state.hot["A03"].grade is Grade.PREALARM
    yard.set("A03", no_smoke=False)
    assert yard.look().state.hot["A03"].grade is Grade.SMOKE
    yard.set("A03", no_smoke=True)
    assert yard.look().state.hot["A03"].grade is Grade.SMOKE


def test_no_charging_without_a_quiet_fire_panel_and_a_dry_pit() -> None:
    for field in ("no_fire", "no_water"):
        yard = charging_yard()
        yard.site = replace(SITE, **{field: False})
        decision = yard.look(0.02)
        assert set(decision.levels.values()) == {0.0} and len(decision.held_by) == 4
        yard.site = SITE
        assert set(yard.looks(10).levels.values()) == {40.0}, (
            "what is not latched elsewhere ends with its cause"
        )


def hot_and_quiet(**changed: Any) -> Yard:
    """A03 is hot and its current has ended: it may be carried."""
    yard = charging_yard()
    yard.set("A03", no_prealarm=False)
    yard.look()
    yard.set("A03", **{"power_kw": 0.0, "charge_state": IDLE, **changed})
    return yard


def isolations(yard: Yard) -> list[tuple[str, str]]:
    return [(w.bay, w.pack) for w in yard.look().wishes if w.verb == "isolate"]


def test_a_hot_pack_is_to_be_isolated_when_that_is_judged_safe() -> None:
    assert isolations(hot_and_quiet()) == [("A03", "P-A03")]


UNSAFE: list[dict[str, Any]] = [
    {"power_kw": 0.6}, {"power_kw": None}, {"temp_max": 80.1}, {"temp_max": None}, {"custody": None},
    {"custody": "P-X"}, {"present": None},
]  # fmt: skip


@pytest.mark.parametrize("changed", UNSAFE, ids=[str(c) for c in UNSAFE])
def test_a_pack_of_which_not_all_is_known_stays_where_it_is(changed: dict[str, Any]) -> None:
    yard = hot_and_quiet(**changed)
    yard.draws = False
    assert isolations(yard) == []


SITES: list[dict[str, Any]] = [
    {"isolation_ready": False}, {"path_quiet": False}, {"no_fire": False}, {"no_water": False},
]  # fmt: skip


@pytest.mark.parametrize("changed", SITES, ids=[str(c) for c in SITES])
def test_a_station_that_is_not_quiet_carries_no_hot_pack(changed: dict[str, Any]) -> None:
    yard = hot_and_quiet()
    yard.site = replace(SITE, **changed)
    assert isolations(yard) == []


def test_a_site_may_forbid_it() -> None:
    yard = hot_and_quiet()
    yard.policy = replace(POLICY, isolation_allowed=False)
    assert isolations(yard) == []
