"""The daily backup: made when it is due, between two runs; one that fails is told and tried again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from station_ctl.core.errors import JournalError
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.service import backup
from station_ctl.service.backup_duty import DUE, LOOK, OVERDUE, BackupDuty
from tests.bench.virtual_bench import run_virtually


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.new(tmp_path / "journal.sqlite", "TOY")
    yield made
    made.close()


def duty(journal: Journal, *, runs: tuple[object, ...] = (), now: float = 1e9) -> BackupDuty:
    engine: Any = SimpleNamespace(state=SimpleNamespace(runs=runs))
    return BackupDuty(engine, journal, Path("station.yaml"), wall=lambda: now)


def last_made(journal: Journal, at: float) -> None:
    folder = journal.path.parent / "backup"
    folder.mkdir(exist_ok=True)
    file = folder / "TOY-20260101T000000Z.zip"
    file.touch()
    os.utime(file, (at, at))


@pytest.mark.parametrize(
    ("age", "between_runs", "in_a_run"),
    [(0.0, False, False), (DUE - 1, False, False), (DUE, True, False), (OVERDUE, True, True), (-OVERDUE, True, True)],
)
def test_backup_is_due_by_the_age_of_the_newest(
    journal: Journal, age: float, between_runs: bool, in_a_run: bool
) -> None:
    last_made(journal, 1e9 - age)
    assert duty(journal).due() is between_runs
    assert duty(journal, runs=("S-0001",)).due() is in_a_run


def test_first_backup_is_due_at_once(journal: Journal) -> None:
    assert duty(journal).due()


def test_it_looks_again_and_again_and_a_failure_is_no_end(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def make(of: Journal, target: Path, file: Path) -> Path:
        asked.append(asyncio.get_running_loop().time())
        assert (of, file, target.parent) == (journal, Path("station.yaml"), journal.path.parent / "backup")
        if len(asked) == 1:
            raise JournalError("the disk is full")
        last_made(journal, 1e9)
        return target

    monkeypatch.setattr(backup, "make_while_running", make)

    async def main() -> list[Any]:
        with capture_logs() as lines:
            task = asyncio.create_task(duty(journal).run())
            await asyncio.sleep(5.5 * LOOK)
            task.cancel()
        return lines

    lines = run_virtually(main())
    assert [line["event"] for line in lines] == ["backup-failed", "backup-made"]
    assert len(asked) == 2 and asked[1] - asked[0] == pytest.approx(LOOK) and "disk is full" in lines[0]["why"]


async def test_an_end_in_the_middle_of_a_copy_waits_for_the_copying_thread(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is cancelled closes the journal next."""
    copying, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def slow(path: Path, given_up: Any) -> None:
        loop.call_soon_threadsafe(copying.set)
        while not given_up():
            pass
        ended.append(True)
        raise JournalError("given up")

    monkeypatch.setattr(journal, "copy_to", slow)
    making = asyncio.create_task(backup.make_while_running(journal, tmp_path / "b.zip", Path("x")))
    await copying.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert ended == [True] and not [name for name in os.listdir(tmp_path) if name.startswith((".backup", "b.zip"))]


def test_copy_that_is_given_up_says_so(journal: Journal, tmp_path: Path) -> None:
    journal.commit([Record("x", data=(("much", "y" * 3_000_000),))], None)
    with pytest.raises(JournalError, match="given up"):
        journal.copy_to(tmp_path / "copy.sqlite", lambda: True)
    journal.copy_to(tmp_path / "copy2.sqlite")
    journal.commit([Record("x")], None)
