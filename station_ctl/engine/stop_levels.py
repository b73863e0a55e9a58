"""Stop levels: the path of STOP, which nothing can block.

Raises STOP_REQ at once on the urgent path of the link and writes it again on every scan until the PLC has obeyed.
Does not ask the journal, the gate or the state machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from station_ctl.core.links import Link, LinkError
from station_ctl.core.orders import OrderState
from station_ctl.core.signals import Image
from station_ctl.engine.station import StationFacts

log = structlog.get_logger()


class StopLevels:
    """Which roles are told to stop, and the writes that keep telling them."""

    def __init__(self, facts: StationFacts, links: Mapping[str, Link], image: Callable[[], Image]) -> None:
        self._facts, self._links, self._image = facts, links, image
        self._raised: set[str] = set()
        self._released: set[str] = set()
        self._inherited: set[str] = set()
        self._writing: dict[str, asyncio.Task[None]] = {}

    @property
    def raised(self) -> frozenset[str]:
        """Roles whose stop level is up."""
        return frozenset(self._raised)

    def raise_(self, roles: tuple[str, ...]) -> None:
        """Raise the level of these roles now."""
        for role in roles:
            self._raised.add(role)
            self._released.discard(role)
            self._write(role)

    def inherit(self) -> None:
        """A program before this one may have raised any level; it still stands then, and the next start lowers it."""
        self._inherited |= set(self._facts.channels)

    def repeat(self, link: str) -> None:
        """On every scan of a link: write again where the PLC still shows an order under way."""
        for role in self._raised:
            channel = self._facts.channels[role]
            if channel.link == link and channel.state.read(self._image()).value == OrderState.BUSY:
                self._write(role)

    def release(self) -> None:
        """A person has started or resumed: what is raised now may be lowered, once that is in the journal."""
        self._released |= self._raised | self._inherited

    async def lower_released(self) -> None:
        """Lower every released level. One raised again meanwhile stays up; so does one that cannot be lowered."""
        for role in sorted(self._released):
            channel = self._facts.channels[role]
            try:
                if role in self._released:
                    await self._links[channel.link].write({channel.stop_tag: 0})
            except LinkError as error:
                log.warning("stop-level-not-lowered", device=role, why=str(error))
                self._released.discard(role)
                continue
            self._inherited.discard(role)
            if role in self._released:
                self._released.discard(role)
                self._raised.discard(role)
            else:
                # Raised again while the 0 was on its way, on another connection perhaps: the last word is stop.
                await self._write_once(role)

    def _write(self, role: str) -> None:
        pending = self._writing.get(role)
        if pending is not None and not pending.done():
            return
        self._writing[role] = asyncio.create_task(self._write_once(role), name=f"stop {role}")

    async def _write_once(self, role: str) -> None:
        channel = self._facts.channels[role]
        try:
            await self._links[channel.link].write({channel.stop_tag: 1}, urgent=True)
        except LinkError as error:
            # The next scan repeats it; a PLC that cannot be reached stops by itself when our heartbeat stands still.
            log.warning("stop-not-delivered", device=role, why=str(error))
