"""Breadth first through every fault at every point of a truck's swap; and every seeded defect of it is found."""

from __future__ import annotations

import pytest

from tests.explore.test_explorer import assert_sound
from tests.explore.truck.evidence import LONG, SHORT, explore, never_struck
from tests.explore.truck.mutants import MUTANTS, killed


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("start", "faults"), SHORT, ids=lambda value: str(value))
def test_no_fault_at_any_point_makes_the_truck_station_unsafe_or_helpless(start: str, faults: int) -> None:
    found = explore(start, faults)
    assert_sound(found)
    assert not never_struck(start, found), "each fault of the budget strikes during every step to come"


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("start", "faults"), LONG, ids=lambda value: str(value))
def test_no_faults_together_make_the_truck_station_unsafe_or_helpless(start: str, faults: int) -> None:
    assert_sound(explore(start, faults))


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_of_the_truck_is_killed_by_its_invariant(name: str) -> None:
    mutant = MUTANTS[name]
    assert killed(mutant), f"{name}: {mutant.text}: {mutant.invariant} has not seen it"
