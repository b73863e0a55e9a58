"""The Modbus links against servers of libmodbus and modbus-serial, and our simulated PLCs asked by mbpoll."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from drivers.modbus_rtu import ModbusRtuLink, RtuBus
from drivers.modbus_tcp import ModbusTcpLink
from drivers.scan_clock import PERIODS
from drivers.serial_port import SerialPort
from hil_tests.link_bench import (
    IDENTITY,
    PATIENCE,
    BarePlc,
    io_list,
    order,
    plain,
    rows,
    running,
    serving,
    shown,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.io_list import PlcValue, Row, from_words, place_of, read_rows, to_words
from hil_tests.simplc.wire.pty_port import PtyPort
from hil_tests.simplc.wire.rtu_slave import RtuSlaves
from hil_tests.third_party.counterpart import Counterpart, counterpart
from hil_tests.third_party.fetched import Absent, Libmodbus, libmodbus
from station_ctl.build import PARTS
from station_ctl.config import load_station
from station_ctl.core.links import NotSent, OutcomeUnknown
from station_ctl.core.orders import identity
from station_ctl.core.points import IoList, ScanClass

FOREIGN = Path(__file__).parent / "foreign" / "station.yaml"

LIFT, RACK, METER = "vehicle_lift_vl1", "charging_rack_cr12", "site_meter_sm1"
SERVERS = ["libmodbus_plc.py", "modbus_plc.js"]
OFTEN = {**PERIODS, ScanClass.SLOW: 0.02}
BAUD = 115200


@pytest.fixture(params=SERVERS)
async def foreign(request: pytest.FixtureRequest) -> AsyncIterator[Counterpart]:
    try:
        async with counterpart(request.param) as made:
            yield made
    except Absent as absent:
        pytest.skip(f"no {request.param}: {absent}")


@pytest.fixture
def tools() -> Libmodbus:
    try:
        return libmodbus()
    except Absent as absent:
        pytest.skip(f"no mbpoll: {absent}")


def tables(name: str, plc: BarePlc, unit: int = 1) -> dict[str, list[int]]:
    """The registers of one unit as the I/O list lays them, each table as long as it must be and no longer."""
    places = [(place_of(row), row) for row in rows(name) if place_of(row).unit == unit]
    made = {
        table: [0] * max((p.register + row.words for p, row in places if p.table == table), default=1)
        for table in ("ir", "hr")
    }
    for place, row in places:
        if row.tag in plc.values:
            words = to_words(row, plc.values[row.tag])
            if place.bit >= 0:
                made[place.table][place.register] |= words[0] << place.bit
            else:
                made[place.table][place.register : place.register + len(words)] = words
    return made


def lift_link(port: int, io: IoList | None = None) -> ModbusTcpLink:
    """A link to the lift on that port."""
    io = io or io_list(LIFT)
    return ModbusTcpLink("lift", io, "127.0.0.1", port, identity=IDENTITY, heartbeat="HB_PLC", timeout=2.0)


async def written(foreign: Counterpart, tags: Sequence[str]) -> dict[str, object]:
    """What stands in the server's registers of these write tags."""
    found: dict[str, object] = {}
    for row in (row for row in rows(LIFT) if row.tag in tags):
        at = place_of(row).register
        words = (await foreign.tell("get", table="hr", at=at, count=row.words))["words"]
        found[row.tag] = from_words(row, words)
    return found


@pytest.mark.parametrize("name", [LIFT, RACK])
async def test_every_tag_comes_from_a_server_of_another_make(foreign: Counterpart, name: str) -> None:
    plc = BarePlc(name, io_list(name))
    await foreign.start(**tables(name, plc))
    link = ModbusTcpLink(name, io_list(name), "127.0.0.1", foreign.port, identity=IDENTITY, timeout=2.0)
    async with running(link):
        await until_usable(link)
        assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}


async def test_an_order_and_a_stop_stand_in_its_registers_and_a_new_start_is_survived(
    foreign: Counterpart, request: pytest.FixtureRequest
) -> None:
    registers = tables(LIFT, BarePlc("lift", io_list(LIFT)))
    await foreign.start(**registers)
    link = lift_link(foreign.port)
    async with running(link):
        await until_usable(link)
        await link.write(order(), commit="CMD_COMMIT")
        await link.write({"STOP_REQ": 1}, urgent=True)
        assert await written(foreign, [*order(), "STOP_REQ"]) == {**order(), "STOP_REQ": 1}
        connection = link.snapshot.connection
        await foreign.kill()
        await until(lambda: link.snapshot.fault is not None, "the loss is seen")
        with pytest.raises((NotSent, OutcomeUnknown)):
            await link.write({"STOP_REQ": 1}, urgent=True)
        async with counterpart(request.node.callspec.params["foreign"]) as again:
            await again.start(**registers, port=foreign.port)
            await until_usable(link)
            assert link.snapshot.connection > connection
            await link.write({"HB_CTL": 4711})
            assert await written(again, ["HB_CTL", "CMD_ID"]) == {"HB_CTL": 4711, "CMD_ID": 0}


async def test_a_register_that_it_does_not_have_is_a_fault_in_words(foreign: Counterpart) -> None:
    registers = tables(LIFT, BarePlc("lift", io_list(LIFT)))
    await foreign.start(**registers)
    points = dict(io_list(LIFT))
    points["CLAMPED"] = replace(points["CLAMPED"], address=f"ir:{len(registers['ir'])}.0")
    link = lift_link(foreign.port, IoList(LIFT, tuple(points.values())))
    async with running(link):
        await until_fault(link, "exception 2 (no such register)")


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[dict[str, PtyPort]]:
    """A serial line with three ends: each hears what either of the others says."""
    ends: dict[str, PtyPort] = {}

    def heard(at: str, data: bytes) -> None:
        for name, end in ends.items():
            if name != at:
                end.send(data)

    for name in ("master", "1", "2"):
        ends[name] = PtyPort(tmp_path / name, partial(heard, name))
        ends[name].plug()
    yield ends
    for end in ends.values():
        end.unplug()


async def test_two_rtu_slaves_of_another_make_share_a_line(line: dict[str, PtyPort]) -> None:
    plc = BarePlc("meter", io_list(METER))
    try:
        async with counterpart("libmodbus_plc.py") as one, counterpart("libmodbus_plc.py") as two:
            for unit, slave in ((1, one), (2, two)):
                await slave.start(**tables(METER, plc, unit), path=str(line[str(unit)].path), unit=unit)
            bus = RtuBus(SerialPort(str(line["master"].path), BAUD), timeout=1.0, quiet=0.3)
            link = ModbusRtuLink("meter", io_list(METER), bus, periods=OFTEN)
            async with running(link):
                await until_usable(link)
                await until(lambda: len(shown(link)) == len(plc.values), "both are read")
                assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}
                await one.tell("set", table="ir", at=0, words=[0x42F6, 0xE979])
                await until(lambda: shown(link).get("POWER_KW") == pytest.approx(123.456), "123.456 kW")
                await one.kill()
                await two.kill()
                await until_fault(link, "no answer within")
    except Absent as absent:
        pytest.skip(f"no libmodbus: {absent}")


async def asked(tools: Libmodbus, *arguments: str) -> dict[int, str]:
    """What mbpoll shows: the values by reference number. An error of its is an AssertionError."""
    process = await asyncio.create_subprocess_exec(
        *(tools.mbpoll, "-1", "-0", "-o", "10", *arguments),
        env=tools.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    text = said.decode()
    assert process.returncode == 0, text
    return {int(at): value for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", text, re.MULTILINE)}


def of_tag(name: str, tag: str) -> Row:
    """The row of that tag."""
    return next(row for row in rows(name) if row.tag == tag)


async def test_mbpoll_reads_and_writes_our_simulated_plc_over_tcp(tools: Libmodbus) -> None:
    plc = BarePlc("lift", io_list(LIFT))
    async with serving(plc, LIFT) as server:
        tcp = ("-m", "tcp", "-p", str(server.port), "-a", "1")
        words = await asked(tools, *tcp, "-t", "3:hex", "-r", "0", "-c", "4", "127.0.0.1")
        assert words == {0: "0x5AA5", 1: "0x1234", 2: "0x1234", 3: "0x5678"}
        whole = await asked(tools, *tcp, "-t", "3:int", "-B", "-r", "2", "127.0.0.1")
        assert whole == {2: str(IDENTITY["PATTERN32"])}
        at = str(place_of(of_tag(LIFT, "HB_CTL")).register)
        await asked(tools, *tcp, "-t", "4", "-r", at, "127.0.0.1", "4711")
        first = place_of(of_tag(LIFT, "CMD_ID")).register
        await asked(tools, *tcp, "-t", "4:int", "-B", "-r", str(first), "127.0.0.1", "70000")
        assert plc.written == [{"HB_CTL": 4711}, {"CMD_ID": 70000}]
        with pytest.raises(AssertionError, match="Illegal data address"):
            await asked(tools, *tcp, "-t", "3", "-r", "9000", "127.0.0.1")


async def test_mbpoll_reads_our_simulated_meters_over_rtu(tools: Libmodbus, tmp_path: Path) -> None:
    plc = BarePlc("meter", io_list(METER))
    plc.values.update(POWER_KW=123.456, INSULATION=4321)
    slaves = RtuSlaves(plc, rows(METER), tmp_path / "meter")
    slaves.start()
    try:
        line = ("-m", "rtu", "-b", str(BAUD), "-P", "none")
        power = await asked(tools, *line, "-a", "1", "-t", "3:float", "-B", "-r", "0", str(slaves.port.path))
        assert power == {0: "123.456"}
        ohms = await asked(tools, *line, "-a", "2", "-t", "3", "-r", "0", str(slaves.port.path))
        assert ohms == {0: "4321"}
    finally:
        slaves.stop()


# ---- a list of a PLC that shows itself its own way ------------------------------------------------------------
PLATFORM, TURNED = "platform", "CDAB"


def foreign_tables(told: Sequence[Row], values: Mapping[str, PlcValue]) -> dict[str, list[int]]:
    """The four tables of one unit as a foreign list lays them."""
    made: dict[str, dict[int, int]] = {table: {0: 0} for table in ("ir", "hr", "di", "co")}
    for row in told:
        place, words = place_of(row), to_words(row, values.get(row.tag, 0))
        if place.table in ("di", "co") and row.base != "bool":
            words = [words[0] >> bit & 1 for bit in range(16)]
        assert place.bit < 0, "this list has no bits in registers"
        made[place.table].update(enumerate(words, place.register))
    return {table: [cells.get(at, 0) for at in range(max(cells) + 1)] for table, cells in made.items()}


async def test_bits_and_turned_words_go_to_and_fro_with_a_server_of_another_make(foreign: Counterpart) -> None:
    station = load_station(FOREIGN, parts=PARTS)
    io, told = station.io[PLATFORM], read_rows(station.lists[PLATFORM], TURNED)
    plc, signs = BarePlc(PLATFORM, io), identity(io, 2)
    plc.values.update(signs)
    await foreign.start(**foreign_tables(told, plc.values))
    link = ModbusTcpLink(
        PLATFORM, io, "127.0.0.1", foreign.port, identity=signs, heartbeat="HB_PLC", timeout=2.0, byte_order=TURNED
    )
    async with running(link):
        await until_usable(link)
        assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}
        await link.write(order(), commit="CMD_COMMIT")
        await link.write({"STOP_REQ": 1}, urgent=True)
        for row in (row for row in told if row.tag in order()):
            answer = await foreign.tell("get", table="hr", at=place_of(row).register, count=row.words)
            assert from_words(row, answer["words"]) == order()[row.tag], row.tag
        coils = {tag: place_of(row).register for row in told if (tag := row.tag).endswith("STOP_REQ")}
        stopped = {tag: (await foreign.tell("get", table="co", at=at, count=1))["words"] for tag, at in coils.items()}
        assert stopped == {"STOP_REQ": [1], "VEH_STOP_REQ": [0]}
        await link.write({"STOP_REQ": 0})
        assert (await foreign.tell("get", table="co", at=coils["STOP_REQ"], count=1))["words"] == [0]
