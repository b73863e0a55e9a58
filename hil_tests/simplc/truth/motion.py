"""Movements in plant time: ramps, waits, conditions, and the processes that string them together.

Knows exact event times, so that nothing is jumped over at any speed. Does not know what it is that moves.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any


class MotionFailed(Exception):
    """A movement, or the work it is part of, did not succeed."""


class Stall(MotionFailed):
    """A drive met an obstacle and stands."""


class TimedOut(Exception):
    """What a process waited for did not come in time."""


class Ramp:
    """Attributes of one thing go from where they are to their targets in `seconds` (plant time, >= 0).

    `shape` bends the way: it maps the elapsed fraction 0..1 to the travelled fraction.
    """

    __slots__ = ("elapsed", "seconds", "shape", "spans", "thing")
    moves = True

    def __init__(
        self, thing: Any, seconds: float, shape: Callable[[float], float] | None = None, **targets: float
    ) -> None:
        self.thing = thing
        self.seconds = seconds
        self.shape = shape
        self.elapsed = 0.0
        self.spans = [(name, float(getattr(thing, name)), float(to)) for name, to in targets.items()]

    def stretch(self, pace: float) -> None:
        self.seconds *= pace

    def left(self) -> float:
        return self.seconds - self.elapsed

    def advance(self, dt: float) -> None:
        self.elapsed += dt
        if self.seconds - self.elapsed <= 1e-9:
            for name, _, to in self.spans:
                setattr(self.thing, name, to)
            return
        part = self.elapsed / self.seconds
        if self.shape is not None:
            part = self.shape(part)
        for name, start, to in self.spans:
            setattr(self.thing, name, start + (to - start) * part)

    def done(self) -> bool:
        return self.seconds - self.elapsed <= 1e-9


class Wait:
    """Nothing moves for `seconds` of plant time."""

    __slots__ = ("remaining",)
    moves = False

    def __init__(self, seconds: float) -> None:
        self.remaining = seconds

    def stretch(self, pace: float) -> None:
        self.remaining *= pace

    def left(self) -> float:
        return self.remaining

    def advance(self, dt: float) -> None:
        self.remaining -= dt

    def done(self) -> bool:
        return self.remaining <= 1e-9


class Until:
    """Waits for a condition, at most `seconds` of plant time; then the process is thrown `TimedOut`."""

    __slots__ = ("condition", "remaining")
    moves = False

    def __init__(self, condition: Callable[[], bool], seconds: float = float("inf")) -> None:
        self.condition = condition
        self.remaining = seconds

    def stretch(self, pace: float) -> None:
        """A condition has its own time."""

    def left(self) -> float:
        return self.remaining

    def advance(self, dt: float) -> None:
        self.remaining -= dt

    def done(self) -> bool:
        return self.remaining <= 1e-9 or self.condition()

    def late(self) -> bool:
        return self.remaining <= 1e-9 and not self.condition()


class Together:
    """Several ramps at once; done when the longest is."""

    __slots__ = ("ramps",)
    moves = True

    def __init__(self, ramps: list[Ramp]) -> None:
        self.ramps = ramps

    def stretch(self, pace: float) -> None:
        for ramp in self.ramps:
            ramp.stretch(pace)

    def left(self) -> float:
        return max((r.left() for r in self.ramps), default=0.0)

    def advance(self, dt: float) -> None:
        for ramp in self.ramps:
            if not ramp.done():
                ramp.advance(dt)

    def done(self) -> bool:
        return all(r.done() for r in self.ramps)


Movement = Ramp | Wait | Until | Together
Steps = Generator[Movement, None, None]


class Process:
    """A running string of movements. `error` is None after a good end; `ended_s` is exact plant time."""

    __slots__ = ("driven", "ended", "ended_s", "error", "movement", "steps", "stopped")

    def __init__(self, steps: Steps, driven: bool, ended: Callable[[Process], None] | None) -> None:
        self.steps = steps
        self.driven = driven
        self.ended = ended
        self.movement: Movement | None = None
        self.error: Exception | None = None
        self.stopped = False
        self.ended_s = 0.0


class Motions:
    """All running processes. `now` is plant time in seconds; `version` grows with every change.

    `pace`: every ramp and wait takes so many times as long as its process says.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self.now = 0.0
        self.version = 1
        self.active: list[Process] = []

    def start(self, steps: Steps, *, driven: bool, ended: Callable[[Process], None] | None = None) -> Process:
        """Starts at once. `driven` processes stand still when the drives lose their power."""
        process = Process(steps, driven, ended)
        self.active.append(process)
        self._resume(process)
        return process

    def stop(self, process: Process) -> None:
        """Everything the process moved stays where it is."""
        if process in self.active:
            process.stopped = True
            process.steps.close()
            self._end(process)

    def divert(self, process: Process, steps: Steps) -> None:
        """A stop that takes its way: the process goes on with `steps`, and counts as stopped when they end."""
        if process in self.active:
            process.stopped = True
            process.steps.close()
            process.steps, process.movement = steps, None
            self._resume(process)

    def cut_drives(self) -> None:
        for process in [p for p in self.active if p.driven]:
            self.stop(process)

    def run(self, until: float) -> None:
        """Advances to plant time `until`, event by event. Conditions met from outside count from now."""
        self._resume_all()
        while self.active:
            step = until - self.now
            for process in self.active:
                movement = process.movement
                if movement is not None:
                    left = movement.left()
                    if left < step:
                        step = left
            if step < 0.0:
                step = 0.0
            for process in self.active:
                movement = process.movement
                if movement is not None:
                    movement.advance(step)
                    if movement.moves:
                        self.version += 1
            self.now += step
            if not self._resume_all() and until - self.now <= 1e-9:
                break
        self.now = until

    def _resume_all(self) -> bool:
        """One process after the other in order of start, until all wait for time; True if any went."""
        any_went, went_on = False, True
        while went_on:
            went_on = False
            for process in list(self.active):
                movement = process.movement
                if movement is not None and movement.done() and process in self.active:
                    self._resume(process)
                    any_went = went_on = True
        return any_went

    def _resume(self, process: Process) -> None:
        self.version += 1
        movement = process.movement
        process.movement = None
        try:
            if isinstance(movement, Until) and movement.late():
                process.movement = process.steps.throw(TimedOut("condition did not come"))
            else:
                process.movement = next(process.steps)
            if self.pace != 1.0:
                process.movement.stretch(self.pace)
        except StopIteration:
            self._end(process)
        except (MotionFailed, TimedOut) as error:
            process.error = error
            self._end(process)

    def _end(self, process: Process) -> None:
        if process in self.active:
            self.active.remove(process)
        process.ended_s = self.now
        self.version += 1
        if process.ended is not None:
            process.ended(process)
        elif process.error is not None:
            raise process.error
