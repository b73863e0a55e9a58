"""Following active steps: what each image shows of the orders under way, and what a proven step settles.

Pure. Orders nothing; what may begin next is decided in advance.py.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.custody import CustodyError
from station_ctl.core.modes import Phase, State
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnLoss, Step
from station_ctl.engine import lanes, progress
from station_ctl.engine.events import (
    Effect,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Progress,
    Record,
    SetLedger,
)
from station_ctl.engine.state import INTERRUPTED, Run, StationState, StepState, StepStatus, Trip
from station_ctl.engine.station import WITHDRAWN_MOST, StationFacts
from station_ctl.engine.trips import latch


def follow(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Bring every active step up to date with what this image shows."""
    for run, step, st in tuple(state.active_steps()):
        if _found_otherwise(state, step, image):
            state = close(state, run.run_id, effects, f"step {step.no} {step.text}: {step.done.why_not(image)}")
            continue
        channel = facts.channels[step.do.role] if step.do is not None else None
        if state.state in (State.EXECUTE, State.STOPPING):
            verdict = progress.judge(step, st, channel, image, state.time)
        else:
            verdict = progress.halt(step, st, channel, image, state.time)
        if verdict.state == st and not verdict.code:
            continue
        current = state.run(run.run_id)
        assert current is not None
        state = state.with_run(current.with_step(step.no, **fields_of(verdict.state)))
        if verdict.state.status is StepStatus.PROVEN:
            state = settle_proven(state, run.run_id, step, verdict.state, effects)
        elif verdict.state.status is StepStatus.WAITING and st.order:
            state = _withdraw(state, current, step, st, "never acknowledged, expired", effects)
        elif verdict.state.status in INTERRUPTED:
            effects.append(
                Record(
                    "step-stopped",
                    run.run_id,
                    step.no,
                    st.order,
                    (("status", str(verdict.state.status)), ("why", verdict.text)),
                )
            )
            effects.append(Progress("step-stopped", run.run_id, step.no, step.text, state.time))
        if step.asks and verdict.state.status is StepStatus.FAILED and not verdict.code:
            state = _answered_no(state, run.run_id, verdict.text, effects)
        if verdict.code:
            text = f"step {step.no} {step.text}: {verdict.text}"
            role = (step.do.role,) if step.do is not None else ()
            trip = Trip(verdict.code, text, OnLoss.HOLD, run.run_id, step.no, cause=verdict.cause)
            state = latch(state, (trip,), effects, also=role)
    return state


def _found_otherwise(state: StationState, step: Step, image: Image) -> bool:
    """What the step looked at is proven to be such that the run has nothing more to do."""
    acting = state.state in (State.EXECUTE, State.STOPPING)
    return acting and step.instead is not None and step.instead.proven(image)


def close(state: StationState, run_id: str, effects: list[Effect], why: str = "") -> StationState:
    """The run is complete: it gives back its zones and is open no more. `why`: what of it was left undone."""
    run = state.run(run_id)
    assert run is not None
    done = replace(run, phase=Phase.COMPLETE)
    left = (("why", why),) if why else ()
    effects.append(Record("run-closed", run_id, data=(("result", "done"), *left)))
    effects.append(Progress("run-closed", run_id, text=why, time=state.time, facts=(("run", done),)))
    zones = tuple(z for z in state.zones if z.run_id != run_id)
    return replace(state, runs=tuple(r for r in state.runs if r.run_id != run_id), zones=zones)


def _answered_no(state: StationState, run_id: str, why: str, effects: list[Effect]) -> StationState:
    """What only asked has its answer: the run ends with it, and the station goes on."""
    if state.state not in (State.EXECUTE, State.STOPPING):
        return state  # held meanwhile: it is asked anew when a person resumes
    run = state.run(run_id)
    effects.append(Record("run-closed", run_id, data=(("result", "refused"), ("why", why))))
    effects.append(Progress("run-closed", run_id, time=state.time, facts=(("run", run),)))
    return replace(state, runs=tuple(r for r in state.runs if r.run_id != run_id))


def settle_proven(
    state: StationState, run_id: str, step: Step, st: StepState, effects: list[Effect]
) -> StationState:
    """A step is proven: settle custody and zones, record it."""
    run = state.run(run_id)
    assert run is not None
    ledger = state.ledger.finish(st.order) if step.moves else state.ledger
    try:
        # At its very place already: the row of this proof was lost with a failing disk, the ledger was not.
        for pack, place in step.admits:
            if ledger.at(place) != pack:
                ledger = ledger.admit(pack, place)
        for pack in step.releases:
            ledger = ledger.release(pack)
    except CustodyError as error:
        trip = Trip("A302", f"step {step.no} {step.text}: {error}", OnLoss.HOLD, run_id, step.no)
        return latch(state, (trip,), effects)
    took = (("took_s", round(st.ended - st.began, 3)),) if st.began else ()
    effects.append(Record("step-proven", run_id, step.no, st.order, took))
    if ledger != state.ledger:
        effects.append(SetLedger(ledger))
    effects.append(Progress("step-proven", run_id, step.no, step.text, state.time, (("order", st.order),)))
    return replace(state, ledger=ledger, zones=lanes.give_zones(state, run, step))


def gate_said(
    state: StationState, event: OrderSent | OrderNotSent | OrderUnknown, effects: list[Effect]
) -> StationState:
    """The gate reports on an order. A report on an order nobody waits for changes nothing."""
    for run, step, st in state.active_steps():
        if st.order != event.number or step.do is None:
            continue
        match event:
            case OrderSent() if st.status is StepStatus.INTENT:
                return state.with_run(run.with_step(step.no, status=StepStatus.SENT, sent_at=event.at))
            case OrderUnknown() if st.status is StepStatus.INTENT:
                effects.append(Record("order-unknown", run.run_id, step.no, st.order, (("why", event.why),)))
                return state.with_run(run.with_step(step.no, status=StepStatus.UNKNOWN, sent_at=event.at))
            case OrderNotSent() if st.status is StepStatus.INTENT:
                state = _withdraw(state, run, step, st, event.why, effects)
                if event.refused or st.withdrawn + 1 >= WITHDRAWN_MOST:
                    return _ungivable(state, run, step, event.why, effects)
                return state
            case _:
                return state
    return state


def _withdraw(
    state: StationState, run: Run, step: Step, st: StepState, why: str, effects: list[Effect]
) -> StationState:
    """The order surely never left: custody and zones are as before it, the step waits again.

    A pack that an earlier order had left half-way stays on its way under that order, and its device in its zone.
    """
    back = ("why", why), ("back_to", st.continues)
    effects.append(Record("order-withdrawn", run.run_id, step.no, st.order, back))
    before, ledger, zones = st.continues, state.ledger, state.zones
    if step.moves:
        ledger = ledger.continue_under(st.order, before) if before else ledger.cancel(st.order)
        effects.append(SetLedger(ledger))
    if not before:
        zones = tuple(z for z in zones if not (z.name in step.enters and z.run_id == run.run_id))
    waiting = run.with_step(
        step.no, status=StepStatus.WAITING, order=before, continues=0, withdrawn=st.withdrawn + 1
    )
    return replace(state.with_run(waiting), ledger=ledger, zones=zones)


def _ungivable(state: StationState, run: Run, step: Step, why: str, effects: list[Effect]) -> StationState:
    """The order cannot be given: the next one would not fare better, so a person is called."""
    current = state.run(run.run_id)
    assert current is not None
    state = state.with_run(current.with_step(step.no, withdrawn=0))
    text = f"step {step.no} {step.text}: the order cannot be given: {why}"
    # A PLC may carry out what it said it had not taken.
    also = (step.do.role,) if step.do is not None else ()
    return latch(state, (Trip("A105", text, OnLoss.HOLD, run.run_id, step.no),), effects, also=also)


def fields_of(st: StepState) -> dict[str, object]:
    return {name: getattr(st, name) for name in StepState.__slots__}
