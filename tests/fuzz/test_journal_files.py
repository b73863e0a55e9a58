"""Journal files with wrong bytes: a start is refused with words, or the journal is read; nothing goes uncaught."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from station_ctl.core.errors import JournalError
from station_ctl.engine.journal import Journal
from station_ctl.service.recovery import rebuild
from tests.fuzz.journal_rows import ROW, interrupted_swaps, paper
from tests.fuzz.mutation import spoilt


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a journal of an interrupted swap."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    journal = Journal.new(path, paper().config.station.code)
    rows, custody = interrupted_swaps()[1]
    journal._db.executemany(ROW, rows)
    journal._db.executemany("INSERT INTO custody VALUES (?, ?, ?, ?)", custody)
    journal.close()
    return path.read_bytes()


def opened(path: Path) -> str:
    """The refusal to open or restore a journal; empty = it was restored."""
    try:
        journal = Journal(path, paper().config.station.code)
    except JournalError as refusal:
        return str(refusal)
    try:
        restored = journal.restore()
        runs, faults = rebuild(restored, paper().procedures(), paper().config.recipes)
    except JournalError as refusal:
        return str(refusal)
    finally:
        journal.close()
    assert len(runs) + len(faults) <= len(restored.open_runs)
    return ""


def spoil_and_open(folder: Path, intact: bytes, files: int) -> int:
    """Open so many spoilt files; the number of those refused."""
    rng, refused, path = Random(5), 0, folder / "journal.sqlite"
    for _ in range(files):
        data = bytearray(intact)
        for _ in range(rng.choice((1, 1, 4, 40))):
            at = rng.randrange(len(data)) if rng.random() < 0.7 else rng.randrange(200)
            data[at] = rng.randrange(256)
        if rng.random() < 0.2:
            data = bytearray(spoilt(rng, bytes(data)))
        for leftover in folder.iterdir():
            leftover.unlink()
        path.write_bytes(data)
        refusal = opened(path)
        refused += bool(refusal)
        assert not refusal or refusal.startswith(("journal", str(path))), refusal
    return refused


def test_an_intact_journal_is_read(tmp_path: Path, intact: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(intact)
    assert opened(tmp_path / "journal.sqlite") == ""


def test_a_file_with_wrong_bytes_is_refused_in_words_or_read(tmp_path: Path, intact: bytes) -> None:
    assert 30 < spoil_and_open(tmp_path, intact, 300) < 300


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_files_with_wrong_bytes(tmp_path: Path, intact: bytes) -> None:
    assert 2000 < spoil_and_open(tmp_path, intact, 20_000) < 20_000
