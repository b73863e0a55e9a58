"""Opening of runs: when another run may begin, and what the journal keeps of it.

Pure. Knows how many vehicles a bay holds. Does not know who asks, nor what the run will order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Exchange
from station_ctl.engine.events import Answer, Effect, Progress, Record, RunAsked
from station_ctl.engine.state import Run, StationState, StepState

VEHICLE_IN_BAY = frozenset(
    (
        Phase.POSITIONING,
        Phase.LOCK_RELEASE,
        Phase.EXTRACTION,
        Phase.INSERTION,
        Phase.VERIFICATION,
        Phase.RELEASE,
    )
)


def begin_run(state: StationState, image: Image, event: RunAsked, effects: list[Effect]) -> StationState:
    """Open a run. One vehicle at a time; a second run may begin once the first vehicle has left."""
    image = image.with_own(state.own)
    why = _why_no_run(state, event)
    if why:
        effects.append(
            Record("refused", event.run_id, data=(("verb", "run"), ("who", event.who), ("why", why)))
        )
        effects.append(Answer(event.request, why, "A402"))
        return state
    job = event.job
    run = Run(
        event.run_id,
        event.sequence,
        job,
        Phase.POSITIONING,
        tuple(StepState() for _ in event.sequence.steps),
        began=state.time,
    )
    data: tuple[tuple[str, object], ...] = (
        ("sequence", event.sequence.key),
        ("who", event.who),
        ("steps", [s.no for s in event.sequence.steps]),
    )
    if job is not None:
        data += (
            ("vehicle", job.vehicle),
            ("model", job.recipe.model),
            ("spent", job.spent),
            ("fresh", job.fresh),
            ("fresh_bay", job.fresh_bay),
            ("spent_bay", job.spent_bay),
        )
        if job.also:
            also = [[e.spent, e.fresh, e.fresh_bay, e.spent_bay] for e in job.also]
            data += (("also", also), ("turn", job.turn))
    elif event.sequence.args:
        data += (("args", dict(event.sequence.args)),)
    effects.append(Record("run-opened", event.run_id, data=data))
    effects.append(Progress("run-opened", event.run_id, text=event.sequence.text, time=state.time))
    effects.append(Answer(event.request))
    return replace(state, runs=(*state.runs, run))


def also_told(opened: Mapping[str, object]) -> tuple[Exchange, ...]:
    """The exchanges of further packs that the row of an opened run names; whatever is not four names is left out."""
    also, found = opened.get("also", []), []
    for names in also if isinstance(also, list) else ():
        match names:
            case [str(spent), str(fresh), str(fresh_bay), str(spent_bay)] if all(names):
                found.append(Exchange(spent, fresh, fresh_bay, spent_bay))
    return tuple(found)


def _why_no_run(state: StationState, event: RunAsked) -> str:
    if state.state is not State.EXECUTE:
        return f"a run needs the station in execute; it is {state.state}"
    if state.mode is not event.sequence.mode:
        return f"{event.sequence.key} needs mode {event.sequence.mode}; the mode is {state.mode}"
    if not state.journal_writable:
        return "the journal is not writable"
    if state.run(event.run_id) is not None:
        return f"run {event.run_id} is already open"
    if event.sequence.mode is Mode.MAINTENANCE and state.runs:
        return f"maintenance moves one device at a time, and run {state.runs[0].run_id} is open"
    busy = next((r for r in state.runs if r.phase in VEHICLE_IN_BAY), None)
    if busy is not None and not event.sequence.aside:
        return f"run {busy.run_id} still has a vehicle in the bay ({busy.phase})"
    return "; ".join(event.sequence.faults())
