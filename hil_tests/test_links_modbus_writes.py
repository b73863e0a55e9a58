"""Writes over the Modbus TCP link on real sockets: sent once, outcome known or not, STOP waits not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.modbus_tcp import ModbusTcpLink
from hil_tests.link_bench import (
    IDENTITY,
    PATIENCE,
    BarePlc,
    io_list,
    order,
    running,
    serving,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.mischief import Mischief
from hil_tests.simplc.wire.modbus_server import ModbusServer
from station_ctl.core.links import NotSent, OutcomeUnknown, WriteRefused

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


async def test_an_order_is_one_request_and_arrives_whole(
    link: ModbusTcpLink, plc: BarePlc, server: ModbusServer
) -> None:
    await link.write(order(), commit="CMD_COMMIT")
    assert plc.written == [order()]
    assert list(plc.written[0])[-1] == "CMD_COMMIT"


async def test_one_register_is_written_alone(link: ModbusTcpLink, plc: BarePlc) -> None:
    await link.write({"STOP_REQ": 1}, urgent=True)
    await link.write({"HB_CTL": 65535})
    assert plc.written == [{"STOP_REQ": 1}, {"HB_CTL": 65535}]


@pytest.mark.parametrize(
    "kind", ["unit", "function", "short", "echo", "tid-zero", "tid-stale", "protocol", "reset", "silence"]
)
async def test_a_wrong_answer_to_a_write_leaves_its_outcome_unknown(
    link: ModbusTcpLink, server: ModbusServer, kind: str
) -> None:
    connection = link.snapshot.connection
    server.mischief = Mischief(kind, 1, WRITES)
    with pytest.raises(OutcomeUnknown, match=r"write CMD_ID|connection|which nobody asked|header"):
        await link.write(order(), commit="CMD_COMMIT")
    await until(lambda: link.snapshot.connection > connection, "there is a new connection")
    await link.write({"HB_CTL": 1})


async def test_a_write_whose_answer_is_late_is_sent_once(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    server.mischief = Mischief("late", 1, WRITES, delay=0.4)
    with pytest.raises(OutcomeUnknown):
        await link.write(order(), commit="CMD_COMMIT")
    await asyncio.sleep(0.5)
    assert plc.written == [order()]


@pytest.mark.parametrize(("kind", "error"), [("busy", WriteRefused), ("not-done", OutcomeUnknown)])
async def test_an_exception_to_a_write_says_whether_it_may_have_happened(
    link: ModbusTcpLink, server: ModbusServer, kind: str, error: type[Exception]
) -> None:
    server.mischief = Mischief(kind, 1, WRITES)
    with pytest.raises(error, match="exception"):
        await link.write({"HB_CTL": 1})
    assert link.snapshot.fault is None


async def test_a_wrong_plc_gets_nothing_written(server: ModbusServer, plc: BarePlc) -> None:
    plc.values["MAGIC"] = 42330
    link = ModbusTcpLink("lift", io_list(LIFT), "127.0.0.1", server.port, identity=IDENTITY)
    async with running(link):
        await until_fault(link, "MAGIC is 42330, needs 23205")
        for urgent in (False, True):
            with pytest.raises(NotSent, match="MAGIC is 42330, needs 23205"):
                await link.write({"STOP_REQ": 1}, urgent=urgent)
        plc.values["MAGIC"] = 23205
        await until_usable(link)
        await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]


async def test_a_map_version_that_changes_under_way_is_a_fault(link: ModbusTcpLink, plc: BarePlc) -> None:
    plc.values["MAP_VERSION"] = 2
    await until_fault(link, "MAP_VERSION is 2, needs 1")
    with pytest.raises(NotSent, match="MAP_VERSION is 2"):
        await link.write(order(), commit="CMD_COMMIT")
    await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]


@pytest.fixture
async def patient(server: ModbusServer) -> AsyncIterator[ModbusTcpLink]:
    """A link whose requests hang for good: what comes through does not come because a time-out passed."""
    made = ModbusTcpLink("lift", io_list(LIFT), "127.0.0.1", server.port, identity=IDENTITY, timeout=600.0)
    async with running(made):
        await until_usable(made)
        yield made


@pytest.mark.parametrize("hanging", [{4}, {16}, {4, 16}], ids=["scan", "order", "scan and order"])
async def test_a_stop_waits_for_nothing_that_hangs(
    patient: ModbusTcpLink, server: ModbusServer, plc: BarePlc, hanging: set[int]
) -> None:
    tasks = []
    for function in hanging:
        server.mischief = Mischief("silence", 1, frozenset({function}))
        if function == 16:
            tasks.append(asyncio.create_task(patient.write(order(), commit="CMD_COMMIT")))
        await until(lambda: server.mischief is not None and server.mischief.times == 0, "it hangs")
    async with asyncio.timeout(PATIENCE):
        await patient.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()


async def test_an_order_waits_for_the_one_before_it(
    patient: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    server.mischief = Mischief("late", 1, frozenset({16}), delay=0.2)
    first = asyncio.create_task(patient.write(order(1), commit="CMD_COMMIT"))
    await until(lambda: server.mischief is not None and server.mischief.times == 0, "the first is sent")
    second = asyncio.create_task(patient.write(order(2), commit="CMD_COMMIT"))
    await asyncio.sleep(0.1)
    assert [w["CMD_ID"] for w in plc.written] == [1]
    await asyncio.gather(first, second)
    assert [w["CMD_ID"] for w in plc.written] == [1, 2]


async def test_a_stop_takes_the_scan_connection_when_the_command_connection_is_gone(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    await link.write({"HB_CTL": 1})
    server.mischief = Mischief("reset", 1, WRITES)
    with pytest.raises(OutcomeUnknown):
        await link.write({"HB_CTL": 2})
    await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"HB_CTL": 1}, {"STOP_REQ": 1}]


async def test_a_cancelled_write_leaves_no_answer_behind(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    server.mischief = Mischief("late", 1, frozenset({16}), delay=0.1)
    cancelled = asyncio.create_task(link.write(order(), commit="CMD_COMMIT"))
    await until(lambda: server.mischief is not None and server.mischief.times == 0, "the order is under way")
    connection = link.snapshot.connection
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await until(lambda: link.snapshot.connection > connection, "there is a new connection")
    await asyncio.sleep(0.15)
    await link.write({"HB_CTL": 1})
    assert plc.written == [order(), {"HB_CTL": 1}]


async def test_a_plc_that_nobody_can_see_gets_a_stop_and_nothing_else(
    link: ModbusTcpLink, server: ModbusServer, plc: BarePlc
) -> None:
    connection = link.snapshot.connection
    server.mischief = Mischief("silence", 10**9, frozenset({4}))
    await until_fault(link, "no answer within 250 ms")
    await until(lambda: link.snapshot.connection > connection, "there is a new command connection")
    with pytest.raises(NotSent, match="no answer within"):
        await link.write({"HB_CTL": 1})
    await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]
