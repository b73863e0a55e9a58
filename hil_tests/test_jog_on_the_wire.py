"""A jog through real processes: whoever dies first, the hand or the service, the machine stands soon after.

No test measures time: a jog that nobody holds may creep on for a generous while, and still has to end far from its end.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hil_tests.api_client import PATIENCE
from hil_tests.simplc.jog import CREEP_MM_S, JOG
from hil_tests.test_api import Served, served
from hil_tests.test_maintenance_on_the_wire import switch
from hil_tests.test_run_service import Program, program

WAY = 100.0
SOON = 4.0
"""Plant seconds after which a jog without a hand stands, however busy this machine is; the way itself takes ten."""

HALTED = 3
ATTEMPTS = 12
"""A machine that stands still for a quarter of a second lets go by itself: then the button is pressed again."""


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Program]:
    words = ("sim", "serve", "--port-base", "0", "--speed", "1", "--dir", str(tmp_path), "--json")
    async with program(*words) as serving:
        await serving.line()
        yield serving


async def carriage(s: Served) -> float:
    return float((await s.here.look("io.read", point="stacker.X_MM")).data["value"])


async def jogs(s: Served) -> list[dict[str, Any]]:
    """What the PLC says of every jog that has ended, in their order."""
    orders = (await s.plant.ask(cmd="report"))["durations"]["stacker"]
    return [orders[number] for number in sorted(orders, key=int) if orders[number]["opcode"] == JOG]


async def creeping(s: Served) -> tuple[Program, float, int]:
    """A hand that jogs, how far (mm) the carriage has come under it, and how many jogs have ended before."""
    for _ in range(ATTEMPTS):
        await s.here.command("alarm.ack", all=True)
        before, began = len(await jogs(s)), await carriage(s)
        words = ("stacker", "jog", "x", str(WAY), "-y", "--host", f"unix:{s.folder / 'api.sock'}")
        hand = await Program.start(*words)
        async with asyncio.timeout(PATIENCE):
            while hand.process.returncode is None:
                if (way := await carriage(s) - began) >= 5.0:
                    return hand, way, before
                await asyncio.sleep(0.05)
        told = (await hand.end())[1]
    raise AssertionError(f"no jog came under way in {ATTEMPTS} attempts: {told}")


async def stopped(s: Served, way: float, before: int) -> None:
    """The jog ends by a stop, and soon after."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if len(ended := await jogs(s)) > before:
                break
            await asyncio.sleep(0.1)
    assert ended[before]["result"] == HALTED, ended
    assert ended[before]["s"] * CREEP_MM_S - way <= CREEP_MM_S * SOON, ended


async def test_the_machine_stands_when_the_hand_or_the_service_is_killed(plant: Program, tmp_path: Path) -> None:
    async with served(plant, tmp_path, "--new-journal") as s:
        for name in ("key", "enabling"):
            await switch(s, name, on=True)
        for action in ("bay.inventory", "station.reset", "station.start"):
            await s.here.done(action)
        await asyncio.sleep(0.5)
        hand, way, before = await creeping(s)
        await hand.end(signal.SIGKILL)
        await stopped(s, way, before)
        held = await s.until("held")
        assert not held["trips"] or {trip["code"] for trip in held["trips"]} <= {"A107", "A101"}, held["trips"]
        hand, way, before = await creeping(s)
        s.service.process.kill()
        await stopped(s, way, before)
        await hand.end()
        report = await s.plant.ask(cmd="report")
        assert report["violations"] == []
        orders = report["orders"]
        async with served(plant, tmp_path) as again:
            status = (await again.here.look("status")).data
            assert (status["state"], [run["sequence"] for run in status["runs"]]) == ("stopped", ["stacker.jog"])
            assert (await again.plant.ask(cmd="report"))["orders"] == orders, "nothing moves after a start"
