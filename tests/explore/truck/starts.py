"""Where explorations of the truck station begin: its swap at its start, and lanes brought to a point by good fortune.

Knows the steps of the truck's swap by number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.explore.scene import Ground, Scene
from tests.explore.starts import done, on, whole

UNPLUGS, DEAD, AIMS, GRIPS, PARTS_WITH, LANDS, CHECKED = 22, 60, 65, 75, 110, 150, 160


def unplugged_first(ground: Ground) -> Scene:
    """The charged pack stands unplugged before the truck has driven in."""
    scene = whole(ground)
    on(scene, lambda label: not label.startswith(("stand", "crane", "vehicle")), lambda s: done(s, UNPLUGS))
    return scene


def _reached(*steps: int) -> Callable[[Ground], Scene]:
    def start(ground: Ground) -> Scene:
        scene = unplugged_first(ground)
        on(scene, lambda _: True, lambda s: all(done(s, no) for no in steps))
        return scene

    return start


STARTS: Mapping[str, Callable[[Ground], Scene]] = {
    "whole": whole,
    "unplugged_first": unplugged_first,
    "over_the_truck": _reached(DEAD, AIMS),
    "gripped": _reached(GRIPS),
    "set_down": _reached(PARTS_WITH),
    "in_the_truck": _reached(LANDS),
    "locked": _reached(CHECKED),
}
"""By name: the crane hangs over the truck; its gripper holds the spent pack; that stands in its bay; the charged one in
the truck; that is locked and checked, and still gripped."""
