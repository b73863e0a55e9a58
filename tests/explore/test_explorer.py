"""Breadth first through every fault at every point of a swap: nothing unsafe is ordered, nothing is lost, all ends well."""

from __future__ import annotations

import pytest

from tests.explore.__main__ import main, told
from tests.explore.evidence import LONG, SHORT, explore, never_struck, orders_to_come
from tests.explore.explorer import Found


def assert_sound(found: Found) -> None:
    """No violation and no dead end; otherwise the shortest story."""
    print(told(found))
    assert found.complete
    assert not found.violations and not found.without_way_out, told(found)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("starts", "faults"), SHORT, ids=lambda value: str(value))
def test_no_fault_at_any_point_makes_the_station_unsafe_or_helpless(starts: tuple[str, ...], faults: int) -> None:
    found = explore(starts, faults)
    assert_sound(found)
    assert not never_struck(starts, found), "each fault of the budget strikes during every step to come"


def test_the_explorations_with_two_faults_leave_no_step_of_the_swap_out() -> None:
    deep = [orders_to_come(name) for starts, faults in SHORT if faults == 2 for name in starts]
    assert set().union(*deep) == orders_to_come("whole")


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("starts", "faults"), LONG, ids=lambda value: str(value))
def test_no_faults_together_make_the_station_unsafe_or_helpless(starts: tuple[str, ...], faults: int) -> None:
    assert_sound(explore(starts, faults, thorough=True))


def test_the_command_tells_figures_and_the_story_of_a_defect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["before_tightening", "--faults", "0"]) == 0
    assert "no violation, every state has a way out" in capsys.readouterr().out
    assert main(["--mutant", "proof-alone"]) == 1
    said = capsys.readouterr().out
    assert "S17: step" in said
    assert "begins: fetched_first" in said
