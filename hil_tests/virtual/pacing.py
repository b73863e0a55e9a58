"""Pacing of a virtual station: from one event to the next, plant first, then PLCs, every link, whoever listens.

Knows how long nobody may look without any reading growing old. Does not know what the events are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from hil_tests.virtual.leap_link import LeapLink
from hil_tests.virtual.leap_plant import LeapStation

LONGEST_S = 0.2
"""Wall seconds between two looks at most: nothing is ever older than this, and fast readings stay good for 0.25 s."""

SHORTEST_S = 1e-4
"""Wall seconds of the shortest: what two machines do within it is one event."""


class Pacing:
    """Runs plant and links together. `wake` makes the next leap happen at once: something was written."""

    def __init__(self, sim: LeapStation, began: float) -> None:
        self._sim, self._began = sim, began
        self._links: tuple[LeapLink, ...] = ()
        self._each: Callable[[], bool] = lambda: True
        self._woken: asyncio.Future[None] | None = None
        self._due = False
        self._looked = began
        self.looks = 0

    def drive(self, links: Mapping[str, LeapLink], each: Callable[[], bool]) -> None:
        """The links of the controller that lives now. `each`: whether every link that changed must tell for itself.

        Otherwise one of them does: they were all read at one instant, and a second decision on it finds nothing new.
        """
        self._links, self._each = tuple(links.values()), each

    def wake(self) -> None:
        """There is something new for the plant."""
        self._due = True
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def run(self) -> None:
        """Leap until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            ended = self._sim.move_to(now - self._began)
            if ended or self._due or now >= self._looked + LONGEST_S:
                self._due = False
                self._look(now)
            if self._due:
                await asyncio.sleep(0)
            else:
                await self._pause(loop)

    def _look(self, now: float) -> None:
        self.looks += 1
        self._looked = now
        self._sim.cycle_now()
        changed = [link for link in self._links if link.look(now)]
        for link in (changed if self._each() else changed[:1]) or self._links[:1]:
            link.tell()

    async def _pause(self, loop: asyncio.AbstractEventLoop) -> None:
        event = max(self._sim.next_event_s() / self._sim.speed, SHORTEST_S)
        self._woken = loop.create_future()
        timer = loop.call_at(min(loop.time() + event, self._looked + LONGEST_S), self._over, self._woken)
        try:
            await self._woken
        finally:
            timer.cancel()
            self._woken = None

    @staticmethod
    def _over(woken: asyncio.Future[None]) -> None:
        if not woken.done():
            woken.set_result(None)
