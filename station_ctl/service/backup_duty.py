"""The daily backup of a working station: when one is due, it is made between two swaps.

Knows the age of the newest backup and whether a run is open. How a backup is made is in service/backup.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from station_ctl.core.errors import JournalError
from station_ctl.engine.journal import Journal
from station_ctl.engine.runner import Engine
from station_ctl.service import backup

log = structlog.get_logger()

LOOK = 600.0
"""Seconds between two looks, and before the first one: a start has better things to do."""

DUE, OVERDUE = 24 * 3600.0, 36 * 3600.0
"""Age of the newest backup (s): from the first on one is made between two runs, from the second on also in a run."""


class BackupDuty:
    """Run it beside the engine. A backup that fails is told and tried again at the next look."""

    def __init__(
        self, engine: Engine, journal: Journal, station_file: Path, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._engine, self._journal, self._file, self._wall = engine, journal, station_file, wall
        self.folder = journal.path.parent / "backup"

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if self.due():
                await self.make()

    def due(self) -> bool:
        """True if a backup should be made now."""
        newest = backup.listed(self.folder, self._journal.station)[:1]
        # A clock that was set back makes a file of the future: its age says nothing.
        age = abs(self._wall() - newest[0].stat().st_mtime) if newest else OVERDUE
        return age >= OVERDUE or (age >= DUE and not self._engine.state.runs)

    async def make(self) -> Path | None:
        """Make one, and delete the oldest when it is proven. None if it failed, which is told."""
        target = backup.new_name(self.folder, self._journal.station)
        try:
            await backup.make_while_running(self._journal, target, self._file)
            gone = backup.prune(self.folder, self._journal.station)
        except (JournalError, OSError) as error:
            log.error("backup-failed", path=str(target), why=str(error), again_after_s=LOOK)
            return None
        log.info("backup-made", path=str(target), deleted=[path.name for path in gone])
        return target
