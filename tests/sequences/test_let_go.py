"""A jog whose hand is gone, at the instant in which the next hand comes: decided step by step, without any plant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.jog import LEASE, Hand
from station_ctl.core.modes import State
from station_ctl.engine.decide import decide
from station_ctl.engine.events import ButtonPressed, StopDevices
from station_ctl.engine.state import StepStatus
from tests.bench.cockpit import under_way
from tests.sequences.conftest import the_station


@pytest.mark.parametrize("who", ["wang", "chen"])
def test_a_press_after_the_lease_does_not_go_on_with_the_jog_of_the_hand_before(who: str) -> None:
    """However close it comes: the hand was gone, and the scan that would have seen it has not come yet."""
    facts = the_station().facts
    sequence = the_station().procedures().maintenance["stacker.jog"].make({"axis": "x", "target": "1510"})
    cockpit = under_way(facts, sequence, sequence.steps[0], StepStatus.BUSY)
    now = cockpit.world.now
    for since, held in ((LEASE, True), (LEASE + 0.001, False)):
        state = replace(cockpit.state, hand=Hand("wang", now - 1.0, now - since))
        after, effects = decide(facts, state, cockpit.world.image(), ButtonPressed(state.time, who))
        assert (after.state is State.EXECUTE) == held and after.trips == ()
        assert any(isinstance(e, StopDevices) and e.roles == ("stacker",) for e in effects) != held
