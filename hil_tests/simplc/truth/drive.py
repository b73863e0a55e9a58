"""A drive with an ailment: the movements of an order as a sick machine really carries them out.

Knows what a drive does wrong. Does not know orders, sensors or which machine it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hil_tests.simplc.truth.motion import Movement, Process, Ramp, Stall, Steps, TimedOut, Together, Until

SLOWER = 2.0
BEYOND = 0.06
ASTRAY = 100.0
"""How far (mm) the wrong axis runs until the machine's own supervision notices."""

NEIGHBOUR: Mapping[str, str] = {"x": "z", "z": "x", "height": "floor", "fork": "z"}
"""Which axis runs instead, with its cable in the other one's plug."""


class Ailment(StrEnum):
    """What is wrong with a drive."""

    NONE = ""
    STUCK = "drive-stuck"
    """Takes the order and does not move."""
    SLOW = "drive-slow"
    """Takes twice its time."""
    OVERSHOOT = "drive-overshoot"
    """Runs beyond its target and stays there."""
    STOPS = "drive-stops"
    """Stops half-way with a stall."""
    IDLE = "drive-idle"
    """Does nothing and says done."""
    CROSSED = "drive-crossed"
    """Another axis runs."""


class Drive:
    """The drives of one machine. `ailment` may change while an order runs; see `strike`."""

    def __init__(self) -> None:
        self.ailment = Ailment.NONE

    def carried_out(self, steps: Steps) -> Steps:
        """The same movements as this drive makes them."""
        try:
            movement: Movement | None = self._first(steps)
            while movement is not None:
                if self.ailment is Ailment.IDLE:
                    return
                try:
                    yield from self._bent(movement)
                except TimedOut as late:
                    movement = steps.throw(late)
                    continue
                movement = self._first(steps)
        except StopIteration:
            return
        finally:
            steps.close()

    @staticmethod
    def _first(steps: Steps) -> Movement | None:
        return next(steps, None)

    def strike(self, ailment: Ailment, process: Process | None) -> None:
        """From now on; a movement under way is caught in the middle where that makes a difference."""
        self.ailment = ailment
        movement = process.movement if process is not None else None
        if process is None or not isinstance(movement, Ramp | Together):
            return
        if ailment is Ailment.STUCK:
            process.movement = Until(lambda: False)
        elif ailment is Ailment.SLOW:
            for ramp in _ramps(movement):
                ramp.seconds, ramp.elapsed = ramp.seconds * SLOWER, ramp.elapsed * SLOWER

    def _bent(self, movement: Movement) -> Steps:
        ailment = self.ailment
        if not isinstance(movement, Ramp | Together):
            yield movement
            return
        match ailment:
            case Ailment.STUCK:
                yield Until(lambda: False)
            case Ailment.SLOW:
                for ramp in _ramps(movement):
                    ramp.seconds *= SLOWER
                yield movement
            case Ailment.OVERSHOOT:
                yield movement
                yield Together([_beyond(ramp) for ramp in _ramps(movement)])
            case Ailment.STOPS:
                yield Together([_half(ramp) for ramp in _ramps(movement)])
                raise Stall("stopped half-way")
            case Ailment.CROSSED:
                yield Together([_astray(ramp) for ramp in _ramps(movement)])
                raise TimedOut("the axis does not get there")
            case _:
                yield movement


def _ramps(movement: Ramp | Together) -> list[Ramp]:
    return movement.ramps if isinstance(movement, Together) else [movement]


def _half(ramp: Ramp) -> Ramp:
    return Ramp(ramp.thing, ramp.seconds / 2, **{name: (start + to) / 2 for name, start, to in ramp.spans})


def _beyond(ramp: Ramp) -> Ramp:
    return Ramp(ramp.thing, 0.5, **{name: to + BEYOND * (to - start) for name, start, to in ramp.spans})


def _astray(ramp: Ramp) -> Ramp:
    """The neighbouring axis, where the machine has one, as far as its end stops let it; else nothing moves."""
    found = {NEIGHBOUR[name]: to > start for name, start, to in ramp.spans if name in NEIGHBOUR}
    targets = {
        name: getattr(ramp.thing, name) + (0.1 if name == "floor" else ASTRAY) * (1 if up else -1)
        for name, up in found.items()
        if hasattr(ramp.thing, name)
    }
    stops: Mapping[str, tuple[float, float]] = getattr(ramp.thing, "end_stops", {})
    for name, (low, high) in {"floor": (0.0, 1.0), **stops}.items():
        if name in targets:
            targets[name] = min(high, max(low, targets[name]))
    return Ramp(ramp.thing, 2.0, **targets)
