"""Power cuts: what a disk may hold when the power fails at any moment of real swaps, and what the journal makes of it.

    python -m tests.crash.power_cut [--long]

A write that was not synchronised may be there in any part of its 512-byte sectors, and its last sector may be torn.
Knows disks. Judges by the journal's own opening and by the rows that were acknowledged before the cut.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from station_ctl.core.errors import JournalError
from station_ctl.engine.journal import Journal, JournalRow
from tests.crash.disk_log import NoRecorder, Op, record
from tests.crash.recorded_swaps import ACKNOWLEDGED

SECTOR = 512
DATABASE = "journal.sqlite"
FILES = [DATABASE, f"{DATABASE}-wal", f"{DATABASE}-journal", ACKNOWLEDGED]
STATION = "SIM-0001"
IMAGES = {False: 1500, True: 10000}
CONTROLS = ("NORMAL", "OFF")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Disk:
    """Every file as it surely is, and what was done to it since it was last synchronised."""

    durable: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Op]] = field(default_factory=dict)
    rows: int = 0

    def do(self, op: Op) -> None:
        """One call. Files are made and removed at once: the directory is not what is tried here."""
        if op.file == ACKNOWLEDGED:
            if op.what == "write":
                self.rows = int(op.data)
        elif op.what == "create":
            self.durable.setdefault(op.file, bytearray())
        elif op.what == "remove":
            self.durable.pop(op.file, None)
            self.pending.pop(op.file, None)
        elif op.what == "sync":
            for done in self.pending.pop(op.file, ()):
                _apply(self.durable[op.file], done)
        else:
            self.pending.setdefault(op.file, []).append(op)

    def image(self, chance: Random) -> dict[str, bytes]:
        """One of the many states in which a power cut may leave the files now."""
        files = {name: bytearray(content) for name, content in self.durable.items()}
        for name, ops in self.pending.items():
            share = chance.choice((0.0, 0.5, 0.9, 1.0))
            for op in ops:
                for part in _parts(op):
                    if chance.random() < share:
                        _apply(files[name], part)
            torn = _torn(ops, chance)
            if torn is not None:
                _apply(files[name], torn)
        return {name: bytes(content) for name, content in files.items()}


def _parts(op: Op) -> Iterator[Op]:
    """A write by sectors; anything else whole."""
    if op.what != "write":
        yield op
        return
    at, end = op.offset, op.offset + len(op.data)
    while at < end:
        until = min(end, at - at % SECTOR + SECTOR)
        yield Op("write", op.file, at, op.data[at - op.offset : until - op.offset])
        at = until


def _torn(ops: list[Op], chance: Random) -> Op | None:
    """The first bytes of one sector of the last write: the sector that was under the head."""
    if ops[-1].what != "write" or chance.random() < 0.5:
        return None
    part = chance.choice(list(_parts(ops[-1])))
    return Op("write", part.file, part.offset, part.data[: chance.randrange(len(part.data))])


def _apply(content: bytearray, op: Op) -> None:
    if op.what == "truncate":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


@dataclass
class Tally:
    """Images, those that no journal could be made of, and those without an acknowledged row."""

    images: int = 0
    corrupt: int = 0
    lost: int = 0
    examples: list[str] = field(default_factory=list)


def recorded(synchronous: str, folder: Path, vehicles: int) -> tuple[list[Op], list[JournalRow]]:
    """What real swaps did to the disk, and the rows they left. Raises NoRecorder."""
    place = Path(tempfile.mkdtemp(dir=folder))
    Journal.new(place / DATABASE, STATION).close()
    made = (place / DATABASE).read_bytes()
    command = [sys.executable, "-m", "tests.crash.recorded_swaps", str(place), synchronous, str(vehicles)]
    # What was there before the recording, on the disk for sure.
    there = [Op("create", DATABASE), Op("write", DATABASE, 0, made), Op("sync", DATABASE)]
    ops = [*there, *record(command, place, FILES, cwd=ROOT)]
    journal = Journal(place / DATABASE, STATION)
    rows = journal.rows()
    journal.close()
    return ops, rows


def cut(ops: list[Op], rows: list[JournalRow], folder: Path, images: int, seed: int = 1) -> Tally:
    """Cut the power at every call at least once, `images` times in all, and look at what is left."""
    tally, chance, disk = Tally(), Random(seed), Disk()
    place = Path(tempfile.mkdtemp(dir=folder))
    first = next(i for i, op in enumerate(ops) if op.file == ACKNOWLEDGED and op.what == "write")
    for number, op in enumerate(ops):
        disk.do(op)
        if number < first:
            continue
        done, left = number - first, len(ops) - first
        while tally.images < images * (done + 1) // left:
            tally.images += 1
            _judge(disk, disk.image(chance), rows, place, f"after call {number} ({op.what} {op.file})", tally)
    shutil.rmtree(place)
    return tally


def _judge(
    disk: Disk, image: dict[str, bytes], rows: list[JournalRow], place: Path, case: str, tally: Tally
) -> None:
    for name in FILES[:3]:
        (place / name).unlink(missing_ok=True)
        if name in image:
            (place / name).write_bytes(image[name])
    try:
        journal = Journal(place / DATABASE, STATION)
    except JournalError as error:
        tally.corrupt += 1
        tally.examples.append(f"{case}: {error}")
        return
    try:
        journal.restore()
        found = journal.rows()
    except JournalError as error:
        tally.corrupt += 1
        tally.examples.append(f"{case}: {error}")
        return
    finally:
        journal.close()
    if found[: disk.rows] != rows[: disk.rows]:
        tally.lost += 1
        tally.examples.append(f"{case}: {disk.rows} rows acknowledged, {len(found)} found")


def campaign(*, long: bool = False) -> dict[str, object]:
    """The whole campaign with its controls. Raises NoRecorder."""
    memory, began = Path("/dev/shm"), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="power-cut-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        ours = cut(*recorded("FULL", folder, 6), folder, IMAGES[long])
        controls = {
            setting: cut(*recorded(setting, folder, 2), folder, IMAGES[long] // 10) for setting in CONTROLS
        }
    finally:
        shutil.rmtree(folder)
    return {
        "images": ours.images,
        "corrupt": ours.corrupt,
        "lost": ours.lost,
        "controls_caught": sum(bool(c.lost or c.corrupt) for c in controls.values()),
        "controls": {name: {"images": c.images, "corrupt": c.corrupt, "lost": c.lost} for name, c in controls.items()},
        "examples": ours.examples[:20],
        "seconds": round(time.monotonic() - began, 1),
    }


def main(argv: list[str] | None = None) -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.power_cut")
    parser.add_argument("--long", action="store_true")
    try:
        told: dict[str, object] = campaign(long=parser.parse_args(argv).long)
    except NoRecorder as error:
        told = {"skipped": str(error)}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
