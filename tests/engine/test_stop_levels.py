"""The path of STOP: raised at once, kept up, lowered only when a person has started or resumed."""

from __future__ import annotations

import asyncio

from station_ctl.core.links import NotSent
from station_ctl.core.modes import State
from station_ctl.core.orders import OrderState, Result
from station_ctl.engine.events import Verb
from station_ctl.engine.virtual_time import run_virtually
from tests.bench.desk import LEVEL, step
from tests.bench.gate_bench import GateBench, settled


async def _moving() -> GateBench:
    b = GateBench(step(10), step(20, "robot", interlocks=()))
    b.begin()
    return b


def test_a_stop_is_written_at_once_although_journal_and_command_path_hang() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        async with b.at_work():
            b.begin()
            await settled()
            b.under_way(10)
            b.journal.waits = asyncio.Event()
            b.links["pit"].waits = asyncio.Event()
            b.world.set(LEVEL, False)
            b.scan()
            await settled()
            assert b.levels() == [1]
            (write,) = [e for e in b.log if e[0] == "write" and "STOP_REQ" in e[2]]
            assert write[4], "the stop took the urgent path"
            assert "written" in [e[0] for e in b.log if "STOP_REQ" in str(e)]
            b.journal.waits.set()
            b.links["pit"].waits.set()

    run_virtually(main())


def test_a_stop_is_repeated_while_the_plc_shows_an_order_under_way() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.world.set(b.channels["lift"].state, int(OrderState.BUSY))
        b.stops.raise_(("lift",))
        await settled()
        for _ in range(3):
            b.stops.repeat("pit")
            await settled()
        assert b.levels() == [1, 1, 1, 1]
        b.stops.repeat("rail")
        await settled()
        b.world.set(b.channels["lift"].state, int(OrderState.STOPPED))
        b.stops.repeat("pit")
        await settled()
        assert b.levels() == [1, 1, 1, 1], "only on a scan of its own link, and only while busy"

    run_virtually(main())


def test_a_stop_that_was_not_delivered_is_repeated_by_the_next_scan() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.world.set(b.channels["lift"].state, int(OrderState.BUSY))
        b.links["pit"].fails = NotSent("pit: not connected")
        b.stops.raise_(("lift",))
        await settled()
        assert b.stops.raised == {"lift"}
        b.stops.repeat("pit")
        await settled()
        assert [e[0] for e in b.log] == ["write", "write", "written"]

    run_virtually(main())


def test_a_repetition_does_not_pile_up_behind_a_stop_that_is_under_way() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.world.set(b.channels["lift"].state, int(OrderState.BUSY))
        b.stops.raise_(("lift",))
        for _ in range(50):
            b.stops.repeat("pit")
        await settled()
        assert b.levels() == [1]

    run_virtually(main())


def test_only_a_release_lowers_a_level() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.stops.raise_(("lift", "robot"))
        await settled()
        await b.stops.lower_released()
        assert b.levels() == [1] and b.stops.raised == {"lift", "robot"}
        b.stops.release()
        assert b.levels() == [1], "released is not yet lowered: that waits for the journal"
        await b.stops.lower_released()
        assert b.levels() == [1, 0] and b.levels("rail") == [1, 0] and b.stops.raised == frozenset()

    run_virtually(main())


def test_a_level_that_cannot_be_lowered_stays_up_and_is_lowered_by_the_next_release() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.stops.raise_(("lift", "robot"))
        await settled()
        b.links["pit"].fails = NotSent("pit: not connected")
        b.stops.release()
        await b.stops.lower_released()
        assert b.stops.raised == {"lift"}
        b.stops.release()
        await b.stops.lower_released()
        assert b.stops.raised == frozenset()

    run_virtually(main())


def test_a_stop_raised_after_the_release_is_not_lowered_by_it() -> None:
    """A person resumes; while that is being written to the journal, a curtain breaks."""

    async def main() -> None:
        b = GateBench(step(10))
        b.stops.raise_(("lift",))
        await settled()
        b.stops.release()
        b.stops.raise_(("lift",))
        await settled()
        await b.stops.lower_released()
        assert b.stops.raised == {"lift"} and b.levels()[-1] == 1

    run_virtually(main())


def test_a_stop_raised_while_its_level_is_being_lowered_has_the_last_word() -> None:
    """The 0 is on one connection, the 1 on another; which one the PLC takes first is not known."""

    async def main() -> None:
        b = GateBench(step(10))
        b.stops.raise_(("lift",))
        await settled()
        b.stops.release()
        b.links["pit"].waits = asyncio.Event()
        lowering = asyncio.create_task(b.stops.lower_released())
        await settled()
        assert b.levels() == [1, 0]
        b.stops.raise_(("lift",))
        await settled()
        b.links["pit"].waits.set()
        await lowering
        await settled()
        assert b.stops.raised == {"lift"}
        done = [e[2]["STOP_REQ"] for e in b.log if e[0] == "written" and "STOP_REQ" in e[2]]
        assert done[-1] == 1 and b.levels()[-1] == 1

    run_virtually(main())


def test_a_resume_is_durable_before_any_level_is_lowered_and_lowered_before_any_order() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        async with b.at_work():
            b.begin()
            await settled()
            b.under_way(10)
            b.ask(Verb.HOLD)
            b.end("lift", 100, Result.STOPPED)
            for _ in range(30):
                b.scan()
            await settled()
            assert b.state.state is State.HELD and b.stops.raised == {"lift"}
            b.log.clear()
            assert b.ask(Verb.RESUME) == ""
            await settled()
        steps = [e[0] + str(sorted(e[2])[-1:]) if e[0] == "write" else e[0] for e in b.log]
        assert steps[:3] == ["commit", "durable", "write['STOP_REQ']"]
        assert steps.index("write['STOP_REQ']") < steps.index("write['CMD_P4']") and b.levels() == [0]

    run_virtually(main())


def test_every_device_at_work_is_stopped_and_no_other() -> None:
    async def main() -> None:
        b = await _moving()
        b.under_way(10)
        b.world.set(LEVEL, False)
        b.scan()
        await settled()
        assert b.levels("pit") == [1] and b.levels("rail") == [1], (
            "the robot's order was on its way to the gate"
        )

    run_virtually(main())


def test_levels_of_an_earlier_program_are_lowered_by_the_next_start_and_only_then() -> None:
    """Whoever stopped the machine before this program was started is not overruled by its start alone."""

    async def main() -> None:
        b = GateBench(step(10))
        b.stops.inherit()
        await b.stops.lower_released()
        assert b.levels("pit") == [] == b.levels("rail") and b.stops.raised == frozenset()
        b.stops.release()
        await b.stops.lower_released()
        assert b.levels("pit") == [0] and b.levels("rail") == [0]
        b.stops.release()
        await b.stops.lower_released()
        assert b.levels("pit") == [0] and b.levels("rail") == [0], "once"

    run_virtually(main())


def test_an_inherited_level_that_could_not_be_lowered_is_lowered_by_the_next_start() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.stops.inherit()
        b.links["pit"].fails = NotSent("pit: not connected")
        for _ in range(2):
            b.stops.release()
            await b.stops.lower_released()
        assert b.levels("pit") == [0, 0] and b.levels("rail") == [0]

    run_virtually(main())


def test_a_level_that_could_not_be_lowered_stays_up_until_a_person_goes_on_again() -> None:
    async def main() -> None:
        b = GateBench(step(10))
        b.stops.raise_(("lift",))
        await settled()
        b.stops.release()
        b.links["pit"].fails = NotSent("pit: not connected")
        await b.stops.lower_released()
        assert b.levels() == [1, 0] and b.stops.raised == {"lift"}
        await b.stops.lower_released()
        assert b.levels() == [1, 0], "nobody has asked again"
        b.stops.release()
        await b.stops.lower_released()
        assert b.levels() == [1, 0, 0] and b.stops.raised == frozenset()

    run_virtually(main())
