"""An order that a hung PLC or the network delivers after everybody has given it up: its expiry makes it void.

On the wire, with a PLC in a process of its own that is stopped (SIGSTOP) or reached late.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
import pytest_asyncio

from drivers.modbus_tcp import ModbusTcpLink
from hil_tests.faults import toxics_modbus as toxic
from hil_tests.faults.aim import Aim
from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_modbus import ModbusProxy
from hil_tests.link_bench import IDENTITY, io_list, running, until, until_fault, until_usable
from station_ctl.core.links import OutcomeUnknown
from station_ctl.core.orders import ORDER_TTL_MS, Order
from station_ctl.core.points import ScanClass

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[1]
HOME, ACCEPTED, EXPIRED = 10, 1, 3
LONGER_THAN_AN_ORDER_LIVES = ORDER_TTL_MS / 1000 + 0.3
AN_HOUR = 3_600_000


class HungLift:
    """The simulated lift in its own process, and the link to it through a proxy."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.proxy = ModbusProxy(port)

    async def link_up(self) -> ModbusTcpLink:
        await self.proxy.door.open()
        return ModbusTcpLink(
            *("lift", io_list("vehicle_lift_vl1"), "127.0.0.1", self.proxy.door.port),
            identity={**IDENTITY, "MAP_VERSION": 2}, heartbeat="HB_PLC",
        )  # fmt: skip

    async def orders(self) -> int:
        """Live orders that the monitor judged."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(b'{"cmd": "report"}\n')
        report: dict[str, Any] = json.loads(await self.process.stdout.readline())
        assert report["violations"] == []
        return int(report["orders"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lift(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HungLift]:
    folder, pipe = tmp_path_factory.mktemp("lift"), asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hil_tests.simplc", "--port-base", "0", "--plcs", "lift", "--dir", str(folder)),
        cwd=ROOT, stdin=pipe, stdout=pipe, limit=2**20,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    port = urlparse(ready["endpoints"]["lift"]).port
    assert port is not None
    made = HungLift(process, port)
    yield made
    os.kill(process.pid, signal.SIGCONT)
    process.stdin.close()
    await process.wait()
    await made.proxy.door.close()


def fast(link: ModbusTcpLink) -> Any:
    return link.snapshot.blocks[ScanClass.FAST].values


def home(link: ModbusTcpLink, number: int, lives_ms: int) -> dict[str, Any]:
    values = fast(link)
    order = Order(number, values["EPOCH"], HOME, (), (values["UPTIME_MS"] + lives_ms) & 0xFFFFFFFF)
    return dict(order.tags())


@pytest.mark.parametrize(
    ("number", "lives_ms", "answer"), [(71, ORDER_TTL_MS, EXPIRED), (72, AN_HOUR, ACCEPTED)]
)
async def test_a_stopped_plc_executes_no_order_that_has_expired_meanwhile(
    lift: HungLift, number: int, lives_ms: int, answer: int, record_property: Any
) -> None:
    """The control: the same order with a long life is executed late, so it did reach the PLC when it woke up."""
    link, before = await lift.link_up(), await lift.orders()
    async with running(link):
        await until_usable(link)
        order = home(link, number, lives_ms)
        os.kill(lift.process.pid, signal.SIGSTOP)
        with pytest.raises(OutcomeUnknown):
            await link.write(order, commit="CMD_COMMIT")
        await until_fault(link, "no answer within")
        await asyncio.sleep(LONGER_THAN_AN_ORDER_LIVES)
        os.kill(lift.process.pid, signal.SIGCONT)
        await until_usable(link)
        await until(lambda: fast(link)["ACK_ID"] == number, "the PLC has looked at the late order")
        assert fast(link)["ACK_CODE"] == answer
        assert await lift.orders() - before == (answer == ACCEPTED)
    if answer == EXPIRED:
        Outcome("M07", 0, Reaction.HOLD).record(record_property)


async def test_an_order_that_waited_in_the_network_is_void_and_so_is_its_copy(
    lift: HungLift, record_property: Any
) -> None:
    link, before = await lift.link_up(), await lift.orders()
    async with running(link):
        await until_usable(link)
        lift.proxy.strike(toxic.delivered_late(LONGER_THAN_AN_ORDER_LIVES), Aim({16}, times=1))
        order = home(link, 73, ORDER_TTL_MS)
        with pytest.raises(OutcomeUnknown):
            await link.write(order, commit="CMD_COMMIT")
        await until(lambda: fast(link)["ACK_ID"] == 73, "the PLC has looked at the late order")
        assert fast(link)["ACK_CODE"] == EXPIRED
        # A number that was answered is used up: the same block again, whole and in time, is no new order.
        await until_usable(link)
        await link.write(home(link, 73, ORDER_TTL_MS), commit="CMD_COMMIT")
        await link.write({"HB_CTL": 1})
        at = link.snapshot.blocks[ScanClass.FAST].at
        await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at + 0.1, "ten more scans")
        assert fast(link)["ACK_CODE"] == EXPIRED
        assert await lift.orders() == before
    Outcome("M07", 0, Reaction.HOLD).record(record_property)
