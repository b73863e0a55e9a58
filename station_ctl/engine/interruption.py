"""Interruption of runs: who is at work, and what a hold or an abort makes of every open run. Pure.

Knows the phases of a run. Does not know why it stops, nor when it may go on.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.engine.state import StationState
from station_ctl.engine.states import RUN


def roles_at_work(state: StationState) -> tuple[str, ...]:
    """Roles with an order under way by the engine's memory, each once."""
    return tuple(dict.fromkeys(step.do.role for _, step, _ in state.active_steps() if step.do is not None))


def interrupted(state: StationState, trigger: str) -> StationState:
    """Every open run after `hold` or `abort`; each remembers the phase in which it was interrupted first."""
    for run in state.runs:
        moved = RUN.fire(run.phase, trigger, {})
        if moved.moved:
            state = state.with_run(replace(run, phase=moved.state, interrupted=run.interrupted or run.phase))
    return state
