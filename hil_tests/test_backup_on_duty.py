"""A backup that a working service makes: copied between commits, packed and proven by a process of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from station_ctl.config import station_file
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import JournalError
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.service import backup


async def test_backup_is_made_while_commits_go_on(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    thread = JournalThread(journal)
    await thread.commit([Record("admitted")], Ledger().admit("P-1", "A01"))
    target, file = tmp_path / "backup" / "one.zip", station_file("sim_passenger_car")
    making = asyncio.create_task(backup.make_while_running(journal, target, file))
    commits = 0
    while not making.done():
        await thread.commit([Record("mode")], None)
        commits += 1
        await asyncio.sleep(0.02)
    assert await making == target and commits > 3
    with pytest.raises(JournalError, match="there is a backup"):
        await backup.make_while_running(journal, target, file)
    thread.close()
    proven = backup.verify(target)
    assert proven.contents.packs == 1 and 1 <= proven.contents.rows <= 1 + commits
    assert "stations/sim_passenger_car.yaml" in proven.config
    assert sorted(os.listdir(tmp_path)) == ["backup", "journal.sqlite"]
