"""The passenger-car station as its sequences see it: roles, policy and named places.

Knows which roles the station type has. Does not know which devices fill them.
"""

from __future__ import annotations

from dataclasses import dataclass

from station_ctl.core.errors import NotFound
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import (
    BaySignals,
    ChargingRack,
    PackIdReader,
    SafetyChain,
    Stacker,
    SwapRobot,
    VehicleLift,
    VehicleLink,
)

HANDOVER_IN = "handover_in"
HANDOVER_OUT = "handover_out"
ROBOT = "robot"

TRAVEL_MM = 210.0
"""Height of the robot's table up to which it carries and travels; above, it stands under a vehicle."""

REQUIRED_ROLES = ("robot", "lift", "vehicle", "stacker", "safety", "reader")


def vehicle_place(vin: str) -> str:
    """The place in the custody ledger that a vehicle is."""
    return f"vehicle:{vin}"


@dataclass(frozen=True)
class CarStation:
    """The roles of a passenger station with chassis swap."""

    robot: SwapRobot
    lift: VehicleLift
    vehicle: VehicleLink
    stacker: Stacker
    racks: tuple[ChargingRack, ...]
    safety: SafetyChain
    reader: PackIdReader
    policy: SitePolicy

    @property
    def bays(self) -> tuple[BaySignals, ...]:
        """All bays of all racks, in the order of their station-wide numbers."""
        return tuple(bay for rack in self.racks for bay in rack.bays)

    def bay(self, name: str) -> BaySignals:
        """A bay by its name. Raises NotFound."""
        for bay in self.bays:
            if bay.name == name:
                return bay
        raise NotFound(f"there is no bay {name}; bays are {', '.join(b.name for b in self.bays)}")

    def rack_of(self, bay: BaySignals) -> ChargingRack:
        """The rack that a bay belongs to."""
        return next(rack for rack in self.racks if bay in rack.bays)
