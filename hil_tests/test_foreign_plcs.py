"""A station with PLCs of other makers, known by its station file and its I/O lists alone, on the real wire."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hil_tests.demo_process import ROOT, assert_custody_exact, demo
from hil_tests.link_bench import PATIENCE, running, until, until_fault, until_usable
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.wire.faces import Face
from hil_tests.simplc.wire.station_wire import StationWire
from station_ctl.build import PARTS
from station_ctl.cli.plant_faces import faces
from station_ctl.cli.plant_process import overrides
from station_ctl.config import StationConfig, load_station
from station_ctl.connections import make_link, make_links
from station_ctl.core.links import Link
from station_ctl.core.points import FLOATS, Access, IoList, Point, Value

FOREIGN = ROOT / "hil_tests" / "foreign" / "station.yaml"
MOVING = ("UPTIME_MS", "HB_PLC", "IMD_COUNT")
"""Tags that move between two looks at them."""


# ---- a swap ------------------------------------------------------------------------------------------------
def test_a_swap_completes_on_plcs_that_differ_in_every_way() -> None:
    shown = demo("--json", "--speed", "30", "--seed", "7", "--station", str(FOREIGN))
    assert shown.exit == 0, shown.err
    (swap,) = shown.data["swaps"]
    assert swap["result"] == "done"
    assert [s for s in swap["steps"] if s["result"] != "proven"] == []
    assert shown.data["monitor"]["violations"] == []
    assert shown.data["monitor"]["orders"] > 20
    assert_custody_exact(shown)


@pytest.mark.parametrize(
    "step", [60, pytest.param(23, marks=pytest.mark.long), pytest.param(80, marks=pytest.mark.long)]
)
def test_a_stop_reaches_a_foreign_plc_by_a_coil_a_boolean_and_a_register(step: int) -> None:
    shown = demo("--json", "--speed", "20", "--station", str(FOREIGN), "--fault", "curtain", "--at", str(step))
    assert shown.exit == 8, shown.err
    (swap,) = shown.data["swaps"]
    assert [s["result"] for s in swap["steps"] if s["no"] == step] == ["stopped"]
    assert any("curtain" in trip.lower() for trip in map(str, shown.data["trips"])), shown.data["trips"]
    assert shown.data["monitor"]["violations"] == []
    assert_custody_exact(shown)


# ---- every tag ---------------------------------------------------------------------------------------------
@asynccontextmanager
async def foreign_plant(
    folder: Path, names: Container[str] | None = None, change: Callable[[Face], Face] = lambda face: face
) -> AsyncIterator[tuple[SimStation, StationConfig]]:
    """The plant behind its foreign faces, or those of these `names`, and the station file with its addresses."""
    station = SimStation(seed=3)
    station.advance(1.0)
    told = [
        Face(**{**face, "io_list": Path(face["io_list"]) if "io_list" in face else None})
        for face in faces(load_station(FOREIGN, parts=PARTS))
    ]
    wire = StationWire(station.plcs, tuple(map(change, told)), folder, names=names)

    async def pace() -> None:
        while True:
            await asyncio.sleep(0.02)
            station.advance(0.02)

    pacing = asyncio.create_task(pace())
    try:
        endpoints = await wire.start()
        yield station, load_station(FOREIGN, overrides(endpoints, speed=1.0, journal=folder / "journal"), PARTS)
    finally:
        pacing.cancel()
        with suppress(asyncio.CancelledError):
            await pacing
        await wire.stop()


def agrees(point: Point, found: Value | None, true: Value) -> bool:
    """The same value, as far as what the PLC holds can show it."""
    if isinstance(found, tuple) and isinstance(true, tuple):
        return len(found) == len(true) and all(agrees(point, *pair) for pair in zip(found, true, strict=True))
    if isinstance(true, (bool, str)) or not isinstance(found, (int, float)) or isinstance(true, tuple):
        return type(found) is type(true) and found == true
    step = 1e-6 if point.type.base in FLOATS else 0.51 * abs(point.scale)
    return not isinstance(found, bool) and math.isclose(found, true, rel_tol=1e-6, abs_tol=step)


def misread(link: Link, truth: Mapping[str, Value]) -> dict[str, tuple[Value | None, Value]]:
    """Tags of a link that say something else than the program behind it."""
    blocks = link.snapshot.blocks
    told = {tag: value for block in blocks.values() for tag, value in block.values.items() if tag not in block.bad}
    true = {**truth, "PATTERN_DI": 0x1234, "PATTERN_CO": 0x1234}
    read = [p for p in link.io.values() if p.access is Access.READ and p.tag not in MOVING]
    return {p.tag: (told.get(p.tag), true[p.tag]) for p in read if not agrees(p, told.get(p.tag), true[p.tag])}


async def test_every_tag_of_a_foreign_list_says_what_the_program_behind_it_says(tmp_path: Path) -> None:
    async with foreign_plant(tmp_path) as (station, config):
        programs = {face["name"]: face["plc"] for face in faces(config)}
        links = [link for name, link in make_links(config).items() if name != "reader"]
        async with running(*links):
            for link in links:
                await until_usable(link)
                truth = station.plcs[programs[link.name]].values
                with suppress(AssertionError):
                    await until(lambda link=link, truth=truth: not misread(link, truth), "it says what is the case")
                assert misread(link, truth) == {}, f"{link.name}, waited {PATIENCE} s"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda face: replace(face, byte_order="ABCD"), "PATTERN32 is 1450709556, needs 305419896"),
        (lambda face: replace(face, byte_order="DCBA"), "PATTERN is 13330, needs 4660"),
        (lambda face: replace(face, unit=18), "exception 11"),
    ],
    ids=["words not swapped", "bytes swapped, too", "another unit"],
)
async def test_a_platform_that_shows_itself_otherwise_than_its_list_is_not_believed(
    tmp_path: Path, change: Callable[[Face], Face], words: str
) -> None:
    async with foreign_plant(tmp_path, ("platform",), change) as (_, config):
        platform = make_link("platform", config)
        async with running(platform):
            await until_fault(platform, words)


async def test_bits_one_off_are_seen_by_their_pattern(tmp_path: Path) -> None:
    async with foreign_plant(tmp_path, ("platform",)) as (_, config):
        shifted = IoList("shifted", tuple(map(_one_off, config.io["platform"].values())))
        platform = make_link("platform", replace(config, io={**config.io, "platform": shifted}))
        async with running(platform):
            await until_fault(platform, "PATTERN_DI is 9320, needs 4660")


def _one_off(point: Point) -> Point:
    table, _, number = point.address.partition(":")
    return replace(point, address=f"di:{int(number) - 1}") if table == "di" else point
