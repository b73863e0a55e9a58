"""An interlock table: rows of interlocks, one cell for each kind of step, and what a step of a kind needs and keeps.

Knows the letters of the cells. Does not know any row, nor which kinds of steps a station type has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from station_ctl.core.steps import Interlock, Kept, OnLoss

LOSSES = {"H": OnLoss.HOLD, "S": OnLoss.ABORT}


@dataclass(frozen=True, slots=True)
class Row:
    """One interlock and its cell in every column: X needed to begin, H hold on loss, S abort on loss, - not needed."""

    interlock: Interlock
    cells: str

    def cell(self, column: StrEnum) -> str:
        """X, H, S or -."""
        return self.cells.split()[_numbers(type(column))[column]]


@cache
def _numbers(columns: type[StrEnum]) -> dict[StrEnum, int]:
    return {column: number for number, column in enumerate(columns)}


class RowTable:
    """Rows of one station and one job."""

    rows: tuple[Row, ...] = ()

    def needs(self, column: StrEnum, *, without: tuple[str, ...] = ()) -> tuple[Interlock, ...]:
        """Permissives of a step of this kind: every row that is not `-`, but those named in `without`."""
        self._know(column, without)
        return tuple(r.interlock for r in self.rows if r.cell(column) != "-" and r.interlock.code not in without)

    def keeps(self, column: StrEnum, *, without: tuple[str, ...] = ()) -> tuple[Kept, ...]:
        """Interlocks that stay on watch during a step of this kind, but those named in `without`."""
        self._know(column, without)
        kept = (row for row in self.rows if row.cell(column) in LOSSES and row.interlock.code not in without)
        return tuple(Kept(row.interlock, LOSSES[row.cell(column)]) for row in kept)

    def _know(self, column: StrEnum, codes: tuple[str, ...]) -> None:
        """A row that is left out by a name that the column does not have would silently be left in."""
        unknown = set(codes) - {row.interlock.code for row in self.rows if row.cell(column) != "-"}
        assert not unknown, f"column {column} has no rows {sorted(unknown)}"
