"""What a controller must not forget over several lives: run ids, and that a way back is no swap.

Each was a counter-example of the campaign once; here it is small enough to be read.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode
from station_ctl.engine.events import Verb
from station_ctl.service import recovery
from tests.bench.virtual_bench import VirtualBench, run_virtually


async def _begin(bench: VirtualBench) -> str:
    bench.do(cmd="vehicle")
    await asyncio.sleep(0.5)
    run, _ = await bench.reception.receive("test")
    return run


def test_a_run_of_a_later_life_is_not_taken_for_one_that_was_closed_before(tmp_path: Path) -> None:
    """Run ids that began anew with each start would hide the open run behind the closed one of the same name."""

    async def story() -> None:
        async with VirtualBench(tmp_path, speed=60) as bench:
            await bench.make_ready()
            first = await _begin(bench)
            await bench.watch.until_closed(first)
            await bench.crash_and_restart()
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
            await bench.engine.ask(Verb.RESET, "test")
            await bench.engine.ask(Verb.START, "test")
            bench.seen.clear()
            bench.engine.listen(bench.seen.append)
            second = await _begin(bench)
            assert second != first
            await bench.until_step(80)
            await bench.crash_and_restart()
            assert [run.run_id for run in bench.state.runs] == [second]

    run_virtually(story())


def test_a_way_back_has_no_way_back_of_its_own(tmp_path: Path) -> None:
    """Its steps have numbers of the swap and another meaning: what is begun of it says nothing of a vehicle."""

    async def story() -> None:
        async with VirtualBench(tmp_path, speed=60) as bench:
            await bench.make_ready()
            swap = await _begin(bench)
            await bench.until_step(80)
            await asyncio.sleep(0.1)
            await bench.engine.ask(Verb.HOLD, "test")
            await bench.until(lambda: bench.state.state.name == "HELD")
            back = await recovery.retreat(bench.engine, bench.built.procedures(), swap, "test")
            await asyncio.sleep(0.1)
            await bench.crash_and_restart()
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
            with pytest.raises(Refused, match=f"no retreat from {back}: it is a way back itself: resume"):
                await recovery.retreat(bench.engine, bench.built.procedures(), back, "test")
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            await bench.watch.until_closed(back)
            assert bench.do(cmd="report")["violations"] == []

    run_virtually(story())
