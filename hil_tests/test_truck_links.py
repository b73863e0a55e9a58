"""The truck station on the wire: crane over OPC UA, stand, truck, rack, safety PLC, meter; orders, faults, restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hil_tests.link_bench import running, until, until_fault, until_usable
from station_ctl.build import PARTS
from station_ctl.cli.plant_faces import faces
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.connections import make_links
from station_ctl.core.links import Link
from station_ctl.core.orders import AckCode, Order, OrderState
from station_ctl.core.points import ScanClass, Value

SPEED = 30.0
STATION = "sim_heavy_truck"
TO_BAY, IDENTIFY, UNLOCK_PACK = 12, 40, 46


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[PlantProcess]:
    config = load_station(station_file(STATION), parts=PARTS)
    archetype = config.station.archetype
    it = await PlantProcess.start(tmp_path, speed=SPEED, seed=1, station=archetype, faces=faces(config))
    try:
        yield it
    finally:
        await it.end()


def fast(link: Link) -> dict[str, Value]:
    """The fast tags as they were read last."""
    return dict(link.snapshot.blocks[ScanClass.FAST].values)


async def give(link: Link, number: int, opcode: int, *params: int, prefix: str = "") -> int:
    """An order as the gate writes it; the PLC's answer."""
    values = fast(link)
    epoch, uptime = int(values["EPOCH"]), int(values["UPTIME_MS"])
    order = Order(number, epoch, opcode, params, uptime + 1000)
    block = {f"{prefix}{tag}": value for tag, value in order.tags().items()}
    await link.write({"HB_CTL": number}, urgent=False)
    await link.write(block, commit=f"{prefix}CMD_COMMIT")
    await until(lambda: fast(link)[f"{prefix}ACK_ID"] == number, f"{link.name} answers order {number}")
    return int(fast(link)[f"{prefix}ACK_CODE"])


def is_(link: Link, tag: str, value: Value) -> Callable[[], bool]:
    return lambda: fast(link)[tag] == value


@pytest.mark.timeout(240)
async def test_every_link_of_the_truck_station_comes_up_takes_orders_and_sees_faults(
    plant: PlantProcess, tmp_path: Path
) -> None:
    told = overrides(plant.endpoints, speed=SPEED, journal=tmp_path / "journal.sqlite")
    links = make_links(load_station(station_file(STATION), told, PARTS))
    crane, stand = links["crane"], links["stand"]
    async with running(*links.values()):
        for link in links.values():
            await until_usable(link)
            assert not any(block.bad for block in link.snapshot.blocks.values()), link.name
        await _orders_go_round(plant, crane, stand)
        await _both_packs_of_a_truck_are_read(plant, stand)
        await _faults_are_seen(plant, links)
        await _a_restart_leaves_no_order(plant, crane)
    report = await plant.ask(cmd="report")
    assert {verdict["rule"] for verdict in report["violations"]} <= {"S8"}, report["violations"]


async def _orders_go_round(plant: PlantProcess, crane: Link, stand: Link) -> None:
    """One order moves the crane, the same number again does not; the truck's channel refuses on its own."""
    assert await give(crane, 101, TO_BAY, 4) == AckCode.ACCEPTED
    await until(is_(crane, "DONE_ID", 101), "the crane arrives")
    assert (fast(crane)["OVER_BAY"], fast(crane)["RESULT"]) == (4, 1)
    assert await give(crane, 102, TO_BAY, 9) == AckCode.UNKNOWN_ORDER
    assert await give(stand, 7, UNLOCK_PACK, 15, prefix="VEH_") == AckCode.INTERLOCK
    assert fast(stand)["ACK_ID"] == 0, "the stand's own channel was not asked"


async def _both_packs_of_a_truck_are_read(plant: PlantProcess, stand: Link) -> None:
    truck = await plant.ask(cmd="vehicle", model="SIM-TWIN")
    assert await give(stand, 8, IDENTIFY, prefix="VEH_") == AckCode.ACCEPTED
    await until(is_(stand, "VEH_DONE_ID", 8), "the truck is identified")
    await until(is_(stand, "VEH_LOCKS_CLOSED", 0xFF), "the locks of both packs are read")
    seen = {
        tag: fast(stand)[f"VEH_{tag}_2"]
        for tag in ("PACK_LATCHED", "CONNECTOR_MATED", "CONNECTOR_APART", "COOLANT_MATED")
    }
    assert seen == {
        "PACK_LATCHED": True,
        "CONNECTOR_MATED": True,
        "CONNECTOR_APART": False,
        "COOLANT_MATED": True,
    }
    codes = ["VEH_PACK_ID", "VEH_PACK_ID_2"]
    await until(
        lambda: [stand.snapshot.blocks[ScanClass.NORMAL].values[tag] for tag in codes] == truck["packs"],
        "both codes are read",
    )


async def _faults_are_seen(plant: PlantProcess, links: dict[str, Link]) -> None:
    crane, stand, safety = links["crane"], links["stand"], links["safety"]
    await plant.ask(cmd="fault", name="wind", mps=21)
    await until(lambda: abs(float(fast(crane)["WIND"]) - 21.0) < 0.1, "the wind is read")
    await plant.ask(cmd="fault", name="wind", on=False)
    await plant.ask(cmd="fault", name="sensor-stuck", tag="crane.LANDED", value=13)
    await until(is_(crane, "LANDED", 13), "the sensor is read")
    await plant.ask(cmd="fault", name="sensor-stuck", tag="crane.LANDED", on=False)
    await plant.ask(cmd="fault", name="link-lost", plc="stand")
    await until_fault(stand, "no answer within")
    await plant.ask(cmd="fault", name="link-lost", plc="stand", on=False)
    await until_usable(stand)
    connection = crane.snapshot.connection
    await plant.ask(cmd="wire", plc="crane", do="cut")
    await until(lambda: crane.snapshot.connection > connection, "a new connection to the crane")
    await until_usable(crane)
    await plant.ask(cmd="fault", name="e-stop")
    await until(is_(safety, "ESTOP_OK", False), "the chain opens")
    await plant.ask(cmd="fault", name="e-stop", on=False)
    await plant.ask(cmd="safety-reset")
    await until(is_(safety, "DRIVES_ENABLED", True), "the chain is closed")


async def _a_restart_leaves_no_order(plant: PlantProcess, crane: Link) -> None:
    assert await give(crane, 110, TO_BAY, 1) == AckCode.ACCEPTED
    epoch = int(fast(crane)["EPOCH"])
    await plant.ask(cmd="fault", name="plc-restart", plc="crane", seconds=0.5)
    await until(lambda: int(fast(crane)["EPOCH"]) == epoch + 1, "the crane's PLC is back")
    await until_usable(crane)
    assert fast(crane)["ORDER_STATE"] == OrderState.IDLE and fast(crane)["ACK_ID"] == 110
