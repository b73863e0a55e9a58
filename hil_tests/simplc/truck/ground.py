"""Where everything of the truck station stands: places, heights, and how near is near enough.

Knows millimetres. Does not know what stands there now.
"""

from __future__ import annotations

from math import cos, radians, sin

from hil_tests.simplc.truth.packs import ISOLATION

CRANE = "crane"
PARK, TRUCK = "park", "truck"

TRAVEL_Z = 6000.0
"""Underside of the gripper over the floor (mm) while the crane travels."""
LEAST_Z = 500.0
END_STOPS = {"x": (-100.0, 41000.0), "z": (LEAST_Z, 6500.0)}
"""How far (mm) the axes of the crane can go at all."""
PACK_MM = 2000.0
"""Height of a pack: the gripper rests so high over the pack's seat."""
SEAT_MM = {TRUCK: 1200.0}
BAY_SEAT_MM = 200.0

CATCH_MM, CATCH_DEG = 50.0, 1.5
"""How far beside its place a gripper or a pack may hang for the guide cones to find in."""

LANE = (3000.0, 0.0)
"""x, y of the truck's pack when the truck stands as it should."""
SPOTS = {PARK: (3000.0, 2500.0), TRUCK: LANE, ISOLATION: (13000.0, 5000.0)}

BLOCK_MM = 15000.0
"""From eight bays to the next eight; the isolation place lies between the first two."""


def bay_spot(number: int) -> tuple[float, float]:
    """x, y of bay 1.. : two rows of four beside the lane, and the same again further along it."""
    block, place = divmod(number - 1, 8)
    row, column = divmod(place, 4)
    return 1000.0 + 3000.0 * column + BLOCK_MM * block, 5000.0 + 3000.0 * row


def turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    """x, y after a turn to the left."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return x * c - y * s, x * s + y * c
