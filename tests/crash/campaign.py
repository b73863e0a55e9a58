"""The campaign: visits in which the controller dies at every point, or is interrupted in every step.

    python -m tests.crash.campaign [--long] [--vehicles N] [--only TEXT]

Prints one JSON object: counts, and every counter-example as a sentence. Runs in a process of its own because it
forks. Knows which points are tried with which outage and way. Does not know what is checked after them.
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
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from station_ctl.engine.events import Effect, Progress
from tests.bench.virtual_bench import run_virtually
from tests.crash.aftermath import OUTAGES, Outage, Way, after_a_crash
from tests.crash.copies import branch, in_a_copy, left_alone
from tests.crash.crash_bench import SPEED, CrashBench, Hears, Point, World
from tests.crash.interruptions import Kind, after_an_interruption
from tests.crash.judgement import Expected

PAIR_ONE_IN = {False: 150, True: 45}
"""Of the points of each recovery, every how many-eth is crashed again; short and long form."""

CHOICES = (Way.RESUME, Way.RETREAT)

WRONG = ("lost", "repeated", "custody", "unsafe", "unasked", "stuck")


@dataclass
class Tally:
    """Counts, and every counter-example."""

    points: int = 0
    crashes: int = 0
    pairs: int = 0
    interruptions: int = 0
    ways: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRONG, 0))
    examples: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    def add(self, case: str, found: dict[str, Any]) -> None:
        """One case and what was found after it."""
        if "error" in found:
            found = {**{kind: [] for kind in WRONG}, "stuck": [str(found["error"])], "way": "", "refused": []}
        self.ways[found["way"]] = self.ways.get(found["way"], 0) + 1
        for why in found["refused"]:
            self.refusals[why] = self.refusals.get(why, 0) + 1
        if found["way"] == Way.BY_HAND:
            self.by_hand.append(f"{case}: {found['refused']}")
        for kind in WRONG:
            self.wrong[kind] += bool(found[kind])
            self.examples += [f"{case}: {kind}: {text}" for text in found[kind]]
        for pair in found.get("pairs", ()):
            self.pairs += 1
            self.add(f"{case}; again at {pair['at']}", pair["found"])


class Campaign:
    """Every point once by each way; `long` also with every outage, at more moments, and with many more pairs."""

    def __init__(self, folder: Path, *, long: bool = False, only: str = "", sabotage: str = "") -> None:
        self.folder, self.long, self.only, self.sabotage = folder, long, only, sabotage
        self.tally = Tally()
        self._seen: set[tuple[int, int, int]] = set()
        self._turn = 0
        self._expected = Expected([], {})

    def run(self, vehicles: int) -> None:
        """One visit of `vehicles` vehicles, the first undisturbed for comparison."""
        self._expected = run_virtually(self._visit(World(), vehicles, None))
        run_virtually(self._visit(World(), vehicles, self._point))

    async def _visit(self, world: World, vehicles: int, hears: Hears | None) -> Expected:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        async with CrashBench(folder, world, sabotage=self.sabotage if hears is not None else "") as bench:
            await bench.make_ready()
            bench.hears = hears if vehicles == 1 else None
            if hears is not None:
                bench.engine.listen(lambda effect: self._steps(bench, effect))
            await left_alone(_vehicles(bench, vehicles, hears))
            bench.hears = None
            await asyncio.sleep(0.5)
        return Expected(list(world.moves), world.done())

    def _steps(self, bench: CrashBench, effect: Effect) -> None:
        """Moments in the middle of each step."""
        if not (isinstance(effect, Progress) and effect.what == "step-begun") or bench.hears is None:
            return
        no = effect.step
        run = bench.state.run(effect.run_id)
        nominal = run.sequence.by_no[no].nominal if run is not None else 5.0
        for part in (0.1, 0.3, 0.5, 0.7, 0.9) if self.long else (0.5,):
            text = f"{effect.run_id} step {no} at {part:.0%}"
            asyncio.get_running_loop().call_later(part * nominal / SPEED, self._middle, bench, text)

    def _middle(self, bench: CrashBench, text: str) -> None:
        if bench.hears is None:
            return
        bench.point(text)
        cases = [(kind, way) for kind in Kind for way in CHOICES]
        if not self.long:
            cases = [cases[self._turn % 6], cases[(self._turn + 3) % 6]]
            self._turn += 1
        for kind, way in cases:
            if bench.hears is not None and self.only in text:
                self._interrupt(bench, text, kind, way)

    def _interrupt(self, bench: CrashBench, text: str, kind: Kind, way: Way) -> None:
        self.tally.interruptions += 1
        found = branch(lambda: after_an_interruption(bench, self.folder, kind, way, self._expected))
        if found is None:
            bench.hears = None  # this is the copy: it goes on with the interruption
            return
        self.tally.add(f"{kind} in {text}, {way}", found)

    def _point(self, bench: CrashBench, point: Point) -> None:
        """One moment at which the controller dies."""
        self.tally.points += 1
        if point.image in self._seen or self.only not in point.text:
            return
        self._seen.add(point.image)
        for i, way in enumerate(CHOICES):
            turn = len(self._seen) + i * 2
            every = self.long or (self.only and not self.sabotage)
            for outage in OUTAGES if every else (OUTAGES[turn % len(OUTAGES)],):
                self.tally.crashes += 1
                case = f"{point.text}, {outage.name}, {way}"
                self.tally.add(case, in_a_copy(lambda o=outage, w=way, c=case: self._crash(bench, w, o, c)))

    def _crash(self, bench: CrashBench, way: Way, outage: Outage, case: str) -> dict[str, Any]:
        """In the copy: the crash, its aftermath, and a second crash at some points of the aftermath."""
        pairs: list[dict[str, Any]] = []
        met: set[tuple[int, int, int]] = set()

        def again(restarted: CrashBench, point: Point) -> None:
            chosen = zlib.crc32(f"{case}/{len(met)}".encode())
            if point.image in met:
                return
            met.add(point.image)
            if chosen % PAIR_ONE_IN[self.long]:
                return
            second, other = OUTAGES[chosen // 64 % len(OUTAGES)], CHOICES[chosen // 8 % 2]
            journal = restarted.journal.path
            found = in_a_copy(
                lambda: after_a_crash(bench.world, journal, self.folder, other, second, self._expected)
            )
            pairs.append({"at": f"{point.text}, {second.name}, {other}", "found": found})

        forgets = self.sabotage == "forgetful"
        found = after_a_crash(
            bench.world, bench.journal.path, self.folder, way, outage, self._expected, again, forgets=forgets
        )
        return {**found, "pairs": pairs}


async def visit(bench: CrashBench) -> None:
    """One vehicle, from its arrival until its run is closed."""
    bench.world.arrive()
    await asyncio.sleep(0.5)
    run, _ = await bench.reception.receive("test")
    await bench.watch.until_closed(run)


async def _vehicles(bench: CrashBench, vehicles: int, hears: Hears | None) -> None:
    """One vehicle after the other; the next is received as soon as the bay is free, while packs are put away."""
    runs = []
    for _ in range(vehicles):
        bench.world.arrive()
        await asyncio.sleep(0.5)
        if runs and hears is not None:
            bench.hears = hears
            overlap = asyncio.create_task(_until_alone(bench, runs[-1]), name="overlap")
            overlap.add_done_callback(lambda task: task.exception())
        run, _ = await bench.reception.receive("test")
        runs.append(run)
        await bench.watch.until_vehicle_left(run)
    for run in runs:
        await bench.watch.until_closed(run)


async def _until_alone(bench: CrashBench, run: str) -> None:
    """Points are of interest as long as the run before is not closed."""
    await bench.watch.until_closed(run)
    bench.hears = None


def main(argv: list[str] | None = None) -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.campaign")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--vehicles", type=int, default=1)
    parser.add_argument("--only", default="", help="points whose text contains this")
    parser.add_argument("--sabotage", choices=("forgetful", "hasty"), default="", help="spoil the controller")
    arguments = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, memory = time.monotonic(), Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        campaign = Campaign(folder, long=arguments.long, only=arguments.only, sabotage=arguments.sabotage)
        campaign.run(arguments.vehicles)
    finally:
        shutil.rmtree(folder)
    told = {**vars(campaign.tally), "seconds": round(time.monotonic() - began, 1)}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
