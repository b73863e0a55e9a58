"""Addresses of an I/O list: which form each protocol needs, and which registers a tag takes.

Knows the grammar of config/io/README.md. Does not know values nor how they travel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from station_ctl.core.points import Access, BaseType, PointType

_MODBUS = re.compile(r"^(?:u(\d{1,3})/)?(ir|hr|di|co):(\d{1,5})(?:\.(\d{1,2}))?$")
_GUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_NODE = re.compile(rf"^nsu=[^;\s]+;(?:s=\S.*|i=\d+|g={_GUID})$")
REGISTERS = 0x10000
BITS = ("di", "co")
"""Tables of single bits: discrete inputs, which the PLC writes, and coils, which both may write."""

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
        """Read `ir:26`, `ir:26.3`, `u2/hr:4`, `co:7`. Raises ValueError with the needed form."""
        match = _MODBUS.match(text)
        if match is None:
            raise ValueError("a Modbus address is [u<unit>/]<ir|hr|di|co>:<number>[.<bit>], as in ir:26.3")
        unit = int(match[1]) if match[1] else None
        number, bit = int(match[3]), int(match[4]) if match[4] else None
        if unit is not None and not (1 <= unit <= 247 or unit == 255):
            raise ValueError("a unit is 1 to 247, or 255 for the TCP device itself")
        if number >= REGISTERS:
            raise ValueError(f"a register is 0 to {REGISTERS - 1}")
        if bit is not None and bit > 15:
            raise ValueError("a bit is 0 to 15, 0 the least significant")
        if bit is not None and match[2] in BITS:
            raise ValueError(f"{match[2]} is a table of bits already: {match[2]}:{number}, and no further bit")
        return cls(unit, match[2], number, bit)

    def size(self, kind: PointType) -> int:
        """Registers, or bits in a table of bits, that a value of this type takes."""
        return kind.coils if self.table in BITS else kind.words


def address_reader(protocol: str) -> AddressReader:
    """The check of one address cell for a protocol; it raises ValueError with what is needed."""
    return _node if protocol == "opcua" else _registers


def _registers(text: str, kind: PointType, access: Access) -> str:
    at = Registers.parse(text)
    if kind.base is BaseType.U8:
        raise ValueError("u8 is the Byte of OPC UA: a register is read as u16")
    if at.table in BITS:
        _bits(at, kind, access)
    else:
        _words(at, kind, access)
    if at.number + at.size(kind) > REGISTERS:
        what = "bits" if at.table in BITS else "registers"
        raise ValueError(f"{kind} takes {at.size(kind)} {what} and does not fit below {REGISTERS}")
    return text


def _words(at: Registers, kind: PointType, access: Access) -> None:
    if (at.bit is not None) != (kind.base is BaseType.BOOL):
        raise ValueError("a bool names its bit, as in ir:26.3, and nothing else does")
    if access is Access.WRITE and at.table != "hr":
        raise ValueError("a write tag lies in hr or co: a PLC takes nothing in its input registers")
    if access is Access.WRITE and at.bit is not None:
        raise ValueError("a single bit of a register cannot be written without its neighbours: use u16, or a coil")


def _bits(at: Registers, kind: PointType, access: Access) -> None:
    if access is Access.WRITE and (at.table != "co" or kind.base is not BaseType.BOOL):
        raise ValueError("a bit is written as a bool in co: a PLC takes nothing in its discrete inputs")
    if kind.count > 1 or kind.base not in (BaseType.BOOL, BaseType.U16):
        raise ValueError(f"{at.table} holds a bool, or a u16 of 16 bits with the least significant one first")


def _node(text: str, kind: PointType, access: Access) -> str:
    if re.match(r"^ns=\d+;", text):
        raise ValueError("a namespace index can change when the PLC restarts: use nsu=<uri>;s=<name>")
    if not _NODE.match(text):
        raise ValueError("an OPC UA address is nsu=<uri>;s=<name>, nsu=<uri>;i=<number> or nsu=<uri>;g=<GUID>")
    return text
