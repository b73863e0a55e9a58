"""Real kills: at every journal and wire operation of a swap, and at every call of a commit, a process gets SIGKILL.

    python -m tests.crash.sigkill [--long]

What it leaves must be the rows before or after the commit, and all of those it had acknowledged; then the station is
started on it and brought to its end by RESUME and by RETREAT. Does not know what is checked after a start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from tests.bench.virtual_bench import run_virtually
from tests.crash.aftermath import OUTAGES, after_a_crash
from tests.crash.campaign import CHOICES, Tally, visit
from tests.crash.copies import in_a_copy
from tests.crash.crash_bench import CrashBench, Point, World, copied
from tests.crash.disk_log import NoRecorder
from tests.crash.judgement import Expected
from tests.crash.victim import STATION, Act, Call, Left, deaths_inside, killed

EVERY = {False: 7, True: 1}
"""Every how many-eth operation is struck; short and long form. Prime, so that all kinds have their turn."""


@dataclass
class Kills(Tally):
    """The tally of a campaign, with the processes killed and those killed inside a commit."""

    operations: int = 0
    killed: int = 0
    inside: int = 0
    skipped: str = ""


class SigkillCampaign:
    """One swap; at each operation that is struck, processes are killed and the swap is brought to its end."""

    def __init__(self, folder: Path, *, long: bool = False) -> None:
        self.folder, self.long = folder, long
        self.tally = Kills()
        self._expected = Expected([], {})

    def run(self) -> None:
        """One visit undisturbed, for comparison; then one with the kills."""
        self._expected = run_virtually(self._visit(struck=False))
        run_virtually(self._visit(struck=True))

    async def _visit(self, *, struck: bool) -> Expected:
        world = World()
        async with CrashBench(Path(tempfile.mkdtemp(dir=self.folder)), world) as bench:
            await bench.make_ready()
            if struck:
                bench.hears = self._at_the_wire
                bench.strikes = lambda text, records, ledger: self._at_a_commit(bench, text, records, ledger)
            await visit(bench)
            bench.hears = bench.strikes = None
            await asyncio.sleep(0.5)
        return Expected(list(world.moves), world.done())

    def _chosen(self) -> bool:
        self.tally.operations += 1
        return self.tally.operations % EVERY[self.long] == 0

    def _at_the_wire(self, bench: CrashBench, point: Point) -> None:
        """Before a write arrives, and once it has; commits are struck in a way of their own."""
        if point.text.startswith("commit") or not self._chosen():
            return
        self._struck(bench, point.text, self._killed(bench, lambda _: None))

    def _at_a_commit(self, bench: CrashBench, text: str, records: list[Record], ledger: Ledger | None) -> None:
        """Before the first call, at every call, and after the last."""
        if not self._chosen():
            return
        before = in_a_copy(lambda: {"rows": _rows(bench.journal.path, self.folder)})["rows"]

        def commit(journal: Journal) -> None:
            journal.commit(records, ledger)

        self._struck(bench, f"{text}, before it", self._killed(bench, lambda _: None))
        allowed = before, before + len(records)
        try:
            for call, left in deaths_inside(lambda call: self._killed(bench, commit, call)):
                self.tally.inside += 1
                name, number = call
                self._struck(bench, f"{text}, at {name} {number}", left, allowed, ends=number == 2)
        except NoRecorder as error:
            self.tally.skipped = str(error)
        left = self._killed(bench, commit)
        self._struck(bench, f"{text}, after it", left, (before + len(records),) * 2)

    def _killed(self, bench: CrashBench, act: Act, call: Call | None = None) -> Left:
        self.tally.killed += 1
        return killed(bench.journal.path, self.folder, act, call)

    def _struck(
        self, bench: CrashBench, text: str, left: Left, rows: tuple[int, int] | None = None, *, ends: bool = True
    ) -> None:
        """Judge what the killed process left. `ends` or long form: bring the swap to its end on it, by both ways."""
        self.tally.points += 1
        if rows is not None:
            self.tally.add(text, in_a_copy(lambda: _whole(left.journal, self.folder, rows)))
        if ends or self.long:
            for i, way in enumerate(CHOICES):
                outage = OUTAGES[(self.tally.points + i) % len(OUTAGES)]
                found = in_a_copy(
                    lambda w=way, o=outage: after_a_crash(
                        bench.world, left.journal, self.folder, w, o, self._expected
                    )
                )
                self.tally.crashes += 1
                self.tally.add(f"{text}, {outage.name}, {way}", found)
        shutil.rmtree(left.journal.parent)


def _rows(path: Path, folder: Path) -> int:
    journal = Journal(copied(path, folder), STATION)
    try:
        journal.restore()
        return len(journal.rows())
    finally:
        journal.close()
        shutil.rmtree(journal.path.parent)


def _whole(path: Path, folder: Path, allowed: tuple[int, int]) -> dict[str, Any]:
    """The commit is there as a whole or not at all."""
    found = _rows(path, folder)
    lost = [] if found in allowed else [f"{found} rows, must be one of {allowed}"]
    empty: dict[str, Any] = {kind: [] for kind in ("repeated", "custody", "unsafe", "unasked", "stuck", "refused")}
    return {**empty, "lost": lost, "way": "looked at"}


def main(argv: list[str] | None = None) -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.sigkill")
    parser.add_argument("--long", action="store_true")
    arguments = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, memory = time.monotonic(), Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="sigkill-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        campaign = SigkillCampaign(folder, long=arguments.long)
        campaign.run()
    finally:
        shutil.rmtree(folder)
    told = {**vars(campaign.tally), "seconds": round(time.monotonic() - began, 1)}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
