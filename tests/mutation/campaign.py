"""The campaign: every mutant of core, gate and guards, each judged by the fast tests that reach its line.

Knows the order of the work and how to add it up. Does not know how a mutant is made or run.
Run as a process of its own, because it forks: `python -m tests.mutation.campaign [--sample N] [--only TEXT]`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import nursery
from tests.mutation.explained import Explanation, explanations
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.scope import NEIGHBOURS, ROOT, SIGNED, TESTS, distance, files

Reached = dict[str, tuple[float, frozenset[tuple[str, int]]]]

FIRST_LOOK_S = 3.0
"""CPU time of the tests that a mutant meets first; whoever outlives them meets all the others."""

NEAREST = 3


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: killed by a test, or not."""

    mutant: Mutant
    killed: bool
    by: str


def reach(tests: Sequence[str], arguments: Sequence[str]) -> Reached:
    """Which lines each test runs. Raises RuntimeError if a test fails on the sound program."""

    def look() -> tuple[Reached, list[str]]:
        plugin = nursery.Reach(files())
        pytest.main([*nursery.QUIET, *arguments, *tests], plugins=[plugin])
        return plugin.tests, plugin.failed

    said, told = nursery.in_a_fork(look, limited=False)
    if said != "done" or told[1] or not told[0]:
        raise RuntimeError(f"the tests must pass before anything is mutated: {said}, {told[1:]}")
    reached: Reached = told[0]
    return reached


def judges(mutant: Mutant, reached: Reached) -> list[str]:
    """The tests that could notice, those for this module first, the quick ones first.

    For a line that runs on import these are the tests of its module and all that run anything of it, or simply all.
    """
    place = mutant.place
    if place.in_body:
        wanted = {(mutant.path, line) for line in place.lines}
        names = [name for name, (_, lines) in reached.items() if lines & wanted]
    else:
        names = [
            name for name, (_, lines) in reached.items()
            if distance(name.partition("::")[0], mutant.path) == 0 or any(path == mutant.path for path, _ in lines)
        ]  # fmt: skip
        names = names or list(reached)
    return sorted(names, key=lambda n: (distance(n.partition("::")[0], mutant.path), reached[n][0], n))


def _first_look(names: Sequence[str], reached: Reached) -> list[str]:
    left, chosen = FIRST_LOOK_S, []
    for name in names:
        left -= reached[name][0]
        if left < 0 and chosen:
            break
        chosen.append(name)
    return chosen


def judge(mutants: Sequence[Mutant], tests: Sequence[str]) -> list[Verdict]:
    """Run the campaign on these mutants with these tests."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        arguments = ("--basetemp", f"{scratch}/base")
        reached = reach(tests, arguments)
        plan = {mutant.key: judges(mutant, reached) for mutant in mutants}
        _say(f"{len(reached)} tests reach {len({line for _, ls in reached.values() for line in ls})} lines")
        quick = [(m, _first_look(plan[m.key], reached)) for m in mutants if m.place.in_body]
        found = _exchanged(quick, tests, arguments)
        verdicts = []
        for mutant in mutants:
            result = found.get(mutant.key, ("unchanged", ""))
            if result[0] != "killed":
                result = _imported(mutant, plan[mutant.key], arguments)
                _tell(mutant, *result)
            verdicts.append(Verdict(mutant, result[0] == "killed", result[1]))
    return verdicts


def _imported(mutant: Mutant, names: Sequence[str], arguments: Sequence[str]) -> tuple[str, str]:
    """First the files of tests that are nearest, because every file more has to be read; then all."""
    paths = list(dict.fromkeys(name.partition("::")[0] for name in names))[:NEAREST]
    near = [name for name in names if name.partition("::")[0] in paths]
    result = nursery.imported(mutant, near, arguments)
    if result[0] == "killed" or len(near) == len(names):
        return result
    return nursery.imported(mutant, names, arguments)


def _exchanged(
    plan: Sequence[tuple[Mutant, Sequence[str]]], tests: Sequence[str], arguments: Sequence[str]
) -> dict[str, tuple[str, str]]:
    def work() -> dict[str, tuple[str, str]]:
        plugin = nursery.Changed(plan, _tell)
        pytest.main([*nursery.QUIET, *arguments, *tests], plugins=[plugin])
        return plugin.results

    said, told = nursery.in_a_fork(work, limited=False)
    if said != "done":
        raise RuntimeError(f"the campaign fell over: {told}")
    results: dict[str, tuple[str, str]] = told
    return results


# ---- the sample of every push ----
def sample(size: int, known: dict[str, Explanation]) -> list[Mutant]:
    """Some mutants of functions, the same until their code changes: those whose keys have the lowest hashes.

    Drawn from modules that have tests of their own; as many guards as others.
    """
    drawn = [m for path in files() if _own_tests(path) for m in mutants_of(path) if m.place.in_body]
    drawn.sort(key=lambda m: hashlib.sha256(m.key.encode()).digest())
    drawn = [m for m in drawn if m.key not in known]
    guards = [m for m in drawn if m.guard][: size // 2]
    return [*guards, *[m for m in drawn if not m.guard][: size - len(guards)]]


def _own_tests(path: str) -> list[str]:
    near = {p.relative_to(ROOT).as_posix() for folder in NEIGHBOURS for p in (ROOT / folder).glob("test_*.py")}
    return sorted(p for p in near | SIGNED.keys() if distance(p, path) == 0 and Path(p).stem != "test_words")


def judge_sample(mutants: Sequence[Mutant]) -> list[Verdict]:
    """Each mutant against the tests of its own module; whoever outlives them meets those of its neighbours."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        arguments = ("--basetemp", f"{scratch}/base")
        plan = [(m, _own_tests(m.path)) for m in mutants]
        found = _exchanged(plan, sorted({p for _, paths in plan for p in paths}), arguments)
        alive = [m for m, _ in plan if found[m.key][0] != "killed"]
        if alive:
            found |= _exchanged([(m, NEIGHBOURS) for m in alive], NEIGHBOURS, arguments)
        return [Verdict(m, found[m.key][0] == "killed", found[m.key][1]) for m in mutants]


# ---- figures ----
def figures(verdicts: Sequence[Verdict], known: dict[str, Explanation]) -> dict[str, Any]:
    """Sums, per module too. `equivalent` are survivors with a reason, `unexplained` those without."""
    rows: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        row = rows.setdefault(verdict.mutant.path, dict.fromkeys(("killed", "equivalent", "total"), 0))
        row["total"] += 1
        row["killed"] += verdict.killed
        row["equivalent"] += not verdict.killed and verdict.mutant.key in known
    guards = [v for v in verdicts if v.mutant.guard]
    alive = [v.mutant for v in verdicts if not v.killed]
    return {
        "killed": sum(v.killed for v in verdicts),
        "total": len(verdicts),
        "equivalent": sum(m.key in known for m in alive),
        "unexplained": sum(m.key not in known for m in alive),
        "guards_killed": sum(v.killed for v in guards),
        "guards_total": len(guards),
        "guards_equivalent": sum(not v.killed and v.mutant.key in known for v in guards),
        "modules": rows,
        "survivors": [f"{m.path}:{m.place.line}: {m.key}" for m in alive if m.key not in known],
        "killed_though_explained": [v.mutant.key for v in verdicts if v.killed and v.mutant.key in known],
    }


def main(argv: list[str] | None = None) -> int:
    """Run it and print one JSON document; what goes on is told in the file of `--progress`."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.campaign", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose key has this in it")
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="only these few, against their own tests"
    )
    parser.add_argument("--progress", type=argparse.FileType("a"), default=None, metavar="FILE")
    arguments = parser.parse_args(argv)
    global _progress
    _progress = arguments.progress
    known = explanations()
    nursery.preload()
    if arguments.sample:
        verdicts = judge_sample(sample(arguments.sample, known))
    else:
        mutants = [m for path in files() for m in mutants_of(path) if arguments.only in m.key]
        verdicts = judge(mutants, TESTS)
    sys.stdout.write(json.dumps(figures(verdicts, known)) + "\n")
    return 0


_progress: Any = None


def _say(text: str) -> None:
    if _progress is not None:
        _progress.write(f"{text}\n")
        _progress.flush()


def _tell(mutant: Mutant, result: str, by: str) -> None:
    _say(f"{result}\t{mutant.path}:{mutant.place.line}\t{mutant.key}\t{by}")


if __name__ == "__main__":
    sys.exit(main())
