"""The rules together: sessions, restart, the meter, auxiliaries, and what is told to people."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from station_ctl.charging.bay_view import CHARGING, FULL, IDLE
from station_ctl.charging.decide import after_write, decide_charging
from station_ctl.charging.state import ChargingState
from tests.charging.yard import POLICY, SITE, Yard, bay, unheard


def verbs(yard: Yard) -> list[tuple[str, str]]:
    return [(w.verb, w.bay) for w in yard.look().wishes]


def codes(yard: Yard) -> list[str]:
    return [f.code for f in yard.look().findings]


def test_a_session_is_opened_for_a_pack_that_needs_charge_and_closed_when_it_has_it() -> None:
    yard = Yard.of(bay(1, charge_state=IDLE, soc=None, bms_link=False, pack_id=""))
    assert verbs(yard) == [], "no session before the level that it opens under is confirmed"
    assert verbs(yard) == [("open", "A01")]
    yard.bays["A01"] = bay(1, soc=94.5)
    assert yard.looks(8).levels["A01"] > 0 and verbs(yard) == []
    yard.set("A01", soc=95.0)
    assert verbs(yard) == [("close", "A01")] and yard.look().levels["A01"] == 0.0
    yard.set("A01", charge_state=FULL)
    assert verbs(yard) == []
    yard.set("A01", bms_link=False, soc=None, pack_id="")
    assert verbs(yard) == [], "a pack that was full is not opened again because its BMS sleeps"
    yard.bays["A01"] = bay(1, soc=94.0, charge_state=IDLE)
    assert verbs(yard) == []
    yard.bays["A01"] = bay(1, soc=92.1, charge_state=IDLE)
    yard.look()
    yard.bays["A01"] = bay(1, soc=91.9, charge_state=IDLE)
    assert verbs(yard) == [("open", "A01")]


NOT_OPENED: list[dict[str, object]] = [
    {"custody": None}, {"seated": None}, {"plug_in": False}, {"enabled": False}, {"charger_link": None},
    {"no_smoke": False}, {"present": None}, {"charge_state": 5}, {"charge_state": 7}, {"charge_state": None},
    {"no_crash": False},
]  # fmt: skip


@pytest.mark.parametrize("changed", NOT_OPENED, ids=[str(c) for c in NOT_OPENED])
def test_no_session_is_opened_where_something_speaks_against_it(changed: dict[str, object]) -> None:
    yard = Yard.of(replace(bay(1, charge_state=IDLE), **changed))  # type: ignore[arg-type]
    yard.looks(3)
    assert ("open", "A01") not in verbs(yard)


def test_what_a_run_counts_on_gets_no_current_and_no_session() -> None:
    for reserved in ("A01", "P-A01"):
        yard = Yard.of(bay(1), bay(2))
        assert yard.looks(8).levels["A01"] == 40.0
        yard.site = replace(SITE, reserved=frozenset({reserved}))
        assert yard.look().levels == {"A01": 0.0, "A02": 40.0}
        yard.set("A01", charge_state=IDLE)
        assert verbs(yard) == []


def test_after_a_start_of_ours_a_session_that_is_open_counts_with_all_its_charger_has() -> None:
    bays = {f"A0{k}": bay(k, power_kw=5.0) for k in (1, 2)}
    decision = decide_charging(ChargingState(), bays, replace(SITE, meter_kw=20.0), 0.0, None, POLICY)
    assert [t.bound for t in decision.state.told.values()] == [POLICY.bay_power_max_kw] * 2
    assert decision.levels == {"A01": 0.0, "A02": 0.0}
    written = after_write(decision.state, decision.levels, 0.0)
    quiet = {name: replace(seen, power_kw=0.0) for name, seen in bays.items()}
    later = decide_charging(written, quiet, replace(SITE, meter_kw=10.0), 1.0, None, POLICY)
    assert [t.bound for t in later.state.told.values()] == [0.0, 0.0]


def test_the_heater_comes_on_and_chargers_give_way_at_the_next_look() -> None:
    yard = Yard.of(*(bay(k) for k in range(1, 11)), policy=replace(POLICY, site_power_max_kw=200.0))
    drawn = sum(yard.looks(10).levels.values())
    assert 170 < drawn / 0.94 + 10 + 5 < 200
    yard.aux_kw = 60.0
    assert sum(yard.look().levels.values()) / 0.94 + 60 <= 200
    yard.aux_kw = 10.0
    assert sum(yard.looks(5).levels.values()) / 0.94 + 60 <= 200, "what it drew it may draw again"
    assert sum(yard.looks(70).levels.values()) == pytest.approx(drawn)


def test_without_a_meter_the_safe_cap_holds_and_is_told() -> None:
    yard = Yard.of(*(bay(k) for k in range(1, 11)))
    assert sum(yard.looks(10).levels.values()) > 300
    for meter, grid in ((None, 5000.0), (nan, 5000.0), (10.0, None)):
        yard.site = replace(SITE, meter_kw=meter, grid_kw=grid)
        limit = decide_charging(yard.state, yard.bays, yard.site, yard.now + 1, None, POLICY).limit
        assert limit.safe and limit.grid_kw == POLICY.site_power_safe_kw and "meter not known" in limit.why
    yard.site = replace(SITE, meter_kw=None)
    assert sum(yard.look().levels.values()) / 0.94 + 15 <= POLICY.site_power_safe_kw
    assert codes(yard) == ["site-meter"]


def test_a_meter_that_says_less_than_the_chargers_is_not_believed_for_long() -> None:
    yard = Yard.of(*(bay(k) for k in range(1, 11)))
    yard.looks(10)
    yard.aux_kw = -300.0
    assert not yard.looks(5).limit.safe
    assert "less than the chargers" in yard.looks(2).limit.why


@pytest.mark.parametrize("limit", [0.0, -5.0])
def test_a_limit_of_nothing_means_no_charging_and_is_told(limit: float) -> None:
    yard = Yard.of(bay(1), bay(2))
    yard.looks(8)
    yard.site = replace(SITE, setting_kw=limit)
    assert yard.look().levels == {"A01": 0.0, "A02": 0.0}
    assert codes(yard) == ["site-over-limit", "no-power"], "what all else draws is too much already"


def test_a_rack_that_is_lost_counts_with_what_it_was_told_and_is_told_itself() -> None:
    policy = replace(POLICY, site_power_max_kw=120.0)
    yard = Yard.of(bay(1), bay(2, "rack_b"), bay(3, "rack_b"), policy=policy)
    yard.looks(10)
    yard.set("A01", soc=30.0)
    yard.bays["B02"] = unheard(yard.bays["B02"])
    yard.bays["B03"] = unheard(yard.bays["B03"])
    yard.draws = False
    decision = yard.look()
    assert decision.levels["B02"] == 0.0 and ("rack-unheard", "rack_b") in [
        (f.code, f.place) for f in decision.findings
    ]
    assert decision.levels["A01"] <= 120.0 * 0.99 * 0.94 - 80.0 + 1e-6


def test_the_look_changes_nothing_that_it_was_given() -> None:
    yard = Yard.of(bay(1), bay(2))
    yard.looks(8)
    kept = repr(yard.state)
    decide_charging(yard.state, yard.bays, yard.site, yard.now + 1, None, POLICY)
    assert repr(yard.state) == kept


def test_neighbours_that_share_modules_get_together_what_their_modules_give() -> None:
    yard = Yard.of(*(bay(k, soc=60.0 - k) for k in (1, 2, 3)), policy=replace(POLICY, pair_power_max_kw=60.0))
    assert yard.looks(10).levels == {"A01": 40.0, "A02": 20.0, "A03": 40.0}
    yard.set("A01", charge_state=IDLE, soc=95.0)
    assert yard.looks(4).levels["A02"] == 40.0
    assert yard.bays["A02"].charge_state == CHARGING


def test_what_was_last_known_of_auxiliaries_holds_while_the_meter_is_lost() -> None:
    yard = Yard.of(*(bay(k) for k in range(1, 11)), draws=False, aux_kw=60.0)
    yard.looks(10)
    yard.site = replace(SITE, meter_kw=None)
    assert yard.looks(300, dt=5.0).limit.aux_kw == pytest.approx(60.0)
    yard.site, yard.aux_kw = SITE, 20.0
    assert yard.looks(70).limit.aux_kw == pytest.approx(20.0)
