"""The station on duty: readiness told, links watched, and a controlled end in every state; in virtual time.

Knows engine and simulated plant through the bench. Does not know processes or signals.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from station_ctl.core.modes import Mode, Phase, State
from station_ctl.engine.events import Verb
from station_ctl.engine.journal import Journal
from station_ctl.service.foreground import READY_WITHIN, come_to_rest, links_down, serve, watch_links
from station_ctl.service.run_watch import Interrupted
from tests.bench.virtual_bench import VirtualBench, ready_bench, run_virtually


def named(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def watched(bench: VirtualBench, seconds: float) -> list[dict[str, Any]]:
    """Log lines of the watch over the links in these virtual seconds."""
    with capture_logs() as lines:
        task = asyncio.create_task(watch_links(bench.engine))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return lines  # type: ignore[return-value]


async def begun(bench: VirtualBench, step: int) -> str:
    """A vehicle is here and its swap is in the middle of `step`."""
    bench.do(cmd="vehicle")
    await asyncio.sleep(0.5)
    run_id, _ = await bench.reception.receive("test")
    await bench.until_step(step)
    await asyncio.sleep(0.2)
    return run_id


def moving(bench: VirtualBench) -> bool:
    return any(True for _ in bench.state.active_steps())


def test_ready_is_told_once_when_every_link_is_scanned(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            lines = await watched(bench, 20)
            assert [line["links"] for line in named(lines, "ready")] == [8]
            assert not named(lines, "not-ready") and not named(lines, "link-lost")

    run_virtually(main())


def test_link_that_is_missing_is_named_with_its_reason(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            bench.do(cmd="fault", name="link-lost", on=True, plc="stacker")
            await asyncio.sleep(2)
            lines = await watched(bench, READY_WITHIN + 5)
            (told,) = named(lines, "not-ready")
            assert list(told["links"]) == ["stacker"] and told["links"]["stacker"]
            assert not named(lines, "ready")

    run_virtually(main())


def test_link_that_goes_and_comes_back_is_told_both_times(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:

            async def strike() -> None:
                await asyncio.sleep(3)
                bench.do(cmd="fault", name="link-lost", on=True, plc="stacker")
                await asyncio.sleep(3)
                bench.do(cmd="fault", name="link-lost", on=False, plc="stacker")

            strikes = asyncio.create_task(strike())
            lines = await watched(bench, 12)
            await strikes
            assert [line["link"] for line in named(lines, "link-lost")] == ["stacker"]
            assert [line["link"] for line in named(lines, "link-back")] == ["stacker"]

    run_virtually(main())


def test_scan_class_that_was_never_read_is_not_ready(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            link = bench.links["lift"]
            assert links_down(bench.engine) == {}
            first = dict([next(iter(link.snapshot.blocks.items()))])
            half = SimpleNamespace(io=link.io, snapshot=replace(link.snapshot, blocks=first))
            bench.engine.links["lift"] = half  # type: ignore[assignment]
            assert links_down(bench.engine)["lift"].startswith("not scanned yet: ")

    run_virtually(main())


@pytest.mark.parametrize("step", [20, 80, 105])
def test_end_in_the_middle_of_a_step_holds_the_swap_and_waits_until_machines_stand(
    tmp_path: Path, step: int
) -> None:
    async def main() -> None:
        async with ready_bench(tmp_path, speed=20.0) as bench:
            run_id = await begun(bench, step)
            assert moving(bench)
            with capture_logs() as lines:
                assert await come_to_rest(bench.engine)
            assert bench.state.state is State.HELD and not moving(bench)
            assert [line["run"] for line in named(lines, "run-half-done")] == [run_id]  # type: ignore[arg-type]
            assert bench.state.run(run_id).phase is Phase.HELD  # type: ignore[union-attr]
            assert bench.do(cmd="report")["violations"] == []

    run_virtually(main())


def test_end_while_stopping_aborts_because_finishing_takes_minutes(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready_bench(tmp_path, speed=20.0) as bench:
            await begun(bench, 80)
            await bench.engine.ask(Verb.STOP, "test")
            began = asyncio.get_running_loop().time()
            assert await come_to_rest(bench.engine)
            assert bench.state.state is State.ABORTED and not moving(bench)
            assert asyncio.get_running_loop().time() - began < 5

    run_virtually(main())


@pytest.mark.parametrize("mode", [Mode.MAINTENANCE, Mode.AUTOMATIC])
def test_end_at_rest_orders_nothing_and_changes_nothing(tmp_path: Path, mode: Mode) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            await bench.engine.ask(Verb.MODE, "test", mode=mode)
            before = bench.state
            assert await come_to_rest(bench.engine)
            assert bench.state.state is before.state is State.STOPPED
            assert bench.do(cmd="report")["orders"] == 0

    run_virtually(main())


def test_machine_that_does_not_stand_in_time_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready_bench(tmp_path, speed=20.0) as bench:
            run_id = await begun(bench, 80)
            with capture_logs() as lines:
                assert not await come_to_rest(bench.engine, within=0.0)
            (told,) = named(lines, "not-seen-at-rest")  # type: ignore[arg-type]
            assert told["steps"] == [f"{run_id} step 80"]

    run_virtually(main())


def test_half_done_swap_is_in_the_journal_for_the_next_start(tmp_path: Path) -> None:
    async def main() -> str:
        async with ready_bench(tmp_path, speed=20.0) as bench:
            run_id = await begun(bench, 80)
            await come_to_rest(bench.engine)
            return run_id

    run_id = run_virtually(main())
    journal = Journal(tmp_path / "journal.sqlite", "SIM-0001")
    restored = journal.restore()
    journal.close()
    assert [found.run_id for found in restored.open_runs] == [run_id]

    async def next_start() -> None:
        async with VirtualBench(tmp_path) as bench:
            assert [run.run_id for run in bench.state.runs] == [run_id]
            lines = await watched(bench, 5)
            (told,) = named(lines, "resume-or-retreat")
            assert any("step 80" in finding for finding in told["findings"])
            assert list(told["retreat"]) == [run_id]

    run_virtually(next_start())


def test_service_runs_until_it_is_asked_to_leave(tmp_path: Path) -> None:
    async def main() -> None:
        bench = VirtualBench(tmp_path)
        plant = asyncio.create_task(_turn(bench))
        leave = asyncio.Event()
        service = asyncio.create_task(serve(bench.engine, leave))
        await asyncio.sleep(3)
        assert not service.done() and links_down(bench.engine) == {}
        leave.set()
        await service
        assert bench.do(cmd="report")["orders"] == 0
        plant.cancel()
        bench.journal.close()

    run_virtually(main())


def test_a_watcher_that_ends_is_named_and_the_station_goes_on(tmp_path: Path) -> None:
    async def blind() -> None:
        raise OSError("no more descriptors")

    async def main() -> None:
        bench = VirtualBench(tmp_path)
        plant = asyncio.create_task(_turn(bench))
        leave = asyncio.Event()
        with capture_logs() as lines:
            service = asyncio.create_task(serve(bench.engine, leave, None, [blind]))
            await asyncio.sleep(3)
        (told,) = named(lines, "watcher-ended")  # type: ignore[arg-type]
        assert "blind" in told["watcher"] and "no more descriptors" in told["why"] and told["do"]
        assert not service.done()
        leave.set()
        await service
        plant.cancel()
        bench.journal.close()

    run_virtually(main())


async def _turn(bench: VirtualBench) -> None:
    while True:
        bench.sim.advance(0.01)
        await asyncio.sleep(0.01)


def test_interruption_by_the_end_reaches_whoever_waits_for_the_swap(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready_bench(tmp_path, speed=20.0) as bench:
            run_id = await begun(bench, 80)
            waiting = asyncio.create_task(bench.watch.until_closed(run_id))
            await asyncio.sleep(0)
            await come_to_rest(bench.engine)
            with pytest.raises(Interrupted, match="held"):
                await waiting

    run_virtually(main())
