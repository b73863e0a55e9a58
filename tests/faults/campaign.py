"""The campaign of the catalogue: one swap; at every step copies of the process are struck, each by one fault.

    python -m tests.faults.campaign [--long] [--only TEXT …] [--to-the-end]

Prints one JSON object: counts, and every case with what it came to. Runs in a process of its own because it forks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from station_ctl.core.steps import Step
from station_ctl.engine.events import Effect, Progress
from tests.bench.virtual_bench import run_virtually
from tests.crash.copies import branch, left_alone
from tests.faults.case_judge import judged
from tests.faults.catalogue_bench import SPEED, CatalogueBench
from tests.faults.strike import R0, Strike, always
from tests.faults.strikes import STRIKES, in_the_sample


def _deaf(strike: Strike) -> Strike:
    """The controller does not see the safety chain open."""

    def act(bench: CatalogueBench, step: Step) -> None:
        safety = bench.sim.plcs["safety"]
        for tag in ("ESTOP_OK", "DRIVES_ENABLED", "RESET_NOT_NEEDED"):
            safety.freeze(tag, True)
        strike.act(bench, step)

    return replace(strike, act=act)


SABOTAGE: Mapping[str, Callable[[Strike], Strike]] = {
    "deaf": _deaf,
    "expects-nothing": lambda strike: replace(strike, foresees=always(R0)),
}
"""Ways to spoil station or expectation, to see that the campaign would notice."""


class Campaign:
    """Every strike at every step where it applies, or a sample of them."""

    def __init__(
        self, folder: Path, *, long: bool, only: Sequence[str] = (), to_end: bool = False, sabotage: str = ""
    ) -> None:
        self.folder, self.to_end, self.results = folder, to_end, list[dict[str, Any]]()
        cases = [(s, no) for s in STRIKES for no in s.steps]
        chosen = [(s, no) for s, no in cases if not only or any(text in s.case(no) for text in only)]
        self.cases = chosen if long or only else [c for c in chosen if in_the_sample(*c)]
        self.sabotage = SABOTAGE.get(sabotage, lambda strike: strike)
        self._copy = False

    async def run(self) -> None:
        """One swap, and its copies."""
        async with CatalogueBench(self.folder) as bench:
            await bench.make_ready()
            bench.engine.listen(lambda effect: self._heard(bench, effect))
            gc.collect()
            gc.freeze()
            await left_alone(bench.visit())
            assert bench.closed is not None and bench.closed.complete, (
                "the undisturbed swap did not go through"
            )

    def _heard(self, bench: CatalogueBench, effect: Effect) -> None:
        if self._copy or not isinstance(effect, Progress) or effect.what != "step-begun":
            return
        step = bench.running(effect.step)
        nominal = step.nominal if step is not None else 5.0
        loop = asyncio.get_running_loop()
        for part in sorted({s.part for s, no in self.cases if no == effect.step}):
            loop.call_later(part * nominal / SPEED, self._strike, bench, effect.step, part)

    def _strike(self, bench: CatalogueBench, no: int, part: float) -> None:
        for strike in [s for s, n in self.cases if n == no and s.part == part]:
            if self._copy:
                return
            self._one(bench, strike, no)

    def _one(self, bench: CatalogueBench, strike: Strike, no: int) -> None:
        began = time.monotonic()
        struck = self.sabotage(strike)
        found = branch(lambda: judged(bench, self.folder, struck, no, to_end=self.to_end))
        if found is None:
            self._copy = True
            return
        if "error" in found:
            found = {"case": strike.case(no), "codes": strike.codes, "wrong": [found["error"]], "unsafe": 0}
        found = {"outcome": "", **found, "seconds": round(time.monotonic() - began, 2)}
        self.results.append(found)
        for text in found["wrong"]:
            sys.stderr.write(f"{found['case']}: {text}\n")
        sys.stderr.flush()


def main(argv: list[str] | None = None) -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign")
    parser.add_argument("--long", action="store_true", help="every case, not only the sample")
    parser.add_argument("--only", default=[], nargs="+", help="cases whose name contains one of these")
    parser.add_argument("--to-the-end", action="store_true", help="go the way out to its end")
    parser.add_argument(
        "--sabotage", choices=SABOTAGE, default="", help="spoil the station or what is expected"
    )
    arguments = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, memory = time.monotonic(), Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        campaign = Campaign(
            folder,
            long=arguments.long,
            only=arguments.only,
            to_end=arguments.to_the_end,
            sabotage=arguments.sabotage,
        )
        run_virtually(campaign.run())
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
    results = campaign.results
    told = {
        "cases": len(results), "planned": len(campaign.cases),
        "as_expected": sum(not r["wrong"] for r in results),
        "unsafe_orders": sum(r["unsafe"] for r in results),
        "custody_errors": _with(results, "custody: "), "no_way_out": _with(results, "no way out: "),
        "at": f"{datetime.now(UTC):%Y-%m-%d}", "form": "long" if arguments.long else "short",
        "to_the_end": arguments.to_the_end,
        "seconds": round(time.monotonic() - began, 1), "results": results,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 0


def _with(results: list[dict[str, Any]], kind: str) -> int:
    return sum(any(text.startswith(kind) for text in result["wrong"]) for result in results)


if __name__ == "__main__":
    sys.exit(main())
