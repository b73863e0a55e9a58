"""The gate's last look, condition by condition: each alone keeps an order back, and its own intent does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.custody import Move
from station_ctl.core.levels import Level
from station_ctl.core.modes import State
from station_ctl.core.orders import Order, crc16
from station_ctl.core.steps import Interlock, OnLoss
from station_ctl.engine.events import SetLedger
from station_ctl.engine.state import StepStatus, Trip
from station_ctl.engine.virtual_time import run_virtually
from tests.bench.desk import ledger, step
from tests.bench.gate_bench import GateBench, settled


def ordered(change: Callable[[GateBench], None], *steps: object) -> GateBench:
    """A bench whose state was changed, and by nothing else, between the commit of an order and its last look."""
    b = GateBench(*(steps or (step(10),)), ledger=ledger(**{"P-1": "A01"}))  # type: ignore[arg-type]

    async def main() -> None:
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            change(b)
            b.journal.waits.set()
            await settled(3)

    run_virtually(main())
    return b


def in_state(state: State) -> Callable[[GateBench], None]:
    def change(b: GateBench) -> None:
        b.state = replace(b.state, state=state)

    return change


@pytest.mark.parametrize("state", [s for s in State if s not in (State.EXECUTE, State.STOPPING)])
def test_no_order_leaves_in_a_state_that_begins_nothing(state: State) -> None:
    b = ordered(in_state(state))
    assert b.orders() == [] and b.heard()[0] == "OrderNotSent"
    assert b.events[0].why == f"withdrawn before it was sent: station {state}"  # type: ignore[attr-defined]


def test_an_order_of_a_swap_that_is_being_finished_leaves() -> None:
    assert ordered(in_state(State.STOPPING)).orders() == [100]


def test_no_order_leaves_while_a_trip_is_latched() -> None:
    def change(b: GateBench) -> None:
        b.state = replace(b.state, trips=(Trip("A101", "a loss", OnLoss.HOLD),))

    b = ordered(change)
    assert b.orders() == [] and b.heard()[0] == "OrderNotSent"


def test_an_order_of_a_run_that_is_gone_is_reported_as_not_sent() -> None:
    def change(b: GateBench) -> None:
        b.state = replace(b.state, runs=())

    b = ordered(change)
    assert b.orders() == [] and b.heard() == ["OrderNotSent"]


def test_the_orders_own_move_is_not_held_against_it() -> None:
    """The ledger shows the pack on its way already; origin and target are judged as they were before."""
    at_origin = Interlock("G25", "Pack at its origin", PlaceHolds("A01", "P-1"))
    target_free = Interlock("G19", "Target free", PlaceHolds("handover"))
    moving = step(10, moves=(Move("P-1", "A01", "handover"),), permissives=(at_origin, target_free))
    assert ordered(lambda b: None, moving).orders() == [100]


def test_an_order_leaves_for_a_plc_of_level_b_sealed_with_noughts_for_what_it_lacks() -> None:
    """Without a boot counter and a clock: a checksum over any other number would be refused by it."""

    async def main() -> None:
        b = GateBench(step(10))
        lift = b.channels["lift"]
        for signal in (lift.epoch, lift.uptime_ms):
            assert signal is not None
            b.world.forget(signal)
        lacks = frozenset(("EPOCH", "CMD_EPOCH", "UPTIME_MS", "CMD_EXPIRES"))
        b.channels["lift"] = replace(lift, epoch=None, uptime_ms=None, level=Level.B, lacks=lacks)
        async with b.at_work():
            b.begin()
            await settled()
        assert b.heard() == ["OrderSent"] and b.orders() == [100]
        (sent,) = (entry[2] for entry in b.log if entry[0] == "write")
        assert not lacks & sent.keys() and sent["CMD_CRC"] == crc16(Order(100, 0, 10, (10, -10), 0).words())

    run_virtually(main())


def test_a_ledger_without_rows_is_made_durable_too() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        async with b.at_work():
            b.gate.submit((SetLedger(ledger(**{"P-1": "A01"})),))
            await b.gate.drain()
        assert b.log[0] == ("commit", [], ledger(**{"P-1": "A01"}))

    run_virtually(main())


def test_what_is_drained_is_sent_and_what_is_sent_is_forgotten() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.links["pit"].waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            drained = asyncio.create_task(b.gate.drain())
            await settled()
            assert b.orders() == [100] and not drained.done(), "the PLC has not answered yet"
            b.links["pit"].waits.set()
            await drained
            await settled()
            assert b.heard() == ["OrderSent"] and not b.gate._sending

    run_virtually(main())


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_driver_that_breaks_in_a_write_takes_neither_the_gate_nor_its_end_with_it(cancelled: bool) -> None:
    """Whoever waits for the sends waits for all of them, and ends as if none had been broken."""

    async def main() -> None:
        b = GateBench(step(10), step(20, "robot"))
        b.links["pit"].fails = RuntimeError("a defect in a driver")
        b.links["pit"].waits, b.links["rail"].waits = asyncio.Event(), asyncio.Event()
        gate = asyncio.create_task(b.gate.run())
        b.begin()
        await settled()
        waiting = gate if cancelled else asyncio.create_task(b.gate.drain())
        if cancelled:
            gate.cancel()
        await settled()
        b.links["pit"].waits.set()
        await settled()
        assert not waiting.done(), "the robot's PLC has not answered yet"
        b.links["rail"].waits.set()
        with suppress(asyncio.CancelledError):
            await waiting
        assert waiting.cancelled() == cancelled and b.of(20).status is StepStatus.SENT
        gate.cancel()
        with suppress(asyncio.CancelledError):
            await gate

    run_virtually(main())


def test_an_order_whose_write_broke_may_have_left_and_is_read_back_at_once() -> None:
    """Counter-example: a driver that raised what no link promises left its order unheard of until the step's limit."""

    async def main() -> None:
        b = GateBench(step(10))
        b.links["pit"].fails = RuntimeError("a defect in a driver")
        async with b.at_work():
            b.begin()
            with capture_logs() as logged:
                await settled()
            (told,) = [entry for entry in logged if entry["event"] == "send-broke"]
            assert (told["order"], told["device"]) == (100, "lift") and told["exc_info"]
            assert b.heard() == ["OrderUnknown"] and b.of(10).status is StepStatus.UNKNOWN
            assert b.events[0].why == "RuntimeError: a defect in a driver"  # type: ignore[attr-defined]
            for _ in range(40):
                b.scan(0.1)
                await settled(3)
        assert b.orders() == [100] and b.state.state is State.HELD and b.state.trips[0].code == "A108"

    run_virtually(main())
