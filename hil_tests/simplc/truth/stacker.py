"""The stacker: carriage, hoist and fork between handover and bays.

Knows what a fork does to a pack and a plug. Does not know orders or sensors.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil_tests.simplc.truth.bay import Bay
from hil_tests.simplc.truth.motion import Ramp, Stall, Steps
from hil_tests.simplc.truth.packs import (
    HANDOVER_IN,
    HANDOVER_OUT,
    ISOLATION,
    STACKER,
    Collision,
    Pack,
    Places,
)

SPEED_MM_S, HOIST_MM_S = 2000.0, 1000.0
FORK_MM = 1400.0
PARK = (1500.0, 300.0)
SPOTS = {HANDOVER_IN: (0.0, 300.0), HANDOVER_OUT: (0.0, 1300.0), ISOLATION: (13500.0, 300.0)}


def bay_spot(number: int, per_rack: int) -> tuple[float, float]:
    """Carriage and hoist position of station bay `number` 1.. ; rack B lies opposite rack A."""
    index = (number - 1) % per_rack
    columns = (per_rack + 1) // 2
    return 3000.0 + 1500.0 * (index % columns), 300.0 if index < columns else 2300.0


@dataclass(slots=True, eq=False)
class Stacker:
    """`x`, `z`, `fork` in mm; `at` = the place the carriage is aligned with, `heading` = where it goes."""

    places: Places
    bays: dict[int, Bay]
    spots: dict[str, tuple[float, float]]
    x: float = PARK[0]
    z: float = PARK[1]
    fork: float = 0.0
    at: str = "park"
    heading: str = "park"
    homed: bool = True
    aisle_clear: bool = True
    mishaps: list[tuple[str, str]] = field(default_factory=list)

    @property
    def load(self) -> Pack | None:
        return self.places.at(STACKER)

    def load_kg(self) -> float:
        return self.load.weight_kg if self.load is not None else 0.0

    def travel_s(self, *way: str) -> float:
        """Nominal seconds along a way of places, from where the carriage stands."""
        x, z, total = self.x, self.z, 0.0
        for place in way:
            to_x, to_z = self.spots[place]
            total += max(abs(to_x - x) / SPEED_MM_S, abs(to_z - z) / HOIST_MM_S)
            x, z = to_x, to_z
        return total

    def go(self, place: str, pace: float) -> Steps:
        if self.fork > 1.0:
            self._refuse("S7", "carriage driven with the fork out")
        seconds = self.travel_s(place) * pace
        self.heading = place
        if self.at != place:
            self.at = ""
        x, z = self.spots[place]
        yield Ramp(self, seconds, x=x, z=z)
        self.at = place

    def pick(self, seconds: float) -> Steps:
        """Fork out, up, back; takes what stands there."""
        yield Ramp(self, seconds * 0.4, fork=FORK_MM)
        pack = self.places.at(self.at)
        if pack is not None:
            bay = self._bay()
            if bay is not None and bay.plug > 0.0:
                self._refuse("S12", f"pack torn off its charging plug at {self.at}")
            self.places.move(pack, STACKER)
        yield Ramp(self, seconds * 0.2, z=self.z + 30.0)
        yield Ramp(self, seconds * 0.4, fork=0.0)

    def put(self, seconds: float) -> Steps:
        """Fork out, down, back; sets the pack down there."""
        pack = self.load
        yield Ramp(self, seconds * 0.4, fork=FORK_MM)
        if pack is not None:
            try:
                self.places.move(pack, self.at)
            except Collision as error:
                self._refuse("S11", str(error))
        yield Ramp(self, seconds * 0.2, z=self.z - 30.0)
        yield Ramp(self, seconds * 0.4, fork=0.0)

    def retract(self, seconds: float) -> Steps:
        yield Ramp(self, seconds, fork=0.0)

    def _bay(self) -> Bay | None:
        return next((bay for bay in self.bays.values() if bay.name == self.at), None)

    def _refuse(self, rule: str, text: str) -> None:
        """What physics does not do is a mishap for the monitor and an obstacle for the drive."""
        self.mishaps.append((rule, text))
        raise Stall(text)
