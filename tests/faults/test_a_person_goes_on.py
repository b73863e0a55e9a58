"""After the stop: the cause goes, a person acknowledges and resumes, and the swap ends as if nothing had been.

Nothing moves before the person has acted; half-way steps need the confirmation.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from station_ctl.core.errors import StationError
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.service.recovery import retreat, ways_out
from tests.faults.struck_bench import IN_THE_MIDDLE, StruckBench, assert_safe, ordered_steps, run, visited


async def go_on(bench: StruckBench) -> None:
    """What a person does at the panel once the cause is gone, with the confirmation that he has looked."""
    await asyncio.sleep(1.0)  # until every scan shows it, and every PLC has heard us again
    await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
    if bench.state.state is State.ABORTED:
        await bench.engine.ask(Verb.CLEAR, "test")
    await bench.engine.ask(Verb.RESUME, "test", confirmed=True)


async def assert_completes(bench: StruckBench) -> None:
    """The run ends with every step proven, nothing unsafe ordered, every pack accounted for."""
    assert bench.struck is not None
    closed = await bench.watch.until_closed("R-0001" if bench.struck.no == 10 else "S-0001")
    assert closed.complete
    assert_safe(bench)


@pytest.mark.parametrize("no", ordered_steps(23, 90, 190))
def test_a_swap_goes_on_after_a_lost_link_is_back(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            link = bench.link_of(step)
            bench.strike(step, name="link-lost", plc=link)
            await bench.rest()
            with pytest.raises(StationError, match=r"A201 stays: needs .* ≥ 0"):
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            bench.do(cmd="fault", name="link-lost", on=False, plc=link)
            await bench.until(lambda: bench.engine.image().link_fault(link) is None)
            orders = bench.report()["orders"]
            await bench.until(lambda: bench.engine.clock.monotonic() > bench.loss.at + 5.0)
            assert bench.report()["orders"] == orders, "the link is back, nobody has acted"
            await go_on(bench)
            await assert_completes(bench)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(110))
def test_a_swap_goes_on_after_a_plc_has_restarted(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            link = bench.link_of(step)
            bench.strike(step, name="plc-restart", plc=link)
            await bench.rest()
            await bench.until(lambda: bench.engine.image().link_fault(link) is None)
            await go_on(bench)
            await assert_completes(bench)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(80))
def test_a_swap_goes_on_after_the_emergency_stop_is_reset(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, IN_THE_MIDDLE), name="e-stop")
            await bench.rest()
            with pytest.raises(StationError):
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            bench.do(cmd="fault", name="e-stop", on=False)
            await asyncio.sleep(1.0)
            with pytest.raises(StationError, match="reset_not_needed on; found off"):
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            bench.do(cmd="safety-reset")
            await go_on(bench)
            await assert_completes(bench)

    run(story)


@pytest.mark.parametrize("turning", [80, pytest.param(120, marks=pytest.mark.long)])
def test_after_a_stuck_bolt_the_bolts_that_had_turned_are_not_believed_to_have_turned_again(
    tmp_path: Path, turning: int
) -> None:
    """Resuming needs the person's look and then holds again: runners of open bolts count no turns."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(turning, 0.0), name="bolt-stuck")
            await bench.rest()
            bench.do(cmd="fault", name="bolt-stuck", on=False)
            await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            with pytest.raises(StationError, match="look at the machine"):
                await bench.engine.ask(Verb.RESUME, "test")
            await go_on(bench)
            await bench.until_state(State.HELD)
            assert "robot.bolt_turns" in bench.first_out.text
            assert_safe(bench)

    run(story)


def test_a_vehicle_with_a_bolt_that_was_stuck_leaves_with_its_own_pack(tmp_path: Path) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(80, 0.0), name="bolt-stuck")
            await bench.rest()
            bench.do(cmd="fault", name="bolt-stuck", on=False)
            await asyncio.sleep(1.0)
            job = bench.state.runs[0].job
            assert job is not None
            await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            way_back = await retreat(bench.engine, bench.built.procedures(), "S-0001", "test")
            assert (await bench.watch.until_closed(way_back)).complete
            assert_safe(bench)
            places = bench.report()["packs"]
            assert places[job.spent] == f"left:{job.vehicle}"
            assert job.spent not in bench.state.ledger
            assert job.fresh in bench.state.ledger

    run(story)


def test_a_robot_beside_the_pack_that_it_has_set_down_comes_to_its_place_empty_and_low(tmp_path: Path) -> None:
    """The step can neither be proven, for the robot stands nowhere, nor begun, for its pack is down: its end can."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(100, 0.0)
            plant = bench.sim.plant
            await bench.until(lambda: plant.places.at("handover_out") is not None, 60.0)
            bench.strike(step, name="e-stop")
            await bench.rest()
            plant.robot.x += 240.0
            plant.motions.version += 1
            bench.do(cmd="fault", name="e-stop", on=False)
            bench.do(cmd="safety-reset")
            await asyncio.sleep(1.0)
            ways = ways_out(bench.engine.facts, bench.state, bench.engine.image())
            assert any("only its end is missing" in text for text in ways.findings), ways.findings
            assert not ways.why_not_resume_confirmed and "look at the machine" in ways.why_not_resume
            await go_on(bench)
            await assert_completes(bench)

    run(story)
