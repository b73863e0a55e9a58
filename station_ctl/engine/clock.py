"""Clocks: monotonic seconds for communication, process seconds for the machine.

On a real station both run alike; a simulated plant may run faster by the rate in its station file.
"""

from __future__ import annotations

import asyncio


class Clock:
    """Time of the running event loop. `rate` = process seconds per wall second (1 on a real station)."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()

    def monotonic(self) -> float:
        """Seconds for ages and time-outs of communication; the time base of every link."""
        return self._loop.time()

    def process(self) -> float:
        """Seconds of the process since this clock was made; limits of steps count in these."""
        return (self._loop.time() - self._zero) * self.rate
