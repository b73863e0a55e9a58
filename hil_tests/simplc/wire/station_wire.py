"""All wires of the simulated station: which PLC speaks what, on which port or path.

Knows the PLCs by name and their I/O lists. Does not know the plant.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_tests.simplc.plc import Plc as Program
from hil_tests.simplc.wire.faces import MODBUS_RTU, MODBUS_TCP, OPCUA, Face
from hil_tests.simplc.wire.io_list import Plc
from hil_tests.simplc.wire.loose_handshake import LooseHandshake
from hil_tests.simplc.wire.mischief import ALL_FUNCTIONS, Mischief
from hil_tests.simplc.wire.modbus_server import ModbusServer
from hil_tests.simplc.wire.opcua_server import Certificates, OpcUaServer
from hil_tests.simplc.wire.reader_line import ReaderLine
from hil_tests.simplc.wire.rtu_slave import RtuSlaves


@dataclass
class StationWire:
    """Servers and lines for the faces of a station's PLCs.

    `port_base` 0 takes free ports, else each face has its own in their order. `folder` holds the links to the
    pseudo-terminals and the certificates. Of `faces` those are served that `names` holds.
    """

    plcs: Mapping[str, Plc]
    faces: Iterable[Face]
    folder: Path
    host: str = "127.0.0.1"
    port_base: int = 0
    secure: bool = False
    names: Container[str] | None = None
    modbus: dict[str, ModbusServer] = field(default_factory=dict)
    opcua: dict[str, OpcUaServer] = field(default_factory=dict)
    rtu: dict[str, RtuSlaves] = field(default_factory=dict)
    lines: dict[str, ReaderLine] = field(default_factory=dict)

    async def start(self) -> dict[str, str]:
        """Open everything; gives the endpoint of each face."""
        endpoints: dict[str, str] = {}
        for offset, face in enumerate(self.faces):
            if self.names is None or face.name in self.names:
                port = self.port_base + offset if self.port_base else 0
                endpoints[face.name] = await self._start_one(face, port)
        return endpoints

    async def _start_one(self, face: Face, port: int) -> str:
        name, path = face.name, self.folder / face.name
        if face.protocol == MODBUS_TCP:
            server = self.modbus[name] = ModbusServer(
                self._behind(face), face.rows(), self.host, port, face.unit
            )
            await server.start()
            return f"tcp://{self.host}:{server.port}"
        if face.protocol == OPCUA:
            certificates = Certificates.inside(self.folder) if self.secure else None
            ua = self.opcua[name] = OpcUaServer(self._behind(face), face.rows(), self.host, port, certificates)
            await ua.start()
            return f"opc.tcp://{self.host}:{ua.port}"
        if face.protocol == MODBUS_RTU:
            self.rtu[name] = RtuSlaves(self.plcs[face.plc], face.rows(), path)
            self.rtu[name].start()
        else:
            self.lines[name] = ReaderLine(path)
            self.lines[name].start()
        return f"serial://{path}"

    def _behind(self, face: Face) -> Plc:
        program = self.plcs[face.plc]
        return LooseHandshake(program) if face.level == "B" and isinstance(program, Program) else program

    async def stop(self) -> None:
        """Close everything."""
        for server in (*self.modbus.values(), *self.opcua.values()):
            await server.stop()
        for line in (*self.rtu.values(), *self.lines.values()):
            line.stop()

    def follow(self, reader_lines: list[str]) -> None:
        """Let the wires follow the PLCs: restarts, lost links, what the reader said since the last call."""
        for server in (*self.modbus.values(), *self.opcua.values()):
            server.look_at_plc()
        for line in self.lines.values():
            for text in reader_lines:
                line.say(text)

    async def disturb(self, what: Mapping[str, Any]) -> None:
        """Disturb the wire of `plc`: `do` is cut, freeze, deaf, hear, down, up or mischief (kind, times …).

        Raises ValueError for what this wire cannot do.
        """
        name, do = str(what.get("plc")), str(what.get("do"))
        if name in self.modbus:
            await _disturb_modbus(self.modbus[name], do, what)
        elif name in self.opcua and do == "cut":
            self.opcua[name].gate.cut()
        elif (line := self.rtu.get(name) or self.lines.get(name)) is not None and do in ("down", "up"):
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
