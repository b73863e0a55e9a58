"""What tests of whole swaps ask of the virtual bench: where packs truly are, what was ordered, when steps began.

Knows the bench and its plant. Does not know which swap is tested.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from station_ctl.core.modes import State
from station_ctl.engine.events import Effect, Issue, Progress, Verb
from tests.bench.leap_bench import ready_bench
from tests.bench.virtual_bench import VirtualBench

SPEED = 40.0


def ledger_is_the_truth(bench: VirtualBench) -> None:
    """Every pack that the ledger has rests where the plant has it, and no pack in the station is missing."""
    truth = bench.do(cmd="report")["packs"]
    here = {code: place for code, place in truth.items() if not place.startswith(("left:", "vehicle:"))}
    assert {pack: custody.place for pack, custody in bench.state.ledger} == here
    assert not [c for _, c in bench.state.ledger if c.moving]


def safe(bench: VirtualBench) -> None:
    """The monitor has seen no unsafe order and no unsafe instant."""
    assert bench.do(cmd="report")["violations"] == []


def begun(effects: list[Effect], run_id: str) -> dict[int, float]:
    """When each step of a run began (process s), the last time if it was resumed."""
    return {
        e.step: e.time
        for e in effects
        if isinstance(e, Progress) and e.what == "step-begun" and e.run_id == run_id
    }


def proven(effects: list[Effect], run_id: str) -> dict[int, float]:
    """When each step of a run was proven (process s)."""
    return {
        e.step: e.time
        for e in effects
        if isinstance(e, Progress) and e.what == "step-proven" and e.run_id == run_id
    }


def in_use(effects: list[Effect]) -> list[tuple[str, int, int]]:
    """Every order: run, step, number."""
    return [(e.run_id, e.step.no, e.number) for e in effects if isinstance(e, Issue)]


async def drive_in(bench: VirtualBench) -> str:
    """The next vehicle is received; returns the id of its swap."""
    bench.do(cmd="vehicle")
    await asyncio.sleep(0.5)
    run_id, _ = await bench.reception.receive("test")
    return run_id


async def held(bench: VirtualBench, no: int, delay: float) -> None:
    """Hold `delay` wall seconds after a step has begun, and wait until everything stands."""
    await bench.until_step(no)
    await asyncio.sleep(delay)
    await bench.engine.ask(Verb.HOLD, "test")
    await bench.until_state(State.HELD)


def ready(tmp_path: Path, **options: Any) -> Any:
    return ready_bench(tmp_path, speed=SPEED, **options)
