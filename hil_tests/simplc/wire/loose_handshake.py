"""A PLC of level B: the same program behind a handshake without boot counter, age and checksum of an order.

Knows the order block. Does not know the plant, nor the wire: it stands between them as such a PLC's program would.
"""

from __future__ import annotations

from hil_tests.simplc.contract import crc16, order_words
from hil_tests.simplc.plc import Plc as Program
from hil_tests.simplc.wire.io_list import Plain, PlcValue

FRESH_MS = 1000
PARTS = ("ID", "OPCODE", "P1", "P2", "P3", "P4")


class LooseHandshake:
    """What a level B PLC shows and takes: an order is one as soon as its commit word stands, whenever it was sent."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.name = program.name

    @property
    def values(self) -> dict[str, PlcValue]:
        """What the program shows."""
        return self.program.values

    @property
    def online(self) -> bool:
        """Whether it answers at all."""
        return self.program.online

    @property
    def boot_id(self) -> int:
        """How often it has started."""
        return self.program.boot_id

    def write(self, values: dict[str, Plain], /) -> None:
        """Take written tags; what the block lacks is filled in as if it had been decided this instant."""
        whole = dict(values)
        for prefix in [tag.removesuffix("CMD_COMMIT") for tag in values if tag.endswith("CMD_COMMIT")]:
            whole |= self._filled(prefix, {**self.program.inputs, **values})
        self.program.write(whole)

    def _filled(self, prefix: str, block: dict[str, Plain]) -> dict[str, Plain]:
        number, opcode, one, two, three, four = (int(block.get(f"{prefix}CMD_{part}", 0)) for part in PARTS)
        epoch, expires = self.program.epoch, self.program.uptime_ms + FRESH_MS & 0xFFFFFFFF
        words = order_words(number, epoch, opcode, (one, two, three, four), expires)
        return {f"{prefix}CMD_EPOCH": epoch, f"{prefix}CMD_EXPIRES": expires, f"{prefix}CMD_CRC": crc16(words)}
