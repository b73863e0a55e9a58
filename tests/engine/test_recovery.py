"""What is true of an interrupted step: the PLC's answer and the sensors together, and what a person may do then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from station_ctl.core.custody import Custody, Move
from station_ctl.core.modes import Phase, State
from station_ctl.core.orders import OrderState, Result
from station_ctl.core.steps import OnResume, Step
from station_ctl.engine.events import RetreatAsked
from station_ctl.engine.recovery import Assessment, Finding, assess, where_is, why_not_resume, why_not_retreat
from station_ctl.engine.state import StepState, StepStatus
from tests.bench.desk import EPOCH, Desk, done, flag, ledger, step

NUMBER = 100
START = flag("machine.as_before")
PLAIN = step(10, interlocks=(), permissives=())
ASKS = replace(PLAIN, on_resume=OnResume.ASK, start=START.is_on())
NEVER = replace(ASKS, on_resume=OnResume.NEVER)
MEASURES = replace(ASKS, measures=True)
MOVES = replace(ASKS, moves=(Move("P-1", "A01", "robot"),))


def stopped(
    toy: Step, *, ours: bool = True, said: int = 0, proof: bool = False, before: bool = False, restarted: bool = False,
    busy: bool = False,
) -> Desk:  # fmt: skip
    """A desk at rest with one interrupted step, its PLC and its sensors as told."""
    d = Desk(toy, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    c = d.channels["lift"]
    d.state = replace(d.state, state=State.HELD, runs=(_interrupted(d),))
    d.world.set(c.ack_id, NUMBER if ours else NUMBER - 1)
    d.world.set(c.done_id, NUMBER if said else NUMBER - 1)
    d.world.set(c.result, said)
    d.world.set(c.state, int(OrderState.BUSY if busy else OrderState.IDLE))
    d.world.set(c.epoch, EPOCH + 1 if restarted else EPOCH)
    d.world.set(done(10), proof)
    d.world.set(START, before)
    return d


def _interrupted(d: Desk):  # type: ignore[no-untyped-def]
    st = StepState(StepStatus.STOPPED, NUMBER, EPOCH, 1, began=100.0)
    changed = d.run().with_step(10, **{name: getattr(st, name) for name in StepState.__slots__})
    return replace(changed, phase=Phase.HELD, interrupted=Phase.POSITIONING)


def judged(d: Desk) -> Assessment:
    (found,) = assess(d.facts, d.state, d.world.image())
    return found


OK = int(Result.OK)
# (step, PLC and sensors, finding). One line for each line of the decision table of docs/decisions.
TABLE: list[tuple[str, Step, dict[str, Any], Finding]] = [
    ("said done and proven", ASKS, {"said": OK, "proof": True}, Finding.DONE),
    ("said done, not proven", ASKS, {"said": OK}, Finding.LYING),
    ("said done, undone by hand", ASKS, {"said": OK, "before": True}, Finding.HALF_WAY),
    ("stopped, proven", ASKS, {"said": int(Result.STOPPED), "proof": True}, Finding.SEEN_DONE),
    ("stopped, proven, may be repeated", PLAIN, {"said": int(Result.STOPPED), "proof": True}, Finding.DONE),
    ("stopped, as before", ASKS, {"said": int(Result.STOPPED), "before": True}, Finding.HALF_WAY),
    ("stopped in between", ASKS, {"said": int(Result.STOPPED)}, Finding.HALF_WAY),
    ("still at work", ASKS, {"busy": True}, Finding.MOVING),
    ("still at work, proven already", PLAIN, {"busy": True, "proof": True}, Finding.MOVING),
    ("another order at work", ASKS, {"ours": False, "busy": True, "before": True}, Finding.MOVING),
    ("said done, a late copy of an older order refused since", ASKS, {"ours": False, "said": OK}, Finding.LYING),
    ("said done and proven, a late copy refused since", ASKS, {"ours": False, "said": OK, "proof": True}, Finding.DONE),
    ("never arrived, as before", ASKS, {"ours": False, "before": True}, Finding.NOT_BEGUN),
    ("never arrived, yet not as before", ASKS, {"ours": False}, Finding.HALF_WAY),
    ("PLC restarted, proven", ASKS, {"restarted": True, "proof": True}, Finding.DONE),
    ("PLC restarted, as before", ASKS, {"restarted": True, "before": True}, Finding.NOT_BEGUN),
    ("PLC restarted, in between", ASKS, {"restarted": True}, Finding.HALF_WAY),
    ("measured by the order, seen but not said", MEASURES, {"proof": True}, Finding.HALF_WAY),
    ("measured by the order, said", MEASURES, {"said": OK, "proof": True}, Finding.DONE),
    ("proof and start look alike, not said", ASKS, {"proof": True, "before": True}, Finding.HALF_WAY),
    ("proof and start look alike, said", ASKS, {"said": OK, "proof": True, "before": True}, Finding.DONE),
    ("moves nothing twice, never arrived", PLAIN, {"ours": False}, Finding.NOT_BEGUN),
    ("moves nothing twice, stopped", PLAIN, {"said": int(Result.STOPPED)}, Finding.HALF_WAY),
    ("moves nothing twice, PLC restarted", PLAIN, {"restarted": True}, Finding.HALF_WAY),
]


@pytest.mark.parametrize(
    ("toy", "case", "finding"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_plc_and_sensors_together_say_how_a_step_stands(
    toy: Step, case: dict[str, Any], finding: Finding
) -> None:
    found = judged(stopped(toy, **case))
    assert found.finding is finding and found.why, str(found)
    assert (found.run_id, found.order, found.step.no) == ("S-1", NUMBER, 10)


@pytest.mark.parametrize("tag", ["epoch", "ack_id", "done_id", "result", "state"])
@pytest.mark.parametrize("loss", ["flag", "forget", "stale"])
def test_nothing_is_found_on_an_answer_that_cannot_be_read(tag: str, loss: str) -> None:
    d = stopped(ASKS, said=OK, proof=True)
    getattr(d.world, loss)(getattr(d.channels["lift"], tag))
    assert judged(d).finding is Finding.UNKNOWN
    assert "unknown" in why_not_resume(d.facts, d.state, d.world.image(), confirmed=True)


@pytest.mark.parametrize("said", [OK, int(Result.STOPPED)], ids=["said done", "stopped"])
@pytest.mark.parametrize("loss", ["flag", "forget", "stale"])
def test_nothing_is_found_on_a_proof_that_cannot_be_read(said: int, loss: str) -> None:
    d = stopped(ASKS, said=said)
    getattr(d.world, loss)(done(10))
    found = judged(d)
    assert found.finding is Finding.UNKNOWN and found.why, str(found)


def test_a_wait_that_was_interrupted_has_not_begun() -> None:
    d = Desk(step(10, None))
    d.begin()
    d.state = replace(d.state, runs=(d.run().with_step(10, status=StepStatus.STOPPED),))
    assert judged(d).finding is Finding.NOT_BEGUN


# ---- resume ----
@pytest.mark.parametrize(
    ("toy", "case", "unconfirmed", "confirmed"),
    [
        (PLAIN, {"said": int(Result.STOPPED)}, "", ""),
        (PLAIN, {"said": OK}, "confirmation", ""),
        (ASKS, {"said": OK, "proof": True}, "", ""),
        (ASKS, {"ours": False, "before": True}, "", ""),
        (ASKS, {"said": int(Result.STOPPED)}, "confirmation", ""),
        (ASKS, {"said": int(Result.STOPPED), "proof": True}, "confirmation", ""),
        (ASKS, {"said": OK}, "by hand", "by hand"),
        (ASKS, {"busy": True}, "still works", "still works"),
        (NEVER, {"said": int(Result.STOPPED)}, "may not be repeated", "may not be repeated"),
        (NEVER, {"ours": False, "before": True}, "", ""),
    ],
)
def test_a_person_is_asked_to_look_where_the_machine_may_stand_half_way(
    toy: Step, case: dict[str, Any], unconfirmed: str, confirmed: str
) -> None:
    d = stopped(toy, **case)
    for told, needed in ((False, unconfirmed), (True, confirmed)):
        why = why_not_resume(d.facts, d.state, d.world.image(), confirmed=told)
        assert (why == "") == (needed == "") and needed in why, why


# ---- retreat ----
@pytest.mark.parametrize(
    ("case", "open_"),
    [
        ({"ours": False, "before": True}, True),
        ({"said": OK, "proof": True}, True),
        ({"said": int(Result.STOPPED)}, False),
        ({"busy": True, "before": True}, False),
    ],
)
def test_a_swap_is_given_up_only_when_it_is_certain_where_its_pack_is(
    case: dict[str, Any], open_: bool
) -> None:
    d = stopped(MOVES, **case)
    assert (why_not_retreat(d.facts, d.state, d.world.image(), "S-1") == "") == open_


def test_a_run_that_is_not_open_is_not_given_up() -> None:
    d = stopped(MOVES)
    assert why_not_retreat(d.facts, d.state, d.world.image(), "S-9") == "there is no open run S-9"


@pytest.mark.parametrize(
    ("case", "place"), [({"proof": True, "said": OK}, "robot"), ({"before": True}, "A01"), ({}, None)]
)
def test_a_pack_is_where_sensors_prove_it_to_be(case: dict[str, Any], place: str | None) -> None:
    d = stopped(MOVES, **case)
    assert where_is(judged(d), d.world.image()) == place


@pytest.mark.parametrize(
    ("case", "place"), [({"proof": True, "said": OK}, "robot"), ({"before": True, "ours": False}, "A01")]
)
def test_a_retreat_settles_custody_by_what_sensors_prove_and_takes_over(
    case: dict[str, Any], place: str
) -> None:
    d = stopped(MOVES, **case)
    assert d.state.ledger.where("P-1") == Custody("A01", "robot", NUMBER)
    back = Desk(step(70, "robot")).sequence
    d.world.set(done(70, "rail"), False)
    d.feed(RetreatAsked(d.time, "S-1", "S-1-R", back, None, "test", 1))
    assert [r.run_id for r in d.state.runs] == ["S-1-R"] and d.state.state is State.EXECUTE
    assert d.state.ledger.at(place) == "P-1"


# ---- for any answer of PLC and sensors ----
@given(
    some.sampled_from([PLAIN, ASKS, NEVER, MEASURES, MOVES]),
    some.booleans(), some.integers(0, 4), some.booleans(), some.booleans(), some.booleans(), some.booleans(),
)  # fmt: skip
def test_done_is_never_found_without_its_proof_and_nothing_is_resumed_while_it_moves(
    toy: Step, ours: bool, said: int, proof: bool, before: bool, restarted: bool, busy: bool
) -> None:
    d = stopped(toy, ours=ours, said=said, proof=proof, before=before, restarted=restarted, busy=busy)
    found = judged(d).finding
    if found in (Finding.DONE, Finding.SEEN_DONE):
        assert proof, "S17: done without the sensors"
    if found is Finding.NOT_BEGUN:
        assert not busy and ((not ours and not said) or restarted) and (before or toy.start is None)
    if busy:
        assert found is Finding.MOVING
        assert why_not_resume(d.facts, d.state, d.world.image(), confirmed=True) != ""
        assert why_not_retreat(d.facts, d.state, d.world.image(), "S-1") != ""
    if found is Finding.HALF_WAY and toy.on_resume is not OnResume.REPEAT:
        assert why_not_resume(d.facts, d.state, d.world.image(), confirmed=False) != ""
