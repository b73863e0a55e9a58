"""The journal's disk is full, read-only, broken, or holds an old copy: said in words, and nothing moves on.

Mounts a small memory disk where it may, runs under strace where it can, and is skipped with the reason where not.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from station_ctl.core.errors import JournalError, OldJournal, Refused
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Record, Verb
from station_ctl.engine.journal import Journal
from station_ctl.service import recovery
from station_ctl.service.run_watch import Interrupted
from tests.bench.virtual_bench import run_virtually
from tests.crash.aftermath import OUTAGES, Way, to_the_end
from tests.crash.crash_bench import CrashBench, World, copied
from tests.crash.judgement import Findings, custody_errors
from tests.crash.power_cut import DATABASE, ROOT, STATION
from tests.crash.recorded_swaps import ACKNOWLEDGED


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 1 MiB."""
    place = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        yield place
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    finally:
        place.rmdir()


def _fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))
    return filler


def test_a_full_disk_refuses_the_row_and_keeps_the_ones_before(small_disk: Path) -> None:
    journal = Journal.new(small_disk / DATABASE, STATION)
    journal.commit([Record("before")], None)
    _fill(small_disk)
    with pytest.raises(JournalError, match="full"):
        for _ in range(100):
            journal.commit([Record("after", data=(("text", "y" * 2000),))], None)
    kept = [row.kind for row in journal.rows()]
    journal.close()
    again = Journal(small_disk / DATABASE, STATION)
    assert [row.kind for row in again.rows()] == kept and kept[0] == "before"
    again.close()


def test_a_disk_that_fills_up_in_a_swap_makes_the_machine_safe_and_the_swap_goes_on_later(
    small_disk: Path, tmp_path: Path
) -> None:
    world = World()

    async def until_full() -> Path:
        async with CrashBench(small_disk, world) as bench:
            await bench.make_ready()
            world.arrive()
            await asyncio.sleep(0.5)
            run, _ = await bench.reception.receive("test")
            going = asyncio.create_task(bench.watch.until_closed(run))
            await bench.until_step(90)
            filler = _fill(small_disk)
            with pytest.raises(Interrupted):
                await going
            await bench.until_state(State.ABORTED)
            assert bench.state.trips[0].code == "A501" and "full" in bench.state.trips[0].text
            orders = len(world.orders)
            await asyncio.sleep(5.0)
            assert len(world.orders) == orders, "nothing is ordered that is not in the journal"
            return filler

    async def later() -> Findings:
        found = Findings()
        async with CrashBench(small_disk, world) as bench:
            assert custody_errors(bench) == []
            await to_the_end(bench, Way.RESUME, found)
            assert custody_errors(bench) == []
        return found

    run_virtually(until_full()).unlink()
    OUTAGES[0].strike(world)
    assert run_virtually(later()).stuck == []
    assert world.violations() == []


def test_a_read_only_disk_is_told_at_the_start(small_disk: Path) -> None:
    Journal.new(small_disk / DATABASE, STATION).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(small_disk / DATABASE, STATION)
    for name in ("another.sqlite", "folder/another.sqlite"):
        with pytest.raises(JournalError, match="cannot be made"):
            Journal.new(small_disk / name, STATION)


def test_a_disk_that_fails_to_synchronise_stops_the_swap_and_loses_nothing(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: sudo apt-get install strace")
    log = tmp_path / "strace.log"
    inject = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=20+"]
    watched = ["-P", str(tmp_path / f"{DATABASE}-wal"), "-P", str(tmp_path / DATABASE)]
    swap = [sys.executable, "-m", "tests.crash.recorded_swaps", str(tmp_path), "FULL", "1"]
    ended = subprocess.run(
        [strace, "-f", "-qq", "-o", str(log), *inject, *watched, "--", *swap], cwd=ROOT, capture_output=True, text=True
    )
    if "ptrace" in ended.stderr:
        pytest.skip(f"strace may not trace here: {ended.stderr.strip()}")
    assert ended.returncode != 0
    assert "A501 journal not writable" in ended.stderr and "disk I/O error" in ended.stderr
    acknowledged = int((tmp_path / ACKNOWLEDGED).read_text().split()[-1])
    journal = Journal(tmp_path / DATABASE, STATION)
    assert len(journal.rows()) >= acknowledged > 10
    journal.close()


def test_an_old_copy_of_the_journal_is_refused_by_the_machine(tmp_path: Path) -> None:
    """The PLCs remember newer orders: whoever restored the copy learns it before anything moves."""
    world = World()

    async def swap() -> Path:
        async with CrashBench(tmp_path, world) as bench:
            await bench.make_ready()
            world.arrive()
            await asyncio.sleep(0.5)
            run, _ = await bench.reception.receive("test")
            going = asyncio.create_task(bench.watch.until_closed(run))
            await bench.until_step(80)
            await bench.engine.ask(Verb.HOLD, "test")
            with pytest.raises(Interrupted):
                await going
            bench.journal.close()
            backup = copied(bench.journal.path, tmp_path)
            bench.on_own_files(tmp_path)
            await to_the_end(bench, Way.RESUME, Findings())
            return backup

    async def restored(backup: Path) -> None:
        async with CrashBench(tmp_path, world, journal=backup) as bench:
            orders = len(world.orders)
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
            words = "the journal is older than the machine; restore the newest one"
            with pytest.raises(OldJournal, match=words):
                await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            with pytest.raises(Refused, match=f"{words}|forward|not certain"):
                await recovery.retreat(bench.engine, bench.built.procedures(), bench.state.runs[0].run_id, "test")
            assert len(world.orders) == orders

    run_virtually(restored(run_virtually(swap())))


