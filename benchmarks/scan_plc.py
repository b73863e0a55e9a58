"""A rack of 24 bays × 40 registers whose values change between two scans; a process of its own.

Knows registers and a number of them that count. Does not know what they mean or who reads them.
"""

from __future__ import annotations

import asyncio
import gc
import struct
import sys

from hil_tests.simplc.wire.modbus_server import ModbusServer

BAYS, PER_BAY = 24, 40
REGISTERS = BAYS * PER_BAY
NEW_SCAN_AT = 0
"""A read that begins here begins a scan."""

NOTHING: tuple[int, ...] = ()
CHARGING = (3, 4, 5, 10, 11)
"""What flickers while a pack charges: volts, amps, power, highest and lowest cell."""

MOVING = (NOTHING, CHARGING, tuple(range(PER_BAY)))


class CountingRack:
    """Stands in for the register memory of a server: at each scan the `moving` registers of every bay count."""

    name, online, boot_id = "rack", True, 1

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.moving = NOTHING
        self._registers = [(7 * n) % 1000 for n in range(REGISTERS)]

    def write(self, values: object) -> None:
        """Nothing is written here."""

    def answer(self, pdu: bytes) -> bytes:
        """Input registers; function 6 to register 0 says by its number which registers move from now on."""
        if pdu[0] == 6:
            self.moving = MOVING[struct.unpack(">H", pdu[3:5])[0]]
            return pdu
        start, count = struct.unpack(">HH", pdu[1:5])
        if start == NEW_SCAN_AT:
            for bay in range(BAYS):
                for register in self.moving:
                    n = bay * PER_BAY + register
                    self._registers[n] = (self._registers[n] + 1) % 1000
        data = struct.pack(f">{count}H", *self._registers[start : start + count])
        return bytes((4, 2 * count)) + data


async def main() -> None:
    """Say the port, serve until stdin closes."""
    rack = CountingRack()
    server = ModbusServer(rack, [])  # type: ignore[arg-type]
    server.memory = rack  # type: ignore[assignment]
    await server.start()
    gc.collect()
    gc.freeze()
    print(server.port, flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
