"""What the exploration proves, as plain figures for the evidence table.

Knows which explorations, mutants and proofs make up a short and a long form.
"""

from __future__ import annotations

from typing import Any

from tests.explore import guards as table
from tests.explore import starts
from tests.explore.explorer import Explorer, Found
from tests.explore.mutants import MUTANTS, Mutant, planted
from tests.explore.scene import Ground
from tests.explore.specimen import Specimen, specimen
from tests.explore.wire_mutants import WIRE_MUTANTS

SHORT: tuple[tuple[tuple[str, ...], int], ...] = (
    (("whole",), 1),
    (("fetched_first",), 2),
    (("fetched_last",), 2),
)
"""Starts and faults at every push: every interleaving of the lanes with one fault; two faults with the charged pack
fetched before the vehicle drives in, and two with it fetched last. Between these two, every step of the swap is the
origin of both faults, under both orders of the lanes; two faults under every interleaving come with the long form."""

LONG: tuple[tuple[tuple[str, ...], int], ...] = (
    (("whole",), 2),
    (("two_runs",), 1),
    (("fetched_first",), 3),
)
"""By a flag: all interleavings with two faults, two runs at once, three faults with one order of the lanes."""

MUTANT_STATES = 60_000
"""A mutant not found within this many states is not found."""


def explore(names: tuple[str, ...], faults: int, limit: int = 10**9) -> Found:
    """Everything reachable from these starts with at most `faults` faults."""
    explorer = Explorer(Ground(specimen()))
    return explorer.explore({name: getattr(starts, name)(explorer.ground) for name in names}, faults, limit=limit)


def explorer(long: bool = False) -> dict[str, Any]:
    """States, transitions, most faults, violations, how many states have a way out (%), and seconds."""
    parts = [(names, faults, explore(names, faults)) for names, faults in (LONG if long else SHORT)]
    states = sum(found.states for _, _, found in parts)
    lost = sum(found.without_way_out for _, _, found in parts)
    stories = [
        {"invariant": invariant, "text": text, "story": list(story)}
        for _, _, found in parts
        for invariant, text, story in found.violations
    ]
    return {
        "states": states,
        "transitions": sum(found.transitions for _, _, found in parts),
        "faults": max(faults for _, faults, _ in parts),
        "violations": len(stories),
        "l1_percent": 100.0 * (states - lost) / states,
        "seconds": round(sum(found.seconds for _, _, found in parts), 1),
        "parts": [
            {"starts": list(names), "faults": faults, "states": found.states, "transitions": found.transitions,
             "seconds": round(found.seconds, 1)}
            for names, faults, found in parts
        ],
        "stories": stories,
    }  # fmt: skip


def killed(mutant: Mutant) -> str:
    """What the mutant's invariant has seen of it; empty if nothing."""
    with planted(mutant):
        # Devices and procedures are made anew: a mutant may sit in them.
        explorer = Explorer(Ground(Specimen()))
        begin = {mutant.start: getattr(starts, mutant.start)(explorer.ground)}
        found = explorer.explore(begin, mutant.faults, limit=MUTANT_STATES, until=lambda seen: seen == mutant.invariant)
    if mutant.invariant in ("L1", "L2"):
        return f"no way out: {', '.join(found.no_way_story)}" if found.without_way_out else ""
    return next((text for invariant, text, _ in found.violations if invariant == mutant.invariant), "")


def mutants() -> dict[str, Any]:
    """How many of the seeded defects are found, and which are not."""
    alive = [name for name, mutant in MUTANTS.items() if not killed(mutant)]
    alive += [name for name, mutant in WIRE_MUTANTS.items() if not mutant.killed()]
    total = len(MUTANTS) + len(WIRE_MUTANTS)
    return {"killed": total - len(alive), "total": total, "alive": alive}


def guards() -> dict[str, Any]:
    """The guard table: how many steps, rows and names are proven, of how many."""
    return table.prove()
