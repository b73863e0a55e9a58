"""Planned block reads: which registers are read in one request, and what the reply says.

Knows tags, addresses and raw replies. Does not know how a request travels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.engineering import implausible
from drivers.registers import Decode, RegisterAddress, Table, decoder, field_format
from station_ctl.core.points import Point, Value

MOST_REGISTERS = 120
"""Registers asked in one request. The protocol allows 125; a request costs as much as some 400 registers,
so gaps are read over, and the margin keeps devices content that count their header into the limit."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One tag drawn from a field."""

    point: Point
    decode: Decode


@dataclass(frozen=True, slots=True)
class Field:
    """Registers that are unpacked together; the bits of one word are one field with many taps."""

    offset: int
    format: str
    taps: tuple[Tap, ...]


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """One request: `count` registers from `start` of one table of one unit."""

    unit: int
    table: Table
    start: int
    count: int
    layout: struct.Struct
    fields: tuple[Field, ...]


def plan_reads(
    points: Iterable[Point], *, unit: int = 1, most: int = MOST_REGISTERS
) -> tuple[PlannedRead, ...]:
    """Cover the points with as few requests as possible, never cutting a value.

    Raises ValueError for an address that cannot be read and for two values that overlap.
    """
    located = ((RegisterAddress.parse(point.address, unit=unit), point) for point in points)
    placed = sorted(located, key=lambda item: item[0])
    reads: list[list[tuple[RegisterAddress, Point]]] = []
    for address, point in placed:
        if address.bit >= 0 and str(point.type) != "bool":
            raise ValueError(f"{point.tag}: a bit address belongs to a bool, not to {point.type}")
        if reads:
            first = reads[-1][0][0]
            same_table = (first.unit, first.table) == (address.unit, address.table)
            if same_table and address.number + point.type.words - first.number <= most:
                reads[-1].append((address, point))
                continue
        if point.type.words > most:
            raise ValueError(f"{point.tag}: {point.type} takes {point.type.words} registers, most is {most}")
        reads.append([(address, point)])
    return tuple(_planned(group) for group in reads)


def _planned(group: list[tuple[RegisterAddress, Point]]) -> PlannedRead:
    start = group[0][0].number
    layout, end = ">", 0
    fields: list[Field] = []
    for address, point in group:
        offset, kind = address.number - start, field_format(point.type)
        tap = Tap(point, decoder(point, address.bit))
        if fields and fields[-1].offset == offset and fields[-1].format == kind:
            last = fields.pop()
            fields.append(Field(offset, kind, (*last.taps, tap)))
            continue
        if offset < end:
            raise ValueError(f"{point.tag} at {point.address} overlaps {fields[-1].taps[-1].point.tag}")
        layout += "x" * (2 * (offset - end)) + kind
        fields.append(Field(offset, kind, (tap,)))
        end = offset + point.type.words
    first = group[0][0]
    return PlannedRead(first.unit, first.table, start, end, struct.Struct(layout), tuple(fields))


class BlockImage:
    """Values of one scan class, decoded from the raw replies; only what changed is decoded again."""

    def __init__(self, reads: tuple[PlannedRead, ...]) -> None:
        self.reads = reads
        self.values: Mapping[str, Value] = MappingProxyType({})
        self.bad: frozenset[str] = frozenset(tag for read in reads for tag in _tags(read))
        self._raw: list[bytes] = [b""] * len(reads)
        self._unpacked: list[tuple[object, ...]] = [(None,) * len(read.fields) for read in reads]

    def take(self, index: int, raw: bytes) -> None:
        """Note the reply to read `index`: exactly its registers, big-endian."""
        if raw == self._raw[index]:
            return
        read = self.reads[index]
        values, bad = dict(self.values), set(self.bad)
        new, old = read.layout.unpack(raw), self._unpacked[index]
        for position, field in enumerate(read.fields):
            if new[position] == old[position] and old[position] is not None:
                continue
            for tap in field.taps:
                _draw(tap, new[position], values, bad)
        self._raw[index], self._unpacked[index] = raw, new
        self.values = MappingProxyType(values)
        if bad != self.bad:
            self.bad = frozenset(bad)

    def forget(self, index: int) -> None:
        """Declare every tag of read `index` not good until its next reply."""
        self._raw[index] = b""
        self._unpacked[index] = (None,) * len(self.reads[index].fields)
        self.bad = self.bad | _tags(self.reads[index])


def _tags(read: PlannedRead) -> set[str]:
    return {tap.point.tag for field in read.fields for tap in field.taps}


def _draw(tap: Tap, raw: object, values: dict[str, Value], bad: set[str]) -> None:
    tag = tap.point.tag
    try:
        value = tap.decode(raw)
    except ValueError:
        values.pop(tag, None)
        bad.add(tag)
        return
    values[tag] = value
    if implausible(tap.point, value):
        bad.add(tag)
    else:
        bad.discard(tag)


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One request that writes consecutive holding registers of one unit."""

    unit: int
    start: int
    data: bytes
    tags: tuple[str, ...]


MOST_WRITTEN = 123
"""Registers one request may write (Modbus application protocol V1.1b3, 6.12)."""


def plan_writes(fields: Iterable[tuple[str, RegisterAddress, bytes]]) -> tuple[PlannedWrite, ...]:
    """Join values that lie one behind the other into one request, keeping the given order."""
    writes: list[PlannedWrite] = []
    for tag, address, data in fields:
        last = writes[-1] if writes else None
        if (
            last is not None
            and (last.unit, last.start + len(last.data) // 2) == (address.unit, address.number)
            and len(last.data) + len(data) <= 2 * MOST_WRITTEN
        ):
            writes[-1] = PlannedWrite(last.unit, last.start, last.data + data, (*last.tags, tag))
        else:
            writes.append(PlannedWrite(address.unit, address.number, data, (tag,)))
    return tuple(writes)
