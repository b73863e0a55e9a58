"""A PLC, a proxy before it and the OPC UA link to it, on loopback: what the tests of the faults share.

Knows both ends of the wire. Does not know faults.
"""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.opcua_link import OpcUaLink
from hil_tests.faults.proxy_opcua import OpcUaProxy
from hil_tests.link_bench import (
    IDENTITY,
    BarePlc,
    io_list,
    plain,
    rows,
    running,
    until,
    until_usable,
)
from hil_tests.simplc.wire.io_list import Row
from hil_tests.simplc.wire.opcua_server import OpcUaServer
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.points import ScanClass

ROBOT = "swap_robot_sr3"
TIMEOUT = 0.5
PATIENT = 600.0
"""A time-out that no stall of this machine reaches."""


@dataclass
class Wire:
    """A PLC, the proxy before it, and the link to it; `lies` are good values that the PLC never had."""

    plc: BarePlc
    proxy: OpcUaProxy
    link: OpcUaLink
    lies: list[str]
    good: int = 0
    """Publications without a fault since the last one with a fault."""

    def watch(self, snapshot: LinkSnapshot) -> None:
        self.good = 0 if snapshot.fault is not None else self.good + 1
        if snapshot.fault is not None:
            return
        for block in snapshot.blocks.values():
            for tag, value in block.values.items():
                if tag not in (*block.bad, "HB_PLC") and plain(value) != plain(self.plc.values[tag]):
                    self.lies.append(f"{tag} shown as {value}")

    @property
    def bad(self) -> frozenset[str]:
        return self.link.snapshot.blocks[ScanClass.FAST].bad

    async def scans(self, count: int = 5) -> None:
        self.good = 0
        await until(lambda: self.good >= count, f"{count} more scans: {self.link.snapshot.fault}")

    async def recovers(self) -> None:
        """The fault is over: the link is usable and stays so, reads on, and writes."""
        self.proxy.relent()
        await self.scans(10)
        assert self.bad == frozenset()
        await self.link.write({"HB_CTL": 77})
        assert self.plc.written[-1] == {"HB_CTL": 77}
        await until(lambda: self.proxy.door.inside == 1, "one connection, no more")


async def serve(extra: list[Row]) -> AsyncIterator[OpcUaServer]:
    server = OpcUaServer(BarePlc("robot", io_list(ROBOT)), [*extra, *rows(ROBOT)])
    await server.start()
    gc.collect()
    gc.freeze()
    yield server
    await server.stop()
    gc.unfreeze()


@asynccontextmanager
async def wire(server: OpcUaServer, within: float = TIMEOUT) -> AsyncIterator[Wire]:
    """Everything on loopback; afterwards no descriptor is left open and no value was wrong."""
    descriptors = len(os.listdir("/proc/self/fd"))
    server.plc = plc = BarePlc("robot", io_list(ROBOT))
    proxy = OpcUaProxy(f"opc.tcp://127.0.0.1:{server.port}")
    await proxy.door.open()
    link = OpcUaLink(
        "robot", io_list(ROBOT), proxy.url, identity=IDENTITY, heartbeat="HB_PLC", timeout=within
    )
    made = Wire(plc, proxy, link, [])
    link.on_scan(made.watch)
    try:
        async with running(link):
            await until_usable(link)
            yield made
    finally:
        await proxy.door.close()
    assert made.lies == []
    await until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "every descriptor is closed again")
