"""A PLC of level B: what it lacks is not asked for, and what it cannot tell is told by a person who has looked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.core.devices import Channel
from station_ctl.core.levels import MAY_LACK, Level
from station_ctl.core.modes import State
from station_ctl.core.orders import AckCode, Order, OrderState, Result
from station_ctl.core.steps import OnResume, Step
from station_ctl.engine.events import Issue, OrderUnknown, StopDevices, Verb
from station_ctl.engine.recovery import Finding, assess, why_not_resume
from station_ctl.engine.state import StepStatus
from station_ctl.engine.station import ACK_WITHIN, PROOF_WITHIN
from tests.bench.desk import Desk, done, step

LOOKED = "look at the machine, then resume with a confirmation"


def weaker(channel: Channel) -> Channel:
    """The same channel of a PLC that keeps no more than level B asks for."""
    return replace(channel, epoch=None, uptime_ms=None, level=Level.B, lacks=frozenset(MAY_LACK))


def desk(*steps: Step, **state: Any) -> Desk:
    """A desk whose lift is of level B."""
    d = Desk(*(steps or (step(10), step(20, "robot"))), **state)
    for signal in (d.channels["lift"].epoch, d.channels["lift"].uptime_ms):
        d.world.forget(signal)
    d.channels["lift"] = weaker(d.channels["lift"])
    return d


def held(d: Desk, *, acknowledged: bool = True) -> int:
    """Step 10 ordered and stopped by a person, and the lift at rest; its order number."""
    d.begin()
    number = d.of(10).order
    if acknowledged:
        d.under_way(10)
    else:
        d.sent(number)
    d.ask(Verb.HOLD)
    if acknowledged:
        d.end("lift", number, int(Result.STOPPED))
    for _ in range(int((ACK_WITHIN + PROOF_WITHIN) / 0.05) + 4):
        d.scan(0.05)
    assert d.state.state is State.HELD
    return number


# ---- orders --------------------------------------------------------------------------------------------------
def test_an_order_carries_only_what_the_plc_has() -> None:
    order = Order(7, 0, 20, (1, 2), 0)
    assert list(order.tags("VEH_", frozenset(MAY_LACK))) == [
        f"VEH_CMD_{part}" for part in ("ID", "OPCODE", "P1", "P2", "P3", "P4", "COMMIT")
    ]
    assert list(order.tags("VEH_")) == [*order.tags("VEH_", ()), *()]
    assert len(order.tags()) == 10


def test_a_step_begins_without_a_boot_counter_and_is_proven() -> None:
    d = desk(step(10))
    effects = d.begin()
    (issue,) = [e for e in effects if isinstance(e, Issue)]
    assert (issue.epoch, d.of(10).epoch) == (0, 0)
    d.complete(10)
    assert d.state.runs == ()


@pytest.mark.parametrize("tag", ["state", "ack_id", "done_id"])
def test_no_step_begins_on_an_answer_that_cannot_be_read(tag: str) -> None:
    d = desk(step(10))
    d.world.forget(getattr(d.channels["lift"], tag))
    assert not [e for e in d.begin() if isinstance(e, Issue)]


# ---- starts and losses ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("loss", ["flag", "forget", "stale"])
@pytest.mark.parametrize("tag", ["state", "ack_id"])
def test_a_silent_plc_of_level_b_holds(tag: str, loss: str) -> None:
    d = desk()
    d.begin()
    d.under_way(10)
    getattr(d.world, loss)(getattr(d.channels["lift"], tag))
    effects = d.scan()
    assert d.state.trips[0].code == "A201" and d.state.trips[0].first_out
    assert any(isinstance(e, StopDevices) for e in effects)


def test_a_plc_that_has_forgotten_the_order_it_acknowledged_has_started_anew() -> None:
    d = desk()
    d.begin()
    d.under_way(10)
    for signal, value in ((d.channels["lift"].ack_id, 0), (d.channels["lift"].state, int(OrderState.IDLE))):
        d.world.set(signal, value)
    d.scan()
    assert [trip.code for trip in d.state.trips] == ["A202"]
    assert d.state.state is State.HOLDING


def test_a_plc_that_cannot_be_read_whole_is_silent_whatever_else_it_shows() -> None:
    """A restart is told of a PLC that is heard: half of what it says is not good, so it is not known to have one."""
    d = desk()
    d.begin()
    d.under_way(10)
    d.world.set(d.channels["lift"].ack_id, 0)
    d.world.flag(d.channels["lift"].state)
    d.scan()
    assert [trip.code for trip in d.state.trips] == ["A201"]


def test_an_order_that_was_never_answered_may_come_yet_and_is_not_given_anew() -> None:
    level_a, level_b = Desk(step(10)), desk(step(10))
    for d, status in ((level_a, StepStatus.WAITING), (level_b, StepStatus.STOPPED)):
        held(d, acknowledged=False)
        assert d.of(10).status is status, d.of(10)
    assert LOOKED in why_not_resume(level_b.facts, level_b.state, level_b.world.image(), confirmed=False)


def test_an_order_whose_answer_was_lost_is_not_sent_twice() -> None:
    d = desk(step(10))
    d.begin()
    number = d.of(10).order
    d.feed(OrderUnknown(d.time, number, d.world.now, "no answer"))
    issued = [e for _ in range(60) for e in d.scan(0.1) if isinstance(e, Issue)]
    assert not issued and [trip.code for trip in d.state.trips] == ["A108"]


# ---- resuming ------------------------------------------------------------------------------------------------
CASES: list[tuple[str, dict[str, Any], Finding]] = [
    ("said done and proven", {"said": Result.OK, "proof": True}, Finding.DONE),
    ("never arrived, as before", {"ours": False, "before": True}, Finding.NOT_BEGUN),
    ("stopped, as before, may be repeated", {"said": Result.STOPPED, "before": True, "repeat": True}, Finding.HALF_WAY),
]


@pytest.mark.parametrize(("case", "finding"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
@pytest.mark.parametrize("level", [Level.A, Level.B])
def test_what_goes_on_at_level_a_needs_a_persons_look_at_level_b(
    level: Level, case: dict[str, Any], finding: Finding
) -> None:
    before = done(99)
    on_resume = OnResume.REPEAT if case.get("repeat") else OnResume.ASK
    toy = step(10, start=before.is_on(), on_resume=on_resume)
    d = desk(toy) if level is Level.B else Desk(toy)
    d.world.set(before, False)
    number = held(d)
    lift = d.channels["lift"]
    d.world.set(lift.ack_id, number if case.get("ours", True) else number - 1)
    d.world.set(lift.done_id, number if "said" in case else 0)
    d.world.set(lift.result, int(case.get("said", Result.NONE)))
    d.world.set(before, bool(case.get("before")))
    d.world.set(done(10), bool(case.get("proof")))
    d.state = replace(d.state, runs=(d.run().with_step(10, status=StepStatus.STOPPED, order=number),))
    (found,) = assess(d.facts, d.state, d.world.image())
    assert found.finding is finding, str(found)
    unseen, seen = (why_not_resume(d.facts, d.state, d.world.image(), confirmed=told) for told in (False, True))
    assert seen == ""
    if level is Level.A:
        assert unseen == "" and found.attended == ""
    else:
        assert LOOKED in unseen and "its PLC is of level B, without EPOCH" in unseen


def test_the_station_resumes_level_b_only_with_a_confirmation() -> None:
    d = desk(step(10))
    held(d)
    d.ask(Verb.ACKNOWLEDGE)
    assert LOOKED in d.ask(Verb.RESUME)
    assert d.state.state is State.HELD
    assert d.ask(Verb.RESUME, confirmed=True) == ""
    assert d.state.state is State.EXECUTE and d.of(10).status is StepStatus.INTENT


def test_a_look_is_no_leave_to_order_a_machine_that_still_works() -> None:
    d = desk(step(10))
    held(d)
    d.world.set(d.channels["lift"].state, int(OrderState.BUSY))
    assert "still works" in why_not_resume(d.facts, d.state, d.world.image(), confirmed=True)


def test_a_torque_that_only_the_order_measured_is_never_taken_from_sensors() -> None:
    d = desk(step(10, start=done(99).is_on(), measures=True))
    d.world.set(done(99), False)
    held(d)
    d.world.set(done(10), True)
    d.world.set(d.channels["lift"].done_id, 0)
    (found,) = assess(d.facts, d.state, d.world.image())
    assert found.finding is not Finding.DONE and found.finding is not Finding.SEEN_DONE


def test_a_refusal_is_an_answer_at_level_b_too() -> None:
    d = desk(step(10))
    d.begin()
    number = d.of(10).order
    d.sent(number)
    d.ack("lift", number, int(AckCode.UNKNOWN_ORDER))
    d.scan()
    assert [trip.code for trip in d.state.trips] == ["A105"]
