"""Ledger against sensors: a disagreement is told once it lasts, and nothing is corrected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.custody import Move
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import OwnFacts, Signal
from station_ctl.engine.custody_watch import WatchedPlace, conflicts
from station_ctl.engine.events import Announce, Effect
from tests.bench.desk import LEVEL, Desk, flag, ledger, records, step
from tests.bench.world import World

PRESENT = flag("bay.present")
CODE: Signal[str] = Signal("bay.code", "pit", "CODE", ScanClass.NORMAL, 0.5)
PLACE = WatchedPlace("A01", PRESENT, CODE)


def found(packs: dict[str, str], present: bool, code: str = "") -> tuple[str, ...]:
    world = World()
    world.set(PRESENT, present)
    world.set(CODE, code)
    return conflicts((PLACE,), world.image(OwnFacts(ledger=ledger(**packs))))


def test_ledger_and_sensor_agree() -> None:
    assert found({"P-1": "A01"}, True, "P-1") == () == found({}, False)
    assert found({"P-1": "A01"}, True, "") == (), "a code that is not read contradicts nothing"


def test_a_pack_too_many_a_pack_too_few_and_another_pack_are_named() -> None:
    assert found({}, True) == ("A01: ledger empty, sensor bay.present sees a pack",)
    assert found({"P-1": "A01"}, False) == ("A01: ledger P-1, sensor bay.present sees no pack",)
    assert found({"P-1": "A01"}, True, "P-2") == ("A01: ledger P-1, bay.code reads P-2",)


def test_a_sensor_that_is_not_good_contradicts_nobody() -> None:
    world = World()
    world.set(PRESENT, True)
    world.set(CODE, "P-2")
    for loss in (lambda: world.flag(PRESENT), lambda: world.lose("pit")):
        loss()
        assert not [c for c in conflicts((PLACE,), world.image()) if "sees" in c]


def test_a_place_whose_sensors_have_no_say_now_is_not_judged() -> None:
    world = World()
    world.set(PRESENT, True)
    world.set(CODE, "")
    world.set(LEVEL, False)
    only_level = replace(PLACE, speaks=LEVEL.is_on())
    assert conflicts((only_level,), world.image()) == ()
    world.set(LEVEL, True)
    assert conflicts((only_level,), world.image()) == ("A01: ledger empty, sensor bay.present sees a pack",)


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("code", ["", "P-1"])
def test_a_place_with_a_pack_on_its_way_is_not_judged(present: bool, code: str) -> None:
    world = World()
    world.set(PRESENT, present)
    world.set(CODE, code)
    moving = ledger(**{"P-1": "A01"}).begin(Move("P-1", "A01", "robot"), 3)
    assert conflicts((PLACE,), world.image(OwnFacts(ledger=moving))) == ()


def _desk() -> Desk:
    d = Desk(step(10), ledger=ledger(**{"P-1": "A01"}))
    d.facts = replace(d.facts, places=(PLACE,))
    d.world.set(PRESENT, True)
    d.world.set(CODE, "P-1")
    return d


def _announced(effects: tuple[Effect, ...]) -> list[str]:
    return [e.code for e in effects if isinstance(e, Announce)]


def test_a_disagreement_is_announced_once_after_it_has_lasted() -> None:
    d = _desk()
    d.scan(1.0)
    d.world.set(PRESENT, False)
    assert _announced(d.scan(1.0)) == [], "a pack passes its sensor a moment before the step is proven"
    effects = d.scan(1.0)
    assert _announced(effects) == ["A302"] and "custody-conflict" in records(effects)
    for _ in range(5):
        assert _announced(d.scan(1.0)) == []
    assert d.state.ledger == ledger(**{"P-1": "A01"}), "nothing is corrected"
    d.world.set(PRESENT, True)
    d.scan(1.0)
    d.world.set(PRESENT, False)
    d.scan(1.0)
    assert _announced(d.scan(1.0)) == ["A302"], "a new disagreement is told again"


def test_a_moment_of_disagreement_is_not_told() -> None:
    d = _desk()
    d.scan(1.0)
    d.world.set(PRESENT, False)
    d.scan(1.0)
    d.world.set(PRESENT, True)
    assert _announced(d.scan(1.0)) == [] == _announced(d.scan(1.0))


def test_an_empty_ledger_is_no_disagreement_before_the_inventory() -> None:
    d = _desk()
    d.state = replace(d.state, ledger=ledger())
    for _ in range(3):
        assert _announced(d.scan(1.0)) == []
