"""The gate: intent is durable before an order leaves, what was lost meanwhile keeps it back, nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from station_ctl.core.conditions import ModeIs
from station_ctl.core.custody import Custody, Move
from station_ctl.core.links import NotSent, OutcomeUnknown, WriteRefused
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import ORDER_TTL_MS, crc16
from station_ctl.core.steps import Interlock
from station_ctl.engine.events import Verb
from station_ctl.engine.state import StepStatus
from station_ctl.engine.station import WITHDRAWN_MOST
from station_ctl.engine.virtual_time import run_virtually
from tests.bench.desk import EPOCH, LEVEL, READY, ledger, step
from tests.bench.gate_bench import GateBench, settled

MOVES = step(10, moves=(Move("P-1", "A01", "handover"),))


def bench(*steps: object, **state: object) -> GateBench:
    return GateBench(*(steps or (step(10),)), **state)  # type: ignore[arg-type]


def kinds(b: GateBench) -> list[str]:
    return [entry[0] for entry in b.log]


def test_the_intent_is_durable_before_a_word_of_the_order_is_written() -> None:
    async def main() -> None:
        b = bench(MOVES, ledger=ledger(**{"P-1": "A01"}))
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            assert kinds(b) == ["commit"], "an order left while its intent was not durable"
            b.journal.waits.set()
            await settled()
        assert kinds(b)[:3] == ["commit", "durable", "write"]
        commit = b.log[0]
        assert "step-ordered" in commit[1] and commit[2].where("P-1") == Custody("A01", "handover", 100)
        assert b.of(10).status is StepStatus.SENT and b.heard() == ["OrderSent"]

    run_virtually(main())


def test_an_order_is_written_as_the_contract_says_with_its_time_to_live_from_the_plcs_own_clock() -> None:
    async def main() -> None:
        b = bench()
        b.world.set(b.channels["lift"].uptime_ms, 0xFFFF_FF00)
        async with b.at_work():
            b.begin()
            await settled()
        _, link, tags, commit, urgent = b.log[2]
        assert (link, commit, urgent) == ("pit", "CMD_COMMIT", False)
        assert tags["CMD_EXPIRES"] == (0xFFFF_FF00 + ORDER_TTL_MS) & 0xFFFF_FFFF, "uptime wraps after 49 days"
        assert (tags["CMD_ID"], tags["CMD_EPOCH"], tags["CMD_OPCODE"]) == (100, EPOCH, 10)
        assert (tags["CMD_P1"], tags["CMD_P2"], tags["CMD_COMMIT"]) == (10, -10, 100)
        assert 0 <= tags["CMD_CRC"] <= 0xFFFF and crc16(()) == 0xFFFF

    run_virtually(main())


LOST: dict[str, tuple[Callable[[GateBench], object], str]] = {
    "a permissive": (lambda b: b.world.set(READY, False), "T08 Lift ready"),
    "an interlock": (lambda b: b.world.set(LEVEL, False), "T10 Lift level"),
    "a good reading": (lambda b: b.world.stale(READY), "T08 Lift ready"),
    "the PLC's start": (lambda b: b.world.set(b.channels["lift"].epoch, EPOCH + 1), "lift.epoch = 5"),
    "the connection": (lambda b: (b.world.lose("pit"), b.world.regain("pit")), "connected anew"),
    "the PLC's clock": (lambda b: b.world.flag(b.channels["lift"].uptime_ms), "uptime of pit"),
    "the link": (lambda b: b.world.lose("pit"), "link pit: no answer"),
}


@pytest.mark.parametrize("case", LOST)
def test_what_is_lost_between_decision_and_sending_keeps_the_order_back(case: str) -> None:
    """The newest scan counts, although no decision has been taken on it yet."""
    lose, why = LOST[case]

    async def main() -> None:
        b = bench(MOVES, ledger=ledger(**{"P-1": "A01"}))
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            lose(b)
            b.journal.waits.set()
            await settled()
        assert 100 not in b.orders() and b.heard()[0] == "OrderNotSent"
        assert why in b.events[0].why  # type: ignore[attr-defined]
        if not b.orders():
            assert b.state.ledger.at("A01") == "P-1" and b.of(10).status is StepStatus.WAITING

    run_virtually(main())


@pytest.mark.parametrize(
    "stop",
    [
        lambda b: b.ask(Verb.HOLD),
        lambda b: b.ask(Verb.ABORT),
        lambda b: (b.world.set(LEVEL, False), b.scan(), b.world.set(LEVEL, True), b.scan()),
    ],
)
def test_a_stop_between_decision_and_sending_keeps_the_order_back(
    stop: Callable[[GateBench], object],
) -> None:
    async def main() -> None:
        b = bench(MOVES, ledger=ledger(**{"P-1": "A01"}))
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            stop(b)
            b.journal.waits.set()
            await settled()
        assert b.orders() == [] and b.heard() == ["OrderNotSent"]
        assert b.state.ledger.at("A01") == "P-1" and b.state.state in (State.HELD, State.ABORTED)

    run_virtually(main())


def test_a_mode_that_was_left_between_decision_and_sending_keeps_the_order_back() -> None:
    automatic = Interlock("G07", "Mode automatic", ModeIs(Mode.AUTOMATIC))

    async def main() -> None:
        b = bench(step(10, permissives=(automatic,)))
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            b.state = replace(b.state, mode=Mode.MANUAL)
            b.journal.waits.set()
            await settled()
        assert b.orders() == [] and "needs mode automatic; found manual" in b.events[0].why  # type: ignore[attr-defined]

    run_virtually(main())


def test_a_write_without_an_answer_is_unknown_and_never_repeated() -> None:
    async def main() -> None:
        b = bench(MOVES, ledger=ledger(**{"P-1": "A01"}))
        b.links["pit"].fails = OutcomeUnknown("no answer within 250 ms")
        async with b.at_work():
            b.begin()
            await settled()
            for _ in range(500):
                b.scan()
                await settled(3)
        assert b.orders() == [100] and b.heard() == ["OrderUnknown"]
        assert b.state.state is State.HELD and b.state.trips[0].code == "A108"

    run_virtually(main())


def test_a_write_that_surely_did_not_leave_is_ordered_anew_under_another_number() -> None:
    async def main() -> None:
        b = bench()
        b.links["pit"].fails = NotSent("pit: not connected")
        async with b.at_work():
            b.begin()
            await settled()
        assert b.orders() == [100, 101] and b.heard() == ["OrderNotSent", "OrderSent"]

    run_virtually(main())


@pytest.mark.parametrize("error", [WriteRefused("exception reply 2"), ValueError("CMD_P1 does not fit")])
def test_a_write_that_cannot_succeed_is_tried_once(error: Exception) -> None:
    async def main() -> None:
        b = bench()
        b.links["pit"].fails = error
        async with b.at_work():
            b.begin()
            await settled()
            for _ in range(20):
                b.scan()
                await settled(3)
        assert b.orders() == [100] and b.heard() == ["OrderNotSent"]
        assert b.state.trips[0].code == "A105" and str(error) in b.state.trips[0].text

    run_virtually(main())


def test_a_journal_that_fails_lets_no_order_leave_and_aborts() -> None:
    async def main() -> None:
        b = bench(MOVES, step(20, "robot"), ledger=ledger(**{"P-1": "A01"}))
        b.journal.fails = "disk I/O error"
        async with b.at_work():
            b.begin()
            await settled(200)
        assert b.orders("pit") == [] == b.orders("rail")
        assert b.heard()[0] == "JournalFailed" and set(b.heard()[1:3]) == {"OrderNotSent"}
        assert b.state.state is State.ABORTED and b.state.trips[0].code == "A501"
        assert b.state.ledger.at("A01") == "P-1", "memory says what the disk says"

    run_virtually(main())


def test_a_journal_that_stays_broken_is_not_written_to_for_ever() -> None:
    async def main() -> None:
        b = bench()
        b.journal.fails = "disk full"
        async with b.at_work():
            b.begin()
            await settled(2000)
        assert kinds(b).count("commit") <= 5, f"{kinds(b).count('commit')} commits on a broken disk"
        assert [t.code for t in b.state.trips] == ["A501"]

    run_virtually(main())


def test_two_lanes_are_sent_at_once_and_a_slow_plc_holds_up_no_other() -> None:
    async def main() -> None:
        b = bench(step(10), step(20, "robot"))
        b.links["pit"].waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            assert b.of(20).status is StepStatus.SENT and b.of(10).status is StepStatus.INTENT
            b.links["pit"].waits.set()
            await settled()
        assert b.orders() == [100] and b.orders("rail") == [101]

    run_virtually(main())


def test_an_order_that_is_cancelled_with_the_gate_is_not_sent_twice() -> None:
    async def main() -> None:
        b = bench()
        b.links["pit"].waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            asyncio.get_running_loop().call_later(1.0, b.links["pit"].waits.set)
        assert b.orders() == [100] and b.heard() == ["OrderSent"], "a send under way is waited for"

    run_virtually(main())


def test_nothing_is_sent_while_the_stop_level_of_its_device_is_up() -> None:
    """It cannot be lowered: the PLC would refuse, and a person is called instead of trying on."""

    async def main() -> None:
        b = bench()
        b.stops.raise_(("lift",))
        async with b.at_work():
            b.begin()
            await settled(200)
        assert b.orders() == [] and b.heard() == ["OrderNotSent"] * WITHDRAWN_MOST
        assert "stop level of lift is still raised" in b.state.trips[0].text

    run_virtually(main())


def test_the_gate_shows_that_it_lives_while_it_has_nothing_to_do_and_drains_what_it_has() -> None:
    async def main() -> None:
        b = bench()
        async with b.at_work():
            await asyncio.sleep(2.0)
            idle = b.beats
            b.begin()
            await b.gate.drain()
            assert b.orders() == [100]
        assert 5 <= idle <= 50

    run_virtually(main())


def test_a_gate_that_hangs_in_a_commit_does_not_show_that_it_lives() -> None:
    async def main() -> None:
        b = bench()
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            before = b.beats
            await asyncio.sleep(10.0)
            assert b.beats == before

    run_virtually(main())


@pytest.mark.parametrize("now", [{"status": StepStatus.WAITING}, {"order": 999}, {"status": StepStatus.BUSY}])
def test_an_order_that_its_step_no_longer_waits_for_is_not_sent(now: dict[str, object]) -> None:
    async def main() -> None:
        b = bench()
        b.journal.waits = asyncio.Event()
        async with b.at_work():
            b.begin()
            await settled()
            b.state = b.state.with_run(b.run().with_step(10, **now))
            b.journal.waits.set()
            await settled()
        assert 100 not in b.orders()

    run_virtually(main())
