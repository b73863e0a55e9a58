"""The heavy-truck station as its sequences see it: crane, stand, truck, racks, and what they can measure.

Knows which roles the station type has. Does not know which devices fill them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sequences.racked_station import RackedStation, bay_positions, either
from station_ctl.core.positions import Position
from station_ctl.core.truck_roles import GantryCrane, Over, PackSeat, TruckLink, TruckStand

CRANE = "crane"
"""The place in the custody ledger that the crane's gripper is."""

CORNERS, CONES = 0b1111, 0b11
"""Every corner of the gripper, every guide cone."""

EMPTY_HOIST_KG = 500.0
"""What an empty gripper may weigh on its way up before something else must be hanging on it."""

TRAVEL_MM = 5900.0
"""Underside of the gripper from which on it, or the pack in it, passes over trucks and bays; a switch says so, too."""

SWAY_STILL_DEG, SWAY_LOWERING_DEG, SWAY_MOST_DEG = 0.6, 1.0, 4.0
"""Sway at which the crane may begin to lower, beyond which it must not go on lowering, nor travelling (fault F34)."""

AIM_MM, AIM_DEG = 15.0, 0.5
"""How far beside the scanned pose the gripper may hang: its cones find a pack within 50 mm."""

REACH_MM, YAW_MOST_DEG, ROLL_MOST_DEG = 300.0, 4.0, 2.0
"""How far from its nominal place a truck may stand: the gripper turns and travels after it, and cannot tilt."""

SCAN_QUALITY_PERCENT = 70.0
"""Below it the scanner has seen too little of the pack's outline, as at night, in rain, with dust on its window."""

REQUIRED_ROLES = ("crane", "stand", "vehicle", "safety")


@dataclass(frozen=True)
class TruckStation(RackedStation):
    """The roles of a truck station with top lift."""

    crane: GantryCrane
    stand: TruckStand
    vehicle: TruckLink

    @property
    def isolation(self) -> GantryCrane:
        """The isolation place, as the crane sees it: that is who carries packs there."""
        return self.crane


def positions(st: TruckStation) -> dict[str, tuple[Position, ...]]:
    """What sensors can show of where each machine stands, in words, by role; bays under `bay <name>`."""
    crane, stand, truck = st.crane, st.stand, st.vehicle
    over = {
        Over.PARK: "parked", Over.TRUCK: "over the truck", Over.BAY: "over a bay", Over.ISOLATION: "over the isolation place",
        Over.BETWEEN: "between two of its places",
    }  # fmt: skip
    return {
        "crane": (
            Position("where it hangs", tuple((words, crane.over.equals(place)) for place, words in over.items())),
            either("gripper at travel height", crane.hoisted, "gripper lowered"),
            Position("the gripper", (
                ("gripper closed", crane.gripper_closed.has_bits(CORNERS)), ("gripper open", crane.gripper_open.has_bits(CORNERS)),
                ("gripper half-way", crane.gripper_open.at_most(CORNERS)),
            )),
            Position("what it holds", (
                ("a pack at all four corners", crane.landed.has_bits(CORNERS)), ("nothing below the gripper", crane.landed.equals(0)),
                ("something at some corners only", crane.landed.at_least(1)),
            )),
            either("ropes tight", crane.ropes_tight, "ropes slack"),
        ),
        "stand": (
            Position("the truck's place", (
                ("no truck in the bay", stand.bay_empty.is_on()), ("a truck at the wheel stop", stand.at_wheel_stop.is_on()),
                ("a truck short of the wheel stop", stand.at_wheel_stop.is_off()),
            )),
            either("its pose is scanned", stand.scanned, "its pose is not scanned"),
        ),
        "vehicle": (
            either("radio link up", truck.link_ok, "no radio link"),
            Position("high voltage", (("high voltage off", truck.hv_off.is_on()), ("high voltage not off", truck.hv_off.is_off()))),
            Position("the pack connector", (
                ("pack connector mated", truck.connector_mated.is_on()), ("pack connector apart", truck.connector_apart.is_on()),
                ("pack connector half-way", truck.connector_mated.is_off()),
            )),
            either("a pack in its seat", truck.pack_latched, "no pack in its seat"),
            *(position for no, seat in enumerate(truck.seats[1:], 2) for position in _further_seat(no, seat)),
        ),
        **{f"bay {bay.name}": bay_positions(bay) for bay in st.bays},
    }  # fmt: skip


def _further_seat(no: int, seat: PackSeat) -> tuple[Position, Position]:
    """A truck with fewer packs shows a further seat empty, its connector neither mated nor apart."""
    connector = (
        (f"connector {no} mated", seat.connector_mated.is_on()), (f"connector {no} apart", seat.connector_apart.is_on()),
        (f"no connector {no} in place", seat.connector_mated.is_off()),
    )  # fmt: skip
    return either(f"a pack in seat {no}", seat.latched, f"no pack in seat {no}"), Position(f"pack connector {no}", connector)
