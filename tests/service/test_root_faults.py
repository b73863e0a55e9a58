"""One root fault calls a person three times at most in ten minutes, and what it calls is the cause.

Knows the real engine on the real plant, in virtual time. Most seconds of the ten minutes run with --long.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.service.run_watch import RESTING
from tests.bench.virtual_bench import run_virtually
from tests.service.watched_bench import watched

FAULTS: dict[str, tuple[int, dict[str, Any], list[str]]] = {
    "e-stop": (100, {"name": "e-stop"}, ["A102-G01"]),
    "curtain": (60, {"name": "curtain"}, ["A102-G04"]),
    "door": (105, {"name": "maintenance-door"}, ["A102-G03"]),
    "robot lost": (100, {"name": "link-lost", "plc": "robot"}, ["A201-robot"]),
    "safety lost": (80, {"name": "link-lost", "plc": "safety"}, ["A102-G03", "A201-safety"]),
    "robot restarts": (100, {"name": "plc-restart", "plc": "robot"}, ["A201-robot"]),
    "lift restarts": (60, {"name": "plc-restart", "plc": "lift"}, ["A201-lift"]),
    "bolt stuck": (80, {"name": "bolt-stuck", "bolt": 3}, ["A106-S-0001-80"]),
    "sensor stuck": (50, {"name": "sensor-stuck", "tag": "lift.CLAMPED"}, ["A106-S-0001-50"]),
    "rack lost": (60, {"name": "link-lost", "plc": "rack_b"}, ["A201-rack_b"]),
    "fire": (60, {"name": "fire"}, ["A801-site"]),
}
"""Fault: the step in which it strikes, the fault, and what it must call first, in this order."""

SHORT = ("curtain", "safety lost", "robot restarts", "sensor stuck")

MOST = 3
"""Calls of one root fault in ten minutes."""


async def story(folder: Path, step: int, fault: dict[str, Any], calls: list[str], seconds: float) -> None:
    async with watched(folder, speed=40.0) as bench:
        early = {"bolt-stuck", "sensor-stuck"}
        await bench.until_step(step if fault["name"] not in early else step - 10)
        bench.do(cmd="fault", on=True, **fault)
        if fault["name"] != "fire":
            await bench.until(lambda: bench.state.state in RESTING or bool(bench.announced()), 60)
        await asyncio.sleep(seconds)
        called = bench.announced()
        assert called[: len(calls)] == calls, bench.states()
        assert len(called) <= MOST
        # Whatever is hidden stands in the list, behind what hides it.
        standing = {a.id: a for a in bench.board.active()}
        for alarm in standing.values():
            assert (alarm.consequence_of in standing) == bool(alarm.consequence_of)
            assert alarm.cause and alarm.consequence and alarm.remedy


@pytest.mark.parametrize("name", SHORT)
def test_one_root_fault_calls_its_cause_and_little_else(tmp_path: Path, name: str) -> None:
    run_virtually(story(tmp_path, *FAULTS[name], seconds=7.0))


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_one_root_fault_calls_three_times_at_most_in_ten_minutes(tmp_path: Path, name: str) -> None:
    run_virtually(story(tmp_path, *FAULTS[name], seconds=600.0))


def test_emergency_stop_of_an_idle_station_calls_and_is_gone_with_its_cause(tmp_path: Path) -> None:
    """No run, no trip: the level alone. In a stopped station the same open chain calls nobody."""

    async def main() -> None:
        async with watched(tmp_path, vehicle=False, speed=40.0) as bench:
            await bench.engine.ask(Verb.STOP, "test")
            await bench.until_state(State.STOPPED)
            bench.do(cmd="fault", name="e-stop", on=True)
            await asyncio.sleep(1)
            assert bench.states() == {}
            bench.do(cmd="fault", name="e-stop", on=False)
            bench.do(cmd="safety-reset")
            await asyncio.sleep(0.5)
            await bench.engine.ask(Verb.RESET, "test")
            bench.do(cmd="fault", name="e-stop", on=True)
            await asyncio.sleep(1)
            assert bench.announced() == ["A102-G01"] and bench.board.horn and bench.state.trips == ()
            bench.do(cmd="fault", name="e-stop", on=False)
            bench.do(cmd="safety-reset")
            await asyncio.sleep(4)
            assert bench.states() == {"A102-G01": "gone, unacknowledged"}
            await bench.board.acknowledge("all", "li")
            assert bench.states() == {}

    run_virtually(main())


def test_person_sees_the_fault_through_to_a_clean_board(tmp_path: Path) -> None:
    """Curtain: the cause is called, its effect hidden; while it is broken an acknowledgement resets nothing."""

    async def main() -> None:
        async with watched(tmp_path, speed=40.0) as bench:
            await bench.until_step(60)
            bench.do(cmd="fault", name="curtain", on=True)
            await bench.until_state(State.ABORTED)
            await asyncio.sleep(1)
            done = await bench.board.acknowledge("all", "li", "somebody walked in")
            assert done.reset == () and "A102-G04 stays" in done.stays[0]
            bench.do(cmd="fault", name="curtain", on=False)
            bench.do(cmd="safety-reset")
            await asyncio.sleep(1)
            assert bench.states()["A102-G04"] == "latched"
            done = await bench.board.acknowledge("A102-G04", "li")
            assert set(done.reset) == {"A102-G04", "A102-G01"} and bench.state.trips == ()
            await asyncio.sleep(2)
            assert bench.states() == {"A403-S-0001": "unacknowledged"}
            assert bench.announced() == ["A102-G04", "A403-S-0001"]

    run_virtually(main())
