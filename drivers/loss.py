"""The loss of a connection, seen at once by whoever rests on it.

Knows one connection's end. Does not know protocols.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class LinkFailed(Exception):
    """A connection is of no use any more, or a request on it got no usable answer; the text says what."""


class Loss:
    """Whether a connection is lost, and why. Made inside the event loop; `on_loss` is called once."""

    def __init__(self, on_loss: Callable[[], None] | None = None) -> None:
        self._on_loss = on_loss
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.Future[None] | None = None
        self.reason: str | None = None

    def declare(self, reason: str) -> None:
        """The connection is lost; the first reason counts. Wakes who rests."""
        if self.reason is None:
            self.reason = reason
            if self._on_loss is not None:
                self._on_loss()
            if self._resting is not None and not self._resting.done():
                self._resting.set_exception(LinkFailed(reason))

    async def rest(self, until: float = math.inf) -> None:
        """Sleep until the monotonic time `until`. Raises LinkFailed the moment the connection is lost.

        One task rests on a connection: the one that owns it.
        """
        if self.reason is not None:
            raise LinkFailed(self.reason)
        if until <= self._loop.time():
            return
        self._resting = resting = self._loop.create_future()
        timer = None if until == math.inf else self._loop.call_at(until, _wake, resting)
        try:
            await resting
        finally:
            self._resting = None
            if timer is not None:
                timer.cancel()


def _wake(resting: asyncio.Future[None]) -> None:
    if not resting.done():
        resting.set_result(None)
