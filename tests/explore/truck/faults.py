"""Faults at the truck station, each at the price of one: those of any station, of the truck, the air and people in the bay.

Knows where each can strike. Does not judge what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.explore.faults import at_any_moment, becomes, of_plcs, on_the_wire, operators
from tests.explore.happening import Move, role_of
from tests.explore.plant import CURTAIN, IN_BAY, SAFE
from tests.explore.scene import Scene
from tests.explore.truck.plant import CALM, GUST, HIGH, OVER_TRUCK, SWAYS
from tests.explore.truck.sensing import ALL

TELLS = {
    ("crane", 11): ("crane", "OVER"), ("crane", 12): ("crane", "OVER_BAY"), ("crane", 20): ("crane", "CONES_SEATED"),
    ("crane", 21): ("crane", "GRIPPER_CLOSED"), ("crane", 22): ("crane", "GRIPPER_OPEN"), ("crane", 23): ("crane", "HOISTED"),
    ("stand", 11): ("stand", "AT_WHEEL_STOP"), ("stand", 12): ("stand", "SCANNED"), ("vehicle", 42): ("stand", "VEH_HV_OFF"),
    ("vehicle", 46): ("stand", "VEH_LOCKS_OPEN"), ("vehicle", 47): ("stand", "VEH_LOCKS_CLOSED"),
}  # fmt: skip
"""The sensor that tells the end of an order, and that may stick."""

LULLS = {
    ("crane", 20): ("crane", "ROPES_TIGHT", False), ("crane", 21): ("crane", "GRIPPER_CLOSED", ALL), ("crane", 23): ("crane", "HOISTED", True),
    ("vehicle", 46): ("stand", "VEH_HV_OFF", True), ("vehicle", 47): ("stand", "VEH_LOCKS_CLOSED", ALL),
}  # fmt: skip
"""A sensor that sticks at what one likes to hear."""


def faults(scene: Scene) -> Iterator[Move]:
    """Each costs one fault of the budget. Holding and aborting count, too: they may come at any moment."""
    yield from on_the_wire(scene)
    if scene.gate and scene.engine is not None and _touches(scene):
        yield "high voltage comes on while the order travels", 1, lambda s: _while_it_travels(s, "high_voltage")
        yield "a person comes in while the order travels", 1, lambda s: _while_it_travels(s, "person")
    yield from at_any_moment(scene)
    if scene.t.safe == SAFE:
        yield "somebody walks through the light curtain", 1, lambda s: becomes(s, safe=CURTAIN)
    yield from _in_the_lane(scene)
    yield from of_plcs(scene, TELLS, LULLS)
    yield from operators(scene)


def _touches(scene: Scene) -> bool:
    """The order at the gate touches the truck's pack, which still has its connector."""
    first, t = scene.gate[0], scene.t
    role = role_of(scene, first.run_id, first.step)
    return t.connector == HIGH and t.truck == IN_BAY and (role == "vehicle" or (role == "crane" and t.over == OVER_TRUCK)) and t.prechecked


def _while_it_travels(scene: Scene, what: str) -> None:
    """Between our last look and the PLC's answer: only the PLC's own interlock can tell."""
    scene.send(meanwhile={what: True})


def _in_the_lane(scene: Scene) -> Iterator[Move]:
    t = scene.t
    here = t.truck == IN_BAY
    # Contactors of a truck whose connector is apart close on nothing.
    if here and t.prechecked and not t.high_voltage and t.connector == HIGH:
        yield "the truck switches high voltage on", 1, lambda s: becomes(s, high_voltage=True)
    if here and t.scanned and not t.rolled:
        yield "the truck rolls", 1, lambda s: becomes(s, rolled=True)
    if t.grips and not t.load:
        yield "a lock of the gripper springs open", 1, lambda s: becomes(s, sprung=True)
    if not t.person:
        yield "a person comes into the bay", 1, lambda s: becomes(s, person=True)
    if t.air == CALM:
        yield "the wind rises", 1, lambda s: becomes(s, air=GUST)
        yield "the gripper sways", 1, lambda s: becomes(s, air=SWAYS)
