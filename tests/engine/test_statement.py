"""A person's statement of where a pack is: believed at rest, against no other pack, and with no sensor against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from station_ctl.core.custody import Custody, Ledger, Move
from station_ctl.core.modes import State
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Signal
from station_ctl.engine.custody_watch import WatchedPlace
from station_ctl.engine.decide import decide
from station_ctl.engine.events import Answer, Asked, Effect, Record, SetLedger, Verb
from station_ctl.engine.state import StationState
from tests.bench.desk import Desk, flag, ledger, step
from tests.bench.world import World

PRESENT, ELSEWHERE = flag("bay.present"), flag("robot.present")
CODE: Signal[str] = Signal("bay.code", "pit", "CODE", ScanClass.NORMAL, 0.5)
OTHER: Signal[str] = Signal("out.code", "pit", "OTHER", ScanClass.NORMAL, 0.5)
PLACES = (WatchedPlace("A01", PRESENT, CODE), WatchedPlace("out", ELSEWHERE, OTHER))
ON_ITS_WAY = ledger(**{"P-1": "robot", "P-2": "A02"}).begin(Move("P-1", "robot", "A01"), 7)


def stated(
    pack: str = "P-1", place: str = "A01", *, state: State = State.HELD, held: Ledger = ON_ITS_WAY,
    spoil: Callable[[World], None] = lambda world: None,
) -> tuple[StationState, tuple[Effect, ...]]:  # fmt: skip
    """The decision on one statement, with every sensor at A01 agreeing unless it is spoiled."""
    d = Desk(step(10, None))
    for signal, value in ((PRESENT, True), (CODE, "P-1"), (ELSEWHERE, False), (OTHER, "")):
        d.world.set(signal, value)
    spoil(d.world)
    facts = replace(d.facts, places=PLACES)
    asked = Asked(1.0, Verb.STATE, "wang", 1, admit=((pack, place),))
    return decide(facts, replace(d.state, state=state, ledger=held), d.world.image(), asked)


def answer(effects: tuple[Effect, ...]) -> str:
    return next(effect.refused for effect in effects if isinstance(effect, Answer))


@pytest.mark.parametrize("state", [State.STOPPED, State.IDLE, State.HELD, State.ABORTED])
def test_a_pack_on_its_way_rests_where_two_persons_have_seen_it(state: State) -> None:
    after, effects = stated(state=state)
    assert answer(effects) == ""
    assert after.ledger.where("P-1") == Custody("A01") and after.ledger.where("P-2") == Custody("A02")
    row = next(e for e in effects if isinstance(e, Record) and e.kind == "stated")
    assert dict(row.data) == {"who": "wang", "packs": [["P-1", "A01"]]}
    assert any(isinstance(e, SetLedger) and e.ledger == after.ledger for e in effects)


def spoilt(signal: Signal[object], value: object) -> Callable[[World], None]:
    return lambda world: world.set(signal, value)


@pytest.mark.parametrize(
    ("why", "case"),
    [
        ("not in custody", {"pack": "P-9"}),
        ("there is no place A77", {"place": "A77"}),
        ("has P-2", {"place": "A02"}),
        ("needs bay.present on", {"spoil": spoilt(PRESENT, False)}),
        ("reads P-3", {"spoil": spoilt(CODE, "P-3")}),
        ("out shows it", {"spoil": spoilt(OTHER, "P-1")}),
        ("found", {"spoil": lambda world: world.flag(PRESENT)}),
        ("at rest only", {"state": State.EXECUTE}),
        ("at rest only", {"state": State.HOLDING}),
    ],
)
def test_a_statement_is_not_believed_against(why: str, case: dict[str, object]) -> None:
    after, effects = stated(**case)  # type: ignore[arg-type]
    assert why in answer(effects)
    assert after.ledger == ON_ITS_WAY
    assert not any(isinstance(effect, SetLedger) for effect in effects)


def test_a_place_that_no_sensor_sees_is_believed() -> None:
    after, effects = stated(place="robot", spoil=spoilt(CODE, ""))
    assert answer(effects) == "" and after.ledger.where("P-1") == Custody("robot")
