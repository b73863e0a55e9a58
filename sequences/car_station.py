"""The passenger-car station as its sequences see it: roles, policy and named places.

Knows which roles the station type has. Does not know which devices fill them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sequences.racked_station import RackedStation, bay_positions, either
from sequences.racked_station import vehicle_place as vehicle_place
from station_ctl.core.positions import Position
from station_ctl.core.roles import (
    At,
    PackIdReader,
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


@dataclass(frozen=True)
class CarStation(RackedStation):
    """The roles of a passenger station with chassis swap."""

    robot: SwapRobot
    lift: VehicleLift
    vehicle: VehicleLink
    stacker: Stacker
    reader: PackIdReader

    @property
    def isolation(self) -> Stacker:
        """The isolation place, as the stacker sees it: that is who carries packs there."""
        return self.stacker


def positions(st: CarStation) -> dict[str, tuple[Position, ...]]:
    """What sensors can show of where each machine stands, in words, by role; bays under `bay <name>`."""
    robot, lift, car, stacker = st.robot, st.lift, st.vehicle, st.stacker
    at = {
        At.HOME: "at home", At.UNDER_VEHICLE: "under the vehicle", At.HANDOVER_OUT: "at handover OUT",
        At.HANDOVER_IN: "at handover IN", At.BETWEEN: "between two of its places",
    }  # fmt: skip
    fork = stacker.pack_on_fork
    return {
        "robot": (
            Position("where it stands", tuple((words, robot.at.equals(place)) for place, words in at.items())),
            Position("its table", (("table down", robot.z.at_most(TRAVEL_MM)), ("table raised", robot.z.at_least(TRAVEL_MM)))),
            either("a pack on the table", robot.pack_present, "no pack on the table"),
        ),
        "lift": (
            Position("the platform", (
                ("platform down", lift.down.is_on()), ("platform locked at working height", lift.at_work.is_on() & lift.locked.is_on()),
                ("platform between its ends", lift.down.is_off()),
            )),
            Position("the clamps", (
                ("wheels clamped", lift.clamped.is_on()), ("wheels released", lift.unclamped.is_on()),
                ("clamps half-way", lift.clamped.is_off() & lift.unclamped.is_off()),
            )),
            Position("the floor", (
                ("floor closed", lift.floor_closed.is_on()), ("floor open", lift.floor_open.is_on()),
                ("floor half open", lift.floor_closed.is_off() & lift.floor_open.is_off()),
            )),
            either("no vehicle in the bay", lift.bay_empty, "a vehicle in the bay"),
        ),
        "vehicle": (
            either("radio link up", car.link_ok, "no radio link"),
            Position("high voltage", (("high voltage off", car.hv_off.is_on()), ("high voltage not off", car.hv_off.is_off()))),
            Position("the pack connector", (
                ("pack connector mated", car.connector_mated.is_on()), ("pack connector apart", car.connector_apart.is_on()),
                ("pack connector half-way", car.connector_mated.is_off()),
            )),
            either("a pack in its seat", car.pack_latched, "no pack in its seat"),
        ),
        "stacker": (
            either("parked", stacker.parked, "not parked"),
            either("fork in", stacker.fork_retracted, "fork not in"),
            either("a pack on the fork", fork, "no pack on the fork"),
        ),
        **{f"bay {bay.name}": bay_positions(bay) for bay in st.bays},
    }  # fmt: skip
