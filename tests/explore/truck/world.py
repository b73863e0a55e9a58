"""The truck station under exploration: its specimen, what its scenes share, and what may happen to them.

Knows which parts are its own. Charging itself is walked at the car's racks, and does nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tests.explore.explorer import Explorer
from tests.explore.happening import Move
from tests.explore.image import Camera
from tests.explore.monitor import Monitor
from tests.explore.moves import moves
from tests.explore.scene import Ground, Scene
from tests.explore.specimen import Specimen
from tests.explore.truck import plant
from tests.explore.truck.faults import faults
from tests.explore.truck.monitor import TruckMonitor
from tests.explore.truck.people import people
from tests.explore.truck.sensing import MODEL, TruckCamera


class TruckSpecimen(Specimen):
    """The simulated heavy-truck station on paper."""

    station, model, bays = "sim_heavy_truck.yaml", MODEL, ("A01", "A02")
    own_bays = ("A01", "A02")


class TruckScene(Scene):
    """A moment of it."""

    def charging_looks(self) -> bool:
        return False


class TruckGround(Ground):
    """What all its scenes share."""

    plant: Any = plant
    truth: Callable[[], Any] = plant.Truth
    camera_type: type[Camera] = TruckCamera

    def judge(self) -> Monitor:
        return TruckMonitor(self)

    def scene(self) -> Scene:
        return TruckScene(self)


def truck_moves(scene: Scene, faults_left: int) -> Iterator[Move]:
    """Everything that may happen at the truck station in this state."""
    return moves(scene, faults_left, people=people, faults=faults)


class TruckExplorer(Explorer):
    """One exploration of it."""

    moves = staticmethod(truck_moves)


@cache
def truck_specimen() -> TruckSpecimen:
    """The one truck station of all explorations in a process."""
    return TruckSpecimen()
