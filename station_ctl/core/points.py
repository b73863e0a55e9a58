"""Points of a PLC's I/O list: tag, address, type, access, scan class, scale.

Knows the grammar of an I/O list row. Does not know files, sockets or what a tag means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from station_ctl.core.levels import Level

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]


class Access(StrEnum):
    """Who writes a tag: the PLC (read by us) or the controller (written by us)."""

    READ = "r"
    WRITE = "w"


class ScanClass(StrEnum):
    """How often a tag is read: fast 10 ms, normal 100 ms, slow 1 s; NONE is never scanned (write tags)."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"
    NONE = "-"


class BaseType(StrEnum):
    """Types a PLC supplier may use in an I/O list."""

    BOOL = "bool"
    U8 = "u8"
    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    STR = "str"


FLOATS = frozenset((BaseType.F32, BaseType.F64))
NUMBERS = frozenset(BaseType) - {BaseType.BOOL, BaseType.STR}
WHOLE = NUMBERS - FLOATS
"""Types whose values are counted; only these carry codes."""

_WORDS = {BaseType.U32: 2, BaseType.I32: 2, BaseType.F32: 2, BaseType.I64: 4, BaseType.F64: 4}
_TYPE = re.compile(r"^(bool|u8|[ui]16|[ui]32|i64|f32|f64|str)(\d+)?(?:\[(\d+)\])?$")


@dataclass(frozen=True, slots=True)
class PointType:
    """Type of one tag: base type, string length in bytes, array length (1 = scalar)."""

    base: BaseType
    length: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> PointType:
        """Read `u16`, `f32[10]`, `str24`. Raises ValueError with the needed form."""
        match = _TYPE.match(text.strip())
        if match is None:
            text = f"type {text!r} is none of bool u8 u16 i16 u32 i32 i64 f32 f64 strN, optionally [count]"
            raise ValueError(text)
        base, length, count = BaseType(match[1]), int(match[2] or 0), int(match[3] or 1)
        if (base is BaseType.STR) != (length > 0):
            raise ValueError(f"type {text!r}: a length belongs to str and only to str, as in str24")
        if count < 1 or (count > 1 and base in (BaseType.STR, BaseType.BOOL)):
            raise ValueError(f"type {text!r}: arrays are of numbers and have at least one element")
        return cls(base, length, count)

    @property
    def words(self) -> int:
        """16-bit registers that one value of this type takes on Modbus."""
        if self.base is BaseType.STR:
            return (self.length + 1) // 2
        return _WORDS.get(self.base, 1) * self.count

    @property
    def coils(self) -> int:
        """Coils or discrete inputs that one value of this type takes on Modbus."""
        return 16 if self.base is BaseType.U16 else 1

    def __str__(self) -> str:
        size = str(self.length) if self.length else ""
        return f"{self.base}{size}" + (f"[{self.count}]" if self.count > 1 else "")


@dataclass(frozen=True, slots=True)
class Point:
    """One row of an I/O list.

    `address` is kept as the supplier wrote it and is read by the link of its protocol:
    Modbus `[u<unit>/]<ir|hr|di|co>:<number>[.<bit>]` (0-based), OPC UA a node id (`nsu=<uri>;s=<name>`).
    Engineering value = raw × `scale` + `offset`, in `unit`. `low`/`high` bound a plausible engineering value.
    `byte_order` of the registers, empty = that of the link. `inverted`: the PLC's 1 is our False.
    `codes` are pairs (the PLC's number, ours); a number without a pair is no value.
    `link` names the PLC that has the tag where a device's tags lie in several; empty = the PLC of its orders.
    """

    tag: str
    address: str
    type: PointType
    access: Access
    scan: ScanClass
    unit: str = ""
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    text: str = ""
    offset: float = 0.0
    byte_order: str = ""
    inverted: bool = False
    codes: tuple[tuple[int, int], ...] = ()
    link: str = ""

    @property
    def whole(self) -> bool:
        """Whether the engineering value is a whole number: counted, not measured."""
        return self.type.base in WHOLE and self.scale == 1 and self.offset.is_integer()


BYTE_ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
"""How a 32-bit value 0xAABBCCDD stands in two registers. For 16 bits and texts only swapped bytes count."""


class IoList(Mapping[str, Point]):
    """The I/O list of one PLC program, by tag, in the order of the file.

    `elsewhere` are tags that a device with this list has in other PLCs, each with its `link`; they are no part of it.
    `level` is how much of the contract's handshake the PLC keeps.
    """

    def __init__(
        self,
        name: str,
        points: tuple[Point, ...],
        elsewhere: Mapping[str, Point] | None = None,
        level: Level = Level.A,
    ) -> None:
        self.name = name
        self.level = level
        self.elsewhere = dict(elsewhere or {})
        self._points = {p.tag: p for p in points}
        if len(self._points) != len(points):
            raise ValueError(f"I/O list {name}: a tag occurs twice")

    def __getitem__(self, tag: str) -> Point:
        return self._points[tag]

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def of_device(self, elsewhere: Mapping[str, Point], level: Level = Level.A) -> IoList:
        """The same list for a device whose PLC is of this level, and that has some tags in other PLCs."""
        return IoList(self.name, tuple(self._points.values()), elsewhere, level)

    def scanned(self, scan: ScanClass) -> tuple[Point, ...]:
        """Tags read in one scan class, in file order."""
        return tuple(p for p in self._points.values() if p.access is Access.READ and p.scan is scan)
