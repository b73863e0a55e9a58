"""A PLC, a proxy before it and the Modbus TCP link to it, on loopback: what the tests of the faults share.

Knows both ends of the wire. Does not know faults.
"""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.modbus_tcp import ModbusTcpLink
from drivers.scan_clock import PERIODS
from hil_tests.faults.proxy_modbus import ModbusProxy
from hil_tests.link_bench import (
    IDENTITY,
    BarePlc,
    io_list,
    plain,
    running,
    serving,
    until,
    until_usable,
)
from hil_tests.simplc.wire.modbus_server import ModbusServer
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.points import ScanClass

LIFT = "vehicle_lift_vl1"
RACK = "charging_rack_cr12"
OFTEN = {**PERIODS, ScanClass.SLOW: 0.1}
TIMEOUT = 0.25
PATIENT = 600.0
"""A time-out that no stall of this machine reaches: what fails then does not fail because time passed."""


@dataclass
class Wire:
    """A PLC, the proxy before it, and the link to it; `lies` are good values that the PLC never had."""

    plc: BarePlc
    server: ModbusServer
    proxy: ModbusProxy
    link: ModbusTcpLink
    lies: list[str]
    good: int = 0
    """Publications without a fault since the last one with a fault."""

    def watch(self, snapshot: LinkSnapshot) -> None:
        self.good = 0 if snapshot.fault is not None else self.good + 1
        if snapshot.fault is not None:
            return
        for block in snapshot.blocks.values():
            for tag, value in block.values.items() if block.at > -math.inf else ():
                if tag not in (*block.bad, "HB_PLC", "EPOCH") and plain(value) != plain(self.plc.values[tag]):
                    self.lies.append(f"{tag} shown as {value}")

    async def scans(self, count: int = 3) -> None:
        """Wait for so many more fast scans without any fault."""
        for _ in range(count):
            at = self.link.snapshot.blocks[ScanClass.FAST].at
            await until(lambda at=at: self.link.snapshot.blocks[ScanClass.FAST].at > at, "another scan")
            assert self.link.snapshot.fault is None

    async def recovers(self) -> None:
        """The fault is over: the link is usable and stays so, reads on, and writes."""
        self.proxy.relent()
        self.good = 0
        await until(lambda: self.good >= 10, f"the link recovers: {self.link.snapshot.fault}")
        await self.link.write({"HB_CTL": 77})
        assert self.plc.written[-1] == {"HB_CTL": 77}
        await until(lambda: len(self.server.connections) == 2, "two connections, no more")


@asynccontextmanager
async def wire(within: float = TIMEOUT, which: str = LIFT) -> AsyncIterator[Wire]:
    """Everything on loopback; afterwards no descriptor is left open and no value was wrong."""
    descriptors = len(os.listdir("/proc/self/fd"))
    async with serving(BarePlc("lift", io_list(which)), which) as server:
        assert isinstance(server.plc, BarePlc)
        proxy = ModbusProxy(server.port)
        await proxy.door.open()
        link = ModbusTcpLink(
            *("lift", io_list(which), "127.0.0.1", proxy.door.port),
            identity=IDENTITY, heartbeat="HB_PLC", timeout=within, periods=OFTEN,
        )  # fmt: skip
        made = Wire(server.plc, server, proxy, link, [])
        link.on_scan(made.watch)
        try:
            async with running(link):
                await until_usable(link)
                yield made
        finally:
            await proxy.door.close()
    assert made.lies == [], made.lies[:6]
    await until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "every descriptor is closed again")
