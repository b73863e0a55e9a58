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
from station_ctl.core.points import Access, BaseType, IoList, Point, PointType, ScanClass

T = TypeVar("T")

NEEDED = ("tag", "address", "type", "access", "scan")
COLUMNS = (*NEEDED, "unit", "scale", "min", "max", "text")
_TAG = re.compile(r"^[A-Z][A-Z0-9_]{0,39}$")


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
    io = IoFile(shown(path))
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
        scale = self._cell("scale", _number)
        low, high = self._cell("min", _number), self._cell("max", _number)
        if kind is not None and access is not None:
            self._cell("address", lambda text: self.read_address(text, kind, access))
            self._together(kind, access, scan, scale, low, high)
        if (self.tag, "tag") in self.io.cells:
            first = self.io.cells[self.tag, "tag"].line
            self._report("tag", f"tag occurs twice, first in line {first}")
            return
        self.io.cells.update({(self.tag, column): cell for column, cell in self.cells.items()})
        clean = len(self.io.findings) == self.before
        if clean and kind is not None and access is not None and scan is not None:
            text, unit = (self._text(column) for column in ("text", "unit"))
            address = self.cells["address"].text
            factor = 1.0 if scale is None else scale
            self.io.points[self.tag] = Point(
                self.tag, address, kind, access, scan, unit, factor, low, high, text
            )

    def _together(
        self, kind: PointType, access: Access, scan: ScanClass | None, scale: float | None,
        low: float | None, high: float | None,
    ) -> None:  # fmt: skip
        if scan is not None and (scan is ScanClass.NONE) != (access is Access.WRITE):
            self._report("scan", "a write tag has scan -, a read tag fast, normal or slow")
        numeric = kind.base not in (BaseType.BOOL, BaseType.STR)
        for column, value in (("scale", scale), ("min", low), ("max", high)):
            if value is not None and not numeric:
                self._report(column, f"a {kind} has no {column}")
        if scale == 0:
            self._report("scale", "scale 0 makes every value 0")
        elif scale not in (None, 1) and access is Access.WRITE:
            self._report("scale", "a write tag is written as it is: no scale")
        if low is not None and high is not None and low >= high:
            self._report("max", f"max must be more than min, {low:g}")

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
