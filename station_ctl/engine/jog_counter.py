"""The jog counter: the level that PLCs watch while an axis is jogged. A sign of the hand, as the heartbeat is of us.

Moves JOG_RENEW while a person holds the button and every own task is alive, and only then. Knows no axis and no order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from station_ctl.core.jog import COUNTER
from station_ctl.core.links import Link, LinkError
from station_ctl.core.signals import Image
from station_ctl.core.steps import BUTTON
from station_ctl.engine.liveness import Liveness

log = structlog.get_logger()

COUNT_EVERY = 0.05
"""Wall seconds between two moves of the counter: five of them fit into what a PLC waits."""


class JogCounter:
    """Writes the counter of every PLC that has a jog. It starts nothing: PLCs move on orders alone."""

    def __init__(self, links: Mapping[str, Link], liveness: Liveness, image: Callable[[], Image]) -> None:
        """`image` is what is known now, with the controller's own facts."""
        self._links = [link for link in links.values() if COUNTER in link.io]
        self._liveness, self._image = liveness, image
        self.count = 0

    async def run(self) -> None:
        """Count until cancelled."""
        pending: dict[str, asyncio.Task[None]] = {}
        while True:
            if BUTTON.holds.proven(self._image()) and not self._liveness.stuck():
                self.count = self.count % 0xFFFF + 1
                for link in self._links:
                    if (task := pending.get(link.name)) is None or task.done():
                        pending[link.name] = asyncio.create_task(self._move(link), name=f"jog counter {link.name}")
            await asyncio.sleep(COUNT_EVERY)

    async def _move(self, link: Link) -> None:
        try:
            await link.write({COUNTER: self.count})
        except LinkError as error:
            # The PLC stops by itself when the counter stands; the scan of the same link reports the loss.
            log.debug("jog-counter-not-delivered", link=link.name, why=str(error))
