"""What the service manager is told: ready, how the station is, alive, ending (the sd_notify protocol).

Knows the datagrams and when each is true. Does not know systemd's unit, nor what the engine decides.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from station_ctl.engine.runner import Engine

log = structlog.get_logger()

LOOK = 1.0
"""Wall seconds between two looks at the tasks while no watchdog asks for more."""

BEATS = 4
"""Beats within the watchdog's time: three may be late before it bites."""

LONGEST = 400
"""Characters of a status sentence; `systemctl status` shows one line."""


@dataclass
class ServiceManager:
    """The manager that started this process. Without one (`address` empty) everything told is dropped.

    `watchdog` is the time (s) within which it wants to hear a beat, 0 = it does not wait for any.
    """

    address: str = ""
    watchdog: float = 0.0
    _failed: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> ServiceManager:
        """As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say (sd_notify(3), sd_watchdog_enabled(3))."""
        address, asked = environment.get("NOTIFY_SOCKET", ""), environment.get("WATCHDOG_USEC", "")
        # The variables are inherited by children; the number says whom they are for.
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return cls(address, int(asked) / 1e6 if ours and asked.isdecimal() else 0.0)

    @property
    def period(self) -> float:
        """Wall seconds between two looks at the tasks."""
        return min(LOOK, self.watchdog / BEATS) if self.watchdog else LOOK

    def tell(self, **facts: str | int) -> None:
        """Send one datagram. Never waits and never raises: a manager that is gone stops no swap."""
        if not self.address:
            return
        name = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        text = "\n".join(f"{key}={value}" for key, value in facts.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(text.encode(), name)
            self._failed = ""
        except OSError as error:
            if str(error) != self._failed:  # once per reason, not four times a second
                self._failed = str(error)
                log.warning("service-manager-not-told", why=self._failed)


async def keep_told(engine: Engine, manager: ServiceManager, links_down: Callable[[], Mapping[str, str]]) -> None:
    """Tell the state whenever it changes, and a beat of the watchdog while every task is alive; until cancelled.

    A task that is stuck is named, and the beats end: the manager then kills the process with SIGABRT and starts it
    again. By then the PLCs have stopped the machine, because their heartbeat ends with the same silence.
    """
    told = ""
    while True:
        stuck = engine.liveness.stuck()
        sentence = state_sentence(engine, stuck, links_down())
        if sentence != told:
            manager.tell(STATUS=sentence)
            told = sentence
        if not stuck and manager.watchdog:
            manager.tell(WATCHDOG=1)
        await asyncio.sleep(manager.period)


def state_sentence(engine: Engine, stuck: tuple[str, ...], down: Mapping[str, str]) -> str:
    """The station in one line: stuck tasks first, then state and mode, open runs, first trip, links that are down."""
    state = engine.state
    parts = [f"stuck: {', '.join(stuck)}"] if stuck else []
    parts.append(f"{state.state} in {state.mode}")
    parts += [f"{run.run_id} {run.phase}" for run in state.runs]
    parts += [f"{trip.code} {trip.text}" for trip in state.trips[:1]]
    parts.append(f"links down: {', '.join(sorted(down))}" if down else f"{len(engine.links)} links scanned")
    sentence = "; ".join(parts).replace("\n", " ")
    return sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 1] + "…"
