"""Orders: a command numbered, dated and sealed for one PLC, and the PLC's answers to it.

Knows the order block of docs/plc_contract.md. Does not know how it travels.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum

ORDER_TTL_MS = 1000
"""An order not accepted within this time of PLC uptime is refused by the PLC (docs/plc_contract.md §3)."""

MAGIC = {"MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678}
"""Values every contract PLC shows, so that a wrong PLC, byte order or word order is seen before anything moves."""

BIT_PATTERNS = {"PATTERN_DI": "di", "PATTERN_CO": "co"}
"""Tags of 16 bits in a table of bits that show PATTERN, the least significant first: so their order is seen, too."""

PARAMETERS = 4


PLC_ID = "PLC_ID"
"""Tag of a PLC that says which one of the station it is: two PLCs of one program are otherwise alike."""


def identity(tags: Container[str], map_version: int, plc_id: int | None = None) -> dict[str, int]:
    """What a PLC with these tags must show to be the right one, with this version of its list."""
    patterns = {tag: MAGIC["PATTERN"] for tag in BIT_PATTERNS if tag in tags}
    own = {PLC_ID: plc_id} if plc_id is not None else {}
    return {**MAGIC, "MAP_VERSION": map_version, **patterns, **own}


class AckCode(IntEnum):
    """What the PLC answered to an order number."""

    NONE = 0
    ACCEPTED = 1
    BAD_CRC = 2
    EXPIRED = 3
    WRONG_EPOCH = 4
    OLD_NUMBER = 5
    INTERLOCK = 6
    BUSY = 7
    UNKNOWN_ORDER = 8
    STOP_REQUESTED = 9
    DRIVES_OFF = 10


ACK_TEXT = {
    AckCode.NONE: "no answer",
    AckCode.ACCEPTED: "accepted",
    AckCode.BAD_CRC: "checksum of the order block wrong",
    AckCode.EXPIRED: "order arrived too late",
    AckCode.WRONG_EPOCH: "PLC has restarted since the order was decided",
    AckCode.OLD_NUMBER: "order number is not newer than the last one",
    AckCode.INTERLOCK: "the PLC's own interlock",
    AckCode.BUSY: "another order is under way",
    AckCode.UNKNOWN_ORDER: "order code or parameter unknown to the PLC",
    AckCode.STOP_REQUESTED: "a stop is requested",
    AckCode.DRIVES_OFF: "drives off, a fault not reset, not homed, or no controller heartbeat",
}


class OrderState(IntEnum):
    """What the PLC is doing with the accepted order."""

    IDLE = 0
    BUSY = 1
    DONE = 2
    STOPPED = 3
    ERROR = 4


class Result(IntEnum):
    """How the order DONE_ID ended."""

    NONE = 0
    OK = 1
    FAILED = 2
    STOPPED = 3
    TIMEOUT = 4


RESULT_TEXT = {
    Result.NONE: "no result",
    Result.OK: "done",
    Result.FAILED: "failed",
    Result.STOPPED: "stopped",
    Result.TIMEOUT: "time-out in the PLC",
}


def crc16(words: tuple[int, ...]) -> int:
    """CRC-16/MODBUS over 16-bit words, high byte first."""
    crc = 0xFFFF
    for byte in struct.pack(f">{len(words)}H", *words):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


@dataclass(frozen=True, slots=True)
class Order:
    """One order block: `number` 1..2³²-1 durable and rising, `expires_ms` in PLC uptime, four i32 parameters."""

    number: int
    epoch: int
    opcode: int
    params: tuple[int, ...]
    expires_ms: int

    def words(self) -> tuple[int, ...]:
        """The 14 words that the checksum covers, in the order of the I/O list."""
        params = (*self.params, *(0,) * (PARAMETERS - len(self.params)))
        packed = struct.pack(">IHH4iI", self.number, self.epoch, self.opcode, *params, self.expires_ms)
        return struct.unpack(">14H", packed)

    def tags(self, channel: str = "", lacks: Container[str] = ()) -> dict[str, int]:
        """Tag values to write, in wire order; the commit word is the last. `lacks`: tags that the PLC does not have."""
        params = (*self.params, *(0,) * (PARAMETERS - len(self.params)))
        tags = {
            f"{channel}CMD_ID": self.number,
            f"{channel}CMD_EPOCH": self.epoch,
            f"{channel}CMD_OPCODE": self.opcode,
            **{f"{channel}CMD_P{i}": value for i, value in enumerate(params, 1)},
            f"{channel}CMD_EXPIRES": self.expires_ms,
            f"{channel}CMD_CRC": crc16(self.words()),
            f"{channel}CMD_COMMIT": self.number & 0xFFFF,
        }
        return {tag: value for tag, value in tags.items() if tag.removeprefix(channel) not in lacks}
