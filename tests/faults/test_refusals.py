"""Vehicles that do not fit, a station that has nothing for them: refused before anything moves, the next one served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hil_tests.simplc.truth.bay import CHARGING
from hil_tests.simplc.truth.vehicle import Vehicle
from station_ctl.core.errors import Refused
from station_ctl.core.modes import State
from station_ctl.service.reception import NoEmptyBay, NoReadyPack, VehicleRefused
from tests.faults.struck_bench import LeapStruckBench, StruckBench, custody_errors, issues, run

IDENTIFY = 40


@asynccontextmanager
async def opened(
    folder: Path, before: Callable[[StruckBench], object] = lambda _: None
) -> AsyncIterator[StruckBench]:
    """A station ready for vehicles, with `before` done to the plant first."""
    async with LeapStruckBench(folder) as bench:
        before(bench)
        await asyncio.sleep(2.0)
        await bench.make_ready()
        yield bench


def machines(bench: StruckBench) -> tuple[object, ...]:
    """Where everything that can move stands."""
    plant = bench.sim.plant
    robot, lift, stacker = plant.robot, plant.lift, plant.stacker
    plugs = tuple(bay.plug for bay in plant.bays.values())
    return (
        (robot.x, robot.z, robot.pins), (lift.height, lift.force, lift.floor, lift.entry_green, lift.exit_green),
        (stacker.x, stacker.z, stacker.fork), plugs,
    )  # fmt: skip


async def assert_refused(bench: StruckBench, error: type[Refused], *words: str) -> str:
    """The vehicle at the entry is refused with these words, nothing has moved, and the station goes on."""
    before, orders = machines(bench), bench.report()["orders"]
    await asyncio.sleep(0.5)
    with pytest.raises(error) as refusal:
        await bench.reception.receive("test")
    for word in words:
        assert word in str(refusal.value)
    await asyncio.sleep(5.0)
    assert machines(bench) == before
    report = bench.report()
    assert report["orders"] == issues(bench) == orders + 1
    assert [d["opcode"] for d in report["durations"]["lift.VEH"].values()] == [IDENTIFY]
    assert report["violations"] == []
    assert custody_errors(bench.state.ledger, report["packs"]) == []
    assert (bench.state.state, bench.state.trips, bench.state.runs) == (State.EXECUTE, (), ())
    return str(refusal.value)


async def assert_serves_the_next(bench: StruckBench, *, to_the_end: bool = False) -> None:
    """The refused vehicle drives on; the one behind it drives in and is swapped."""
    bench.do(cmd="dismiss")
    await asyncio.sleep(1.0)
    if to_the_end:
        assert (await bench.swap()).complete
        assert bench.report()["violations"] == []
        assert custody_errors(bench.state.ledger, bench.report()["packs"]) == []
        return
    going = asyncio.create_task(bench.swap())
    await bench.until_step(20)
    assert bench.state.runs[0].job is not None
    going.cancel()


def first_in_queue(bench: StruckBench) -> Vehicle:
    return bench.sim.plant.lift.queue[0]


def label(bench: StruckBench, code: str) -> None:
    """The pack of the vehicle at the entry says another code."""
    pack = first_in_queue(bench).pack(bench.sim.plant.places)
    assert pack is not None
    pack.label = code


# ---- the vehicle -------------------------------------------------------------------------------------------
def test_a_swap_without_a_vehicle_is_refused_and_nothing_is_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            before = machines(bench)
            with pytest.raises(VehicleRefused, match="no vehicle answers at the entry"):
                await bench.reception.receive("test")
            assert machines(bench) == before
            assert (bench.state.state, bench.state.trips, bench.state.runs) == (State.EXECUTE, (), ())
            await bench.engine.gate.drain()
            (closed,) = [row for row in bench.journal.rows() if row.kind == "run-closed"]
            assert closed.data["result"] == "refused"
            bench.do(cmd="vehicle")
            assert (await bench.swap()).complete

    run(story)


def test_a_model_without_recipe_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle", model="SIM-VAN", vin="LSZSMA00100000777")
            await assert_refused(
                bench, VehicleRefused, "LSZSMA00100000777", "'SIM-VAN'", "no recipe", "SIM-SEDAN"
            )
            await assert_serves_the_next(bench)

    run(story)


def test_a_pack_type_that_does_not_fit_the_model_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle", pack_type=200)
            await assert_refused(bench, VehicleRefused, "needs pack type 100", "found 200")
            await assert_serves_the_next(bench, to_the_end=True)

    run(story)


@pytest.mark.parametrize("bay", ["A01", "B07"])
def test_a_pack_that_the_ledger_has_elsewhere_is_refused(tmp_path: Path, bay: str) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle")
            code = bench.state.ledger.at(bay)
            assert code is not None
            label(bench, code)
            await assert_refused(bench, VehicleRefused, code, "in this station by the ledger", bay)
            await assert_serves_the_next(bench)

    run(story)


@pytest.mark.parametrize("code", ["", "CN-SIM-100", "CN SIM 100 714A92 00002"])
def test_a_pack_without_a_credible_code_is_refused(tmp_path: Path, code: str) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle")
            label(bench, code)
            await assert_refused(bench, VehicleRefused, "pack")
            await assert_serves_the_next(bench)

    run(story)


def test_a_vehicle_asked_again_is_judged_by_its_new_answer(tmp_path: Path) -> None:
    """What was scanned before the PLC had the new answer does not count."""

    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle")
            right = first_in_queue(bench).arrival_code
            label(bench, right[:-3])
            await assert_refused(bench, VehicleRefused, right[:-3])
            label(bench, right)
            run_id, job = await bench.reception.receive("test")
            assert job.spent == right
            await bench.until_step(20)
            assert bench.state.runs[0].run_id == run_id

    run(story)


@pytest.mark.parametrize(
    ("tag", "value", "word"),
    [
        ("VEH_PORT_CLOSED", False, "port_closed on; found off"),
        ("VEH_HV_VOLTS", 4000.0, "high-voltage"),
        ("VEH_AUTH_OK", False, "not identified"),
        ("VEH_VIN", "", "not identified"),
        ("VEH_MODEL", "", "not identified"),
        ("VEH_PACK_TYPE", 0, "not identified"),
    ],
)
def test_a_vehicle_that_is_not_safe_or_not_known_is_refused(
    tmp_path: Path, tag: str, value: Any, word: str
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            bench.do(cmd="vehicle")
            bench.do(cmd="fault", name="sensor-stuck", tag=f"lift.{tag}", value=value)
            await assert_refused(bench, VehicleRefused, word)
            bench.do(cmd="fault", name="sensor-stuck", tag=f"lift.{tag}", on=False)
            await assert_serves_the_next(bench)

    run(story)


# ---- the station -------------------------------------------------------------------------------------------
def empty_all(bench: StruckBench) -> None:
    """No pack is charged; those that charge are soon."""
    for bay in bench.sim.plant.bays.values():
        if bay.pack is not None:
            bay.pack.soc, bay.changed = 80.0 if bay.state == CHARGING else 50.0, True


def fill_all(bench: StruckBench) -> None:
    """A full pack stands in every bay."""
    plant = bench.sim.plant
    for bay in plant.bays.values():
        if bay.pack is None:
            plant.places.put(plant.make_pack(100, 96.0), bay.name)
            bay.plug, bay.changed = 1.0, True


def test_without_a_ready_pack_it_says_when_the_next_one_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, empty_all) as bench:
            bench.do(cmd="vehicle")
            said = await assert_refused(
                bench, NoReadyPack, "no charged pack of type 100", "ready in about", "min (bay"
            )
            minutes = float(said.split("about ")[1].split()[0])
            began = bench.sim.plant.now
            await bench.until(
                lambda: any(b.pack and b.pack.soc >= 90.0 for b in bench.sim.plant.bays.values()), 600.0
            )
            assert (bench.sim.plant.now - began) / 60 == pytest.approx(minutes, rel=0.5)
            await assert_serves_the_next(bench)

    run(story)


def test_without_a_charging_pack_it_says_so(tmp_path: Path) -> None:
    def stop(bench: StruckBench) -> None:
        empty_all(bench)
        for bay in bench.sim.plant.bays.values():
            bay.state = 0

    async def story() -> None:
        async with opened(tmp_path, stop) as bench:
            bench.do(cmd="vehicle")
            await assert_refused(bench, NoReadyPack, "no charged pack of type 100", "no pack is charging")

    run(story)


def test_without_an_empty_bay_the_vehicle_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, fill_all) as bench:
            bench.do(cmd="vehicle")
            await assert_refused(bench, NoEmptyBay, "no empty bay for the spent pack")

    run(story)
