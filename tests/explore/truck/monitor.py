"""The invariants at the truck station, judged on its plant's truth: S2–S8, S11, S12, and of the crane S20–S23.

Knows what is dangerous. Asks none of our guards. S20: nothing is torn; S21: the crane travels high and lowers still; S22:
nothing is moved over a person; S23: it comes down where the scan saw the truck.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.explore.monitor import Monitor
from tests.explore.plant import FRESH, GONE, IN_BAY, OPEN, SPENT, Work
from tests.explore.scene import Message, Scene
from tests.explore.truck import plant
from tests.explore.truck.plant import (
    DOWN,
    GRIP,
    GUST,
    HIGH,
    HOIST,
    HV_ON,
    LOCK,
    LOWER,
    OPEN_ENTRY,
    OPEN_EXIT,
    OPENED,
    OVER_BAY,
    OVER_TRUCK,
    TRAVELS,
    UNGRIP,
    UNLOCK,
    Truth,
)

MOST_KG = 3500
AT_TRUCK = frozenset((LOWER, GRIP, HOIST))
ALL_THREE = ("crane", "stand", "safety")


class TruckMonitor(Monitor):
    """Crane, stand, truck and rack."""

    needs: Mapping[str, tuple[str, ...]] = MappingProxyType({"crane": ALL_THREE, "stand": ALL_THREE, "vehicle": ALL_THREE})

    def fulfilled(self, t: Truth, role: str, work: Work) -> bool:
        opcode, params = work
        if role != "crane":
            return plant.ended(t, role, work) == t
        return {
            10: t.over == plant.PARK and t.height == HIGH,
            11: t.over == OVER_TRUCK and t.height == HIGH,
            12: t.over == OVER_BAY and t.bay_below == plant.BAY_BY_NUMBER.get(params[0] if params else 0),
            20: t.height == DOWN and not t.load,
            21: t.grips,
            22: t.gripper == OPENED,
            23: t.height == HIGH,
        }[opcode]

    def ground_gone(self, t: Truth, role: str, opcode: int) -> bool:
        touches = (role == "crane" and opcode in AT_TRUCK and t.over == OVER_TRUCK) or (role == "vehicle" and opcode in (UNLOCK, LOCK))
        # The PLC itself stops an entry for a person; nothing of ours moves then but the truck.
        person = t.person and role != "rack_a" and (role, opcode) != ("stand", OPEN_ENTRY)
        gust = role == "crane" and opcode in TRAVELS - {plant.HOME} and t.air == GUST
        return person or gust or (touches and (t.truck != IN_BAY or (t.live and opcode != HOIST)))

    def places(self, t: Truth) -> list[tuple[int, tuple[str, ...]]]:
        truck = f"vehicle:{self._ground.specimen.job.vehicle}"
        at = [(t.in_truck, truck) if t.truck == IN_BAY else (0, ""), (t.load, "crane")]
        at += [(bay.pack, name) for bay, name in zip(t.bays, self._ground.specimen.bays, strict=True)]
        return [(pack, (place,)) for pack, place in at if pack]

    def packs(self, t: Truth) -> tuple[int, ...]:
        return tuple(p for p in (t.in_truck, t.load, *(bay.pack for bay in t.bays)) if p)

    def begins(self, scene: Scene, t: Truth, message: Message) -> None:
        """A PLC begins this very order: nothing touches a pack under voltage, nor below a person."""
        role, opcode = message.role, message.work[0]
        touches = (role == "crane" and opcode in AT_TRUCK and t.over == OVER_TRUCK) or (role == "vehicle" and opcode in (UNLOCK, LOCK))
        if touches and t.live:
            scene.broken.append(("S3", f"{role} begins order {opcode} under high voltage"))
        if touches and role == "crane" and t.person:
            scene.broken.append(("S22", f"{role} begins order {opcode} over a person"))

    def shares(self, scene: Scene, before: Truth, t: Truth, role: str) -> None:
        """A truck moves only when the crane is away from it; a crane moves only high."""
        if before.truck != t.truck and t.down_over_truck:
            scene.broken.append(("S4", "the truck moves under a gripper that is down"))
        if before.over != t.over and t.height != HIGH:
            scene.broken.append(("S21", "the crane travels with its gripper low"))
        if t.truck == GONE and before.truck != GONE and not t.in_truck:
            scene.broken.append(("S6", "the truck drives off without a pack"))

    # ---- orders --------------------------------------------------------------------------------------------
    def ordered(self, scene: Scene, t: Truth, must: Any, role: str, opcode: int, params: tuple[int, ...]) -> None:
        if role == "crane" and opcode == plant.HOME and t.height != HIGH:
            self._hoist_and_gripper(t, must, HOIST, (0,))
        elif role == "crane" and opcode in TRAVELS:
            self._travel(t, must, opcode)
        elif role == "crane":
            self._hoist_and_gripper(t, must, opcode, params)
        elif role == "rack_a":
            bay = t.bays[plant.BAY_BY_NUMBER[params[0]]]
            must(opcode != 31 or not bay.charges, "S12", "the plug is live")
        elif opcode in (UNLOCK, LOCK):
            self._locks(t, must, opcode)
        elif (role, opcode) == ("stand", OPEN_ENTRY):
            must(not t.down_over_truck, "S4", "the gripper is down over the truck's place")
        if (role, opcode) in (("stand", OPEN_EXIT), ("vehicle", HV_ON)):
            swap = any(run.sequence.key.startswith("swap") for run in scene.alive.runs)
            must(t.held(FRESH if swap else SPENT), "S6", "the truck's pack is not locked, or not the right one")
            must(not t.down_over_truck, "S6", "the gripper is down over the truck")
            must(opcode != OPEN_EXIT or t.postchecked, "S6", "the truck has not passed its check")

    def _travel(self, t: Truth, must: Any, opcode: int) -> None:
        must(t.height == HIGH, "S21", "the gripper is low")
        must(not t.half, "S5", "the gripper is neither closed nor open")
        must(opcode == plant.HOME or t.air == plant.CALM, "S21", "wind or sway")
        must(not (t.person and t.load), "S22", "a pack over a person")

    def _hoist_and_gripper(self, t: Truth, must: Any, opcode: int, params: tuple[int, ...]) -> None:
        bay = t.bays[t.bay_below]
        at_truck, at_bay = t.over == OVER_TRUCK, t.over == OVER_BAY
        must(not at_bay or (bay.plug == 0 and not bay.charges), "S12", "plug in, or charger on")
        # What is torn from its connector has no voltage any more: contactors close on nothing.
        must(not (at_truck and opcode in AT_TRUCK and t.live), "S3", "high voltage is on")
        must(not (at_truck and t.person), "S22", "a person is below")
        must(not (at_truck and t.truck != IN_BAY), "S4", "no truck stands below")
        if opcode == LOWER:
            must(at_truck or at_bay, "S21", "the gripper hangs over nothing")
            must(not t.swings, "S21", "it swings")
            must(not at_truck or t.height == DOWN or (t.aimed and not t.rolled), "S23", "the truck does not stand where it was scanned")
            must(not (t.load and t.below), "S11", "a pack onto another")
            must(not (t.load and at_truck and t.locks != OPEN), "S20", "the truck's locks are not open")
        if opcode == GRIP:
            must(t.height == DOWN and t.below, "S5", "nothing below the gripper")
        if opcode == UNGRIP:
            must(not t.load, "S5", "a pack hangs in the gripper")
        if opcode == HOIST:
            on_seat = t.height == DOWN and t.gripper != OPENED
            must(not t.half, "S5", "the gripper is neither closed nor open")
            must(params[0] <= MOST_KG, "S20", "more than the crane lifts")
            must(not (on_seat and at_truck and t.locks != OPEN), "S20", "the truck's locks are not open")
            must(not (on_seat and at_truck and t.connector != DOWN), "S20", "the truck's connector is not apart")

    def _locks(self, t: Truth, must: Any, opcode: int) -> None:
        must(not t.live, "S3", "high voltage is on")
        must(t.truck == IN_BAY, "S4", "the truck does not stand")
        grips = t.grips and t.over == OVER_TRUCK and t.height == DOWN
        must(opcode != UNLOCK or not t.in_truck or grips, "S5", "nothing grips the pack")
        must(opcode != LOCK or not (t.load and t.down_over_truck), "S20", "a pack hangs over the locks")
