"""Seeded defects of the truck's procedures, each switched on only here, each with the invariant that must find it.

Knows the insides of what it spoils.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sequences import heavy_truck
from sequences.crane_steps import CraneSteps
from sequences.rows import Row
from sequences.truck_interlocks import Column, TruckInterlocks
from station_ctl.core.steps import Step
from tests.explore.defects import Patch, always_true
from tests.explore.explorer import Found
from tests.explore.mutants import planted
from tests.explore.truck.starts import STARTS
from tests.explore.truck.world import TruckExplorer, TruckGround, TruckSpecimen

MUTANT_STATES = 20_000
"""A mutant not found within this many states is not found."""


@dataclass(frozen=True)
class TruckMutant:
    """A defect: what it is, which invariant must see it, where to begin, how many faults that may need."""

    name: str
    text: str
    invariant: str
    patches: Callable[[], tuple[Patch, ...]]
    start: str
    faults: int = 1


def robbed(code: str, *columns: Column) -> Callable[[], tuple[Patch, ...]]:
    """A row of the table that these columns do not have."""
    at = [list(Column).index(column) for column in columns]

    def less(row: Row) -> Row:
        cells = row.cells.split()
        return Row(row.interlock, " ".join("-" if i in at else cell for i, cell in enumerate(cells)))

    def patches() -> tuple[Patch, ...]:
        real = TruckInterlocks.__init__

        def init(self: TruckInterlocks, *given: Any) -> None:
            real(self, *given)
            assert any(row.interlock.code == code for row in self.rows)
            self.rows = tuple(less(row) if row.interlock.code == code else row for row in self.rows)

        return ((TruckInterlocks, "__init__", init),)

    return patches


def let_go_at_once() -> tuple[Patch, ...]:
    """Without its row the order of the steps alone has the crane away, and without that order the row alone."""
    real = heavy_truck.leave

    def hasty(*given: Any) -> tuple[Step, ...]:
        return tuple(replace(step, after=()) for step in real(*given))

    return (*robbed("G23", Column.RELEASE)(), (heavy_truck, "leave", hasty))


def moves_nothing() -> tuple[Patch, ...]:
    real = CraneSteps._hoisted
    return ((CraneSteps, "_hoisted", lambda self, *given: replace(real(self, *given), moves=())),)


_ALL = tuple(Column)
MUTANTS: Mapping[str, TruckMutant] = {
    m.name: m
    for m in (
        TruckMutant("half-gripped", "the truck unlocks whatever the gripper holds", "S5", robbed("G16", Column.UNLOCK), "over_the_truck"),
        TruckMutant("voltage-unheard", "the truck unlocks with high voltage on", "S15", robbed("G12", Column.UNLOCK), "gripped"),
        TruckMutant("rolls-on", "nobody asks whether the truck has moved since its scan", "S23", robbed("G10s", Column.GRIP), "over_the_truck"),
        TruckMutant("person-unheard", "the crane works over people", "S15", robbed("G04b", *_ALL), "over_the_truck"),
        TruckMutant("wind-unheard", "the crane travels in any wind", "S15", robbed("G36", Column.TRANSFER), "gripped"),
        TruckMutant("sway-unseen", "the gripper always counts as still", "S21", always_true("SWAY_DEG"), "over_the_truck"),
        TruckMutant("aim-unseen", "the crane always counts as over the pack", "S23", always_true("AIM_X_MM"), "unplugged_first"),
        TruckMutant("clear-unheard", "a truck is let go whatever the crane does over it, by row and by order", "S6", let_go_at_once, "locked"),
        TruckMutant("custody-unsaid", "a pack is hoisted and the ledger not told", "S11", moves_nothing, "gripped", 0),
        TruckMutant("open-unseen", "locks and connector of the truck always count as open", "S17", always_true("VEH_LOCKS_OPEN", "VEH_CONNECTOR_APART"), "gripped"),
        TruckMutant("locks-unseen", "locks of the truck always count as closed", "S17", always_true("VEH_LOCKS_CLOSED", "VEH_LOCKS_OPEN"), "in_the_truck"),
        TruckMutant("height-unseen", "the gripper always counts as hoisted", "S17", always_true("HOISTED", "Z_MM"), "set_down"),
    )
}


def hunted(mutant: TruckMutant) -> Found:
    """What an exploration of the station with this defect finds, until its invariant has seen it."""
    with planted(mutant):
        # Devices and procedures are made anew: a mutant may sit in them.
        explorer = TruckExplorer(TruckGround(TruckSpecimen()))
        begin = {mutant.start: STARTS[mutant.start](explorer.ground)}
        return explorer.explore(begin, mutant.faults, limit=MUTANT_STATES, until=lambda seen: seen == mutant.invariant)


def killed(mutant: TruckMutant) -> str:
    """What the mutant's invariant has seen of it; empty if nothing."""
    return next((text for invariant, text, _ in hunted(mutant).violations if invariant == mutant.invariant), "")
