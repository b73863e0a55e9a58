"""An exploration by hand: `python -m tests.explore START … --faults N` prints its figures and the shortest story.

Knows the command line. Three faults take minutes to an hour, four are for a night: memory is some 2 KB for each state.
"""

from __future__ import annotations

import argparse
import resource
import sys

from tests.explore.evidence import explore, hunted
from tests.explore.explorer import Found
from tests.explore.mutants import MUTANTS
from tests.explore.specimen import specimen

FULL = " and the disk is full"
STARTS = ("whole", "fetched_first", "fetched_last", "before_tightening", "two_runs", "hot_rack")


def told(found: Found) -> str:
    """Figures of an exploration, and the shortest counter-example as a story, one happening a line."""
    pace = f"{found.states / found.seconds:,.0f} states/s, {found.transitions / found.seconds:,.0f} transitions/s"
    lines = [f"{found.states:,} states, {found.transitions:,} transitions, {found.seconds:.1f} s, {pace}"]
    if not found.complete:
        lines.append("ended before everything was seen")
    if found.violations:
        invariant, text, story = min(found.violations, key=lambda violation: len(violation[2]))
        lines += [f"{len(found.violations)} violations; {invariant}: {text}", *in_words(story)]
    if found.without_way_out:
        lines += [f"{found.without_way_out} states have no way out (L1, L2)", *in_words(found.no_way_story)]
    if found.complete and not found.violations and not found.without_way_out:
        lines.append("no violation, every state has a way out")
    return "\n".join(lines)


def in_words(story: tuple[str, ...]) -> list[str]:
    """A story line by line, orders with what they order."""
    ordered = {
        f"{step.do.role} ends order {step.do.opcode}": f" ({step.do.text})"
        for sequence in specimen().sequences()
        for step in sequence.steps
        if step.do is not None
    }
    return [f"  {what}{ordered.get(what.removesuffix(FULL), '')}" for what in story]


def main(words: list[str]) -> int:
    """0 = nothing found. 1 = a violation or a dead end, told."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__)
    parser.add_argument("starts", nargs="*", metavar="START", help=f"where to begin: {', '.join(STARTS)}")
    parser.add_argument("--faults", type=int, default=1, help="most faults in one story")
    parser.add_argument("--limit", type=int, default=10**9, help="stop after so many states")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="plant this defect and tell how it is found")
    asked = parser.parse_args(words)
    if unknown := [name for name in asked.starts if name not in STARTS]:
        parser.error(f"unknown start {', '.join(unknown)}: choose from {', '.join(STARTS)}")
    if asked.mutant:
        mutant = MUTANTS[asked.mutant]
        print(f"{mutant.name}: {mutant.text}; to be found by {mutant.invariant}")
        found = hunted(mutant)
    else:
        found = explore(tuple(asked.starts) or ("whole",), asked.faults, asked.limit)
    print(told(found))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    return 1 if found.violations or found.without_way_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
