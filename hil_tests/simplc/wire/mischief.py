"""What a broken PLC or network does to a reply.

Knows the ways a reply can be wrong. Does not know when: a test sets it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

ALL_FUNCTIONS = frozenset({3, 4, 6, 16, 23})

KINDS = frozenset(
    {
        "silence",
        "reset",
        "unit",
        "function",
        "short",
        "byte-count",
        "echo",
        "tid-zero",
        "tid-stale",
        "protocol",
        "crc",
        "busy",
        "split",
        "twice",
        "garbage",
        "late",
        "not-done",
    }
)


@dataclass
class Mischief:
    """One kind of wrong reply, for the next `times` requests with one of `functions`.

    silence: no reply · reset: connection cut · unit, function, short, byte-count, echo, tid-zero, tid-stale,
    protocol, crc: that part of the reply is wrong · busy, not-done: exception 6, 4 · split: the reply comes
    in pieces · twice: it comes twice · garbage: random bytes · late: the reply comes `delay` s late.
    """

    kind: str
    times: int = 1
    functions: frozenset[int] = field(default=ALL_FUNCTIONS)
    delay: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is none of {', '.join(sorted(KINDS))}")

    def strikes(self, function: int) -> bool:
        """Whether this request is hit; counts down."""
        if self.times <= 0 or function not in self.functions:
            return False
        self.times -= 1
        return True

    def spoil(self, request: bytes, reply: bytes) -> bytes:
        """The PDU that is sent instead of the right reply."""
        if self.kind == "function":
            return bytes((3 if reply[0] == 4 else 4,)) + reply[1:]
        if self.kind == "short":
            return bytes((reply[0], 2)) + reply[2:4] if reply[0] in (3, 4, 23) else reply[:3]
        if self.kind == "byte-count":
            return reply[:1] + bytes(((reply[1] + 2) & 0xFF,)) + reply[2:]
        if self.kind == "echo":
            address, value = struct.unpack(">HH", reply[1:5])
            return reply[:1] + struct.pack(">HH", address, value ^ 1) + reply[5:]
        if self.kind in ("busy", "not-done"):
            return bytes((request[0] | 0x80, 6 if self.kind == "busy" else 4))
        return reply
