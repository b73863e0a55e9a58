"""A swap under way, and files or the program itself change: nothing until the restart; then refused where it must be.

Knows journals of interrupted swaps. Does not know links or PLCs in particular.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station_ctl.build import BuiltStation
from station_ctl.core.errors import StationError
from station_ctl.core.modes import Mode
from station_ctl.core.steps import Job, Sequence
from station_ctl.engine.events import Verb
from station_ctl.paths import config_directory
from station_ctl.service.procedures import Procedures
from tests.bench import virtual_bench
from tests.bench.virtual_bench import VirtualBench, ready_bench
from tests.bench.whole_swaps import ledger_is_the_truth, safe
from tests.faults.struck_bench import run


class _OtherSteps:
    """The procedures of another version: its swap has one step less."""

    def __init__(self, procedures: Procedures) -> None:
        self._procedures = procedures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._procedures, name)

    def by_key(self, key: str, job: Job) -> Sequence:
        found = self._procedures.by_key(key, job)
        return replace(found, steps=tuple(s for s in found.steps if s.no != 170))


async def _crashed_at(bench: VirtualBench, no: int) -> None:
    going = asyncio.create_task(bench.swap())
    await bench.until_step(no)
    await bench.crash_and_restart()
    going.cancel()


async def _refusals(bench: VirtualBench) -> list[str]:
    """What a person is told who tries everything that could move something."""
    told = []
    await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
    for verb, more in ((Verb.RESUME, {"confirmed": True}), (Verb.RESET, {}), (Verb.START, {})):
        with pytest.raises(StationError) as refusal:
            await bench.engine.ask(verb, "test", **more)
        told.append(str(refusal.value))
    return told


def _assert_attended_only(tmp_path: Path, words: str) -> None:
    async def story() -> None:
        async with ready_bench(tmp_path) as bench:
            await _crashed_at(bench, 80)
            orders = bench.do(cmd="report")["orders"]
            assert bench.state.runs == () and words in bench.state.half_done, bench.state.half_done
            assert "attended recovery only" in bench.state.half_done
            assert all("S-0001" in text for text in (await _refusals(bench))[:2])
            await asyncio.sleep(5.0)
            assert bench.do(cmd="report")["orders"] == orders
            safe(bench)
            assert {c.place for _, c in bench.state.ledger} <= {
                p for p in bench.do(cmd="report")["packs"].values()
            }

    run(story)


def test_a_swap_whose_vehicle_has_no_recipe_any_more_is_attended_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vehicle's file was taken out of the configuration while its swap was under way."""
    whole = virtual_bench._config(20.0)
    boot, boots = virtual_bench.VirtualBench._boot, []

    def counted(bench: VirtualBench, journal: Path) -> None:
        boots.append(journal)
        boot(bench, journal)

    gone = replace(whole, recipes={})
    monkeypatch.setattr(virtual_bench.VirtualBench, "_boot", counted)
    monkeypatch.setattr(virtual_bench, "_config", lambda _: whole if len(boots) < 2 else gone)
    _assert_attended_only(tmp_path, "has no recipe any more")


def test_a_swap_of_a_version_with_other_steps_is_attended_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, starts = BuiltStation.procedures, []

    def procedures(station: BuiltStation) -> Any:
        starts.append(station)
        return right(station) if station is starts[0] else _OtherSteps(right(station))

    monkeypatch.setattr(BuiltStation, "procedures", procedures)
    _assert_attended_only(tmp_path, "other steps than the one that opened the run")


def test_files_that_change_under_a_running_swap_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read at the start: whoever spoils them all in the middle of a swap disturbs nobody."""
    copied = tmp_path / "config"
    shutil.copytree(config_directory(), copied)
    monkeypatch.setattr(virtual_bench, "config_directory", lambda: copied)
    virtual_bench._config.cache_clear()

    async def story() -> None:
        async with ready_bench(tmp_path) as bench:
            going = asyncio.create_task(bench.swap())
            await bench.until_step(60)
            for file in (*copied.rglob("*.yaml"), *copied.rglob("*.csv")):
                file.write_text("nobody: can read this\n")
            shutil.rmtree(copied)
            assert (await going).complete
            safe(bench)
            ledger_is_the_truth(bench)

    try:
        run(story)
    finally:
        virtual_bench._config.cache_clear()
