"""Who looks on at a demo in place of a person.

Knows the engine's progress. Shows a line a step, because a swap at speed 1 takes minutes.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.figures import load
from station_ctl.cli.demo_report import DemoReport
from station_ctl.cli.step_lines import PlainLines
from station_ctl.engine.events import Effect, Progress


def demand(report: DemoReport) -> None:
    """Raises RuntimeError with the cause unless the demo did what was wanted: no figure comes from a stopped swap."""
    if not report.ok:
        said = [f"{trip.code} {trip.text}" for trip in report.trips[:1]] + [report.refused] * bool(
            report.refused
        )
        found = [*said, *report.custody_errors(), *map(str, report.plant["violations"])]
        raise RuntimeError(f"the swap did not complete; {'; '.join(found)}; load {load()}")


class Onlooker(PlainLines):
    """Learns on the way how process time and monotonic time relate: `zero` is monotonic time at process time 0."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.zero = float("inf")

    def show(self, effect: Effect) -> None:
        """An effect is shown at once after it was decided, so the smallest difference is the true one."""
        if isinstance(effect, Progress) and effect.step:
            now = asyncio.get_running_loop().time()
            self.zero = min(self.zero, now - effect.time / self.speed)
            super().show(effect)

    def say(self, text: str) -> None:
        """One line; nothing where nobody watches."""
        if sys.stderr.isatty():
            sys.stderr.write(f"{text}\n")
