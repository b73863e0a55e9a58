"""What the exploration of the truck station proves, as plain figures.

Knows which explorations make up a short and a long form.
"""

from __future__ import annotations

from station_ctl.engine.state import StepStatus
from tests.explore.explorer import Found
from tests.explore.starts import RUN
from tests.explore.truck.starts import STARTS
from tests.explore.truck.world import TruckExplorer, TruckGround, truck_specimen

SHORT: tuple[tuple[str, int], ...] = (("whole", 0), ("unplugged_first", 1))
"""Starts and faults at every push: every interleaving of the lanes without a fault, and one fault at every point of a
swap whose charged pack is unplugged before the truck drives in."""

LONG: tuple[tuple[str, int], ...] = (
    ("whole", 1),
    ("over_the_truck", 2),
    ("gripped", 2),
    ("set_down", 2),
    ("in_the_truck", 2),
    ("locked", 2),
)
"""By a flag: one fault under every interleaving, two from every point on at which the crane begins something else."""


def explore(start: str, faults: int, limit: int = 10**9) -> Found:
    """Everything reachable from this start with at most `faults` faults."""
    explorer = TruckExplorer(TruckGround(truck_specimen()))
    return explorer.explore({start: STARTS[start](explorer.ground)}, faults, limit=limit)


def orders_to_come(start: str) -> set[str]:
    """The swap's steps with an order that are not done where an exploration begins, as it names them."""
    run = STARTS[start](TruckGround(truck_specimen())).alive.run(RUN)
    assert run is not None
    waiting = (step for step, st in run.pairs() if step.do is not None and st.status is not StepStatus.PROVEN)
    return {f"{run.sequence.key} {step.no}" for step in waiting}


def never_struck(start: str, found: Found) -> set[str]:
    """Steps to come that were never under way when some fault of the budget struck."""
    owed = orders_to_come(start)
    return set().union(*(owed - struck for struck in found.struck))
