"""All wires of the simulated station: which PLC speaks what, on which port or path.

Knows the PLCs by name and their I/O lists. Does not know the plant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_tests.simplc.wire.io_list import Plc, read_rows
from hil_tests.simplc.wire.mischief import ALL_FUNCTIONS, Mischief
from hil_tests.simplc.wire.modbus_server import ModbusServer
from hil_tests.simplc.wire.opcua_server import Certificates, OpcUaServer
from hil_tests.simplc.wire.reader_line import ReaderLine
from hil_tests.simplc.wire.rtu_slave import RtuSlaves

MODBUS_LISTS = {
    "lift": "vehicle_lift_vl1",
    "stacker": "stacker_st2",
    "rack_a": "charging_rack_cr12",
    "rack_b": "charging_rack_cr12",
    "safety": "safety_plc_sp1",
}
ROBOT, ROBOT_LIST = "robot", "swap_robot_sr3"
METER, METER_LIST = "meter", "site_meter_sm1"
READER = "reader"
NAMES = (*MODBUS_LISTS, ROBOT, METER, READER)
"""All PLCs; TCP ports are given in this order, so that a fixed base always means the same PLC."""


@dataclass
class StationWire:
    """Servers and lines for the PLCs of one station.

    `port_base` 0 takes free ports. `folder` holds the links to the pseudo-terminals and the certificates.
    """

    plcs: Mapping[str, Plc]
    io_dir: Path
    folder: Path
    host: str = "127.0.0.1"
    port_base: int = 0
    secure: bool = False
    names: Iterable[str] = NAMES
    modbus: dict[str, ModbusServer] = field(default_factory=dict)
    robot: OpcUaServer | None = None
    meter: RtuSlaves | None = None
    reader: ReaderLine | None = None

    async def start(self) -> dict[str, str]:
        """Open everything; gives the endpoint of each PLC."""
        endpoints: dict[str, str] = {}
        for offset, name in enumerate(NAMES):
            if name in self.names:
                port = self.port_base + offset if self.port_base else 0
                endpoints[name] = await self._start_one(name, port)
        return endpoints

    async def _start_one(self, name: str, port: int) -> str:
        if name in MODBUS_LISTS:
            rows = read_rows(self.io_dir / f"{MODBUS_LISTS[name]}.csv")
            server = self.modbus[name] = ModbusServer(self.plcs[name], rows, self.host, port)
            await server.start()
            return f"tcp://{self.host}:{server.port}"
        if name == ROBOT:
            certificates = Certificates.inside(self.folder) if self.secure else None
            rows = read_rows(self.io_dir / f"{ROBOT_LIST}.csv")
            self.robot = OpcUaServer(self.plcs[name], rows, self.host, port, certificates)
            await self.robot.start()
            return f"opc.tcp://{self.host}:{self.robot.port}"
        path = self.folder / name
        if name == METER:
            self.meter = RtuSlaves(self.plcs[name], read_rows(self.io_dir / f"{METER_LIST}.csv"), path)
            self.meter.start()
        else:
            self.reader = ReaderLine(path)
            self.reader.start()
        return f"serial://{path}"

    async def stop(self) -> None:
        """Close everything."""
        for server in self.modbus.values():
            await server.stop()
        if self.robot is not None:
            await self.robot.stop()
        if self.meter is not None:
            self.meter.stop()
        if self.reader is not None:
            self.reader.stop()

    def follow(self, reader_lines: list[str]) -> None:
        """Let the wires follow the PLCs: restarts, lost links, what the reader said since the last call."""
        for server in self.modbus.values():
            server.look_at_plc()
        if self.robot is not None:
            self.robot.look_at_plc()
        if self.reader is not None:
            for line in reader_lines:
                self.reader.say(line)

    async def disturb(self, what: Mapping[str, Any]) -> None:
        """Disturb the wire of `plc`: `do` is cut, freeze, deaf, hear, down, up or mischief (kind, times …).

        Raises ValueError for what this wire cannot do.
        """
        name, do = str(what.get("plc")), str(what.get("do"))
        if name in self.modbus:
            await _disturb_modbus(self.modbus[name], do, what)
        elif name == ROBOT and self.robot is not None and do == "cut":
            self.robot.gate.cut()
        elif name in (METER, READER) and do in ("down", "up"):
            line = self.meter if name == METER else self.reader
            if line is not None:
                if do == "up":
                    line.port.plug()
                else:
                    line.port.unplug()
        else:
            raise ValueError(f"the wire of {name} cannot {do}")


async def _disturb_modbus(server: ModbusServer, do: str, what: Mapping[str, Any]) -> None:
    if do == "cut":
        server.cut()
    elif do == "freeze":
        server.freeze()
    elif do in ("deaf", "hear"):
        server.deaf = do == "deaf"
    elif do == "down":
        await server.stop()
    elif do == "up":
        await server.start()
    elif do == "mischief":
        functions = frozenset(what.get("functions", ALL_FUNCTIONS))
        times, delay = int(what.get("times", 1)), float(what.get("delay", 0.3))
        server.mischief = Mischief(str(what["kind"]), times, functions, delay)
    else:
        raise ValueError(f"a Modbus wire cannot {do}")
