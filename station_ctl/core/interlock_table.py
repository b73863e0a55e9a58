"""The interlock table as data: one row per interlock, one column per kind of step.

Knows the form in which it is printed and signed. Does not judge anything; steps carry their own interlocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from station_ctl.core.steps import Interlock

CELLS: Mapping[str, str] = {
    "X": "must be proven before the step begins",
    "H": "as X, and its loss during the step holds the run",
    "S": "as X, and its loss during the step stops and aborts; it holds where a PLC that takes orders is silent",
    "-": "not needed",
}
"""What a cell means."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One interlock and its cell in each column, in the order of the columns."""

    interlock: Interlock
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterlockTable:
    """Rows × kinds of steps. `columns` gives the name of each kind by its short form, in order."""

    columns: Mapping[str, str]
    rows: tuple[TableRow, ...]
