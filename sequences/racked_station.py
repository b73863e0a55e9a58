"""What every station type has: racks of bays, the safety chain, the site's policy.

Knows bays by name and number. Does not know what carries a pack, nor a vehicle.
"""

from __future__ import annotations

from dataclasses import dataclass

from station_ctl.core.errors import NotFound
from station_ctl.core.policy import SitePolicy
from station_ctl.core.positions import Position
from station_ctl.core.roles import BaySignals, ChargingRack, SafetyChain
from station_ctl.core.signals import Signal

ISOLATION = "isolation"
"""The place in the custody ledger that a hot pack is brought to."""


def vehicle_place(vin: str, seat: int = 0) -> str:
    """The place in the custody ledger that a vehicle is, or one of its further seats, counted from 0."""
    return f"vehicle:{vin}/{seat + 1}" if seat else f"vehicle:{vin}"


@dataclass(frozen=True)
class RackedStation:
    """The roles that any station has; each type adds its own."""

    racks: tuple[ChargingRack, ...]
    safety: SafetyChain
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


def bay_positions(bay: BaySignals) -> tuple[Position, ...]:
    """What sensors can show of one bay, in words."""
    plug = ("plug in", bay.plug_in.is_on()), ("plug out", bay.plug_out.is_on()), ("plug half-way", bay.plug_in.is_off())
    socket = either("socket dead", bay.socket_dead, "socket live")
    return either("a pack in it", bay.present, "empty"), Position("the plug", plug), socket


def either(yes: str, sensor: Signal[bool], no: str) -> Position:
    """What one switch shows, in words."""
    return Position(sensor.name, ((yes, sensor.is_on()), (no, sensor.is_off())))
