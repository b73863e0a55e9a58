"""I/O lists: a PLC supplier's CSV read row by row, every wrong cell with its line and column.

Knows the columns and what one row may say. Does not know other rows (io_checks.py) nor what a tag means.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from station_ctl.config.addresses import AddressReader, address_reader
from station_ctl.config.yaml_positions import Finding, shown
from station_ctl.core.points import (
    BYTE_ORDERS,
    NUMBERS,
    WHOLE,
    Access,
    BaseType,
    IoList,
    Point,
    PointType,
    ScanClass,
)

T = TypeVar("T")

NEEDED = ("tag", "address", "type", "access", "scan")
FOREIGN = ("offset", "byte_order", "sense", "codes", "same_as")
"""Columns that only a PLC needs which shows things another way than the contract."""

COLUMNS = (*NEEDED, "unit", "scale", *FOREIGN, "min", "max", "text")
_TAG = re.compile(r"^[A-Z][A-Z0-9_]{0,39}$")
_PAIR = re.compile(r"^(-?\d+)=(-?\d+)$")


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of one cell and where it begins; line and column count from 1."""

    text: str
    line: int
    col: int


@dataclass(slots=True)
class IoFile:
    """One I/O list as read: its points, where each cell stands, and what is wrong with it so far."""

    file: str
    points: dict[str, Point] = field(default_factory=dict)
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""
    has_rows: bool = False
    path: Path = Path()

    def report(self, tag: str, column: str, text: str) -> None:
        """Note one error at the cell of a tag, or at the top of the file where there is none."""
        cell = self.cells.get((tag, column), Cell("", 1, 1))
        self.findings.append(Finding(self.file, cell.line, cell.col, tag, text))

    def io_list(self) -> IoList:
        """The points as the machine takes them. Only for a file without findings."""
        return IoList(self.file, tuple(self.points.values()))


class NotACsvRow(ValueError):
    """A line that does not split into cells; `col` says where."""

    def __init__(self, text: str, col: int) -> None:
        super().__init__(text)
        self.col = col


def split_row(line: str, number: int) -> list[Cell]:
    """The cells of one line. A quoted cell ends in its line, `""` is a quote. Raises NotACsvRow."""
    cells, at = [], 0
    while True:
        if line[at : at + 1] != '"':
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            cells.append(Cell(line[at:end].strip(), number, at + 1))
        else:
            match = re.compile(r'"((?:[^"]|"")*)"').match(line, at)
            if match is None:
                raise NotACsvRow("the quote is not closed in this line", at + 1)
            end = match.end()
            if line[end : end + 1] not in ("", ","):
                raise NotACsvRow("text after the closing quote", end + 1)
            cells.append(Cell(match[1].replace('""', '"').strip(), number, at + 1))
        if end >= len(line):
            return cells
        at = end + 1


def read_io_list(path: Path, protocol: str) -> IoFile:
    """Read one I/O list for a link of this protocol. What is wrong is a finding, never an exception."""
    io = IoFile(shown(path), path=path.absolute())
    lines = _lines(path, io)
    if not any(lines):
        if not io.findings:
            io.report("", "", "is empty: the first line names the columns")
        return io
    columns = _header(lines[0], io)
    if columns is None:
        return io
    io.has_rows = True
    reader = address_reader(protocol)
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" ,"):
            continue
        try:
            cells = split_row(line, number)
        except NotACsvRow as error:
            io.findings.append(Finding(io.file, number, error.col, "", str(error)))
            continue
        if len(cells) != len(columns):
            text = f"has {len(cells)} cells, the header {len(columns)}; text with a comma stands in quotes"
            io.findings.append(Finding(io.file, number, 1, cells[0].text, text))
            continue
        _Row(dict(zip(columns, cells, strict=True)), io, reader).add()
    return io


def _lines(path: Path, io: IoFile) -> list[str]:
    try:
        raw = path.read_bytes()
        io.digest = hashlib.sha256(raw).hexdigest()
        return [line.rstrip("\r") for line in raw.decode("utf-8-sig").split("\n")]
    except FileNotFoundError:
        io.report("", "", "there is no such file")
    except OSError as error:
        io.report("", "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        col = error.start - error.object.rfind(b"\n", 0, error.start)
        io.findings.append(Finding(io.file, line, col, "", "is not UTF-8 text"))
    return []


def _header(line: str, io: IoFile) -> list[str] | None:
    """Names of the columns; None if rows cannot be read for what is wrong with them."""
    try:
        cells = split_row(line, 1)
    except NotACsvRow as error:
        io.findings.append(Finding(io.file, 1, error.col, "", str(error)))
        return None
    names = [cell.text for cell in cells]
    if len(names) == 1 and ";" in line:
        io.report("", "", "cells are separated by commas, not semicolons")
        return None
    for place, cell in enumerate(cells):
        if cell.text not in COLUMNS:
            text = f"unknown column {cell.text!r}: columns are {', '.join(COLUMNS)}"
            io.findings.append(Finding(io.file, 1, cell.col, "", text))
        elif cell.text in names[:place]:
            io.findings.append(Finding(io.file, 1, cell.col, "", f"column {cell.text!r} occurs twice"))
    missing = [name for name in NEEDED if name not in names]
    for name in missing:
        io.report("", "", f"column {name!r} is missing")
    return None if missing or len(set(names)) < len(names) else names


class _Row:
    """One row: each cell read on its own, so that one wrong cell does not hide the next."""

    def __init__(self, cells: dict[str, Cell], io: IoFile, read_address: AddressReader) -> None:
        self.cells = cells
        self.io = io
        self.tag = cells["tag"].text
        self.read_address = read_address
        self.before = len(io.findings)

    def add(self) -> None:
        """Read the row and add its point, or its findings, to the file."""
        if self._cell("tag", _tag) is None:
            return
        kind = self._cell("type", PointType.parse)
        access = self._cell("access", _access)
        scan = self._cell("scan", _scan)
        numbers = {column: self._cell(column, _number) for column in ("scale", "offset", "min", "max")}
        order, sense = self._cell("byte_order", _byte_order), self._cell("sense", _sense)
        codes = self._cell("codes", _codes)
        if kind is not None and access is not None:
            self._cell("address", lambda text: self.read_address(text, kind, access))
            self._together(kind, access, scan, numbers)
            self._foreign(kind, access, numbers)
        if (self.tag, "tag") in self.io.cells:
            first = self.io.cells[self.tag, "tag"].line
            self._report("tag", f"tag occurs twice, first in line {first}")
            return
        self.io.cells.update({(self.tag, column): cell for column, cell in self.cells.items()})
        clean = len(self.io.findings) == self.before
        if clean and kind is not None and access is not None and scan is not None:
            scale, offset = numbers["scale"], numbers["offset"]
            self.io.points[self.tag] = Point(
                self.tag, self.cells["address"].text, kind, access, scan, self._text("unit"),
                1.0 if scale is None else scale, numbers["min"], numbers["max"], self._text("text"),
                offset=offset or 0.0, byte_order=order or "", inverted=bool(sense), codes=codes or (),
            )  # fmt: skip

    def _together(
        self, kind: PointType, access: Access, scan: ScanClass | None, numbers: dict[str, float | None]
    ) -> None:
        if scan is not None and (scan is ScanClass.NONE) != (access is Access.WRITE):
            self._report("scan", "a write tag has scan -, a read tag fast, normal or slow")
        for column, value in numbers.items():
            if value is not None and kind.base not in NUMBERS:
                self._report(column, f"a {kind} has no {column}")
        scale, offset, low, high = numbers.values()
        if scale == 0:
            self._report("scale", "scale 0 makes every value 0")
        elif scale not in (None, 1) and access is Access.WRITE:
            self._report("scale", "a write tag is written as it is: no scale")
        if offset and access is Access.WRITE:
            self._report("offset", "a write tag is written as it is: no offset")
        if low is not None and high is not None and low >= high:
            self._report("max", f"max must be more than min, {low:g}")

    def _foreign(self, kind: PointType, access: Access, numbers: dict[str, float | None]) -> None:
        """What a PLC shows its own way: each of these columns fits some types only."""
        if self._text("byte_order") and self.read_address is address_reader("opcua"):
            self._report("byte_order", "OPC UA says itself how a value is put together: no byte order")
        if self._text("sense") and (kind.base is not BaseType.BOOL or access is Access.WRITE):
            self._report("sense", "not is for a bool that is read")
        if not self._text("codes"):
            return
        if kind.base not in WHOLE:
            self._report("codes", f"a {kind} has no codes: they are for whole numbers")
        if numbers["offset"] or numbers["scale"] not in (None, 1):
            self._report("codes", "a code is a name and no measure: no scale and no offset beside it")
        ours = [pair.partition("=")[2] for pair in self._text("codes").split()]
        if access is Access.WRITE and len(set(ours)) < len(ours):
            self._report("codes", "a code of ours that is written has one code of the PLC's")

    def _text(self, column: str) -> str:
        return self.cells[column].text if column in self.cells else ""

    def _cell(self, column: str, read: Callable[[str], T]) -> T | None:
        if column not in self.cells:
            return None
        try:
            return read(self.cells[column].text)
        except ValueError as error:
            self._report(column, str(error))
            return None

    def _report(self, column: str, text: str) -> None:
        cell = self.cells[column]
        got = f" (got {cell.text!r})" if cell.text and repr(cell.text) not in text else ""
        self.io.findings.append(Finding(self.io.file, cell.line, cell.col, self.tag, text + got))


def _tag(text: str) -> str:
    if not _TAG.match(text):
        raise ValueError("a tag is of capital letters, digits and _, at most 40, a letter first")
    return text


def _access(text: str) -> Access:
    if text not in tuple(Access):
        raise ValueError("access is r (the PLC writes it, we read) or w (we write it)")
    return Access(text)


def _scan(text: str) -> ScanClass:
    if text not in tuple(ScanClass):
        raise ValueError("scan is fast, normal, slow, or - for a write tag")
    return ScanClass(text)


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise ValueError("needs a number with a decimal point") from None
    if not math.isfinite(number):
        raise ValueError("needs a finite number")
    return number


def _byte_order(text: str) -> str:
    if text and text not in BYTE_ORDERS:
        raise ValueError(f"byte_order is one of {', '.join(BYTE_ORDERS)}, or empty for that of the link")
    return text


def _sense(text: str) -> bool:
    if text not in ("", "not"):
        raise ValueError("sense is not, where the PLC's 1 means off, or empty")
    return text == "not"


def _codes(text: str) -> tuple[tuple[int, int], ...]:
    pairs = tuple((int(pair[1]), int(pair[2])) for pair in map(_PAIR.match, text.split()) if pair)
    if len(pairs) < len(text.split()):
        raise ValueError("codes are pairs PLC=ours of whole numbers, separated by spaces, as in 0=0 16=1")
    if len({theirs for theirs, _ in pairs}) < len(pairs):
        raise ValueError("a code of the PLC's has two meanings")
    return pairs
