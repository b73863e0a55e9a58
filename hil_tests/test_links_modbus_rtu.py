"""The Modbus RTU link on a pseudo-terminal: no late answer answers the next question, units fail apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.modbus_rtu import ModbusRtuLink, RtuBus
from drivers.scan_clock import PERIODS
from drivers.serial_port import SerialPort
from hil_tests.link_bench import (
    BarePlc,
    io_list,
    plain,
    rows,
    running,
    shown,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.io_list import Row
from hil_tests.simplc.wire.mischief import Mischief
from hil_tests.simplc.wire.rtu_slave import RtuSlaves, crc16
from station_ctl.core.links import OutcomeUnknown
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass

METER = "site_meter_sm1"
OFTEN = {**PERIODS, ScanClass.SLOW: 0.02}


@pytest.fixture
def plc() -> BarePlc:
    return BarePlc("meter", io_list(METER))


@pytest.fixture
async def slaves(plc: BarePlc, tmp_path: Path) -> AsyncIterator[RtuSlaves]:
    made = RtuSlaves(plc, rows(METER), tmp_path / "meter")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def bus(slaves: RtuSlaves) -> RtuBus:
    return RtuBus(SerialPort(str(slaves.port.path), 115200), timeout=0.2, quiet=0.3)


@pytest.fixture
async def link(bus: RtuBus) -> AsyncIterator[ModbusRtuLink]:
    made = ModbusRtuLink("meter", io_list(METER), bus, periods=OFTEN)
    async with running(made):
        await until_usable(made)
        yield made


def block_at(link: ModbusRtuLink) -> float:
    return link.snapshot.blocks[ScanClass.SLOW].at


async def test_every_tag_of_both_units_comes_over_the_bus(link: ModbusRtuLink, plc: BarePlc) -> None:
    assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}


def test_the_slaves_checksum_is_that_of_the_specification() -> None:
    assert crc16(bytes.fromhex("02 07")).to_bytes(2, "little") == bytes.fromhex("41 12")


@pytest.mark.parametrize("kind", ["crc", "unit", "function", "short", "byte-count", "garbage", "silence"])
async def test_a_wrong_answer_makes_the_tags_of_that_unit_bad_until_the_next_good_one(
    link: ModbusRtuLink, slaves: RtuSlaves, kind: str
) -> None:
    bad: list[frozenset[str]] = []
    link.on_scan(lambda s: bad.append(s.blocks[ScanClass.SLOW].bad))
    slaves.mischief = Mischief(kind, 1)
    await until(lambda: any(bad), "tags are bad")
    assert {"POWER_KW"} <= next(filter(None, bad)) or {"IMD_OK"} <= next(filter(None, bad))
    await until(lambda: not bad[-1], "all tags are good again")
    assert link.snapshot.fault is None


async def test_a_unit_that_is_silent_does_not_spoil_the_other(link: ModbusRtuLink, slaves: RtuSlaves) -> None:
    slaves.mute = {2}
    await until(lambda: "IMD_OK" in link.snapshot.blocks[ScanClass.SLOW].bad, "unit 2 is bad")
    at = block_at(link)
    await until(lambda: block_at(link) > at, "unit 1 is read on")
    assert link.snapshot.fault is None
    assert "POWER_KW" not in link.snapshot.blocks[ScanClass.SLOW].bad


async def test_a_bus_where_nobody_answers_is_a_fault(link: ModbusRtuLink, slaves: RtuSlaves) -> None:
    slaves.mute = {1, 2}
    await until_fault(link, "of unit 2: no answer within 200 ms")
    slaves.mute = set()
    await until_usable(link)


async def test_an_answer_in_pieces_is_a_good_answer(link: ModbusRtuLink, slaves: RtuSlaves) -> None:
    slaves.mischief = Mischief("split", 4)
    at = block_at(link)
    await until(lambda: slaves.mischief is not None and slaves.mischief.times == 0, "four answers in pieces")
    await until(lambda: block_at(link) > at, "the scans go on")
    assert link.snapshot.blocks[ScanClass.SLOW].bad == frozenset()


async def test_an_unplugged_bus_is_a_fault_at_once_and_comes_back(bus: RtuBus, slaves: RtuSlaves) -> None:
    seldom = dict.fromkeys(PERIODS, 3600.0)
    link = ModbusRtuLink("meter", io_list(METER), bus, periods=seldom)
    async with running(link):
        await until_usable(link)
        connection = link.snapshot.connection
        slaves.port.unplug()
        await until_fault(link, "connection lost")
        slaves.port.plug()
        await until_usable(link)
        assert link.snapshot.connection == connection + 1


async def test_two_lists_share_one_bus_and_its_one_owner(bus: RtuBus, slaves: RtuSlaves) -> None:
    points = io_list(METER)
    first = IoList("one", tuple(p for p in points.values() if p.address.startswith("u1")))
    second = IoList("two", tuple(p for p in points.values() if p.address.startswith("u2")))
    one = ModbusRtuLink("one", first, bus, periods=OFTEN)
    two = ModbusRtuLink("two", second, bus, periods=OFTEN)
    async with running(one):
        await until_usable(one)
        async with running(two):
            await until_usable(two)
            assert bus.connection == 1
        at = block_at(one)
        await until(lambda: block_at(one) > at, "the first goes on without the second")


def writable_list() -> IoList:
    """A relay on the bus: one register to read, one to write."""
    word = PointType.parse("u16")
    return IoList(
        "relay",
        (
            Point("STATE", "u1/ir:0", word, Access.READ, ScanClass.SLOW),
            Point("SWITCH", "u1/hr:0", word, Access.WRITE, ScanClass.NONE),
        ),
    )


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[RtuSlaves]:
    both = [Row("STATE", "u1/ir:0", "u16", False, 1.0), Row("SWITCH", "u1/hr:0", "u16", True, 1.0)]
    made = RtuSlaves(BarePlc("relay", writable_list()), both, tmp_path / "relay")
    made.start()
    yield made
    made.stop()


async def test_a_cancelled_write_is_waited_for_by_the_owner(relay: RtuSlaves) -> None:
    bus = RtuBus(SerialPort(str(relay.port.path)), timeout=0.2, quiet=0.3)
    link = ModbusRtuLink("relay", writable_list(), bus, periods=OFTEN)
    async with running(link):
        await until_usable(link)
        await link.write({"SWITCH": 1})
        relay.mischief = Mischief("late", 1, frozenset({6}), delay=0.1)
        write = asyncio.create_task(link.write({"SWITCH": 2}))
        await until(lambda: relay.mischief is not None and relay.mischief.times == 0, "the write is sent")
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        bad: list[frozenset[str]] = []
        link.on_scan(lambda s: bad.append(s.blocks[ScanClass.SLOW].bad))
        await until(lambda: len(bad) > 3, "the scans go on")
        assert not any(bad), "the answer to the write met no other question"


@pytest.mark.parametrize("kind", ["echo", "crc", "silence", "unit"])
async def test_a_wrong_answer_to_a_write_leaves_its_outcome_unknown(relay: RtuSlaves, kind: str) -> None:
    bus = RtuBus(SerialPort(str(relay.port.path)), timeout=0.2, quiet=0.3)
    link = ModbusRtuLink("relay", writable_list(), bus, periods=OFTEN)
    async with running(link):
        await until_usable(link)
        relay.mischief = Mischief(kind, 1, frozenset({6}))
        with pytest.raises(OutcomeUnknown, match="SWITCH"):
            await link.write({"SWITCH": 1})
        await link.write({"SWITCH": 2}, urgent=True)


async def test_a_late_answer_does_not_answer_the_next_question(tmp_path: Path) -> None:
    """Two lists ask the same unit for as many registers of different places: only time keeps them apart."""
    word = PointType.parse("u16")
    points = [
        Point(tag, f"u1/ir:{n}", word, Access.READ, ScanClass.SLOW) for tag, n in (("A", 0), ("B", 100))
    ]
    plc = BarePlc("twins", IoList("twins", tuple(points)))
    plc.values.update(A=1111, B=2222)
    slaves = RtuSlaves(plc, [Row(p.tag, p.address, "u16", False, 1.0) for p in points], tmp_path / "bus")
    slaves.start()
    bus = RtuBus(SerialPort(str(slaves.port.path), 115200), timeout=0.1, quiet=0.25)
    lists = [IoList(p.tag, (p,)) for p in points]
    one, two = (ModbusRtuLink(io.name, io, bus, periods=OFTEN) for io in lists)
    told: set[tuple[str, object]] = set()
    for link in (one, two):
        link.on_scan(lambda s: told.update(s.blocks[ScanClass.SLOW].values.items()) if s.blocks else None)
    async with running(one):
        await until_usable(one)
        async with running(two):
            await until_usable(two)
            for _ in range(4):
                slaves.mischief = Mischief("late", 1, delay=0.15)
                await until(lambda: slaves.mischief is not None and slaves.mischief.times == 0, "one is late")
                at = max(block_at(one), block_at(two))
                await until(lambda at=at: min(block_at(one), block_at(two)) > at, "both are read again")
    slaves.stop()
    assert told == {("A", 1111), ("B", 2222)}
