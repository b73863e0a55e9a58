"""Insulation of the DC side: a leak ends every charge at once, and only good measurements let it begin again."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from station_ctl.charging.insulation import SETTLES_S, UNREAD_S, Monitor
from station_ctl.charging.state import Decision
from tests.charging.yard import SITE, Yard, bay


class Leaky(Yard):
    """A yard with an insulation monitor that measures at every look, unless it hangs."""

    kohm: float | None = 1500.0
    passed: bool | None = True
    count = 0
    hangs = False

    def look(self, dt: float = 1.0) -> Decision:
        self.count += not self.hangs
        self.site = replace(self.site, monitor=Monitor(self.kohm, self.passed, self.count))
        decision = super().look(dt)
        for name, seen in self.bays.items():
            self.set(name, soc=(seen.soc or 0.0) + (seen.power_kw or 0.0) * dt / 3600.0)
        return decision


@pytest.fixture
def yard() -> Leaky:
    made = Leaky.of(bay(1), bay(2, "rack_b"))
    assert isinstance(made, Leaky)
    assert set(made.looks(8).levels.values()) == {40.0}
    return made


def codes(decision: Decision) -> list[str]:
    return [f.code for f in decision.findings]


def test_a_leak_ends_every_charge_at_the_next_look_and_is_told(yard: Leaky) -> None:
    yard.kohm = 99.0
    decision = yard.look()
    assert set(decision.levels.values()) == {0.0} and codes(decision) == ["site-insulation"]
    assert "needs 100 kOhm" in decision.held_by["A01"] and "found 99" in decision.held_by["B02"]
    assert {(w.verb, w.bay) for w in decision.wishes} == {("close", "A01"), ("close", "B02")}
    assert not decision.standing.against, "it says nothing against a pack whose own BMS finds no leak"


def test_charging_goes_on_when_the_insulation_has_been_good_for_ten_minutes(yard: Leaky) -> None:
    yard.kohm = 40.0
    yard.look()
    yard.kohm = 1500.0
    assert set(yard.looks(SETTLES_S - 10, dt=10.0).levels.values()) == {0.0}
    decision = yard.looks(60, dt=10.0)
    assert set(decision.levels.values()) == {40.0} and codes(decision) == []


UNKNOWN: list[dict[str, object]] = [
    {"kohm": None}, {"kohm": nan}, {"passed": False}, {"passed": None}, {"hangs": True},
]  # fmt: skip


@pytest.mark.parametrize("unknown", UNKNOWN, ids=str)
def test_after_a_leak_not_knowing_is_not_good_however_long(yard: Leaky, unknown: dict[str, object]) -> None:
    yard.kohm = 40.0
    yard.look()
    yard.kohm = 1500.0
    for name, value in unknown.items():
        setattr(yard, name, value)
    decision = yard.looks(SETTLES_S * 3, dt=10.0)
    assert set(decision.levels.values()) == {0.0}
    assert codes(decision) == ["site-insulation", "insulation-monitor"]


@pytest.mark.parametrize("unknown", UNKNOWN, ids=str)
def test_without_a_leak_a_monitor_that_is_not_believed_is_told_and_ends_nothing(
    yard: Leaky, unknown: dict[str, object]
) -> None:
    for name, value in unknown.items():
        setattr(yard, name, value)
    assert codes(yard.looks(UNREAD_S - 10, dt=10.0)) == []
    decision = yard.looks(20, dt=10.0)
    assert set(decision.levels.values()) == {40.0} and codes(decision) == ["insulation-monitor"]


def test_a_monitor_that_was_never_read_is_told_after_a_while_and_a_site_without_one_is_not() -> None:
    yard = Leaky.of(bay(1))
    assert isinstance(yard, Leaky)
    yard.kohm = None
    assert codes(yard.looks(UNREAD_S + 20, dt=10.0)) == ["insulation-monitor"]
    assert codes(Yard.of(bay(1), site=SITE, draws=False).looks(UNREAD_S + 20, dt=10.0)) == []


def test_the_ten_minutes_are_counted_from_the_moment_the_monitor_is_believed_again(yard: Leaky) -> None:
    yard.kohm = 40.0
    yard.look()
    yard.kohm, yard.hangs = 1500.0, True
    yard.looks(SETTLES_S * 2, dt=10.0)
    yard.hangs = False
    assert set(yard.looks(SETTLES_S - 20, dt=10.0).levels.values()) == {0.0}
    assert set(yard.looks(60, dt=10.0).levels.values()) == {40.0}
