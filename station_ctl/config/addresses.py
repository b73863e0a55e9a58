"""Addresses of an I/O list: which form each protocol needs, and which registers a tag takes.

Knows the grammar of config/io/README.md. Does not know values nor how they travel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from station_ctl.core.points import Access, BaseType, PointType

_MODBUS = re.compile(r"^(?:u(\d{1,3})/)?(ir|hr):(\d{1,5})(?:\.(\d{1,2}))?$")
_NODE = re.compile(r"^nsu=[^;\s]+;(?:s=\S.*|i=\d+)$")
REGISTERS = 0x10000

AddressReader = Callable[[str, PointType, Access], str]


@dataclass(frozen=True, slots=True)
class Registers:
    """Where a tag lies on Modbus: `unit` None is the link's, `bit` None the whole register."""

    unit: int | None
    table: str
    number: int
    bit: int | None

    @classmethod
    def parse(cls, text: str) -> Registers:
        """Read `ir:26`, `ir:26.3`, `u2/hr:4`. Raises ValueError with the needed form."""
        match = _MODBUS.match(text)
        if match is None:
            raise ValueError("a Modbus address is [u<unit>/]<ir|hr>:<register>[.<bit>], as in ir:26.3")
        unit = int(match[1]) if match[1] else None
        number, bit = int(match[3]), int(match[4]) if match[4] else None
        if unit is not None and not (1 <= unit <= 247 or unit == 255):
            raise ValueError("a unit is 1 to 247, or 255 for the TCP device itself")
        if number >= REGISTERS:
            raise ValueError(f"a register is 0 to {REGISTERS - 1}")
        if bit is not None and bit > 15:
            raise ValueError("a bit is 0 to 15, 0 the least significant")
        return cls(unit, match[2], number, bit)


def address_reader(protocol: str) -> AddressReader:
    """The check of one address cell for a protocol; it raises ValueError with what is needed."""
    return _node if protocol == "opcua" else _registers


def _registers(text: str, kind: PointType, access: Access) -> str:
    at = Registers.parse(text)
    if (at.bit is not None) != (kind.base is BaseType.BOOL):
        raise ValueError("a bool names its bit, as in ir:26.3, and nothing else does")
    if access is Access.WRITE and at.table != "hr":
        raise ValueError("a write tag lies in hr: a PLC takes nothing in its input registers")
    if access is Access.WRITE and at.bit is not None:
        raise ValueError("a single bit of a register cannot be written without its neighbours: use u16")
    if at.number + kind.words > REGISTERS:
        raise ValueError(f"{kind} takes {kind.words} registers and does not fit below {REGISTERS}")
    return text


def _node(text: str, kind: PointType, access: Access) -> str:
    if re.match(r"^ns=\d+;", text):
        raise ValueError("a namespace index can change when the PLC restarts: use nsu=<uri>;s=<name>")
    if not _NODE.match(text):
        raise ValueError("an OPC UA address is nsu=<uri>;s=<name> or nsu=<uri>;i=<number>")
    return text
