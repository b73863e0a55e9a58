"""Cold (F32): stiff lock runners show a torque that is none; a station of a cold climate warms them before they turn.

Knows the plant's grease. The limits of the climates themselves stand in tests/config/test_climates.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from station_ctl.core.modes import State
from station_ctl.core.steps import Sequence
from station_ctl.engine.events import Verb
from tests.bench import virtual_bench
from tests.bench.virtual_bench import VirtualBench, ready_bench, run_virtually
from tests.sequences.conftest import the_job, the_station

WINTER_C = -20.0
SPEED = 20.0


def bench_in_winter(folder: Path, *, preheat: bool):  # type: ignore[no-untyped-def]
    """A station whose machines stood in the frost all night."""
    config = virtual_bench._config(SPEED)
    policy = replace(config.policy, preheat_below_c=5.0 if preheat else None, charge_temp_min_c=-40.0)
    return ready_bench(folder, speed=SPEED, config=replace(config, policy=policy))


async def begin(bench: VirtualBench) -> str:
    bench.sim.plant.weather(WINTER_C)
    await asyncio.sleep(1.0)
    bench.do(cmd="vehicle")
    await asyncio.sleep(0.5)
    run_id, _ = await bench.reception.receive("test")
    return run_id


def test_in_a_cold_climate_runners_are_warm_before_a_bolt_is_touched(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_in_winter(tmp_path, preheat=True) as bench:
            await begin(bench)
            assert bench.sim.plant.robot.runner_c < -10.0
            await bench.until_step(80)
            assert bench.sim.plant.robot.runner_c > 5.0
            await bench.until_step(90)
            (run,) = bench.state.runs
            assert bench.do(cmd="report")["violations"] == []
            took = {step.no: state.ended - state.began for step, state in run.pairs()}
            assert 30.0 < took[24] < 80.0 and took[24] < took[20] + took[30], "while the vehicle drives in"
            assert took[80] < 16.0, "and then no more"

    run_virtually(main())


def test_without_preheating_the_frost_stops_the_swap_before_a_bolt_has_moved(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_in_winter(tmp_path, preheat=False) as bench:
            await begin(bench)
            await bench.until_state(State.HELD)
            assert {trip.step for trip in bench.state.trips} == {80} and bench.sim.plant.lift.vehicle.all_closed

    run_virtually(main())


def test_runners_that_do_not_get_warm_hold_the_swap_and_go_on_once_they_do(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_in_winter(tmp_path, preheat=True) as bench:
            bench.sim.plant.robot.seized = True
            await begin(bench)
            await bench.until_state(State.HELD)
            assert {trip.step for trip in bench.state.trips} == {24} and bench.sim.plant.lift.vehicle.all_closed
            bench.sim.plant.robot.seized = False
            await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            await bench.until_step(80)

    run_virtually(main())


@pytest.mark.long
def test_runners_that_cooled_down_during_a_stop_are_warmed_again_by_the_order_itself(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_in_winter(tmp_path, preheat=True) as bench:
            run_id = await begin(bench)
            await bench.until_step(110)
            bench.sim.plant.robot.runner_c = -18.0
            run = await bench.watch.until_closed(run_id)
            took = {step.no: state.ended - state.began for step, state in run.pairs()}
            assert run.complete and took[120] > 50.0 and bench.do(cmd="report")["violations"] == []

    run_virtually(main())


def cold_swap() -> Sequence:
    paper = the_station()
    stand = replace(paper.stand, policy=replace(paper.stand.policy, preheat_below_c=5.0))
    return paper.archetype.swap(stand, the_job())


def test_the_swap_of_a_cold_climate_is_a_right_procedure_and_the_usual_one_has_no_such_step() -> None:
    cold = cold_swap()
    assert cold.faults() == () and cold.by_no[24].lane == "robot"
    assert 24 in cold.before[70], "the robot's lane"
    assert 24 not in the_station().archetype.swap(the_station().stand, the_job()).by_no


@pytest.mark.parametrize("no", [80, 120])
def test_both_runs_of_the_bolts_may_take_longer_where_they_warm_first(no: int) -> None:
    usual = the_station().archetype.swap(the_station().stand, the_job()).by_no[no]
    cold = cold_swap().by_no[no]
    assert cold.within >= usual.within + 100 and cold.nominal == usual.nominal
    assert cold.do is not None and usual.do is not None and cold.do.params == (*usual.do.params, 50)
