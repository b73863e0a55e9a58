"""Maintenance of the truck station on the plant: one device at a time, under key and enabling device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.service.inventory import packs_in_bays
from tests.bench.virtual_bench import run_virtually
from tests.truck.truck_bench import TruckBench


@asynccontextmanager
async def attended(folder: Path) -> AsyncIterator[TruckBench]:
    """In mode maintenance, the key turned, the enabling device held."""
    async with TruckBench(folder) as bench:
        packs = packs_in_bays(bench.built.stand.bays, bench.reception.image())
        await bench.engine.ask(Verb.ADMIT, "test", admit=packs)
        for switch in ("key", "enabling"):
            bench.do(cmd="switch", name=switch, on=True)
        await bench.engine.ask(Verb.MODE, "test", mode=Mode.MAINTENANCE)
        await asyncio.sleep(0.5)
        await bench.engine.ask(Verb.RESET, "test")
        await bench.engine.ask(Verb.START, "test")
        yield bench


async def begun(bench: TruckBench, name: str, **args: str) -> None:
    procedure = bench.built.procedures().of_maintenance(name)
    sequence = procedure.make(procedure.complete(args, bench.state.ledger))
    await bench.engine.begin("M-0001", sequence, None, "test")


@pytest.mark.parametrize(
    ("name", "args", "where"),
    [
        ("station.home", {}, "A01"),
        ("battery.move", {"origin": "A01", "target": "A08"}, "A08"),
        ("bay.isolate", {"bay": "A01"}, "isolation"),
    ],
)
def test_a_technician_has_the_crane_homed_and_packs_moved(
    tmp_path: Path, name: str, args: dict[str, str], where: str
) -> None:
    async def one() -> None:
        async with attended(tmp_path) as bench:
            pack = bench.state.ledger.at("A01")
            await begun(bench, name, **args)
            closed = await bench.watch.until_closed("M-0001")
            assert closed.complete and bench.state.ledger.at(where) == pack
            bench.safe()

    run_virtually(one())


def test_letting_go_of_the_enabling_device_holds_and_a_person_goes_on(tmp_path: Path) -> None:
    async def one() -> None:
        async with attended(tmp_path) as bench:
            await begun(bench, "battery.move", origin="A01", target="A08")
            await bench.until_step(30)
            await asyncio.sleep(0.2)
            bench.do(cmd="switch", name="enabling", on=False)
            await bench.until_state(State.HELD)
            bench.do(cmd="switch", name="enabling", on=True)
            await asyncio.sleep(0.5)
            assert bench.state.state is State.HELD, "pressing it again starts nothing"
            await bench.insist(Verb.ACKNOWLEDGE)
            await bench.insist(Verb.RESUME, confirmed=True)
            assert (await bench.watch.until_closed("M-0001")).complete
            bench.safe()

    run_virtually(one())


def test_the_crane_does_not_move_over_a_truck_in_the_bay(tmp_path: Path) -> None:
    async def one() -> None:
        async with attended(tmp_path) as bench:
            bench.sim.plant.make_vehicle("LSZSMA00100000001", "SIM-TRACTOR", 282, None)
            bench.sim.plant.lane.entry_green = True
            await bench.until(lambda: bench.sim.plant.lane.vehicle is not None, 20.0)
            bench.sim.plant.lane.entry_green = False
            await begun(bench, "crane.home")
            await bench.until_state(State.HELD)
            assert "G33" in bench.state.trips[0].text
            bench.safe()

    run_virtually(one())


def test_the_crane_jogs_with_a_hand_on_the_button_and_not_without(tmp_path: Path) -> None:
    async def one() -> None:
        async with attended(tmp_path) as bench:
            crane = bench.sim.plant.crane
            stood, target = crane.x, crane.x + 60.0
            await begun(bench, "crane.jog", axis="x", target=f"{target:.1f}")
            await bench.until_state(State.HELD)
            assert crane.x == stood, "nobody holds the button"

            async def hold() -> None:
                while True:
                    bench.engine.press("wang")
                    await asyncio.sleep(0.1)

            hand = asyncio.create_task(hold())
            await asyncio.sleep(0.3)
            await bench.insist(Verb.RESUME)
            closed = await bench.watch.until_closed("M-0001")
            hand.cancel()
            assert closed.complete and abs(crane.x - target) <= 2.0
            bench.safe()

    run_virtually(one())
