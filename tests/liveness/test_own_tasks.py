"""A dead, stuck or slow task of ours stops our heartbeat and is named; the machine stops by itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from station_ctl.core.modes import State
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from tests.liveness.ailing_bench import DEAD_MAN, AilingBench, at_step, story


async def assert_silent_and_still(bench: AilingBench) -> None:
    """No heartbeat leaves any more, and within the dead-man time no PLC is at work."""
    beats = bench.beats()
    await asyncio.sleep(DEAD_MAN + 0.5)
    assert bench.beats() == beats, "a heartbeat although a task is stuck"
    assert bench.working == []
    assert bench.state.state in (State.ABORTING, State.ABORTED)
    assert bench.do(cmd="report")["violations"] == []


def test_a_gate_that_hangs_in_a_commit_is_named_and_silences_us(tmp_path: Path) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            bench.commit_takes = 1e6
            await bench.until(lambda: "A701" in bench.codes, 30.0)
            assert "gate" in next(t.text for t in bench.state.trips if t.code == "A701")
            await assert_silent_and_still(bench)

    story(main)


@pytest.mark.parametrize("link", ["robot", "rack_b", "safety", "meter"])
def test_a_link_task_that_dies_is_named_and_silences_us(tmp_path: Path, link: str) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            bench.strike(link, RuntimeError("struck dead"))
            await bench.until(lambda: "A701" in bench.codes, 0.5)
            (trip,) = (t for t in bench.state.trips if t.code == "A701")
            assert f"link {link}" in trip.text and "struck dead" in trip.text
            await assert_silent_and_still(bench)

    story(main)


def test_a_link_task_that_hangs_is_found_by_the_age_of_what_it_read(tmp_path: Path) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            bench.strike("robot", None)
            await bench.until(lambda: bool(bench.state.trips), 1.0)
            assert bench.codes[0] == "A201" and "robot" in bench.state.trips[0].text, bench.state.trips
            await asyncio.sleep(0.5)
            assert bench.working == [], "the stop reaches a PLC whose scans hang"

    story(main)


@pytest.mark.parametrize("name", ["heartbeat", "gate"])
def test_a_task_that_is_cancelled_by_mistake_is_named_and_silences_us(tmp_path: Path, name: str) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            (task,) = (t for t in asyncio.all_tasks() if t.get_name() == name)
            task.cancel()
            await bench.until(lambda: "A701" in bench.codes, 0.5)
            assert f"{name}: cancelled" in next(t.text for t in bench.state.trips if t.code == "A701")
            await assert_silent_and_still(bench)

    story(main)


@pytest.mark.parametrize("error", [RuntimeError("cannot schedule new futures"), TypeError("not serializable")])
def test_a_journal_thread_that_is_gone_takes_the_gate_with_it_and_is_named(tmp_path: Path, error: Exception) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            bench.commit_fails = error
            orders = bench.do(cmd="report")["orders"]
            await bench.until(lambda: "A701" in bench.codes, 30.0)
            assert str(error) in next(t.text for t in bench.state.trips if t.code == "A701")
            assert bench.do(cmd="report")["orders"] == orders, "ordered without a journal"
            await assert_silent_and_still(bench)

    story(main)


async def test_a_journal_thread_that_was_ended_raises_instead_of_hanging(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "journal.sqlite", "TOY")
    thread = JournalThread(journal)
    thread.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        await thread.commit([], None)
    assert isinstance(thread._thread, ThreadPoolExecutor)


# ---- a slow program ---------------------------------------------------------------------------------------------


def test_a_loop_that_is_a_little_late_is_told_once_a_minute_and_keeps_its_heartbeat(tmp_path: Path) -> None:
    """What it read before is too old to go on by, so that the station comes to a controlled stop, as it must."""

    async def main() -> None:
        async with at_step(tmp_path) as bench:
            beats = bench.beats()
            for _ in range(5):
                bench.stand_still(0.35)
                await asyncio.sleep(1.0)
            late = [t for t in bench.told if t.startswith("A702")]
            assert len(late) == 1 and late[0].startswith("A702 event loop was "), bench.told
            assert 0.24 < bench.engine.heartbeat.worst_lag < 0.36
            assert "A701" not in bench.codes and bench.beats() != beats
            assert bench.state.state in (State.HELD, State.ABORTED) and bench.working == []

    story(main)


def test_a_loop_in_time_says_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            for _ in range(20):
                bench.stand_still(0.03)
                await asyncio.sleep(0.1)
            await bench.until(lambda: "S-0001" in bench.watch.closed)
            assert bench.told == [] and bench.state.trips == ()

    story(main)


@pytest.mark.parametrize("seconds", [1.2, 2.5, 5.0])
def test_a_loop_that_stood_still_is_named_and_nothing_else_is_blamed(tmp_path: Path, seconds: float) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            bench.stand_still(seconds)
            await bench.until(lambda: "A701" in bench.codes, 1.0)
            texts = [t.text for t in bench.state.trips if t.code == "A701"]
            assert len(texts) == 1 and "event loop: stood still for" in texts[0], texts
            assert bench.engine.heartbeat.worst_lag > seconds - 0.11
            await asyncio.sleep(1.0)
            assert bench.working == []
            assert bench.do(cmd="report")["violations"] == []

    story(main)
