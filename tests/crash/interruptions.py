"""Interruptions by people, with the controller alive: hold, abort, emergency stop; then an end by either way.

Knows what a person does after each. Does not know when it strikes.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Any

from station_ctl.core.errors import StationError
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from tests.crash.aftermath import Way, to_the_end
from tests.crash.crash_bench import CrashBench
from tests.crash.judgement import Expected, Findings, custody_errors, judge_end

IDLE = 0.5
"""Wall seconds (virtual) at rest in which nobody acts, and so nothing may be ordered."""


class Kind(StrEnum):
    """What interrupts."""

    HOLD = "hold"
    ABORT = "abort"
    ESTOP = "emergency stop"


async def after_an_interruption(
    bench: CrashBench, folder: Path, kind: Kind, way: Way, expected: Expected
) -> dict[str, Any]:
    """Everything from the interruption to the end. To be called in a copy of the process (see `copies.branch`)."""
    bench.hears = None
    bench.on_own_files(folder)
    found = Findings(way)
    try:
        await _interrupted(bench, kind)
        before = len(bench.world.orders)
        await asyncio.sleep(IDLE)
        if len(bench.world.orders) != before:
            found.unasked.append(f"ordered at rest: {bench.world.orders[before:]}")
        found.custody += custody_errors(bench)
        await _made_ready(bench, kind)
        await to_the_end(bench, way, found)
    except (StationError, AssertionError, TimeoutError) as error:
        found.stuck.append(f"{type(error).__name__}: {error}")
        return vars(found)
    judge_end(bench, expected, found)
    return vars(found)


async def _interrupted(bench: CrashBench, kind: Kind) -> None:
    if kind is Kind.ESTOP:
        bench.world.tell(cmd="fault", name="e-stop", on=True)
    else:
        await bench.engine.ask(Verb.HOLD if kind is Kind.HOLD else Verb.ABORT, "test")
    await bench.until_state(State.HELD if kind is Kind.HOLD else State.ABORTED)


async def _made_ready(bench: CrashBench, kind: Kind) -> None:
    """Cause gone, acknowledged, cleared: nothing moves yet."""
    if kind is Kind.ESTOP:
        bench.world.tell(cmd="fault", name="e-stop", on=False)
        bench.world.tell(cmd="safety-reset")
        await asyncio.sleep(0.5)
        await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
    if kind is not Kind.HOLD:
        await bench.engine.ask(Verb.CLEAR, "test")
