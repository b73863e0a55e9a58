"""What people do at a truck station at rest, beside what they do at any.

Knows what a person can see and mend there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.explore.happening import Move
from tests.explore.people import acting, any_station_is_wrong, mended
from tests.explore.plant import IN_BAY
from tests.explore.scene import Scene
from tests.explore.truck.plant import CALM, Truth


def people(scene: Scene) -> Iterator[Move]:
    """What people do."""
    t = scene.t
    return acting(scene, any_station_is_wrong(scene) or t.person or bool(t.air) or t.rolled or t.sprung or _voltage_is_wrong(t), mend)


def _voltage_is_wrong(t: Truth) -> bool:
    return t.high_voltage and t.prechecked and not t.postchecked and t.truck == IN_BAY


def mend(scene: Scene) -> None:
    """The lane is left, the wind drops, the gripper is mended, voltage goes off; by RESET at the stand a truck that has rolled is scanned anew."""
    t = scene.t
    changes: dict[str, Any] = {"safe": 0, "person": False, "sprung": False, "air": CALM}
    if _voltage_is_wrong(t):
        changes["high_voltage"] = False
    if t.rolled:
        changes.update(rolled=False, aimed=False)
    mended(scene, changes)
