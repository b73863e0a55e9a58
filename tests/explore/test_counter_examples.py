"""Stories in which the explorer has once found a defect; each is told again and must end well with one more fault."""

from __future__ import annotations

import pytest

from tests.explore import starts
from tests.explore.explorer import Explorer
from tests.explore.moves import moves
from tests.explore.scene import Scene

PROOF_LOST_WITH_THE_DISK = (
    "the gate takes the order of step 20",
    "the gate takes the order of step 21",
    "rack_a ends order 33",
    "the gate takes the order of step 22",
    "rack_a ends order 31",
    "lift ends order 11 and the disk is full",
    "the gate takes the order of step 23",
    "the gate takes the order of step 30",
    "the service is restarted with a good disk",
    "a person acknowledges and clears",
)


def told(explorer: Explorer, story: tuple[str, ...]) -> Scene:
    """The scene after these happenings, each possible where it is told, none of them unsafe."""
    key = explorer.states.key(starts.whole(explorer.ground))
    for label in story:
        _, _, happen = next(m for m in moves(explorer.states.scene(key), 9) if m[0] == label)
        scene = explorer.states.scene(key)
        happen(scene)
        assert not scene.broken, scene.broken
        key = explorer.states.key(scene)
    return explorer.states.scene(key)


@pytest.mark.parametrize("choice", ("a person resumes", "a person gives run S-1 up"))
def test_a_proof_whose_row_was_lost_admits_the_pack_once(choice: str) -> None:
    explorer = Explorer()
    scene = told(explorer, (*PROOF_LOST_WITH_THE_DISK, choice))
    assert not scene.alive.trips, "the pack is in the ledger already, at its very place"
    found = Explorer(explorer.ground).explore({"after the lost row": scene}, 0)
    assert not found.violations
    assert not found.without_way_out
