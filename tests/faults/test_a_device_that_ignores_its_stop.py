"""A PLC that goes on with its order whatever its stop level says: the station rests, says so, and waits for people."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from station_ctl.core.errors import StationError
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.engine.recovery import Finding, assess
from station_ctl.engine.station import STOP_WITHIN
from tests.faults.struck_bench import IN_THE_MIDDLE, assert_safe, run, visited

LIMIT = STOP_WITHIN + 1.0


@pytest.mark.parametrize(
    ("no", "verb", "rest"),
    [
        (60, Verb.HOLD, State.HELD),
        pytest.param(120, Verb.ABORT, State.ABORTED, marks=pytest.mark.long),
        pytest.param(190, Verb.ABORT, State.ABORTED, marks=pytest.mark.long),
    ],
)
def test_a_device_that_ignores_its_stop_ends_at_rest_for_the_station_and_under_the_emergency_stop_for_itself(
    tmp_path: Path, no: int, verb: Verb, rest: State
) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            link = bench.link_of(step)
            # Stuck as well: in virtual time the motion would be over before anybody could miss its stop.
            bench.strike(step, name="stop-ignored", plc=link)
            bench.do(cmd="fault", name="drive-stuck", on=True, plc=link)
            await bench.engine.ask(verb, "test")
            await bench.rest(LIMIT)
            assert bench.state.state is rest
            assert (bench.first_out.code, bench.first_out.step) == ("A109", no), bench.first_out.text
            assert bench.sim.plcs[link].inputs["STOP_REQ"] == 1 and any(c.busy for c in bench.channels())
            (found,) = assess(bench.engine.facts, bench.state, bench.engine.image())
            assert found.finding is Finding.MOVING
            with pytest.raises(StationError, match=r"A109 stays: needs .*order_state"):
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            with pytest.raises(StationError):
                await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            bench.do(cmd="fault", name="e-stop", on=True)
            await bench.until(lambda: not any(c.busy for c in bench.channels()))
            for name in ("e-stop", "stop-ignored", "drive-stuck"):
                bench.do(cmd="fault", name=name, on=False, plc=link)
            bench.do(cmd="safety-reset")
            await asyncio.sleep(1.0)
            await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            if rest is State.ABORTED:
                await bench.engine.ask(Verb.CLEAR, "test")
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            closed = await bench.watch.until_closed("S-0001")
            assert closed.complete
            assert_safe(bench)

    run(story)
