"""What watches beside the engine: started with the station, ended with it, started anew when it fails.

Knows board, box and trends as a whole, and the duty of the station around them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

from structlog.testing import capture_logs

from station_ctl.core.points import IoList
from station_ctl.service.foreground import serve
from station_ctl.service.history import HistoryFile
from station_ctl.service.watchers import AGAIN_AFTER, Watchers, kept_up
from tests.bench.virtual_bench import VirtualBench, run_virtually
from tests.service.alarm_bench import CATALOGUE, StandIn
from tests.service.watched_bench import WatchedBench


def test_watcher_that_fails_is_told_and_started_anew() -> None:
    starts: list[float] = []

    async def fails() -> None:
        starts.append(asyncio.get_running_loop().time())
        raise RuntimeError("a watcher")

    async def main() -> None:
        task = asyncio.create_task(kept_up("trends", fails))
        await asyncio.sleep(2.5 * AGAIN_AFTER)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with capture_logs() as lines:
        run_virtually(main())
    assert len(starts) == 3 and starts[1] - starts[0] >= AGAIN_AFTER
    assert [line["watcher"] for line in lines if line["event"] == "watcher-failed"] == ["trends"] * 3


def test_watchers_keep_their_files_in_one_folder_and_end_with_them_whole(tmp_path: Path) -> None:
    engine = StandIn("lift")
    engine.links["lift"] = SimpleNamespace(
        io=IoList("lift", ()), snapshot=engine.links["lift"].snapshot, on_scan=lambda listener: None
    )

    async def main() -> None:
        watchers = Watchers(engine, CATALOGUE, (), tmp_path / "state")  # type: ignore[arg-type]
        running = asyncio.create_task(watchers.run())
        await asyncio.sleep(0)
        engine.link("lift", "no answer")
        for _ in range(3):
            engine.now += 20.0
            watchers.board.look()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        watchers.close()

    asyncio.run(main())
    file = HistoryFile(tmp_path / "state" / "history.db")
    assert file.ask(lambda db: db.execute("SELECT key FROM alarm").fetchall(), []) == [("A201-lift",)]
    file.close()


def test_watchers_cannot_end_the_station_and_see_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            await bench._end_tasks()
            ended: list[str] = []

            async def fails() -> None:
                raise RuntimeError("a watcher")

            async def sees() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append("seen")

            leave = asyncio.Event()
            serving = asyncio.create_task(serve(bench.engine, leave, watchers=[fails, sees]))
            await asyncio.sleep(3)
            assert not serving.done() and not ended
            leave.set()
            await serving
            assert ended == ["seen"]

    run_virtually(main())


def test_trip_is_on_its_way_to_the_plc_before_the_board_has_looked(tmp_path: Path) -> None:
    """The board is an onlooker: what it costs does not stand between a loss and its stop."""

    async def main() -> None:
        async with WatchedBench(tmp_path, speed=40.0) as bench:
            looking = asyncio.create_task(bench.board.run())
            await bench.make_ready()
            going = asyncio.create_task(bench.visit())
            await bench.until_step(60)
            looks: list[int] = []
            look, board = bench.board.look, bench.board

            def counted() -> None:
                looks.append(sum(plc.inputs.get("STOP_REQ", 0) for plc in bench.sim.plcs.values()))
                look()

            board.look = counted  # type: ignore[method-assign]
            bench.do(cmd="fault", name="curtain", on=True)
            await bench.until(lambda: bool(bench.announced()), 5)
            assert looks[-1] >= 1, "the stop level was in the PLC when the board announced the trip"
            for task in (looking, going):
                task.cancel()
            await asyncio.gather(looking, going, return_exceptions=True)

    run_virtually(main())
