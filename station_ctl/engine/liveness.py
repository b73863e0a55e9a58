"""Liveness: keyed beats of our own tasks, and the heartbeat to each PLC that is derived from them.

A dead, stuck or slow task stops our heartbeat, and the PLCs stop the machine. Knows no PLC program.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from station_ctl.core.links import Link, LinkError

log = structlog.get_logger()

HEARTBEAT_PERIOD = 0.1
"""Wall seconds between two beats to a PLC; its dead-man time is 1 s."""

LAG_ALARM = 0.2
"""Wall seconds the event loop may be late before a person is told."""

LAG_LIMIT = 0.5
"""Wall seconds the event loop may be late before the heartbeat is withheld for that beat."""

LAG_DEAD = 1.0
"""Wall seconds of standing still that count as a dead program: the PLCs' dead-man time, they have stopped by then."""


class Liveness:
    """Last beat of every registered task (monotonic s) and the longest silence each may show."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._limits: dict[str, float] = {}
        self._beats: dict[str, float] = {}

    def register(self, name: str, limit: float) -> Callable[[], None]:
        """Register a task; returns its beat. Silence longer than `limit` (s) makes it stuck."""
        self._limits[name] = limit
        self._beats[name] = self._now()

        def beat() -> None:
            self._beats[name] = self._now()

        return beat

    def declare_dead(self, name: str) -> None:
        """A task has ended that never should."""
        self._limits[name] = 0.0
        self._beats[name] = float("-inf")

    def stuck(self) -> tuple[str, ...]:
        """Names of tasks that have not beaten within their limit."""
        now = self._now()
        return tuple(n for n, limit in self._limits.items() if now - self._beats[n] > limit)


class Heartbeat:
    """Moves HB_CTL of every PLC while every task is alive, and only then."""

    def __init__(
        self,
        links: Mapping[str, Link],
        liveness: Liveness,
        on_stuck: Callable[[tuple[str, ...]], None],
        on_late: Callable[[float], None] | None = None,
    ) -> None:
        """`on_stuck` is told the names of stuck tasks, `on_late` by how many s the loop was late (over LAG_ALARM)."""
        self._links = [link for link in links.values() if "HB_CTL" in link.io]
        self._liveness = liveness
        self._on_stuck, self._on_late = on_stuck, on_late
        self.count = 0
        self.worst_lag = 0.0
        """The longest that the event loop was ever late (wall s)."""

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        reported: tuple[str, ...] = ()
        due = loop.time()
        pending: dict[str, asyncio.Task[None]] = {}
        while True:
            late = loop.time() - due
            self.worst_lag = max(self.worst_lag, late)
            if late > LAG_ALARM and self._on_late is not None:
                self._on_late(late)
            # While the loop stood still nobody could show that he lives: who is stuck is seen at the next beat.
            stuck = self._liveness.stuck() if late < LAG_DEAD else reported
            if stuck != reported:
                reported = stuck
                if stuck:
                    self._on_stuck(stuck)
            in_time = late < LAG_LIMIT
            if not stuck and in_time:
                self.count = (self.count + 1) & 0xFFFF
                for link in self._links:
                    if (task := pending.get(link.name)) is None or task.done():
                        pending[link.name] = asyncio.create_task(
                            self._beat(link), name=f"heartbeat {link.name}"
                        )
            # After a stall a whole period must pass in time before the next beat: a loop that is always late is silent.
            due = max(due + HEARTBEAT_PERIOD, loop.time() + (0.0 if in_time else HEARTBEAT_PERIOD))
            await asyncio.sleep(due - loop.time())

    async def _beat(self, link: Link) -> None:
        try:
            await link.write({"HB_CTL": self.count})
        except LinkError as error:
            # Not an alarm of its own: the scan of the same link reports the loss, once.
            log.debug("heartbeat-not-delivered", link=link.name, why=str(error))
