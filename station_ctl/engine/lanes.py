"""Lanes: which steps may begin now. Lanes run at once; devices and zones are exclusive, runs are not.

Pure. Knows order, lanes, zones. Does not know how an order travels.
"""

from __future__ import annotations

from collections.abc import Iterator

from station_ctl.core.modes import ORDERED_PHASES
from station_ctl.core.steps import Step
from station_ctl.engine.state import Run, StationState, StepStatus, Zone


def rank(run: Run) -> int:
    """Position of the run's phase; -1 while it is interrupted."""
    return ORDERED_PHASES.index(run.phase) if run.phase in ORDERED_PHASES else -1


def ready(state: StationState) -> Iterator[tuple[Run, Step]]:
    """Steps that could begin now but for their permissives, oldest run first, lowest number first.

    The caller takes devices and zones as it begins steps, so it asks again after each beginning.
    """
    busy = {step.do.role for _, step, _ in state.active_steps() if step.do is not None}
    for run in state.runs:
        reached = rank(run)
        for step, st in run.pairs():
            if st.status is not StepStatus.WAITING or ORDERED_PHASES.index(step.phase) > reached:
                continue
            if any(run.of(no).status is not StepStatus.PROVEN for no in run.sequence.before[step.no]):
                continue
            if step.do is not None:
                if step.do.role in busy:
                    continue
                if not zones_free(state, run, step):
                    continue
            yield run, step


def zones_free(state: StationState, run: Run, step: Step) -> bool:
    """True if every zone the step enters is free or already held by the same device in the same run."""
    assert step.do is not None
    for name in step.enters:
        holder = state.holder(name)
        if holder is not None and (holder.run_id, holder.role) != (run.run_id, step.do.role):
            return False
    return True


def take_zones(state: StationState, run: Run, step: Step) -> tuple[Zone, ...]:
    """Zone tokens after the step has begun."""
    assert step.do is not None
    held = {z.name for z in state.zones}
    return (*state.zones, *(Zone(name, run.run_id, step.do.role) for name in step.enters if name not in held))


def give_zones(state: StationState, run: Run, step: Step) -> tuple[Zone, ...]:
    """Zone tokens after the step is proven: its proof contains the sensors that show the zone empty."""
    return tuple(z for z in state.zones if not (z.name in step.leaves and z.run_id == run.run_id))


def phase_done(run: Run) -> bool:
    """True when every foreground step up to the run's phase is proven; the last phase needs the background too."""
    here = rank(run)
    last = ORDERED_PHASES[here + 1] is ORDERED_PHASES[-1]
    return all(
        st.status is StepStatus.PROVEN
        for step, st in run.pairs()
        if (last or not step.background) and ORDERED_PHASES.index(step.phase) <= here
    )


def first_step_of_next_phase(run: Run) -> Step | None:
    """The step whose permissives guard the entry into the next phase."""
    following = ORDERED_PHASES[rank(run) + 1]
    return next((s for s in run.sequence.steps if s.phase is following and not s.background), None)
