"""The simulated station as a process: every link of the station comes up on its wire, and an order goes round."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from drivers.modbus_rtu import ModbusRtuLink, RtuBus
from drivers.modbus_tcp import ModbusTcpLink
from drivers.opcua import UaSecurity
from drivers.opcua_link import OpcUaLink
from drivers.pack_id_link import PackIdReaderLink
from drivers.serial_port import SerialPort
from hil_tests.link_bench import IDENTITY, PATIENCE, io_list, running, until, until_fault, until_usable
from hil_tests.simplc.wire.faces import MODBUS_TCP, PASSENGER
from hil_tests.simplc.wire.opcua_server import Certificates
from station_ctl.config import load_station, station_file
from station_ctl.core.links import Link
from station_ctl.core.points import ScanClass

ROOT = Path(__file__).parents[1]
LISTS = {name: io_list for name, _, io_list in PASSENGER}


class StationProcess:
    """The process, its endpoints, its control channel."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.endpoints: dict[str, str] = {}

    async def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(3 * PATIENCE):
            line = await self.process.stdout.readline()
        assert line, "the process has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def tell(self, **command: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self.answer()


@contextlib.asynccontextmanager
async def station_process(*options: str) -> AsyncIterator[StationProcess]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hil_tests.simplc", "--port-base", "0", *options),
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
    )
    made = StationProcess(process)
    try:
        ready = await made.answer()
        assert ready["ready"] is True
        assert ready["pid"] == process.pid
        made.endpoints = ready["endpoints"]
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise


def identity(link: str) -> dict[str, int]:
    """What the PLC behind this link must show, by the shipped station file."""
    settings = load_station(station_file("passenger_car")).links[link]
    version = settings.map_version
    assert version is not None
    return {**IDENTITY, "MAP_VERSION": version}


def station_links(endpoints: dict[str, str], folder: Path) -> list[Link]:
    """A link to every PLC of the station."""
    links: list[Link] = []
    for name, protocol, io_name in PASSENGER:
        if protocol != MODBUS_TCP:
            continue
        url = urlparse(endpoints[name])
        assert url.hostname and url.port
        io = io_list(io_name)
        links.append(
            ModbusTcpLink(
                name, io, url.hostname, url.port, identity=identity(name), heartbeat="HB_PLC", timeout=2.0
            )
        )
    files = Certificates.inside(folder)
    security = UaSecurity(files.client_certificate, files.client_key, files.server_certificate)
    robot = io_list(LISTS["robot"])
    links.append(
        OpcUaLink(
            "robot",
            robot,
            endpoints["robot"],
            security=security,
            identity=identity("robot"),
            heartbeat="HB_PLC",
            timeout=2.0,
        )
    )
    bus = RtuBus(SerialPort(urlparse(endpoints["meter"]).path))
    links.append(ModbusRtuLink("meter", io_list(LISTS["meter"]), bus))
    links.append(PackIdReaderLink("reader", SerialPort(urlparse(endpoints["reader"]).path)))
    return links


@pytest.mark.timeout(240)
async def test_every_link_of_the_station_comes_up_and_sees_its_faults(tmp_path: Path) -> None:
    async with station_process("--dir", str(tmp_path), "--secure") as station:
        links = station_links(station.endpoints, tmp_path)
        async with running(*links):
            for link in links:
                await until_usable(link)
                assert not any(block.bad for block in link.snapshot.blocks.values()), link.name
            by_name = {link.name: link for link in links}
            for name in ("lift", "robot", "safety", "rack_b"):
                alive = by_name[name].snapshot.alive_at
                await until(lambda n=name, a=alive: by_name[n].snapshot.alive_at > a, f"{name} lives")
            await _a_wrong_order_is_answered(by_name["lift"])
            await _a_wrong_order_is_answered(by_name["robot"])
            await _faults_are_seen(station, by_name)


async def _a_wrong_order_is_answered(link: Link) -> None:
    """An order with a wrong checksum must come back with code 2, so the whole block arrived as it was sent."""
    block = {
        "CMD_ID": 4711,
        "CMD_EPOCH": 0,
        "CMD_OPCODE": 10,
        "CMD_P1": 0,
        "CMD_P2": 0,
        "CMD_P3": 0,
        "CMD_P4": 0,
    }
    await link.write({**block, "CMD_EXPIRES": 0, "CMD_CRC": 1, "CMD_COMMIT": 4711}, commit="CMD_COMMIT")
    values = lambda: link.snapshot.blocks[ScanClass.FAST].values  # noqa: E731
    await until(lambda: values()["ACK_ID"] == 4711, f"{link.name} answers")
    assert values()["ACK_CODE"] == 2


async def _faults_are_seen(station: StationProcess, links: dict[str, Link]) -> None:
    assert (await station.tell(cmd="fault", name="link-lost", plc="stacker"))["ok"]
    await until_fault(links["stacker"], "no answer within")
    assert (await station.tell(cmd="fault", name="link-lost", plc="stacker", on=False))["ok"]
    await until_usable(links["stacker"])
    connection = links["rack_a"].snapshot.connection
    assert (await station.tell(cmd="wire", plc="rack_a", do="cut"))["ok"]
    await until(lambda: links["rack_a"].snapshot.connection > connection, "a new connection")
    assert (await station.tell(cmd="fault", name="e-stop"))["ok"]
    safety = links["safety"]
    await until(lambda: safety.snapshot.blocks[ScanClass.FAST].values["ESTOP_OK"] is False, "the chain opens")


async def test_the_process_answers_nonsense_and_ends_on_quit() -> None:
    async with station_process("--plcs", "lift,reader", "--speed", "2", "--seed", "7") as station:
        assert set(station.endpoints) == {"lift", "reader"}
        assert (await station.tell(cmd="no such"))["ok"] is False
        assert (await station.tell(cmd="wire", plc="robot", do="cut"))["ok"] is False
        assert (await station.tell(cmd="wire", plc="lift", do="mischief", kind="no such"))["ok"] is False
        assert station.process.stdin is not None
        station.process.stdin.write(b"nonsense\n[1]\n")
        assert (await station.answer())["ok"] is False
        assert (await station.answer())["ok"] is False
        assert (await station.tell(cmd="vehicle"))["ok"] is True
        assert (await station.tell(cmd="quit")) == {"ok": True}
        async with asyncio.timeout(PATIENCE):
            assert await station.process.wait() == 0


@pytest.mark.parametrize("options", [["--plcs", "lift,nobody"], ["--speed", "0"]])
async def test_wrong_options_end_with_a_usage_error(options: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hil_tests.simplc", *options), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"error:" in said
