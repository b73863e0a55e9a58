"""The simulated passenger station on the wire in this process, with an ear on everything that is asked of it.

Knows the plant and its wires. Does not know what is tested against it; whoever blocks this loop stops the plant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_tests.simplc.__main__ import _pace
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.wire.faces import shipped_faces
from hil_tests.simplc.wire.modbus_server import ModbusServer
from hil_tests.simplc.wire.station_wire import StationWire
from station_ctl.cli.plant_process import overrides
from station_ctl.paths import config_directory

IO_DIR = config_directory() / "io"


@dataclass
class Served:
    """The station, its wires, what a station file must be told of it, and what was written and asked."""

    station: SimStation
    wire: StationWire
    settings: Mapping[str, Any]
    written: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    functions: set[int] = field(default_factory=set)

    @property
    def told(self) -> list[str]:
        """The same as options of a command line."""
        return [f"--set={name}={value}" for name, value in self.settings.items()]


@asynccontextmanager
async def served(
    folder: Path, names: tuple[str, ...], *, speed: float = 1.0, lists: Path = IO_DIR
) -> AsyncIterator[Served]:
    """These PLCs of the station run until the block ends, served by the I/O lists of that folder."""
    station = SimStation(seed=1, speed=speed, io_dir=lists)
    wire = StationWire(station.plcs, shipped_faces(lists), folder, names=names)
    endpoints = await wire.start()
    made = Served(station, wire, overrides(endpoints, speed=speed, journal=folder / "journal.sqlite"))
    for name, plc in station.plcs.items():
        _listen(made, name, plc)
    for server in wire.modbus.values():
        _overhear(made, server)
    pacing = asyncio.create_task(_pace(station, wire))
    try:
        yield made
    finally:
        pacing.cancel()
        await asyncio.gather(pacing, return_exceptions=True)
        await wire.stop()


def _listen(made: Served, name: str, plc: Plc) -> None:
    take = plc.write

    def noted(tags: Mapping[str, Any]) -> None:
        made.written.append((name, dict(tags)))
        take(tags)

    plc.write = noted  # type: ignore[method-assign]


def _overhear(made: Served, server: ModbusServer) -> None:
    answer = server.answer

    def heard(unit: int, pdu: bytes) -> bytes:
        made.functions.add(pdu[0])
        return answer(unit, pdu)

    server.answer = heard  # type: ignore[method-assign]
