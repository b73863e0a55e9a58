"""Jogging in the engine: who holds the button, and the controlled stop when nobody does.

Pure. Letting go is what a person does, and no fault: the station holds as on request, and nothing is latched.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.jog import Hand
from station_ctl.core.modes import State
from station_ctl.core.signals import Image
from station_ctl.core.steps import BUTTON
from station_ctl.engine.events import ButtonPressed, Effect, Progress, Record, StopDevices
from station_ctl.engine.interruption import interrupted, roles_at_work
from station_ctl.engine.state import Run, StationState, StepStatus
from station_ctl.engine.states import STATION


def pressed(state: StationState, image: Image, event: ButtonPressed) -> StationState:
    """Note a renewal. While one person holds the button, another's press is none."""
    hand = state.hand
    held = hand is not None and hand.holds(image.now)
    if held and hand is not None and hand.who != event.who:
        return state
    since = hand.since if held and hand is not None else image.now
    return replace(state, hand=Hand(event.who, since, image.now))


def jogs(run: Run) -> bool:
    """True while a step of the run moves only as long as the button is held."""
    return any(step.by_hand and st.status is not StepStatus.PROVEN for step, st in run.pairs())


def let_go(state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """A jog whose button nobody holds, judged as a level on every image: stop its device and hold, without a trip."""
    jogging = tuple(run for run in state.runs if jogs(run))
    if not jogging or state.state not in (State.EXECUTE, State.STOPPING) or BUTTON.holds.proven(image):
        return state
    why = BUTTON.holds.why_not(image)
    if roles := roles_at_work(state):
        effects.append(StopDevices(roles))
    fired = STATION.fire(state.state, "hold", {})
    effects.append(Record("let-go", jogging[0].run_id, data=(("why", why), ("state", str(fired.state)))))
    effects.append(Progress("let-go", jogging[0].run_id, text=why, time=state.time))
    if not fired.moved:
        return state
    effects.append(Progress("state", text=f"{state.state} → {fired.state}", time=state.time))
    return interrupted(replace(state, state=fired.state), "hold")
