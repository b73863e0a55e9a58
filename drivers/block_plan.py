"""Planned block reads: which registers or bits are read in one request, and what the reply says.

Knows tags, addresses and raw replies. Does not know how a request travels.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from drivers.engineering import whole_divisor
from drivers.registers import (
    STRAIGHT,
    Decode,
    RegisterAddress,
    Table,
    bit_mask,
    decoder,
    field_format,
    places,
)
from station_ctl.core.points import BaseType, Point, Value

MOST_REGISTERS = 120
"""Registers asked in one request. The protocol allows 125; a request costs as much as some 400 registers,
so gaps are read over, and the margin keeps devices content that count their header into the limit."""

BITS_IN_ONE = 16
"""Bits asked for each register allowed: 1920 of the protocol's 2000."""


class Tap(NamedTuple):
    """One tag drawn from a field.

    A bit has a `mask` and in `on` what raw & mask is when it is true: the mask, or 0 for one of inverted sense. A plain
    number has a `divisor` (raw / divisor; 0 = as it is) and no `decode`; anything else is decoded by a function. All
    numbers lie in one tuple: a scan touches hundreds of taps in a cold cache.
    """

    tag: str
    mask: int
    on: int
    divisor: float
    decode: Decode | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Field:
    """Registers that are unpacked together; the bits of one word are one field with many taps."""

    offset: int
    format: str
    taps: tuple[Tap, ...]


class Layout(Protocol):
    """What takes a reply apart into its fields."""

    def unpack(self, raw: bytes, /) -> tuple[Any, ...]:
        """The fields, in order."""
        ...


@dataclass(frozen=True, slots=True)
class BitLayout:
    """A reply of bits: all of them as one number if any is a flag, then the 16 from each of `words` on."""

    flags: bool
    words: tuple[int, ...]

    def unpack(self, raw: bytes, /) -> tuple[int, ...]:
        """The fields; the first bit of the reply is the least significant of its first byte."""
        bits = int.from_bytes(raw, "little")
        found = tuple(bits >> at & 0xFFFF for at in self.words)
        return (bits, *found) if self.flags else found


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """One request: `count` registers or bits from `start` of one table of one unit."""

    unit: int
    table: Table
    start: int
    count: int
    layout: Layout
    fields: tuple[Field, ...]

    def tags(self) -> set[str]:
        """Every tag that is drawn from the reply."""
        return {tap.tag for field in self.fields for tap in field.taps}


def plan_reads(
    points: Iterable[Point], *, unit: int = 1, most: int = MOST_REGISTERS, order: str = STRAIGHT
) -> tuple[PlannedRead, ...]:
    """Cover the points with as few requests as possible, never cutting a value.

    `order` is that of bytes and words where a point names none. Raises ValueError for an address that cannot be
    read and for two values that overlap.
    """
    located = ((RegisterAddress.parse(point.address, unit=unit), point) for point in points)
    placed = sorted(located, key=lambda item: item[0])
    reads: list[list[tuple[RegisterAddress, Point]]] = []
    for address, point in placed:
        if address.bit >= 0 and str(point.type) != "bool":
            raise ValueError(f"{point.tag}: a bit address belongs to a bool, not to {point.type}")
        size, room = address.size(point.type), most * (BITS_IN_ONE if address.table.of_bits else 1)
        if reads:
            first = reads[-1][0][0]
            same_table = (first.unit, first.table) == (address.unit, address.table)
            if same_table and address.number + size - first.number <= room:
                reads[-1].append((address, point))
                continue
        if size > room:
            raise ValueError(f"{point.tag}: {point.type} takes {size} registers, most is {room}")
        reads.append([(address, point)])
    return tuple(_planned_bits(group) if group[0][0].table.of_bits else _planned(group, order) for group in reads)


def _planned(group: list[tuple[RegisterAddress, Point]], default: str) -> PlannedRead:
    start = group[0][0].number
    layout, end = ">", 0
    fields: list[Field] = []
    for address, point in group:
        order = point.byte_order or default
        offset, kind = address.number - start, field_format(point.type, order)
        tap = _tap(point, bit_mask(address.bit, order) if address.bit >= 0 else 0, order)
        if fields and fields[-1].offset == offset and fields[-1].format == kind:
            last = fields.pop()
            fields.append(Field(offset, kind, (*last.taps, tap)))
            continue
        if offset < end:
            raise ValueError(f"{point.tag} at {point.address} overlaps {fields[-1].taps[-1].tag}")
        layout += "x" * (2 * (offset - end)) + kind
        fields.append(Field(offset, kind, (tap,)))
        end = offset + point.type.words
    first = group[0][0]
    return PlannedRead(first.unit, first.table, start, end, struct.Struct(layout), tuple(fields))


def _planned_bits(group: list[tuple[RegisterAddress, Point]]) -> PlannedRead:
    first, end = group[0][0], 0
    flags, words = [], []
    for address, point in group:
        offset = address.number - first.number
        if offset < end:
            raise ValueError(f"{point.tag} at {point.address} overlaps another tag")
        end = offset + address.size(point.type)
        if point.type.base is BaseType.BOOL:
            flags.append(_tap(point, 1 << offset))
        else:
            words.append((offset, _tap(point, 0)))
    layout = BitLayout(bool(flags), tuple(offset for offset, _ in words))
    all_flags = (Field(0, "bits", tuple(flags)),) if flags else ()
    fields = (*all_flags, *(Field(offset, "H", (tap,)) for offset, tap in words))
    return PlannedRead(first.unit, first.table, first.number, end, layout, fields)


def _tap(point: Point, mask: int, order: str = STRAIGHT) -> Tap:
    # Infinity is no value of a sensor: the widest limits are the largest finite numbers.
    low = -sys.float_info.max if point.low is None else point.low
    high = sys.float_info.max if point.high is None else point.high
    if mask:
        return Tap(point.tag, mask, 0 if point.inverted else mask, 0.0, None, low, high)
    divisor = whole_divisor(point)
    plain = point.type.count == 1 and point.type.base not in (BaseType.BOOL, BaseType.STR)
    if not plain or divisor is None or places(point.type, order) is not None:
        return Tap(point.tag, 0, 0, 0.0, decoder(point, order=order), low, high)
    return Tap(point.tag, 0, 0, divisor, None, low, high)


class BlockImage:
    """Values of one scan class, decoded from the raw replies; only what changed is decoded again."""

    def __init__(self, reads: tuple[PlannedRead, ...]) -> None:
        self.reads = reads
        self._newest: dict[str, Value] = {}
        self._values: Mapping[str, Value] = MappingProxyType(self._newest)
        self._bad = frozenset(tag for read in reads for tag in read.tags())
        self._draft: tuple[dict[str, Value], set[str]] | None = None
        self._raw: list[bytes] = [b""] * len(reads)
        self._unpacked: list[tuple[Any, ...]] = [(None,) * len(read.fields) for read in reads]

    @property
    def values(self) -> Mapping[str, Value]:
        """Every tag that has a value; the very same object as before when nothing changed."""
        self._settle()
        return self._values

    @property
    def bad(self) -> frozenset[str]:
        """Tags never read, not decodable, or implausible."""
        self._settle()
        return self._bad

    def take(self, index: int, raw: bytes) -> None:
        """Note the reply to read `index`: exactly its registers, big-endian."""
        if raw == self._raw[index]:
            return
        read = self.reads[index]
        values, bad = self._open_draft()
        new, old = read.layout.unpack(raw), self._unpacked[index]
        for field, now, before in zip(read.fields, new, old, strict=True):
            if now == before:
                continue
            # Of a word of bits only those that changed are drawn again; `before` is None after a gap.
            changed = now ^ before if field.taps[0].mask and before is not None else -1
            for tag, mask, on, divisor, decode, low, high in field.taps:
                if mask:
                    if mask & changed:
                        values[tag] = now & mask == on
                        bad.discard(tag)
                elif decode is None:
                    value = values[tag] = now / divisor if divisor else now
                    if not low <= value <= high:
                        bad.add(tag)
                    elif bad:
                        bad.discard(tag)
                else:
                    _decode(tag, decode, now, (low, high), values, bad)
        self._raw[index], self._unpacked[index] = raw, new

    def forget(self, index: int) -> None:
        """Declare every tag of read `index` not good until its next reply."""
        self._raw[index] = b""
        self._unpacked[index] = (None,) * len(self.reads[index].fields)
        self._open_draft()[1].update(self.reads[index].tags())

    def _open_draft(self) -> tuple[dict[str, Value], set[str]]:
        # One copy for all replies of a scan: a snapshot given out never changes.
        if self._draft is None:
            self._draft = self._newest.copy(), set(self._bad)
        return self._draft

    def _settle(self) -> None:
        if self._draft is not None:
            (self._newest, bad), self._draft = self._draft, None
            self._values = MappingProxyType(self._newest)
            self._bad = self._bad if bad == self._bad else frozenset(bad)


def _decode(
    tag: str,
    decode: Decode,
    raw: Any,
    limits: tuple[float, float],
    values: dict[str, Value],
    bad: set[str],
) -> None:
    try:
        value = values[tag] = decode(raw)
    except ValueError:
        values.pop(tag, None)
        bad.add(tag)
        return
    items = value if isinstance(value, tuple) else (value,)
    if all(isinstance(item, str) or limits[0] <= item <= limits[1] for item in items):
        bad.discard(tag)
    else:
        bad.add(tag)


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One request that writes consecutive holding registers, or one coil, of one unit."""

    unit: int
    start: int
    data: bytes
    tags: tuple[str, ...]
    table: Table = Table.HOLDING


MOST_WRITTEN = 123
"""Registers one request may write (Modbus application protocol V1.1b3, 6.12)."""


def plan_writes(fields: Iterable[tuple[str, RegisterAddress, bytes]]) -> tuple[PlannedWrite, ...]:
    """Join values that lie one behind the other into one request, keeping the given order."""
    writes: list[PlannedWrite] = []
    for tag, address, data in fields:
        last = writes[-1] if writes else None
        if (
            last is not None
            and last.table is address.table is Table.HOLDING
            and (last.unit, last.start + len(last.data) // 2) == (address.unit, address.number)
            and len(last.data) + len(data) <= 2 * MOST_WRITTEN
        ):
            writes[-1] = PlannedWrite(last.unit, last.start, last.data + data, (*last.tags, tag))
        else:
            writes.append(PlannedWrite(address.unit, address.number, data, (tag,), address.table))
    return tuple(writes)
