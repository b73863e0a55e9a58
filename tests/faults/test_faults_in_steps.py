"""Each fault of the demo in any step: controlled stop in the same evaluation, the right cause, an exact ledger.

By default three steps each; `--long` strikes in every step where the fault can act.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.build import PARTS, put_together
from station_ctl.config import load_station
from station_ctl.core.modes import State
from station_ctl.core.steps import Job, OnLoss, Step
from station_ctl.engine.events import Verb
from station_ctl.paths import config_directory
from tests.bench.silence import TAKES_ORDERS
from tests.faults.struck_bench import (
    AT_ONCE,
    IN_THE_MIDDLE,
    LONG_IDLE,
    LOOKING,
    STEPS,
    StruckBench,
    assert_controlled_stop,
    assert_safe,
    missing_sensors,
    ordered_steps,
    run,
    signals,
    steps,
    visited,
)

SHOWN_ALREADY = (21, 170, LOOKING)
"""Steps whose sensors show the proof when they begin: a full pack does not charge, the self-check has passed."""


def reaction(steps: tuple[Step, ...], link: str, bench: StruckBench) -> State:
    """What the interlocks of these steps demand when nothing can be read from a PLC any more.

    A PLC that takes orders stops by itself: its silence holds, however hard the rows are that read from it.
    """
    watched = [*(k for step in steps for k in step.interlocks), *bench.engine.facts.always]
    lost = [k for k in watched if any(s.link == link for s in signals(k.interlock.holds))]
    aborts = link not in TAKES_ORDERS and any(k.on_loss is OnLoss.ABORT for k in lost)
    return State.ABORTED if aborts else State.HELD


@pytest.mark.parametrize("no", steps(20, 80, 100))
@pytest.mark.parametrize(("fault", "row"), [("e-stop", "G01"), ("curtain", "G04")])
def test_an_opened_safety_chain_aborts(tmp_path: Path, fault: str, row: str, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, IN_THE_MIDDLE), name=fault)
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.interlock) == ("A102", row), bench.first_out.text
            assert bench.loss.at - bench.struck_at < AT_ONCE
            await assert_controlled_stop(bench, State.ABORTED, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(40, 50, 60))
@pytest.mark.parametrize(
    "delay", [0.0, *(pytest.param(t, marks=pytest.mark.long) for t in (0.01, 0.02, 0.03))]
)
def test_the_cause_comes_first_while_the_order_is_on_its_way(tmp_path: Path, no: int, delay: float) -> None:
    """The PLC that gets the order refuses it or stops by itself, and may be scanned before the safety PLC is."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, 0.0)
            await asyncio.sleep(delay)
            bench.strike(step, name="e-stop")
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.interlock) == ("A102", "G01"), bench.first_out.text
            await assert_controlled_stop(bench, State.ABORTED, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(23, 60, 90))
def test_a_lost_link_stops_the_step(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            link = bench.link_of(step)
            bench.strike(step, name="link-lost", plc=link)
            expected = reaction(bench.active_then, link, bench)
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.interlock) == ("A201", "G02"), bench.first_out.text
            assert bench.loss.at - bench.struck_at < AT_ONCE
            assert f"link {link}" in bench.first_out.text
            await assert_controlled_stop(bench, expected, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", ordered_steps(40, 80, 120))
def test_a_restarted_plc_stops_the_step(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            link = bench.link_of(step)
            bench.strike(step, name="plc-restart", plc=link)
            expected = reaction(bench.active_then, link, bench)
            await bench.rest()
            assert f"link {link}" in bench.first_out.text
            await assert_controlled_stop(bench, expected, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", steps(20, 80, 110, last=120))
def test_a_stuck_bolt_holds_the_station_where_bolts_turn(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, 0.0), name="bolt-stuck", bolt=7)
            await bench.rest()
            turning = 80 if no <= 80 else 120
            assert (bench.first_out.code, bench.first_out.step) == ("A106", turning), bench.first_out.text
            await assert_controlled_stop(bench, State.HELD, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", steps(23, 60, 110, last=130))
def test_a_wrong_charged_pack_is_found_by_its_label(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, 0.0), name="wrong-pack", target="fresh")
            await bench.rest()
            found = next(step for last, step in ((23, 23), (70, 80), (100, 105), (130, 130)) if no <= last)
            assert bench.first_out.step == found, bench.first_out.text
            # Where the label is a proof the PLC says done and the reader does not; else the next step cannot begin.
            expected = ("A104", "A107") if found in (23, 130) else ("A103",)
            assert bench.first_out.code in expected, bench.first_out.text
            assert "CN-SIM-100" in bench.first_out.text
            await assert_controlled_stop(bench, State.HELD, LONG_IDLE)

    run(story)


@pytest.mark.parametrize("no", steps(50, 70, 105, without=SHOWN_ALREADY))
def test_a_stuck_sensor_holds_the_station_at_its_step(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, 0.0)
            tag = missing_sensors(step.done, bench.reception.image())[0]
            bench.strike(step, name="sensor-stuck", tag=tag)
            await bench.rest()
            assert bench.first_out.step == no, bench.first_out.text
            assert tag.partition(".")[2] in bench.first_out.text
            await assert_controlled_stop(bench, State.HELD, LONG_IDLE)

    run(story)


@pytest.mark.parametrize(
    ("code", "fault", "rests"),
    [
        ("A106", {"name": "bolt-stuck"}, State.HELD),
        # Without the robot nobody can say that no person is in its path; it stops by itself, so the station holds.
        ("A201", {"name": "link-lost", "plc": "robot"}, State.HELD),
        ("A104", {"name": "sensor-stuck", "tag": "robot.BOLT_OPEN"}, State.HELD),
    ],
)
def test_a_station_that_finishes_its_last_swap_stops_too(
    tmp_path: Path, code: str, fault: dict[str, str], rests: State
) -> None:
    """A person has asked for a stop at the end of the swap; a fault before that end is no end."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(80, 0.0)
            await bench.engine.ask(Verb.STOP, "test")
            bench.strike(step, **fault)
            await bench.rest()
            assert bench.first_out.code == code, bench.first_out.text
            assert len(bench.state.trips) <= 3
            await assert_controlled_stop(bench, rests, LONG_IDLE)

    run(story)


@pytest.mark.long
@pytest.mark.parametrize("no", steps(without=SHOWN_ALREADY))
def test_every_stuck_sensor_of_a_proof_holds_the_station(tmp_path: Path, no: int) -> None:
    """Not only the first sensor of the proof that is still missing, but each of them, on a bench of its own."""
    tags: list[str] = []

    def story_of(k: int) -> Callable[[], Coroutine[Any, Any, None]]:
        async def story() -> None:
            folder = tmp_path / str(k)
            folder.mkdir()
            async with visited(folder) as bench:
                step = await bench.at_step(no, 0.0)
                tags[:] = missing_sensors(step.done, bench.reception.image())
                bench.strike(step, name="sensor-stuck", tag=tags[k])
                await bench.rest()
                assert tags[k].partition(".")[2] in bench.first_out.text
                await assert_controlled_stop(bench, State.HELD)

        return story

    run(story_of(0))
    for k in range(1, len(tags)):
        run(story_of(k))


PLCS = ("lift", "stacker", "rack_a", "rack_b", "safety", "robot", "meter", "reader")


@pytest.mark.parametrize(
    ("plc", "no"),
    [
        pytest.param(
            plc,
            no,
            marks=() if (plc, no) in (("lift", 80), ("safety", 90), ("reader", 100)) else pytest.mark.long,
        )
        for plc in PLCS
        for no in STEPS
    ],
)
def test_any_lost_link_leaves_the_station_safe(tmp_path: Path, plc: str, no: int) -> None:
    """A link that the step does not order over: the station stops where its table says so, or does not need it."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, IN_THE_MIDDLE)
            bench.strike(step, name="link-lost", plc=plc)
            expected = reaction(bench.active_then, plc, bench)
            await bench.rest()
            if not bench.state.trips:
                assert bench.state.runs == (), "it went on to the end without this PLC"
                assert_safe(bench)
                return
            assert plc in bench.first_out.text
            resting = bench.state.state if bench.loss.at - bench.struck_at > AT_ONCE else expected
            await assert_controlled_stop(bench, resting)

    run(story)


@pytest.mark.parametrize("no", steps(20, 60, 80, last=80, without=(10,)))
def test_another_label_on_the_spent_pack_is_found_at_the_handover(tmp_path: Path, no: int) -> None:
    """The vehicle named one pack and gave another one."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, 0.0), name="wrong-pack", target="vehicle")
            await bench.rest()
            assert bench.first_out.code in ("A104", "A107"), bench.first_out.text
            assert bench.first_out.step == 100
            assert "reader.out_code" in bench.first_out.text
            await assert_controlled_stop(bench, State.HELD)

    run(story)


def test_no_vehicle_is_clamped_that_rolls_in_under_a_switch_that_sticks(tmp_path: Path) -> None:
    """The lift believes its switch and says done after two seconds; the vehicle has most of its way to go."""

    async def story() -> None:
        async with visited(tmp_path, speed=5) as bench:
            step = await bench.at_step(20, 0.0)
            bench.strike(step, name="sensor-stuck", tag="lift.IN_POSITION", value=True)
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.step) == ("A107", 20), bench.first_out.text
            assert "lift.x_err" in bench.first_out.text
            vehicle = bench.sim.plant.lift.vehicle
            assert vehicle is not None and not vehicle.in_grooves
            await assert_controlled_stop(bench, State.HELD)
            assert {s.no for s, st in bench.all_steps() if st.order} <= {20, 21, 22, 23}

    run(story)


def test_every_step_of_reception_and_swap_is_struck() -> None:
    """A new step joins the matrix, or this says so."""
    paper = put_together(load_station(config_directory() / "stations" / "sim_passenger_car.yaml", {}, PARTS))
    bays, recipe = paper.stand.bays, next(iter(paper.config.recipes.values()))
    job = Job("VIN", recipe, "spent", "fresh", bays[0].name, bays[-1].name)
    procedures = paper.procedures()
    assert [s.no for run in (procedures.reception(), procedures.swap(job)) for s in run.steps] == list(STEPS)
