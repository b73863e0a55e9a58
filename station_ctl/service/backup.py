"""Backups: the journal and its configuration in one file, believed only after it has been opened and counted again.

Knows the form of a backup and how it is proven. Does not know station files, nor who asks for a backup.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from station_ctl.core.errors import (
    AlreadyRunning,
    DamagedJournal,
    ForeignJournal,
    JournalError,
    JournalExists,
    NotFound,
)
from station_ctl.engine.journal import Journal
from station_ctl.service.journal_proof import Contents, examine

SCHEMA = "station.backup/1"
JOURNAL, MANIFEST = "journal.sqlite", "manifest.json"
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError, OSError)
"""What Python's zip reader says of bytes that are no backup."""

KEPT = 14
"""Backups that stay; older ones of the same station are deleted when a new one has been proven."""

OLD_IS_REFUSED = (
    "A restored journal knows only what had happened when it was made. The PLCs remember the last order number: if the "
    "station has ordered since, they are ahead, every start is refused (A505), and packs have to be admitted by hand."
)


@dataclass(frozen=True, slots=True)
class Backup:
    """One proven backup. `made_at` is RFC 3339 in UTC; `config` are the names of the configuration files in it."""

    path: Path
    made_at: str
    version: str
    contents: Contents
    config: tuple[str, ...]


def make(journal: Path, target: Path, station: str, version: str, config: Mapping[str, bytes]) -> Backup:
    """Pack a copy of a journal, with its configuration by name, and prove it. Raises JournalError; then there is none.

    `journal` is a file that nobody uses; it is not changed. `target` appears whole, or not at all.
    """
    files = {f"config/{name}": content for name, content in sorted(config.items())}
    part = target.with_name(f".{target.name}.part")
    try:
        if target.exists():
            raise JournalExists(f"there is a backup {target} already")
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as box:
            box.write(journal, JOURNAL)
            for name, content in files.items():
                box.writestr(name, content)
            hashes = {JOURNAL: _sha256(journal)} | {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
            made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            facts = {"schema": SCHEMA, "station": station, "made_at": made_at, "version": version, "sha256": hashes}
            box.writestr(MANIFEST, json.dumps(facts, indent=1))
        proven = verify(part)
        _make_durable(part)
        part.rename(target)
        _make_durable(target.parent)
    except OSError as error:
        raise JournalError(f"backup {target} cannot be written: {error}") from error
    finally:
        with suppress(OSError):  # there is none, or its folder cannot be one: told above
            part.unlink()
    return replace(proven, path=target)


async def make_while_running(journal: Journal, target: Path, station_file: Path) -> Path:
    """A backup of the journal that the service holds, while it works. Raises JournalError; then there is none.

    Copied by a thread, piece by piece between commits. Packed and proven by a process of its own, because reading
    every row of a year would hold up the scans of this one.
    """
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=journal.path.parent) as folder:
        copy = Path(folder) / JOURNAL
        await _copied(journal, copy)
        words = ("backup", "create", "--station", str(station_file), "--journal", str(copy), "-o", str(target))
        packing = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "station_ctl", *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            _, said = await packing.communicate()
        except asyncio.CancelledError:
            packing.kill()
            await packing.wait()
            raise
    if packing.returncode:
        raise JournalError(f"backup {target} failed: {said.decode(errors='replace').strip()}")
    return target


async def _copied(journal: Journal, copy: Path) -> None:
    """Whoever is cancelled here closes the journal next, so the copying thread is waited for: some ms."""
    given_up = threading.Event()
    copying = asyncio.ensure_future(asyncio.to_thread(journal.copy_to, copy, given_up.is_set))
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        given_up.set()
        await asyncio.gather(copying, return_exceptions=True)
        raise


def verify(path: Path) -> Backup:
    """Open a backup and prove it: every file by its hash, the journal by `examine`. Raises DamagedJournal, NotFound."""
    facts, names = _manifest(path)
    with tempfile.TemporaryDirectory(prefix="station-backup-") as folder:
        copy = Path(folder) / JOURNAL
        _unpack_journal(path, copy, str(facts["sha256"][JOURNAL]))
        contents = examine(copy, str(facts["station"]))
    config = tuple(name.removeprefix("config/") for name in names if name.startswith("config/"))
    return Backup(path, str(facts["made_at"]), str(facts["version"]), contents, config)


def _manifest(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest, and the names of the files beside it, each of which has the hash that it names."""
    if not path.is_file():
        raise NotFound(f"there is no backup {path}")
    try:
        with zipfile.ZipFile(path) as box:
            facts = json.loads(box.read(MANIFEST))
            if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
                raise DamagedJournal(f"{path} is no backup of this program")
            names = sorted(set(box.namelist()) - {MANIFEST})
            if names != sorted(facts["sha256"]) or len(names) + 1 != len(box.namelist()) or JOURNAL not in names:
                raise DamagedJournal(f"backup {path} does not hold the files that it names")
            for name in names:
                with box.open(name) as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != facts["sha256"][name]:  # type: ignore[arg-type]
                        raise DamagedJournal(f"backup {path}: {name} was altered")
    except BROKEN as error:
        raise DamagedJournal(f"backup {path} cannot be read: {error!r}") from error
    return facts, names


def _unpack_journal(path: Path, target: Path, sha256: str) -> None:
    with zipfile.ZipFile(path) as box, box.open(JOURNAL) as packed, target.open("xb") as file:
        shutil.copyfileobj(packed, file)
    if _sha256(target) != sha256:
        raise DamagedJournal(f"backup {path}: {JOURNAL} was altered")


def restore(path: Path, journal: Path, station: str) -> tuple[Backup, Path | None]:
    """Put the journal of a proven backup where the station looks for it. Returns it and where the old files went.

    Raises AlreadyRunning while the service holds the journal, ForeignJournal for that of another station, and
    DamagedJournal. What was there is set aside and never deleted. See OLD_IS_REFUSED for what comes after.
    """
    proven = verify(path)
    if proven.contents.station != station:
        raise ForeignJournal(f"{path} belongs to station {proven.contents.station}, not to {station}")
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=journal.parent) as folder:
            copy = Path(folder) / JOURNAL
            facts, _ = _manifest(path)
            _unpack_journal(path, copy, facts["sha256"][JOURNAL])
            _make_durable(copy)
            old = set_aside(journal)
            owner, mine = journal.parent.stat(), copy.stat()
            if (owner.st_uid, owner.st_gid) != (mine.st_uid, mine.st_gid):  # root restores what the service writes
                os.chown(copy, owner.st_uid, owner.st_gid)
            copy.rename(journal)
        _make_durable(journal.parent)
    except OSError as error:
        raise JournalError(f"journal {journal} cannot be restored: {error}") from error
    return proven, old


def set_aside(journal: Path) -> Path | None:
    """Move a journal with everything SQLite keeps beside it into a folder of its own. Raises AlreadyRunning."""
    if is_held(journal):
        raise AlreadyRunning(f"journal {journal} is open in another process: stop the station first")
    files = [file for file in journal.parent.glob(f"{journal.name}*") if file.is_file()]
    if not files:
        return None
    folder = journal.parent / f"set-aside-{_stamp()}"
    folder.mkdir()
    for file in files:
        file.rename(folder / file.name)
    return folder


def is_held(journal: Path) -> bool:
    """True while another process has the journal open; it says so by SQLite's lock, also of a damaged file."""
    if not journal.is_file():
        return False
    try:
        db = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0.0)
    except sqlite3.Error:
        return False
    try:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("ROLLBACK")
    except sqlite3.Error as error:
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY
    finally:
        db.close()
    return False


def new_name(folder: Path, station: str) -> Path:
    """The name of the next backup of a station in this folder."""
    return folder / f"{station}-{_stamp()}.zip"


def listed(folder: Path, station: str) -> list[Path]:
    """The backups of a station in a folder, newest first, by their names; none of them has been opened."""
    return sorted(folder.glob(f"{station}-*Z.zip"), reverse=True)


def prune(folder: Path, station: str, keep: int = KEPT) -> list[Path]:
    """Delete the oldest backups of a station but `keep`. Returns those deleted. Called after a new one is proven."""
    gone = listed(folder, station)[max(keep, 1) :]
    for path in gone:
        path.unlink()
    return gone


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
