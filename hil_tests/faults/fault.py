"""One entry of the fault catalogue: what goes wrong, where it is injected, and how the station must react.

Knows the form of an entry. Does not know how a fault is injected or what happened when it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Layer(Enum):
    """Where a fault is injected."""

    MODBUS_TCP = "Modbus TCP"
    MODBUS_RTU = "Modbus RTU"
    OPC_UA = "OPC UA"
    PLANT = "plant"
    PROCESS = "process and host"
    STATION = "station"
    """A fault of the station's trade, by its number in the catalogue of station faults (F01 to F37)."""


class Reaction(Enum):
    """The class of the station's reaction; a stronger one has a higher rank."""

    TRANSPARENT = "R0"
    """Nobody notices: no alarm, the swap goes on."""
    DEGRADED = "R1"
    """An alarm, and the swap goes on."""
    HOLD = "R2"
    """A controlled stop; a person can resume it."""
    ABORT = "R3"
    """Aborted; a person recovers it."""
    REFUSED = "RX"
    """Refused before anything moves."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the catalogue.

    `code` is its number (M01, T06, O12, P01, H03, F17); `text` says it in one line, as the manual prints it. `expected` are the
    reactions that are right, for the whole of its cases: where it depends on the step, the case itself says which. `steps` says
    in words where it can act at all, "" meaning every step that orders a motion. `not_here` says why this station cannot have
    the fault (it has no such part); such an entry is printed, never counted as shown.
    """

    code: str
    text: str
    layer: Layer
    expected: tuple[Reaction, ...]
    steps: str = ""
    not_here: str = ""
