"""What the exploration proves, as plain figures for the evidence table.

Knows which explorations, mutants and proofs make up a short and a long form.
"""

from __future__ import annotations

from typing import Any

from station_ctl.engine.state import StepStatus
from tests.explore import guards as table
from tests.explore import starts
from tests.explore.explorer import Explorer, Found
from tests.explore.mutants import MUTANTS, Mutant, planted
from tests.explore.scene import Ground
from tests.explore.specimen import Specimen, specimen
from tests.explore.truck import evidence as truck
from tests.explore.truck import mutants as truck_mutants
from tests.explore.wire_mutants import WIRE_MUTANTS

SHORT: tuple[tuple[tuple[str, ...], int], ...] = (
    (("whole",), 1),
    (("fetched_first",), 2),
    (("fetched_last",), 2),
    (("two_runs",), 0),
    (("hot_rack",), 2),
)
"""Starts and faults at every push: every interleaving of the lanes with one fault; two faults with the charged pack
fetched before the vehicle drives in, and two with it fetched last. Between these two, every step of the swap is the
origin of both faults, under both orders of the lanes; two faults under every interleaving come with the long form. Two faults at a rack that charges, no vehicle there."""

LONG: tuple[tuple[tuple[str, ...], int], ...] = (
    (("whole",), 2),
    (("two_runs",), 1),
    (("before_tightening",), 3),
    (("hot_rack",), 3),
)
"""By a flag: all interleavings with two faults, two runs at once with one, three faults from the bolts' tightening on.
More, from any start, with `python -m tests.explore`."""

MUTANT_STATES = 60_000
"""A mutant not found within this many states is not found."""


def explore(names: tuple[str, ...], faults: int, limit: int = 10**9, *, thorough: bool = False) -> Found:
    """Everything reachable from these starts with at most `faults` faults. `thorough`: rare ones may follow others."""
    explorer = Explorer(Ground(specimen()))
    explorer.ground.thorough = thorough
    return explorer.explore({name: getattr(starts, name)(explorer.ground) for name in names}, faults, limit=limit)


def orders_to_come(name: str) -> set[str]:
    """The swap's steps with an order that are not done where an exploration begins, as it names them."""
    run = getattr(starts, name)(Ground(specimen())).alive.run(starts.RUN)
    if run is None:
        return set()  # no vehicle is there: only racks are at work
    return {
        f"{run.sequence.key} {step.no}"
        for step, st in run.pairs()
        if step.do is not None and st.status is not StepStatus.PROVEN
    }


def never_struck(names: tuple[str, ...], found: Found) -> set[str]:
    """Steps to come that were never under way when some fault of the budget struck: the first, the second, and so on."""
    owed = set().union(*map(orders_to_come, names))
    return set().union(*(owed - struck for struck in found.struck))


def explorer(long: bool = False) -> dict[str, Any]:
    """States, transitions, most faults, violations, how many states have a way out (%), and seconds.

    Of both station types. A state that two parts reach is counted in both. `steps_missed`: steps of a swap during which
    not every fault of the budget, first to last, has struck.
    """
    parts = [(names, faults, explore(names, faults, thorough=long)) for names, faults in (LONG if long else SHORT)]
    missed = set().union(*(never_struck(names, found) for names, _, found in parts))
    for start, faults in truck.LONG if long else truck.SHORT:
        found = truck.explore(start, faults)
        missed |= truck.never_struck(start, found)
        parts.append(((f"truck {start}",), faults, found))
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
        "steps_missed": len(missed),
        "seconds": round(sum(found.seconds for _, _, found in parts), 1),
        "parts": [
            {"starts": list(names), "faults": faults, "states": found.states, "transitions": found.transitions,
             "seconds": round(found.seconds, 1), "states_per_second": round(found.states / found.seconds)}
            for names, faults, found in parts
        ],
        "said": "\n  ".join((f"{stories[0]['invariant']}: {stories[0]['text']}", *stories[0]["story"])) if stories else "",
        "stories": stories,
    }  # fmt: skip


def hunted(mutant: Mutant) -> Found:
    """What an exploration of the station with this defect finds, until its invariant has seen it."""
    with planted(mutant):
        # Devices and procedures are made anew: a mutant may sit in them.
        explorer = Explorer(Ground(Specimen()))
        begin = {mutant.start: getattr(starts, mutant.start)(explorer.ground)}
        return explorer.explore(begin, mutant.faults, limit=MUTANT_STATES, until=lambda seen: seen == mutant.invariant)


def killed(mutant: Mutant) -> str:
    """What the mutant's invariant has seen of it; empty if nothing."""
    found = hunted(mutant)
    if mutant.invariant in ("L1", "L2"):
        return f"no way out: {', '.join(found.no_way_story)}" if found.without_way_out else ""
    return next((text for invariant, text, _ in found.violations if invariant == mutant.invariant), "")


def mutants() -> dict[str, Any]:
    """How many of the seeded defects are found, and which are not."""
    alive = [name for name, mutant in MUTANTS.items() if not killed(mutant)]
    alive += [name for name, mutant in WIRE_MUTANTS.items() if not mutant.killed()]
    alive += [f"truck {name}" for name, mutant in truck_mutants.MUTANTS.items() if not truck_mutants.killed(mutant)]
    total = len(MUTANTS) + len(WIRE_MUTANTS) + len(truck_mutants.MUTANTS)
    return {"killed": total - len(alive), "total": total, "alive": alive}


def guards() -> dict[str, Any]:
    """The guard table: how many steps, rows and names are proven, of how many."""
    return table.prove()
