"""A PLC that is not the right one, does not answer, or answers wrong: no motion, and the reason in words.

One plant for all cases; each has a station of its own with a new journal, started as a person starts it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from hil_tests.demo_process import ROOT, demo
from station_ctl.build import PARTS, build
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.core.errors import StationError
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Record, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.reception import Reception
from station_ctl.service.run_watch import RESTING, RunWatch

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 30.0
"""Upper bound of every wait, wall s."""

SPEED = 30.0
IDENTIFY = 40
FOR_EVER = 10**9
READS = [3, 4]


@dataclass(frozen=True)
class Station:
    """A started controller: its engine, its bays, its reception."""

    engine: Engine
    bays: Any
    reception: Reception


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PlantProcess]:
    running = await PlantProcess.start(tmp_path_factory.mktemp("plant"), speed=SPEED, seed=1)
    try:
        yield running
    finally:
        await running.end()


@asynccontextmanager
async def station(
    plant: PlantProcess,
    folder: Path,
    changed: Mapping[str, Any] = MappingProxyType({}),
    *,
    orders_before: int = 0,
) -> AsyncIterator[Station]:
    """The station of the demo, with parts of its file changed, and a journal that knows of earlier orders."""
    told = overrides(plant.endpoints, speed=SPEED, journal=folder / "journal.sqlite")
    config = load_station(station_file("sim_passenger_car"), {**told, **changed}, PARTS)
    built = build(config)
    journal = Journal.new(config.journal, config.station.code)
    if orders_before:
        journal.commit([Record("order-withdrawn", order=orders_before)], None)
    thread = JournalThread(journal)
    engine = built.engine(thread, journal.restore())
    running = asyncio.create_task(engine.run())
    try:
        yield Station(engine, built.stand.bays, built.reception(engine, RunWatch(engine)))
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        thread.close()


async def link_fault(engine: Engine, link: str) -> str:
    """Why nothing of this PLC is believed, once every other link of the station is up."""
    others = [name for name in engine.links if name != link]

    def settled() -> bool:
        image = engine.image()
        fault = image.link_fault(link)
        tried = fault is not None and "never connected" not in fault
        return tried and all(image.link_fault(name) is None for name in others)

    await engine.until(
        settled, PATIENCE, lambda: f"{link}: {[engine.image().link_fault(n) for n in engine.links]}"
    )
    return str(engine.image().link_fault(link))


async def refused_or_held(it: Station) -> str:
    """What a person is told who starts the station and lets a vehicle in, until the station rests."""
    engine = it.engine
    try:
        await engine.ask(Verb.ADMIT, "test", admit=packs_in_bays(it.bays, engine.image()))
        await engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        await engine.ask(Verb.RESET, "test")
        await engine.ask(Verb.START, "test")
        await it.reception.receive("test")
    except StationError as error:
        return str(error)
    await engine.until(lambda: engine.state.state in RESTING, PATIENCE, lambda: f"{engine.state.state}")
    assert engine.state.state is State.HELD
    return engine.state.trips[0].text


async def orders(plant: PlantProcess) -> list[int]:
    """Opcodes of the orders the plant was given so far, in order of their channels."""
    report = await plant.ask(cmd="report")
    assert report["violations"] == []
    durations: dict[str, dict[str, dict[str, int]]] = report["durations"]
    ended = [order["opcode"] for channel in durations.values() for order in channel.values()]
    assert len(ended) <= report["orders"]
    return [*ended, *[0] * (report["orders"] - len(ended))]


async def assert_nothing_moves(plant: PlantProcess, it: Station, link: str, *words: str) -> None:
    """The link's fault and what a person is told say it; no order was given but the question who is there."""
    before = len(await orders(plant))
    await plant.ask(cmd="vehicle")
    packs = (await plant.ask(cmd="report"))["packs"]
    fault = await link_fault(it.engine, link)
    told = await refused_or_held(it)
    for word in words:
        assert word in fault
        assert word in told
    given = (await orders(plant))[before:]
    assert set(given) <= {IDENTIFY} and len(given) <= 1
    assert (await plant.ask(cmd="report"))["packs"] == packs
    await plant.ask(cmd="dismiss")


# ---- not the right PLC -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("link", "shown"), [("lift", 2), ("stacker", 2), ("rack_a", 2), ("safety", 1), ("robot", 2)]
)
async def test_a_plc_with_another_map_version_gets_no_order(
    plant: PlantProcess, tmp_path: Path, link: str, shown: int
) -> None:
    async with station(plant, tmp_path, {f"links.{link}.map_version": 3}) as it:
        await assert_nothing_moves(plant, it, link, f"link {link}: MAP_VERSION is {shown}, needs 3")


@pytest.mark.parametrize(
    ("link", "tag", "value"),
    [
        ("lift", "MAGIC", 0xA55A),
        ("rack_b", "PATTERN", 0x3412),
        ("stacker", "PATTERN32", 0x56781234),
        ("robot", "MAGIC", 1),
    ],
)
async def test_a_plc_that_is_another_one_gets_no_order(
    plant: PlantProcess, tmp_path: Path, link: str, tag: str, value: int
) -> None:
    fault = {"cmd": "fault", "name": "sensor-stuck", "tag": f"{link}.{tag}", "value": value}
    await plant.ask(**fault, on=True)
    try:
        async with station(plant, tmp_path) as it:
            await assert_nothing_moves(plant, it, link, f"link {link}: {tag} is {value}, needs ")
    finally:
        await plant.ask(**fault, on=False)


@pytest.mark.parametrize("link", ["lift"])
async def test_a_station_that_was_started_before_waits_for_the_right_plc_and_says_so(
    plant: PlantProcess, tmp_path: Path, link: str
) -> None:
    """A new journal cannot even start; one that knows the last order starts, and its first step cannot begin."""
    async with station(plant, tmp_path, {f"links.{link}.map_version": 3}, orders_before=10**6) as it:
        await assert_nothing_moves(plant, it, link, f"link {link}: MAP_VERSION is 2, needs 3")
        assert it.engine.state.trips[0].code == "A103"


# ---- no answer, and wrong ones -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("link", "do", "undo", "word"),
    [
        ("lift", "deaf", "hear", "no answer"),
        ("stacker", "down", "up", "Connect call failed"),
        ("safety", "deaf", "hear", "no answer"),
    ],
)
async def test_a_plc_that_does_not_answer_is_named(
    plant: PlantProcess, tmp_path: Path, link: str, do: str, undo: str, word: str
) -> None:
    await plant.ask(cmd="wire", plc=link, do=do)
    try:
        async with station(plant, tmp_path) as it:
            await assert_nothing_moves(plant, it, link, f"link {link}", word)
    finally:
        await plant.ask(cmd="wire", plc=link, do=undo)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("unit", "unit"),
        ("function", "function"),
        ("short", "answered with 4 bytes"),
        ("byte-count", "answered with byte count"),
        ("tid-stale", "transaction"),
        ("garbage", ""),
    ],
)
async def test_a_plc_that_answers_wrong_is_not_believed(
    plant: PlantProcess, tmp_path: Path, kind: str, word: str
) -> None:
    await plant.ask(cmd="wire", plc="lift", do="mischief", kind=kind, times=FOR_EVER, functions=READS)
    try:
        async with station(plant, tmp_path) as it:
            await assert_nothing_moves(plant, it, "lift", "link lift", word)
    finally:
        await plant.ask(cmd="wire", plc="lift", do="mischief", kind="silence", times=0)


def is_active(engine: Engine, no: int) -> bool:
    return any(step.no == no for _, step, _ in engine.state.active_steps())


async def test_wrong_answers_in_the_middle_of_a_step_stop_it(tmp_path: Path) -> None:
    own = await PlantProcess.start(tmp_path, speed=SPEED, seed=2)
    try:
        async with station(own, tmp_path) as it:
            engine = it.engine
            await engine.until(
                lambda: not any(map(engine.image().link_fault, engine.links)), PATIENCE, lambda: "links"
            )
            await own.ask(cmd="vehicle")
            receiving = asyncio.create_task(refused_or_held(it))
            await engine.until(
                lambda: is_active(engine, 50), PATIENCE, lambda: f"step 50; {engine.state.trips}"
            )
            await own.ask(cmd="wire", plc="lift", do="mischief", kind="unit", times=FOR_EVER, functions=READS)
            await engine.until(
                lambda: engine.state.state in RESTING, PATIENCE, lambda: f"{engine.state.trips}"
            )
            trip = engine.state.trips[0]
            assert (trip.code, trip.interlock) == ("A201", "G02"), trip.text
            assert "lift" in trip.text
            given = await orders(own)
            await asyncio.sleep(2.0)
            assert await orders(own) == given
            await receiving
    finally:
        await own.end()


# ---- as the demo tells it ----------------------------------------------------------------------------------
async def test_the_demo_names_the_plc_and_ends(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    file = tmp_path / "config" / "stations" / "sim_passenger_car.yaml"
    text = file.read_text()
    lift, rest = text.split("  stacker:\n", 1)
    assert lift.count("map_version: 2") == 1
    file.write_text(lift.replace("map_version: 2", "map_version: 3") + "  stacker:\n" + rest)
    shown = await asyncio.to_thread(demo, "--json", "--station", str(file), "--speed", "30")
    assert (shown.exit, shown.out) == (1, "")
    error = json.loads(shown.err.splitlines()[-1])
    assert error["data"]["code"] == "A201"
    assert "link lift: MAP_VERSION" in error["data"]["detail"][0]
    assert "step" not in shown.err.replace(shown.err.splitlines()[-1], "")
