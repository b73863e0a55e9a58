"""The guard table proven by enumeration, and shown to fail when a guard is taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.explore.guards import HAZARDS, prove, step_faults
from tests.explore.specimen import specimen


def test_no_dangerous_combination_passes_and_every_guard_can_hold_and_fail() -> None:
    found = prove()
    assert found["faults"] == []
    assert found["proved"] == found["total"] > 100


@pytest.mark.parametrize(
    ("no", "code"),
    ((80, "G12"), (80, "G13"), (120, "G12"), (120, "G16"), (100, "G19"), (105, "G14w"), (145, "G23"), (155, "G23"), (23, "G25")),
)  # fmt: skip
def test_a_missing_guard_is_found(no: int, code: str) -> None:
    station = specimen()
    step = station.procedures.swap(station.job).by_no[no]
    robbed = replace(
        step,
        permissives=tuple(row for row in step.permissives if row.code != code),
        interlocks=tuple(kept for kept in step.interlocks if kept.interlock.code != code),
    )
    assert not list(step_faults(station, "swap-car", step))
    assert list(step_faults(station, "swap-car", robbed))


def test_every_order_that_moves_is_in_the_list_of_dangers() -> None:
    station = specimen()
    moving = {
        (step.do.role, step.do.opcode)
        for sequence in station.sequences()
        for step in sequence.steps
        if step.do is not None and step.do.role in ("robot", "lift", "stacker")
    }
    assert moving - set(HAZARDS) <= {("lift", 11)}, "open entry moves nothing that is not on the chain's list"
