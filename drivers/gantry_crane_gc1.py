"""Gantry crane GC-1 with pack gripper. I/O list: config/io/gantry_crane_gc1.csv, map version 2.

Knows the crane's tags and orders. Does not know what a swap is, nor where the truck stands.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.parameter import in_steps, whole
from station_ctl.core.devices import Command, Device

BAYS = (1, 48)
OFFSET_MM = (-2000.0, 2000.0)
TURN_DEG = (-10.0, 10.0)
LANDING_MM = (500.0, 6500.0)
LOAD_KG = (500.0, 6000.0)
RATED_KG = 3500.0
"""What this crane lifts; the limit named in an order only says when to stop."""


class CraneOrder(IntEnum):
    """Opcodes of the GC-1."""

    HOME = 10
    TRAVEL_TO_TRUCK = 11
    TRAVEL_TO_BAY = 12
    TRAVEL_TO_ISOLATION = 13
    LOWER = 20
    GRIP = 21
    UNGRIP = 22
    HOIST = 23
    JOG = 50


class GantryCraneGC1(Device):
    """Bridge, trolley, hoist and turning gripper with four locks, four landing sensors, two guide cones; OPC UA.

    | order                  | parameters                                     | the PLC does                  |
    |------------------------|------------------------------------------------|-------------------------------|
    | 10 HOME                |                                                | hoist, reference, park        |
    | 11 TRAVEL_TO_TRUCK     | along 0.1 mm, across 0.1 mm, turn 0.01 deg     | over the truck, sway settled  |
    | 12 TRAVEL_TO_BAY       | bay 1..48                                      | over the bay, sway settled    |
    | 13 TRAVEL_TO_ISOLATION |                                                | over the basin, sway settled  |
    | 20 LOWER               | landing 0.1 mm                                 | down until it has landed      |
    | 21 GRIP                |                                                | four gripper locks close      |
    | 22 UNGRIP              |                                                | four gripper locks open       |
    | 23 HOIST               | most load kg                                   | weigh, up to travel height    |
    | 50 JOG                 | axis 1 x, 2 y, 3 z, target 0.1 mm              | creeps while JOG_RENEW moves  |

    Travel is at travel height only. `along` (towards the cab), `across` and `turn` are offsets in the axes of the
    truck as the stand's scanner, wired to this PLC, has measured it, without a scan from its nominal place: -2000 to
    2000 mm and -10 to 10 deg. The AIM tags count likewise. LOWER ends where the gripper (all four landing sensors)
    or its pack (ropes slack, both cones in) rests within 50 mm of the landing height, 500 to 6500 mm; nothing there,
    or something above it, fails. HOIST with more than the load named (500 to 6000 kg) stops, lowers 20 mm and fails.
    Verified against the simulated PLC only.
    """

    driver = "gantry_crane_gc1"
    orders = CraneOrder
    rated_kg = RATED_KG

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.over = self.signal(int, "OVER", "over")
        self.over_bay = self.signal(int, "OVER_BAY", "over_bay")
        self.x = self.signal(float, "X_MM", "x", unit="mm")
        self.y = self.signal(float, "Y_MM", "y", unit="mm")
        self.z = self.signal(float, "Z_MM", "z", unit="mm")
        self.turn = self.signal(float, "TURN_DEG", "turn", unit="deg")
        self.aim_x = self.signal(float, "AIM_X_MM", "aim_x", unit="mm")
        self.aim_y = self.signal(float, "AIM_Y_MM", "aim_y", unit="mm")
        self.aim_turn = self.signal(float, "AIM_TURN_DEG", "aim_turn", unit="deg")
        self.hoisted = self.signal(bool, "HOISTED", "hoisted")
        self.landed = self.signal(int, "LANDED", "landed")
        self.gripper_closed = self.signal(int, "GRIPPER_CLOSED", "gripper_closed")
        self.gripper_open = self.signal(int, "GRIPPER_OPEN", "gripper_open")
        self.gripper_closed, self.gripper_open = self.exclusive(self.gripper_closed, self.gripper_open)
        self.load_kg = self.signal(float, "LOAD_KG", "load_kg", unit="kg")
        self.ropes_tight = self.signal(bool, "ROPES_TIGHT", "ropes_tight")
        self.not_overloaded = self.signal(bool, "NOT_OVERLOADED", "not_overloaded")
        self.sway = self.signal(float, "SWAY_DEG", "sway", unit="deg")
        self.wind = self.signal(float, "WIND", "wind", unit="m/s")
        self.path_clear = self.signal(bool, "PATH_CLEAR", "path_clear")
        self.cones_seated = self.signal(int, "CONES_SEATED", "cones_seated")
        self.pack_code = self.signal(str, "PACK_CODE", "pack_code")
        self.isolation_empty = self.signal(bool, "ISOLATION_EMPTY", "isolation_empty")
        self.isolation_present = self.signal(bool, "ISOLATION_PRESENT", "isolation_present")
        self.isolation_empty, self.isolation_present = self.exclusive(
            self.isolation_empty, self.isolation_present
        )
        self.isolation_ready = self.signal(bool, "ISOLATION_READY", "isolation_ready")
        self.homed = self.signal(bool, "HOMED", "homed")
        self.brake_ok = self.signal(bool, "BRAKE_OK", "brake_ok")
        self.no_fault = self.signal(bool, "NO_FAULT", "no_fault")
        self.hoist_temp = self.signal(float, "HOIST_TEMP", "hoist_temp", unit="C")
        self.axis("x", 1, self.x, 0.0, 40000.0)
        self.axis("y", 2, self.y, -2000.0, 8000.0)
        self.axis("z", 3, self.z, 5000.0, 6500.0)

    def home(self) -> Command:
        """Hoist to travel height, reference the axes, park; a pack that is gripped stays gripped."""
        return self.command(CraneOrder.HOME, text="home")

    def travel_to_truck(self, dx_mm: float, dy_mm: float, turn_deg: float) -> Command:
        """Over the truck's pack as it was scanned, and `dx_mm`, `dy_mm`, `turn_deg` from there."""
        along = in_steps("offset along the lane", dx_mm, 0.1, *OFFSET_MM, "mm")
        across = in_steps("offset across the lane", dy_mm, 0.1, *OFFSET_MM, "mm")
        turn = in_steps("turn", turn_deg, 0.01, *TURN_DEG, "deg")
        text = f"travel_to_truck({dx_mm:g} mm, {dy_mm:g} mm, {turn_deg:g} deg)"
        return self.command(CraneOrder.TRAVEL_TO_TRUCK, along, across, turn, text=text)

    def travel_to_bay(self, bay: int) -> Command:
        """Over `bay`."""
        return self.command(
            CraneOrder.TRAVEL_TO_BAY, whole("bay", bay, *BAYS), text=f"travel_to_bay(bay {bay})"
        )

    def travel_to_isolation(self) -> Command:
        """Over the isolation place."""
        return self.command(CraneOrder.TRAVEL_TO_ISOLATION, text="travel_to_isolation")

    def lower(self, z_mm: float) -> Command:
        """Down until gripper or pack rests, which is expected with the gripper at `z_mm`."""
        landing = in_steps("landing height", z_mm, 0.1, *LANDING_MM, "mm")
        return self.command(CraneOrder.LOWER, landing, text=f"lower({z_mm:g} mm)")

    def grip(self) -> Command:
        """Close the four gripper locks."""
        return self.command(CraneOrder.GRIP, text="grip")

    def ungrip(self) -> Command:
        """Open the four gripper locks."""
        return self.command(CraneOrder.UNGRIP, text="ungrip")

    def hoist(self, load_max_kg: float) -> Command:
        """Up to travel height; more than `load_max_kg` on the weigh cell stops it."""
        load = in_steps("most load", load_max_kg, 1.0, *LOAD_KG, "kg")
        return self.command(CraneOrder.HOIST, load, text=f"hoist(at most {load_max_kg:g} kg)")
