"""The Modbus TCP link on real sockets: nominal, every wrong reply, loss and return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.modbus_tcp import ASK_AGAIN, ModbusTcpLink
from drivers.scan_clock import PERIODS
from hil_tests.link_bench import (
    IDENTITY,
    BarePlc,
    io_list,
    plain,
    running,
    serving,
    shown,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.mischief import Mischief
from hil_tests.simplc.wire.modbus_server import ModbusServer
from station_ctl.core.links import NotSent
from station_ctl.core.points import ScanClass

READS, WRITES = frozenset({3, 4}), frozenset({6, 16})
LIFT = "vehicle_lift_vl1"


@pytest.fixture
def plc() -> BarePlc:
    return BarePlc("lift", io_list(LIFT))


@pytest.fixture
async def server(plc: BarePlc) -> AsyncIterator[ModbusServer]:
    async with serving(plc, LIFT) as made:
        yield made


@pytest.fixture
async def link(server: ModbusServer) -> AsyncIterator[ModbusTcpLink]:
    made = ModbusTcpLink(
        "lift", io_list(LIFT), "127.0.0.1", server.port, identity=IDENTITY, heartbeat="HB_PLC"
    )
    async with running(made):
        await until_usable(made)
        yield made


async def test_every_tag_of_the_list_comes_over_the_wire(link: ModbusTcpLink, plc: BarePlc) -> None:
    assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}
    assert set(link.snapshot.blocks) == {ScanClass.FAST, ScanClass.NORMAL, ScanClass.SLOW}


async def test_a_rack_with_gaps_comes_over_the_wire() -> None:
    rack = BarePlc("rack", io_list("charging_rack_cr12"))
    async with serving(rack, "charging_rack_cr12") as server:
        link = ModbusTcpLink(
            "rack", io_list("charging_rack_cr12"), "127.0.0.1", server.port, identity=IDENTITY
        )
        async with running(link):
            await until_usable(link)
            assert shown(link) == {tag: plain(value) for tag, value in rack.values.items()}


async def test_a_change_in_the_plc_is_seen_by_the_listeners(link: ModbusTcpLink, plc: BarePlc) -> None:
    seen = []
    link.on_scan(lambda s: seen.append(s.blocks[ScanClass.FAST].values["CLAMPED"]))
    old = bool(plc.values["CLAMPED"])
    plc.values["CLAMPED"] = not old
    await until(lambda: (not old) in seen, "the change is seen")


async def test_the_age_of_a_block_is_that_of_its_request(link: ModbusTcpLink, plc: BarePlc) -> None:
    now = asyncio.get_running_loop().time()
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > now, "a newer scan")
    assert link.snapshot.blocks[ScanClass.FAST].at <= asyncio.get_running_loop().time()


async def test_alive_follows_the_plcs_counter_and_not_the_replies(link: ModbusTcpLink, plc: BarePlc) -> None:
    plc.beat()
    await until(lambda: link.snapshot.alive_at > 0, "the heartbeat moved")
    alive, at = link.snapshot.alive_at, link.snapshot.blocks[ScanClass.FAST].at
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at + 0.05, "more scans")
    assert link.snapshot.alive_at == alive


async def test_a_plc_without_write_tags_has_no_command_connection() -> None:
    safety = BarePlc("safety", io_list("safety_plc_sp1"))
    async with serving(safety, "safety_plc_sp1") as server:
        link = ModbusTcpLink("safety", io_list("safety_plc_sp1"), "127.0.0.1", server.port, identity=IDENTITY)
        async with running(link):
            await until_usable(link)
            assert len(server.connections) == 1


WRONG_ANSWERS = {
    "unit": "answered by unit 2",
    "function": "answered with function",
    "short": "bytes, needs",
    "byte-count": "byte count",
    "tid-zero": "transaction id 0, which nobody asked",
    "tid-stale": "which nobody asked",
    "protocol": "no Modbus header",
    "garbage": "no Modbus header",
    "reset": "connection lost",
    "silence": "no answer within 250 ms",
}


@pytest.mark.parametrize("kind", WRONG_ANSWERS)
async def test_a_wrong_answer_to_a_scan_is_refused_and_the_link_heals(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc, kind: str
) -> None:
    faults: list[str] = []
    link.on_scan(lambda s: faults.append(s.fault) if s.fault else None)
    before = link.snapshot
    server.mischief = Mischief(kind, 1, READS)
    await until(lambda: bool(faults), "the fault is told")
    assert WRONG_ANSWERS[kind] in faults[0]
    assert link.snapshot.blocks[ScanClass.FAST].values == before.blocks[ScanClass.FAST].values
    await until_usable(link)
    assert link.snapshot.connection > before.connection
    await until(lambda: len(server.connections) == 2, "two connections, none leaked")


async def test_an_exception_to_a_scan_is_a_fault_in_words_without_losing_the_connection(
    link: ModbusTcpLink, server: ModbusServer
) -> None:
    connection = link.snapshot.connection
    server.mischief = Mischief("busy", 5, READS)
    await until_fault(link, "exception 6 (busy)")
    await until_usable(link)
    assert link.snapshot.connection == connection


@pytest.mark.parametrize("kind", ["split"])
async def test_an_answer_in_pieces_is_a_good_answer(
    link: ModbusTcpLink, server: ModbusServer, kind: str
) -> None:
    connection, at = link.snapshot.connection, link.snapshot.blocks[ScanClass.FAST].at
    server.mischief = Mischief(kind, 3, READS)
    await until(lambda: server.mischief is not None and server.mischief.times == 0, "all three were read")
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at + 0.1, "the scans go on")
    assert link.snapshot.connection == connection


async def test_an_answer_that_comes_twice_is_not_taken_for_the_next_one(
    link: ModbusTcpLink, server: ModbusServer
) -> None:
    faults: list[str] = []
    link.on_scan(lambda s: faults.append(s.fault) if s.fault else None)
    server.mischief = Mischief("twice", 1, READS)
    await until(lambda: bool(faults), "the second answer is refused")
    assert "which nobody asked" in faults[0]


async def test_a_plc_that_is_off_says_so_and_comes_back(link: ModbusTcpLink, server: ModbusServer) -> None:
    await server.stop()
    await until_fault(link, "connection lost")
    with pytest.raises(NotSent):
        await link.write({"STOP_REQ": 1}, urgent=True)
    await until_fault(link, "Connect call failed")
    connection = link.snapshot.connection
    await server.start()
    await until_usable(link)
    assert link.snapshot.connection > connection


async def test_a_half_open_connection_is_given_up(link: ModbusTcpLink, server: ModbusServer) -> None:
    server.freeze()
    await until_fault(link, "no answer within 250 ms")
    await until_usable(link)
    await until(lambda: not any(c.frozen for c in server.connections), "the idle one is given up, too")


async def test_a_silent_plc_is_scanned_again_when_it_speaks(
    link: ModbusTcpLink, server: ModbusServer
) -> None:
    server.deaf = True
    await until_fault(link, "no answer within 250 ms")
    await until_fault(link, "no answer within 1000 ms")
    server.deaf = False
    await until_usable(link)


async def test_a_restarted_plc_is_another_connection(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    connection = link.snapshot.connection
    plc.boot_id += 1
    server.look_at_plc()
    await until(lambda: link.snapshot.connection >= connection + 2, "both connections are new")
    await until_usable(link)


async def test_a_cancelled_link_closes_its_connections(server: ModbusServer) -> None:
    link = ModbusTcpLink("lift", io_list(LIFT), "127.0.0.1", server.port, identity=IDENTITY)
    async with running(link):
        await until_usable(link)
        assert len(server.connections) == 2
    assert link.snapshot.fault == "link stopped"
    await until(lambda: not server.connections, "both connections are closed")
    with pytest.raises(NotSent):
        await link.write({"STOP_REQ": 1}, urgent=True)


async def test_a_plc_that_takes_connections_only_to_close_them_is_not_hammered(plc: BarePlc) -> None:
    accepted = 0

    def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.transport.abort()

    slammed = await asyncio.start_server(close, "127.0.0.1", 0)
    link = ModbusTcpLink("lift", io_list(LIFT), "127.0.0.1", slammed.sockets[0].getsockname()[1])
    async with running(link):
        await asyncio.sleep(1.0)
        assert "connection lost" in (link.snapshot.fault or "")
    slammed.close()
    assert 2 <= accepted <= 40


async def test_a_loss_between_two_scans_is_seen_at_once() -> None:
    name, seldom = "safety_plc_sp1", dict.fromkeys(PERIODS, 3600.0)
    async with serving(BarePlc("safety", io_list(name)), name) as server:
        link = ModbusTcpLink(
            "safety", io_list(name), "127.0.0.1", server.port, identity=IDENTITY, periods=seldom
        )
        async with running(link):
            await until_usable(link)
            server.cut()
            await until_fault(link, "connection lost")
            await until_usable(link)


async def test_a_slow_plc_that_was_asked_again_keeps_its_connection(server: ModbusServer) -> None:
    server.delay = 2.5 * ASK_AGAIN
    link = ModbusTcpLink("lift", io_list(LIFT), "127.0.0.1", server.port, identity=IDENTITY, timeout=10.0)
    async with running(link):
        await until_usable(link)
        at = link.snapshot.blocks[ScanClass.FAST].at
        await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at + 0.3, "the scans go on")
        assert link.snapshot.connection == 2
