"""The kinds of stations that can be simulated, by the name that a station file gives its archetype.

Knows which plant and which wires belong together. Does not know how they run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.wire.faces import PASSENGER, TRUCK


@dataclass(frozen=True, slots=True)
class Kind:
    """A plant and, by name, protocol and I/O list, what its PLCs show."""

    make: Callable[..., RunningStation]
    faces: tuple[tuple[str, str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All PLCs and instruments."""
        return tuple(name for name, *_ in self.faces)


KINDS: Mapping[str, Kind] = {
    "passenger_car": Kind(SimStation, PASSENGER),
    "heavy_truck": Kind(TruckSimStation, TRUCK),
}
