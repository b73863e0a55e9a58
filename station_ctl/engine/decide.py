"""The one decision function: (facts, state, image, event) → (state, effects). Pure and total.

No clock, no await, no I/O, no randomness: time comes with the event. The same function runs the station, is explored
breadth-first and replays a journal.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.custody import Custody, CustodyError
from station_ctl.core.modes import Phase, State
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import OnLoss, Step
from station_ctl.engine import lanes, progress, supervisor
from station_ctl.engine.custody_watch import conflicts
from station_ctl.engine.events import (
    Announce,
    Asked,
    Effect,
    Event,
    Issue,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Progress,
    Record,
    RunAsked,
    Scanned,
    SetLedger,
    StopDevices,
    TaskStuck,
)
from station_ctl.engine.requests import answer_request, begin_run
from station_ctl.engine.state import INTERRUPTED, Run, StationState, StepState, StepStatus, Trip
from station_ctl.engine.states import RUN, STATION
from station_ctl.engine.station import CUSTODY_EVERY, PERMISSIVE_WITHIN, StationFacts

Decision = tuple[StationState, tuple[Effect, ...]]


def decide(facts: StationFacts, state: StationState, image: Image, event: Event) -> Decision:
    """One decision. `image` is what is known now; the controller's own facts in it are set from `state` here."""
    state = replace(state, time=event.time)
    image = image.with_own(OwnFacts(state.mode, state.journal_writable, state.ledger))
    effects: list[Effect] = []
    match event:
        case JournalReady():
            state = replace(
                state,
                ledger=event.ledger,
                next_order=event.next_order,
                half_done=event.half_done,
                journal_writable=True,
            )
        case JournalFailed():
            state = replace(state, journal_writable=False)
            trip = Trip("A501", f"journal not writable: {event.why}", OnLoss.ABORT, interlock="G28")
            state = _trip(state, (trip,), effects)
        case TaskStuck():
            text = f"own task stuck, heartbeat withheld: {', '.join(event.names)}"
            state = _trip(state, (Trip("A701", text, OnLoss.ABORT),), effects)
        case OrderSent() | OrderNotSent() | OrderUnknown():
            state = _gate_said(state, event, effects)
        case Asked():
            state = answer_request(facts, state, image, event, effects)
        case RunAsked():
            state = begin_run(state, image, event, effects)
        case Scanned():
            pass
    state = _supervise(facts, state, image, effects)
    state = _follow(facts, state, image, effects)
    if state.state in (State.EXECUTE, State.STOPPING):
        state = _advance(facts, state, image, effects)
    state = _station_follows(state, effects)
    if image.now - state.custody_checked >= CUSTODY_EVERY:
        state = _hold_against_sensors(facts, state, image, effects)
    return state, tuple(effects)


def _hold_against_sensors(
    facts: StationFacts, state: StationState, image: Image, effects: list[Effect]
) -> StationState:
    """Announce places where ledger and sensors have begun to disagree. Two comparisons must agree on it, because
    a pack passes a sensor a moment before its step is proven."""
    image = image.with_own(OwnFacts(state.mode, state.journal_writable, state.ledger))
    found = conflicts(facts.places, image) if len(state.ledger) else ()
    for text in found:
        if text in state.conflicts and text not in state.announced:
            effects.append(Record("custody-conflict", data=(("text", text),)))
            effects.append(Announce("A302", text))
    announced = tuple(text for text in found if text in state.conflicts)
    return replace(state, conflicts=found, announced=announced, custody_checked=image.now)


def _supervise(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    lost = supervisor.trips(facts, state, image)
    return _trip(state, lost, effects) if lost else state


def _trip(state: StationState, trips: tuple[Trip, ...], effects: list[Effect]) -> StationState:
    """Latch trips, stop every device at work, raise the severity of station and runs. Never lowers it."""
    first = not state.trips
    latched = tuple(replace(t, first_out=first and i == 0) for i, t in enumerate(trips))
    state = replace(state, trips=(*state.trips, *latched))
    roles = tuple(dict.fromkeys(step.do.role for _, step, _ in state.active_steps() if step.do is not None))
    if roles:
        effects.append(StopDevices(roles))
    aborts = any(t.reaction is OnLoss.ABORT for t in trips)
    trigger = "abort" if aborts else "hold"
    fired = STATION.fire(state.state, trigger, {})
    if fired.moved:
        effects.append(Progress("state", text=f"{state.state} → {fired.state}", time=state.time))
        state = replace(state, state=fired.state)
        for run in state.runs:
            moved = RUN.fire(run.phase, trigger, {})
            if moved.moved:
                interrupted = run.interrupted or run.phase
                state = state.with_run(replace(run, phase=moved.state, interrupted=interrupted))
    for trip in latched:
        facts = (
            ("code", trip.code),
            ("text", trip.text),
            ("first_out", trip.first_out),
            ("reaction", str(trip.reaction)),
        )
        effects.append(Record("tripped", trip.run_id, trip.step, data=facts))
        effects.append(Announce(trip.code, trip.text, "first-out" if trip.first_out else ""))
    return state


def _gate_said(
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
                return _withdraw(state, run, step, st, event.why, effects)
            case _:
                return state
    return state


def _withdraw(
    state: StationState, run: Run, step: Step, st: StepState, why: str, effects: list[Effect]
) -> StationState:
    """The order surely never left: custody and zones go back, the step waits again."""
    effects.append(Record("order-withdrawn", run.run_id, step.no, st.order, (("why", why),)))
    if step.moves:
        state = replace(state, ledger=state.ledger.cancel(st.order))
        effects.append(SetLedger(state.ledger))
    zones = tuple(z for z in state.zones if not (z.name in step.enters and z.run_id == run.run_id))
    return replace(state.with_run(run.with_step(step.no, status=StepStatus.WAITING, order=0)), zones=zones)


def _follow(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Bring every active step up to date with what this image shows."""
    for run, step, st in tuple(state.active_steps()):
        channel = facts.channels[step.do.role] if step.do is not None else None
        if state.state in (State.EXECUTE, State.STOPPING):
            verdict = progress.judge(step, st, channel, image, state.time)
        else:
            verdict = progress.Verdict(progress.settle(step, st, channel, image, state.time))
        if verdict.state == st:
            continue
        current = state.run(run.run_id)
        assert current is not None
        state = state.with_run(current.with_step(step.no, **_fields(verdict.state)))
        if verdict.state.status is StepStatus.PROVEN:
            state = _proven(state, run.run_id, step, verdict.state, image, effects)
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
        if verdict.code:
            text = f"step {step.no} {step.text}: {verdict.text}"
            state = _trip(state, (Trip(verdict.code, text, OnLoss.HOLD, run.run_id, step.no),), effects)
    return state


def _fields(st: StepState) -> dict[str, object]:
    return {name: getattr(st, name) for name in StepState.__slots__}


def _proven(
    state: StationState, run_id: str, step: Step, st: StepState, image: Image, effects: list[Effect]
) -> StationState:
    """A step is proven: settle custody and zones, record it."""
    run = state.run(run_id)
    assert run is not None
    ledger = state.ledger.finish(st.order) if step.moves else state.ledger
    try:
        if step.admits is not None:
            ledger = ledger.admit(*step.admits)
        if step.releases:
            ledger = ledger.release(step.releases)
    except CustodyError as error:
        trip = Trip("A302", f"step {step.no} {step.text}: {error}", OnLoss.HOLD, run_id, step.no)
        return _trip(state, (trip,), effects)
    effects.append(
        Record("step-proven", run_id, step.no, st.order, (("took_s", round(st.ended - st.began, 3)),))
    )
    if ledger != state.ledger:
        effects.append(SetLedger(ledger))
    effects.append(Progress("step-proven", run_id, step.no, step.text, state.time, (("order", st.order),)))
    return replace(state, ledger=ledger, zones=lanes.give_zones(state, run, step))


def _advance(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Enter phases and begin every step that may begin; ask again after each, since beginning one takes a device."""
    for run in state.runs:
        state = _enter_phases(state, run.run_id, image, effects)
    tried: set[tuple[str, int]] = set()
    while (
        found := next(((r, s) for r, s in lanes.ready(state) if (r.run_id, s.no) not in tried), None)
    ) is not None:
        run, step = found
        tried.add((run.run_id, step.no))
        state = _begin(facts, state, run, step, image, effects)
        if state.state not in (State.EXECUTE, State.STOPPING):
            break
        # The controller's own facts changed: the ledger now shows the pack on its way.
        image = image.with_own(OwnFacts(state.mode, state.journal_writable, state.ledger))
    return state


def _enter_phases(state: StationState, run_id: str, image: Image, effects: list[Effect]) -> StationState:
    while (run := state.run(run_id)) is not None and run.phase is not Phase.COMPLETE and lanes.rank(run) >= 0:
        entry = lanes.first_step_of_next_phase(run)
        guards = {
            "phase_done": lambda run=run: lanes.phase_done(run),
            "phase_interlocks": lambda entry=entry: (
                entry is None or all(i.holds.proven(image) for i in entry.permissives)
            ),
        }
        fired = RUN.fire(run.phase, "advance", guards)
        if not fired.moved:
            if fired.refused_by == "phase_interlocks" and entry is not None:
                return _wait(state, run, entry, image, effects)
            return state
        effects.append(Progress("phase", run_id, text=str(fired.state), time=state.time))
        state = state.with_run(replace(run, phase=fired.state))
        if fired.state is Phase.COMPLETE:
            effects.append(Record("run-closed", run_id, data=(("result", "done"),)))
            effects.append(
                Progress(
                    "run-closed", run_id, time=state.time, facts=(("run", replace(run, phase=fired.state)),)
                )
            )
            zones = tuple(z for z in state.zones if z.run_id != run_id)
            state = replace(state, runs=tuple(r for r in state.runs if r.run_id != run_id), zones=zones)
    return state


def _wait(state: StationState, run: Run, step: Step, image: Image, effects: list[Effect]) -> StationState:
    """A ready step misses a permissive: it waits, but not for ever."""
    since = run.of(step.no).waits_since
    if since < 0:
        return state.with_run(run.with_step(step.no, waits_since=state.time))
    if state.time - since <= PERMISSIVE_WITHIN:
        return state
    watched = (*step.permissives, *(k.interlock for k in step.interlocks))
    missing = "; ".join(
        f"{i.code} {i.text}: {i.holds.why_not(image)}" for i in watched if not i.holds.proven(image)
    )
    text = f"step {step.no} {step.text} cannot begin, waited {PERMISSIVE_WITHIN:g} s: {missing}"
    state = state.with_run(run.with_step(step.no, waits_since=-1.0))
    return _trip(state, (Trip("A103", text, OnLoss.HOLD, run.run_id, step.no),), effects)


def _begin(
    facts: StationFacts, state: StationState, run: Run, step: Step, image: Image, effects: list[Effect]
) -> StationState:
    """Begin one ready step: check permissives and interlocks, decide custody, hand the order to the gate."""
    before = run.of(step.no).order
    view = image.with_own(replace(image.own, ledger=image.own.ledger.cancel(before))) if before else image
    watched = (*step.permissives, *(k.interlock for k in step.interlocks))
    if not all(i.holds.proven(view) for i in watched):
        return _wait(state, run, step, view, effects)
    if step.do is None:
        effects.append(Progress("step-begun", run.run_id, step.no, step.text, state.time))
        return state.with_run(
            run.with_step(
                step.no, status=StepStatus.BUSY, began=state.time, acked_at=image.now, waits_since=-1.0
            )
        )
    channel = facts.channels[step.do.role]
    epoch = channel.epoch.read(image)
    if not isinstance(epoch.value, int) or not epoch.good:
        return _wait(state, run, step, view, effects)
    number = state.next_order
    ledger = state.ledger.continue_under(before, number) if before else state.ledger
    try:
        for move in step.moves:
            if ledger.where(move.pack) != Custody(move.origin, move.target, number):
                ledger = ledger.begin(move, number)
    except CustodyError as error:
        trip = Trip("A302", f"step {step.no} {step.text}: {error}", OnLoss.HOLD, run.run_id, step.no)
        return _trip(state, (trip,), effects)
    connection = image.links[channel.link].connection
    st = StepState(StepStatus.INTENT, number, epoch.value, connection, began=state.time)
    order = (
        ("device", step.do.role),
        ("opcode", step.do.opcode),
        ("params", list(step.do.params)),
        ("text", step.do.text),
        ("epoch", epoch.value),
        ("moves", [str(m) for m in step.moves]),
    )
    effects.append(Record("step-ordered", run.run_id, step.no, number, order))
    if ledger != state.ledger:
        effects.append(SetLedger(ledger))
    effects.append(Issue(number, run.run_id, step, step.do, epoch.value, connection))
    effects.append(Progress("step-begun", run.run_id, step.no, step.text, state.time, (("order", number),)))
    zones = lanes.take_zones(state, run, step)
    return replace(
        state.with_run(run.with_step(step.no, **_fields(st))),
        ledger=ledger,
        zones=zones,
        next_order=number + 1,
    )


def _station_follows(state: StationState, effects: list[Effect]) -> StationState:
    """Transitions that need no person: holding → held, aborting → aborted, stopping → stopped."""
    quiet = not any(True for _ in state.active_steps())
    guards = {"all_quiet": lambda: quiet, "runs_ended": lambda: not state.runs}
    for here, trigger in ((State.HOLDING, "held"), (State.ABORTING, "aborted"), (State.STOPPING, "stopped")):
        if state.state is here:
            fired = STATION.fire(here, trigger, guards)
            if fired.moved:
                effects.append(Record("state", data=(("state", str(fired.state)),)))
                effects.append(Progress("state", text=f"{here} → {fired.state}", time=state.time))
                return replace(state, state=fired.state)
    return state
