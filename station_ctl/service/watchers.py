"""What watches a station on duty beside its engine: alarm board, black box, trends, and their files in one folder.

Knows how they come together. One that fails is started anew and told; none of them can stop or hold up the station.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog

from station_ctl.core.alarms import AlarmEntry
from station_ctl.engine.runner import Engine
from station_ctl.service.alarm_board import AlarmBoard
from station_ctl.service.alarm_levels import WatchedRow
from station_ctl.service.alarm_store import AlarmStore
from station_ctl.service.black_box import BlackBox
from station_ctl.service.box_file import BoxFolder, BoxThread
from station_ctl.service.history import HistoryFile
from station_ctl.service.history_thread import HistoryThread
from station_ctl.service.trends import Trends

log = structlog.get_logger()

AGAIN_AFTER = 5.0
"""Seconds until a watcher that failed is started anew."""


class Watchers:
    """Make them before the engine runs, `run` them beside it, `close` them after it. `board`, `box`, `trends`."""

    def __init__(
        self,
        engine: Engine,
        catalogue: Mapping[str, AlarmEntry],
        rows: Iterable[WatchedRow],
        folder: Path,
        *,
        trend_tags: Iterable[str] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`folder` takes `history.db` and `black_box/`."""
        self._history = history = HistoryThread(HistoryFile(folder / "history.db"))
        self.boxes = BoxFolder(folder / "black_box")
        self._box_thread = BoxThread(self.boxes)
        store = AlarmStore(history)
        self.board = AlarmBoard(engine, catalogue, rows, store=store, trouble=lambda: history.trouble, wall=wall)
        self.box = BlackBox(engine, self._box_thread, wall=wall)
        self.trends = Trends(engine, history, trend_tags, wall=wall)

    async def run(self) -> None:
        """Run all of them until cancelled."""
        works = {"alarm board": self.board.run, "black box": self.box.run, "trends": self.trends.run}
        tasks = [asyncio.create_task(kept_up(name, work), name=name) for name, work in works.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Finish what waits to be written; a disk that hangs is not waited for longer than some seconds."""
        self._box_thread.close()
        self._history.close()


async def kept_up(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run one watcher; when it fails, say so and start it anew."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("watcher-failed", watcher=name, again_after_s=AGAIN_AFTER)
        await asyncio.sleep(AGAIN_AFTER)
