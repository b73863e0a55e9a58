"""What the gate reports and the PLC answers, and what a proof settles."""

from __future__ import annotations

import pytest

from station_ctl.core.custody import Move
from station_ctl.core.modes import State
from station_ctl.core.orders import AckCode, Result
from station_ctl.engine.events import (
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Progress,
    SetLedger,
    StopDevices,
    Verb,
)
from station_ctl.engine.state import StepStatus, Zone
from station_ctl.engine.station import ACK_WITHIN, CAUSE_WITHIN, WITHDRAWN_MOST
from tests.bench.desk import (
    READY,
    Desk,
    issues,
    ledger,
    records,
    step,
    stopped,
)

FETCH = step(20, "robot", moves=(Move("P-1", "A01", "handover"),), enters=("aisle",), leaves=("aisle",))


def test_an_order_that_was_not_sent_gives_custody_and_zones_back() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    assert d.state.zones == (Zone("aisle", "S-1", "robot"),)
    d.world.set(READY, False)
    effects = d.feed(OrderNotSent(d.time, 100, "guard lost"))
    assert records(effects) == ["order-withdrawn"]
    assert d.state.ledger == ledger(**{"P-1": "A01"}) and d.state.zones == ()
    assert d.of(20).status is StepStatus.WAITING
    d.world.set(READY, True)
    (order,) = issues(d.scan())
    assert order.number == 101, "a withdrawn number is never used again"


def test_a_write_that_the_plc_refuses_holds_the_station_instead_of_ordering_for_ever() -> None:
    """A PLC that answers every write with an exception would be asked hundreds of times a second."""
    d = Desk(step(10))
    d.begin()
    count = 0
    for number in range(100, 200):
        st = d.of(10)
        if st.status is not StepStatus.INTENT:
            break
        assert st.order == number
        count += 1
        effects = d.feed(OrderNotSent(d.time, number, "exception reply 2 to the write of CMD_ID", refused=True))
    assert count == 1, f"{count} orders written to a PLC that refuses writes"
    stopped = [e.roles for e in effects if isinstance(e, StopDevices)]
    assert stopped == [("lift",)], "it may have taken what it called refused"
    assert d.state.trips[0].code == "A105" and "exception reply 2" in d.state.trips[0].text


def test_reports_on_foreign_orders_change_nothing() -> None:
    d = Desk(step(10))
    d.begin()
    before = d.state
    for event in (
        OrderSent(d.time, 99, d.world.now),
        OrderNotSent(d.time, 99, "x"),
        OrderUnknown(d.time, 99, d.world.now, "x"),
    ):
        assert d.feed(event) == () and d.state == before


def test_a_late_report_on_an_order_that_is_already_under_way_changes_nothing() -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    for event in (
        OrderSent(d.time, number, d.world.now),
        OrderNotSent(d.time, number, "x"),
        OrderUnknown(d.time, number, d.world.now, "x"),
    ):
        d.feed(event)
        assert d.of(10).status is StepStatus.BUSY


def test_an_unknown_outcome_is_read_back_and_never_ordered_again_by_itself() -> None:
    d = Desk(step(10))
    d.begin()
    assert "order-unknown" in records(d.feed(OrderUnknown(d.time, 100, d.world.now, "no answer")))
    orders = []
    for _ in range(100):
        orders += issues(d.scan(0.1))
    assert orders == [] and d.state.trips[0].code == "A108"


def test_an_order_that_nobody_acknowledges_is_never_repeated_by_itself() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    d.sent(100)
    orders = []
    for _ in range(20):
        orders += issues(d.scan(ACK_WITHIN / 4))
    assert orders == [] and d.state.trips[0].code == "A108" and d.state.state is State.HELD
    assert d.of(20).status is StepStatus.WAITING and d.state.ledger.at("A01") == "P-1", (
        "it surely has not begun"
    )
    d.ask(Verb.ACKNOWLEDGE)
    assert d.ask(Verb.RESUME) == ""
    assert d.of(20).order == 101


@pytest.mark.parametrize("code", [AckCode.INTERLOCK, AckCode.EXPIRED, AckCode.BUSY, AckCode.STOP_REQUESTED])
def test_a_refused_order_holds_and_is_not_repeated(code: AckCode) -> None:
    d = Desk(step(10))
    d.begin()
    d.sent(100)
    d.ack("lift", 100, code)
    assert issues(d.scan()) == [] and issues(d.scan(CAUSE_WITHIN)) == []
    assert d.state.trips[0].code == "A105"
    for _ in range(5):
        assert issues(d.scan(1.0)) == []


def test_a_failed_device_holds_and_is_not_ordered_again() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.end("lift", 100, Result.FAILED)
    assert issues(d.scan()) == [] and d.state.trips[0].code == "A106"
    assert d.of(10).status is StepStatus.FAILED
    d.scan()
    assert d.state.state is State.HELD


def test_a_proven_step_settles_custody_and_gives_its_zones_back() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    effects = d.complete(20)
    assert d.state.ledger.at("handover") == "P-1" and d.state.zones == ()
    assert [e.ledger for e in effects if isinstance(e, SetLedger)] == [d.state.ledger]
    assert "step-proven" in records(effects)


def test_admission_and_release_happen_with_the_proof() -> None:
    d = Desk(step(10, admits=(("P-9", "vehicle"),)), step(30, releases=("P-9",)))
    d.begin()
    assert "P-9" not in d.state.ledger
    d.complete(10)
    assert d.state.ledger.at("vehicle") == "P-9"
    d.complete(30)
    assert "P-9" not in d.state.ledger


def test_a_pack_that_is_admitted_twice_holds_the_station() -> None:
    d = Desk(step(10, admits=(("P-9", "vehicle"),)), ledger=ledger(**{"P-9": "A01"}))
    d.begin()
    d.complete(10)
    assert d.state.trips[0].code == "A302" and "already here: A01" in d.state.trips[0].text
    assert d.state.ledger.at("A01") == "P-9"


def test_an_order_that_is_withdrawn_again_and_again_holds_the_station() -> None:
    """A stop level that cannot be lowered, a guard that only the gate sees lost: no order would ever leave."""
    d = Desk(step(10))
    d.begin()
    for number in range(100, 100 + WITHDRAWN_MOST):
        assert d.of(10).order == number and d.state.state is State.EXECUTE
        d.feed(OrderNotSent(d.time, number, "the stop level of lift is still raised"))
    assert d.state.trips[0].code == "A105" and "stop level of lift" in d.state.trips[0].text
    assert d.state.state is State.HELD and issues(d.scan()) == []
    d.ask(Verb.ACKNOWLEDGE)
    assert d.ask(Verb.RESUME) == "" and d.of(10).status is StepStatus.INTENT


# ---- a step that only asks ----
ASKS = step(10, asks=True)


def test_a_no_to_a_question_ends_the_run_and_holds_nothing() -> None:
    d = Desk(ASKS)
    d.begin()
    d.sent(d.of(10).order)
    d.ack("lift", 100, AckCode.INTERLOCK)
    assert d.scan() == (), "what refuses may have a cause that the next scan shows"
    effects = d.scan(CAUSE_WITHIN)
    assert records(effects) == ["step-stopped", "run-closed"] and stopped(effects) == ()
    assert (d.state.state, d.state.trips, d.state.runs) == (State.EXECUTE, (), ())
    (closed,) = [dict(e.facts)["run"] for e in effects if isinstance(e, Progress) and e.what == "run-closed"]
    assert not closed.complete


@pytest.mark.parametrize("code", [AckCode.BAD_CRC, AckCode.DRIVES_OFF, AckCode.BUSY, AckCode.STOP_REQUESTED])
def test_any_other_refusal_of_a_question_holds_as_every_refusal_does(code: AckCode) -> None:
    d = Desk(ASKS)
    d.begin()
    d.sent(d.of(10).order)
    d.ack("lift", 100, code)
    d.scan()
    d.scan(CAUSE_WITHIN)
    assert d.state.trips[0].code == "A105" and d.state.state is not State.EXECUTE


def test_a_no_that_comes_after_a_hold_leaves_the_run_open() -> None:
    d = Desk(ASKS)
    d.begin()
    d.sent(d.of(10).order)
    d.ask(Verb.HOLD)
    d.ack("lift", 100, AckCode.INTERLOCK)
    d.scan()
    d.scan(CAUSE_WITHIN)
    assert d.run().of(10).status is StepStatus.FAILED and d.state.state is State.HELD
