"""The one decision function: (facts, state, image, event) → (state, effects). Pure and total.

No clock, no await, no I/O, no randomness: time comes with the event. The same function runs the station, is explored
breadth-first and replays a journal.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.modes import State
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnLoss
from station_ctl.engine import bypassing, jogging, supervisor
from station_ctl.engine.advance import advance
from station_ctl.engine.custody_watch import conflicts
from station_ctl.engine.events import (
    Announce,
    Answer,
    Asked,
    Audit,
    ButtonPressed,
    Effect,
    Event,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    PacksLocked,
    Progress,
    RecodeAsked,
    Record,
    RetreatAsked,
    RunAsked,
    Scanned,
    TaskStuck,
    Verb,
)
from station_ctl.engine.follow import follow, gate_said
from station_ctl.engine.opening import begin_run
from station_ctl.engine.recoding import recode
from station_ctl.engine.requests import answer_request, begin_retreat
from station_ctl.engine.state import StationState, Trip
from station_ctl.engine.states import STATION
from station_ctl.engine.station import CUSTODY_EVERY, StationFacts
from station_ctl.engine.trips import latch

Decision = tuple[StationState, tuple[Effect, ...]]


def decide(facts: StationFacts, state: StationState, image: Image, event: Event) -> Decision:
    """One decision. `image` is what is known now; the controller's own facts in it are set from `state` here."""
    state = replace(state, time=event.time)
    image = image.with_own(state.own)
    effects: list[Effect] = []
    match event:
        case JournalReady():
            state = replace(
                state,
                ledger=event.ledger,
                next_order=event.next_order,
                half_done=event.half_done,
                journal_writable=True,
                runs=event.runs,
                zones=tuple(zone for run in event.runs for zone in run.zones()),
            )
        case JournalFailed():
            state = replace(state, journal_writable=False)
            # Once: the trip is a journal row itself, and a broken disk would feed itself for ever.
            if all(t.code != "A501" for t in state.trips):
                text = f"journal not writable: {event.why}; restart the program once the disk is in order"
                trip = Trip("A501", text, OnLoss.ABORT, interlock="G28")
                state = latch(state, (trip,), effects)
        case TaskStuck():
            text = f"own task stuck, heartbeat withheld: {', '.join(event.names)}"
            state = latch(state, (Trip("A701", text, OnLoss.ABORT),), effects)
        case OrderSent() | OrderNotSent() | OrderUnknown():
            state = gate_said(state, event, effects)
        case ButtonPressed():
            # First whether the hand before it is gone: a late one, or another person's, must not go on with its jog.
            state = jogging.let_go(state, image, effects)
            state = jogging.pressed(state, image, event)
        case Asked(verb=Verb.BYPASS):
            state = bypassing.answer(facts, state, image, event, effects)
        case Asked():
            state = answer_request(facts, state, image, event, effects)
        case RetreatAsked():
            state = begin_retreat(facts, state, image, event, effects)
        case RecodeAsked():
            state = recode(facts, state, image, event, effects)
        case RunAsked():
            state = begin_run(state, image, event, effects)
        case PacksLocked():
            state = replace(state, locks=event.locks)
            image = image.with_own(state.own)
        case Scanned():
            pass
    if isinstance(event, (Asked, RunAsked, RetreatAsked, RecodeAsked)) and event.audit is not None:
        effects.append(_audited(event.audit, effects))
    state = bypassing.lapse(facts, state, image, effects)
    if (state.bypasses, state.hand) != (image.own.bypasses, image.own.hand):
        image = image.with_own(replace(image.own, bypasses=state.bypasses, hand=state.hand))
    state = jogging.let_go(state, image, effects)
    state = _supervise(facts, state, image, effects)
    state = follow(facts, state, image, effects)
    if state.state in (State.EXECUTE, State.STOPPING):
        state = advance(facts, state, image, effects)
    state = _station_follows(state, effects)
    if image.now - state.custody_checked >= CUSTODY_EVERY:
        state = _hold_against_sensors(facts, state, image, effects)
    return state, tuple(effects)


def _audited(audit: Audit, effects: list[Effect]) -> Audit:
    """The audit row of a request with what was decided on it; it shares the transaction of the request's effects."""
    refused = next((e for e in effects if isinstance(e, Answer) and e.refused), None)
    return replace(audit, decision="refused", why=f"{refused.code} {refused.refused}") if refused is not None else audit


def _supervise(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    lost = supervisor.trips(facts, state, image)
    return latch(state, lost, effects) if lost else state


def _hold_against_sensors(
    facts: StationFacts, state: StationState, image: Image, effects: list[Effect]
) -> StationState:
    """Announce places where ledger and sensors have begun to disagree. Two comparisons must agree on it, because
    a pack passes a sensor a moment before its step is proven."""
    image = image.with_own(state.own)
    found = conflicts(facts.places, image) if len(state.ledger) else ()
    for text in found:
        if text in state.conflicts and text not in state.announced:
            effects.append(Record("custody-conflict", data=(("text", text),)))
            effects.append(Announce("A302", text))
    announced = tuple(text for text in found if text in state.conflicts)
    return replace(state, conflicts=found, announced=announced, custody_checked=image.now)


def _drop_asides(state: StationState, effects: list[Effect]) -> StationState:
    """Runs that only asked, once their order has ended: they are asked anew, and stand in nobody's way until then."""
    for run in tuple(state.runs):
        if run.sequence.aside and not run.active:
            why = ("result", "dropped"), ("why", f"station {state.state}")
            effects.append(Record("run-closed", run.run_id, data=why))
            effects.append(Progress("run-closed", run.run_id, time=state.time, facts=(("run", run),)))
            state = replace(state, runs=tuple(r for r in state.runs if r.run_id != run.run_id))
    return state


def _station_follows(state: StationState, effects: list[Effect]) -> StationState:
    """Transitions that need no person: holding → held, aborting → aborted, stopping → stopped."""
    guards = {
        "all_quiet": lambda: not any(True for _ in state.active_steps()),
        "runs_ended": lambda: not state.runs,
    }
    if state.state not in (State.EXECUTE, State.STOPPING):
        state = _drop_asides(state, effects)
    for here, trigger in ((State.HOLDING, "held"), (State.ABORTING, "aborted"), (State.STOPPING, "stopped")):
        if state.state is here:
            fired = STATION.fire(here, trigger, guards)
            if fired.moved:
                effects.append(Record("state", data=(("state", str(fired.state)),)))
                effects.append(Progress("state", text=f"{here} → {fired.state}", time=state.time))
                return replace(state, state=fired.state)
    return state
