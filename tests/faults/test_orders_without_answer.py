"""Orders that get lost, answers that get lost, devices that do not finish: none of them leaves the station waiting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from drivers.memory import MemoryLink
from station_ctl.core.modes import State
from station_ctl.core.points import Value
from station_ctl.engine.events import Progress
from tests.faults.struck_bench import StruckBench, assert_controlled_stop, ordered_steps, run, visited


def lose_the_order(bench: StruckBench, no: int, *, reply: bool) -> None:
    """The write of step `no`'s order gets lost on its way, or only the reply to it. Heartbeats pass."""

    def spoil(link: MemoryLink) -> None:
        write = link.write

        async def spoilt(
            values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
        ) -> None:
            number = values.get("CMD_ID", values.get("VEH_CMD_ID"))
            if number is not None and number == next(
                (st.order for s, st in bench.all_steps() if s.no == no), 0
            ):
                link.lose_reply, link.lose_request = reply, not reply
            await write(values, commit=commit, urgent=urgent)

        link.write = spoilt  # type: ignore[method-assign]

    for link in bench.links.values():
        spoil(link)


@pytest.mark.parametrize("no", ordered_steps(30, 90, 200))
def test_an_order_that_never_arrived_is_told_and_holds(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            lose_the_order(bench, no, reply=False)
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.step) == ("A108", no), bench.first_out.text
            await assert_controlled_stop(bench, State.HELD)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(80))
def test_an_order_whose_answer_is_lost_is_read_back_and_given_once(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            lose_the_order(bench, no, reply=True)
            await bench.rest()
            assert bench.state.trips == ()
            assert bench.watch.closed["S-0001"].complete
            begun = [e.step for e in bench.seen if isinstance(e, Progress) and e.what == "step-begun"]
            assert begun.count(no) == 1
            assert bench.report()["orders"] == len(begun) - 1, "one order a step; one step only looks"
            assert bench.report()["violations"] == []

    run(story)


def test_a_vehicle_that_never_drives_in_takes_the_entry_away(tmp_path: Path) -> None:
    """The lift waits in its order; at the limit it is told to stop, and its light goes red."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            await bench.at_step(20, 0.0)
            bench.do(cmd="dismiss")
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.step) == ("A104", 20), bench.first_out.text
            await assert_controlled_stop(bench, State.HELD)
            assert bench.sim.plant.lift.entry_green is False

    run(story)
