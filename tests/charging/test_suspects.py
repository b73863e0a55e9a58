"""A returned pack gets current only when all is known and well; what its BMS cannot mean puts it into quarantine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.charging.bay_view import FAULT, FULL
from station_ctl.charging.decide import clear_quarantine
from station_ctl.charging.suspects import Cleared, Doubt, Suspect
from tests.charging.yard import SITE, Yard, bay

SETTLED = 7


def doubts(yard: Yard, name: str = "A01", dt: float = 1.0) -> set[Doubt]:
    judged = yard.look(dt).clearances[name]
    return {r.doubt for r in judged.reasons} if isinstance(judged, Suspect) else set()


def test_a_good_pack_is_cleared_after_it_has_settled_and_not_before() -> None:
    yard = Yard.of(bay())
    for _ in range(5):
        assert doubts(yard) == {Doubt.SETTLING} and yard.look(0.01).levels == {"A01": 0.0}
    decision = yard.looks(2)
    assert decision.clearances["A01"] == Cleared("P-A01") and decision.levels["A01"] == 40.0


AGAINST: list[tuple[Doubt, dict[str, Any]]] = [
    (Doubt.IDENTITY, {"pack_id": "P-X"}), (Doubt.UNKNOWN, {"custody": ""}), (Doubt.UNKNOWN, {"custody": None}),
    (Doubt.BMS, {"pack_id": None}), (Doubt.BMS, {"pack_id": ""}), (Doubt.BMS, {"bms_link": False}),
    (Doubt.BMS, {"bms_link": None}),
    (Doubt.HEALTH, {"soh": 69.9}), (Doubt.UNKNOWN, {"soh": None}), (Doubt.INSULATION, {"insulation": 499}),
    (Doubt.UNKNOWN, {"insulation": None}), (Doubt.TEMPERATURE, {"temp_max": 45.1}),
    (Doubt.TEMPERATURE, {"temp_max": -20.1}),
    (Doubt.UNKNOWN, {"temp_max": None}), (Doubt.CRASH, {"no_crash": False}), (Doubt.UNKNOWN, {"no_crash": None}),
    (Doubt.CHARGER, {"charge_state": FAULT}), (Doubt.UNKNOWN, {"charge_state": None}), (Doubt.UNKNOWN, {"soc": None}),
    (Doubt.UNKNOWN, {"present": None}), (Doubt.UNKNOWN, {"no_smoke": None}), (Doubt.UNKNOWN, {"no_prealarm": None}),
    (Doubt.UNKNOWN, {"coolant_ok": False}), (Doubt.UNKNOWN, {"charger_link": False}),
]  # fmt: skip


@pytest.mark.parametrize(("doubt", "changed"), AGAINST, ids=[f"{d}-{c}" for d, c in AGAINST])
def test_each_thing_that_is_wrong_or_not_known_keeps_the_current_away(
    doubt: Doubt, changed: dict[str, Any]
) -> None:
    yard = Yard.of(bay(**changed))
    decision = yard.looks(SETTLED)
    judged = decision.clearances["A01"]
    assert isinstance(judged, Suspect) and doubt in {r.doubt for r in judged.reasons}
    assert decision.levels == {"A01": 0.0} and decision.held_by["A01"].startswith(str(doubt))
    assert "needs" in str(judged) and "found" in str(judged)


# A pack that charges may grow warm: its power is derated, and hot_packs judges it.
ENDING = [(d, c) for d, c in AGAINST if c != {"temp_max": 45.1}]


@pytest.mark.parametrize(("doubt", "changed"), ENDING, ids=[f"{d}-{c}" for d, c in ENDING])
def test_what_goes_wrong_while_it_charges_ends_the_current_at_once(
    doubt: Doubt, changed: dict[str, Any]
) -> None:
    yard = Yard.of(bay())
    assert yard.looks(SETTLED).levels["A01"] == 40.0
    yard.set("A01", **changed)
    assert doubt in doubts(yard) and yard.bays["A01"].power_kw == 0.0


LIES: dict[Doubt, Any] = {
    Doubt.JUMP: [{"soc": 55.0}], Doubt.CRASH: [{"no_crash": False}], Doubt.INSULATION: [{"insulation": 30}],
    Doubt.IDENTITY: [{"pack_id": "P-X"}],
}  # fmt: skip


@pytest.mark.parametrize("doubt", list(LIES))
def test_what_is_latched_stays_until_a_person_clears_it(doubt: Doubt) -> None:
    yard = Yard.of(bay())
    good = yard.bays["A01"]
    yard.looks(SETTLED)
    for changed in LIES[doubt]:
        yard.set("A01", **changed)
        yard.look()
    yard.bays["A01"] = replace(good, soc=yard.bays["A01"].soc)
    decision = yard.looks(600, dt=10.0)
    judged = decision.clearances["A01"]
    assert isinstance(judged, Suspect) and [r.doubt for r in judged.reasons] == [doubt]
    assert decision.levels["A01"] == 0.0 and [f.code for f in decision.findings] == [str(doubt)]
    assert "close" in {w.verb for w in decision.wishes} and not {w.verb for w in decision.wishes} & {"open"}
    assert str(doubt) in decision.standing.against["A01"]
    yard.state = clear_quarantine(yard.state, "P-A01")
    assert yard.looks(SETTLED).levels["A01"] == 40.0


def test_a_soc_may_not_jump_but_may_move_on_while_nobody_looked() -> None:
    yard = Yard.of(bay())
    yard.looks(SETTLED)
    yard.set("A01", soc=51.9)
    assert doubts(yard) == set()
    yard.set("A01", soc=49.95)
    assert doubts(yard) == set()
    yard.set("A01", soc=70.0)
    assert doubts(yard, dt=600.0) == set()
    yard.set("A01", soc=67.9)
    assert doubts(yard, dt=600.0) == {Doubt.JUMP}


def test_a_soc_that_stands_still_while_power_flows_is_a_lie() -> None:
    yard = Yard.of(bay())
    yard.looks(SETTLED)
    # 40 kW put 3 % of 100 kWh into the pack in 4.5 min.
    assert yard.looks(240, dt=2.0).clearances["A01"] == Cleared("P-A01")
    judged = yard.looks(40, dt=2.0).clearances["A01"]
    assert isinstance(judged, Suspect) and Doubt.FROZEN in {r.doubt for r in judged.reasons}
    assert yard.look().levels["A01"] == 0.0


def test_a_soc_that_follows_is_none() -> None:
    yard = Yard.of(bay())
    for _ in range(600):
        yard.look(4.0)
        power = yard.bays["A01"].power_kw or 0.0
        yard.set("A01", soc=(yard.bays["A01"].soc or 0.0) + power * 4.0 / 3600.0)
    assert (yard.bays["A01"].soc or 0.0) > 70 and yard.look().clearances["A01"] == Cleared("P-A01")


def test_a_pack_that_never_charges_is_found_after_twenty_minutes() -> None:
    yard = Yard.of(bay(), draws=False)
    yard.looks(SETTLED)
    assert yard.looks(1140, dt=10.0).clearances["A01"] == Cleared("P-A01")
    judged = yard.looks(120, dt=10.0).clearances["A01"]
    assert isinstance(judged, Suspect) and [r.doubt for r in judged.reasons] == [Doubt.NO_GAIN]


def test_a_pack_that_calls_itself_full_too_early_is_found_too() -> None:
    yard = Yard.of(bay(charge_state=FULL, soc=60.0))
    judged = yard.looks(1300, dt=10.0).clearances["A01"]
    assert isinstance(judged, Suspect) and [r.doubt for r in judged.reasons] == [Doubt.NO_GAIN]


@pytest.mark.parametrize(("soc", "suspect"), [(92.1, False), (94.0, False), (92.0, True)])
def test_a_full_pack_is_no_suspect_where_nobody_asks_for_more_as_after_the_charge_end_was_raised(
    soc: float, suspect: bool
) -> None:
    """A session is asked for three per cent below the charge end (95 %); above that a resting charger is right."""
    yard = Yard.of(bay(charge_state=FULL, soc=soc))
    assert isinstance(yard.looks(1300, dt=10.0).clearances["A01"], Suspect) is suspect


def test_values_that_cannot_be_read_from_a_bms_that_answers_are_a_lie_after_a_while() -> None:
    yard = Yard.of(bay())
    yard.looks(SETTLED)
    yard.set("A01", soc=None, unknown={"soc": "nan is not plausible"})
    decision = yard.looks(19)
    assert decision.levels["A01"] == 0.0 and not decision.state.quarantined
    yard.looks(3)
    kept = yard.state.quarantined["P-A01"]
    assert [r.doubt for r in kept.reasons] == [Doubt.IMPLAUSIBLE] and "soc nan" in kept.reasons[0].words


def test_two_packs_with_one_code_are_both_out() -> None:
    yard = Yard.of(bay(1), bay(2, custody="P-A01", pack_id="P-A01"), bay(3))
    decision = yard.looks(SETTLED)
    assert decision.levels == {"A01": 0.0, "A02": 0.0, "A03": 40.0}
    for name, other in (("A01", "A02"), ("A02", "A01")):
        judged = decision.clearances[name]
        assert isinstance(judged, Suspect) and any(
            r.doubt is Doubt.CLASH and other in r.words for r in judged.reasons
        )


def test_a_code_that_the_ledger_has_elsewhere_is_a_clash() -> None:
    yard = Yard.of(bay(1), site=replace(SITE, places={"P-A01": "robot"}))
    assert doubts(yard) >= {Doubt.CLASH}


def test_a_charger_that_is_silent_for_twenty_seconds_is_told_and_the_third_time_the_bay_is_out() -> None:
    yard = Yard.of(bay())
    for time in range(1, 4):
        yard.set("A01", charger_link=True)
        yard.looks(SETTLED + 10)
        yard.set("A01", charger_link=False)
        decision = yard.looks(19)
        assert decision.levels["A01"] == 0.0 and not decision.findings
        assert [f.code for f in yard.looks(3).findings] == ["charger-silent"], time
    yard.set("A01", charger_link=True)
    assert [f.code for f in yard.looks(60).findings] == ["charger-silent"]
    # An hour later the silences are forgotten.
    assert yard.looks(3560, dt=10.0).levels["A01"] == 40.0


def test_another_pack_in_the_bay_begins_anew() -> None:
    yard = Yard.of(bay(soc=94.0))
    yard.looks(SETTLED)
    yard.set("A01", custody="P-NEW", pack_id="P-NEW", soc=20.0)
    assert doubts(yard) == {Doubt.SETTLING}
    assert yard.looks(SETTLED).levels["A01"] == 40.0
