"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it.

Runs the very same coroutines as the station, hours in seconds. Knows no sockets and no threads: nothing
outside may be awaited.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


CREEP = 1e-7
"""Seconds that pass with every turn of the loop, so that code that waits for a time gets there."""


class NothingToWaitFor(RuntimeError):
    """Every task waits and no timer is set: in real time this would hang for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """A selector that never sleeps; it moves the loop's clock instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.clock += CREEP
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise NothingToWaitFor("no timer is set and no task can go on")
        self.loop.clock += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time (s), starting at `clock`."""

    def __init__(self) -> None:
        self.clock = 1000.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Virtual seconds."""
        return self.clock


def run_virtually(main: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
