"""Every seeded safety defect is found, by the invariant that it breaks. A green explorer alone proves nothing."""

from __future__ import annotations

import pytest

from tests.explore.evidence import killed
from tests.explore.mutants import MUTANTS
from tests.explore.wire_mutants import WIRE_MUTANTS


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed_by_its_invariant(name: str) -> None:
    mutant = MUTANTS[name]
    assert killed(mutant), f"{name}: {mutant.text}: {mutant.invariant} has not seen it"


@pytest.mark.parametrize("name", WIRE_MUTANTS)
def test_mutant_on_the_wire_is_killed(name: str) -> None:
    mutant = WIRE_MUTANTS[name]
    assert mutant.healthy(), "the check fails without the defect"
    assert mutant.killed(), f"{name}: {mutant.text}"


def test_twenty_defects_or_more_are_seeded() -> None:
    assert len(MUTANTS) + len(WIRE_MUTANTS) >= 20
