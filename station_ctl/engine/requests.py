"""What a person asks of the station, judged: accepted with its effects, or refused with the reason.

Pure. Knows the verbs and their guards. Motion starts only in the lanes, never here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from station_ctl.core.custody import CustodyError
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.orders import OrderState
from station_ctl.core.signals import Image
from station_ctl.engine import recovery
from station_ctl.engine.events import (
    Answer,
    Asked,
    Effect,
    Progress,
    Record,
    ReleaseStop,
    RetreatAsked,
    RunAsked,
    SetLedger,
    StopDevices,
    Verb,
)
from station_ctl.engine.follow import fields_of, settle_proven
from station_ctl.engine.interruption import interrupted, roles_at_work
from station_ctl.engine.opening import begin_run
from station_ctl.engine.state import Run, StationState, StepState, StepStatus
from station_ctl.engine.statement import state_custody
from station_ctl.engine.states import RUN, STATION
from station_ctl.engine.station import StationFacts

RUNS_IN = (Mode.AUTOMATIC, Mode.MAINTENANCE)
"""Modes in which the station runs procedures."""

MODE_CHANGES_IN = frozenset((State.STOPPED, State.IDLE))
"""Mode selection shall not itself start or stop anything, so it is refused while the station acts."""


def answer_request(
    facts: StationFacts, state: StationState, image: Image, asked: Asked, effects: list[Effect]
) -> StationState:
    """Judge one request. Refusals change nothing and say why."""
    if asked.verb is Verb.MODE:
        return _set_mode(state, asked, effects)
    if asked.verb is Verb.ACKNOWLEDGE:
        return _acknowledge(state, image, asked, effects)
    if asked.verb is Verb.ADMIT:
        return _admit(state, asked, effects)
    if asked.verb is Verb.STATE:
        return state_custody(facts, state, image, asked, effects)
    guards = _guards(facts, state, image, confirmed=asked.confirmed)
    fired = STATION.fire(
        state.state, str(asked.verb), {name: _holds(guard) for name, guard in guards.items()}
    )
    if not fired.moved:
        guard = guards.get(fired.refused_by)
        why = f"{asked.verb} refused: {guard() if guard is not None else fired.refused_by}"
        code = _code(fired.refused_by, state) if guard is not None else "A402"
        effects += [Record("refused", data=(("verb", str(asked.verb)), ("who", asked.who), ("why", why)))]
        effects.append(Answer(asked.request, why, code))
        return state
    effects.append(
        Record("asked", data=(("verb", str(asked.verb)), ("who", asked.who), ("state", str(fired.state))))
    )
    effects.append(Progress("state", text=f"{state.state} → {fired.state}", time=state.time))
    effects.append(Answer(asked.request))
    state = replace(state, state=fired.state)
    if asked.verb in (Verb.HOLD, Verb.ABORT):
        return _interrupt(facts, state, image, str(asked.verb), effects)
    if asked.verb in (Verb.RESUME, Verb.START):
        effects.append(ReleaseStop())
    if asked.verb is Verb.START and state.next_order == 1:
        state = replace(state, next_order=_highest_number(facts, image)[0] + 1)
    if asked.verb is Verb.CLEAR:
        return replace(state, runs=tuple(_recovering(run) for run in state.runs))
    return _resume(facts, state, image, effects) if asked.verb is Verb.RESUME else state


def _holds(why_not: Callable[[], str]) -> Callable[[], bool]:
    return lambda: not why_not()


def _guards(
    facts: StationFacts, state: StationState, image: Image, *, confirmed: bool = False
) -> dict[str, Callable[[], str]]:
    """Each guard as a function that returns why it does not hold; empty = it holds."""
    return {
        "trips_cleared": lambda: "; ".join(f"{t.code} {t.text} is not acknowledged" for t in state.trips),
        "station_safe": lambda: "; ".join(
            f"{i.code} {i.text}: {i.holds.why_not(image)}" for i in facts.safe if not i.holds.proven(image)
        ),
        "nothing_half_done": lambda: (
            state.half_done or "; ".join(f"run {r.run_id} is half done ({r.phase})" for r in state.runs)
        ),
        "mode_allows": lambda: _why_not_in_this_mode(state),
        "numbers_newer": lambda: _why_numbers_old(facts, state, image),
        "custody_certain": lambda: "a retreat is asked of one run, by its id",
        "steps_may_go_on": lambda: recovery.why_not_resume(facts, state, image, confirmed=confirmed),
        "something_half_done": lambda: "" if state.runs else state.half_done or "nothing is half done; reset and start",
    }


def _why_not_in_this_mode(state: StationState) -> str:
    """Every open run goes on in its own mode only; with none open, the station starts where procedures run at all."""
    wanted = tuple(dict.fromkeys(run.sequence.mode for run in state.runs))
    if wanted == (state.mode,) or (not wanted and state.mode in RUNS_IN):
        return ""
    return f"mode is {state.mode}, needs {' and '.join(wanted) or ' or '.join(RUNS_IN)}"


def reasons(facts: StationFacts, state: StationState, image: Image, *, confirmed: bool = False) -> dict[str, str]:
    """Each guard by name with the reason why it does not hold now; empty = it holds."""
    image = image.with_own(state.own)
    return {name: why_not() for name, why_not in _guards(facts, state, image, confirmed=confirmed).items()}


def _highest_number(facts: StationFacts, image: Image) -> tuple[int, str]:
    """The highest order number any PLC remembers, and whose it is."""
    seen = [(s.read(image), c.name) for c in facts.channels.values() for s in (c.ack_id, c.done_id)]
    known = [(r.value, name) for r, name in seen if r.good and isinstance(r.value, int)]
    return max(known, default=(0, ""))


def _code(guard: str, state: StationState) -> str:
    """The catalogue code of a refusal by this guard. A new journal knows no numbers, so it cannot be an old copy."""
    return "A505" if guard == "numbers_newer" and state.next_order > 1 else "A401"


def why_journal_old(facts: StationFacts, state: StationState, image: Image) -> str:
    """That a PLC has seen newer orders than the journal knows, in words; empty as far as is known."""
    return _why_numbers_old(facts, state, image) if state.next_order > 1 else ""


def _why_numbers_old(facts: StationFacts, state: StationState, image: Image) -> str:
    """A PLC that has seen newer orders than the journal knows: the journal is an old copy. A new one may adopt."""
    readings = [(c.name, s.read(image)) for c in facts.channels.values() for s in (c.ack_id, c.done_id)]
    silent = dict.fromkeys(f"{name} ({reading.why})" for name, reading in readings if not reading.good)
    if state.next_order == 1:
        return f"the journal is new, and its last order is not known from {', '.join(silent)}" if silent else ""
    highest, name = _highest_number(facts, image)
    if highest < state.next_order:
        return ""
    return (
        f"PLC channel {name} remembers order {highest}, the journal only {state.next_order - 1}: "
        "the journal is older than the machine; restore the newest one"
    )


def _same(a: str, b: str) -> Callable[[], bool]:
    return lambda: a == b


def _recovering(run: Run) -> Run:
    moved = RUN.fire(run.phase, "recover", {"trips_cleared": lambda: True})
    return replace(run, phase=moved.state) if moved.moved else run


def _interrupt(
    facts: StationFacts, state: StationState, image: Image, trigger: str, effects: list[Effect]
) -> StationState:
    """Stop what works on our orders, and what is seen at work without one: after a start memory knows of no motion."""
    seen = (role for role, c in facts.channels.items() if c.state.read(image).value == OrderState.BUSY)
    roles = tuple(dict.fromkeys((*roles_at_work(state), *seen)))
    if roles:
        effects.insert(0, StopDevices(roles))
    return interrupted(state, trigger)


def _resume(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Interrupted steps found done are recorded so; the others begin again under new order numbers."""
    findings = {(a.run_id, a.step.no): a for a in recovery.assess(facts, state, image)}
    for run in state.runs:
        state = state.with_run(_back_into_its_phase(run))
        for step, st in run.pairs():
            if not st.interrupted:
                continue
            found = findings[run.run_id, step.no]
            facts_found = ("finding", str(found.finding)), ("why", found.why)
            effects.append(Record("resumed", run.run_id, step.no, st.order, facts_found))
            resumed = state.run(run.run_id)
            assert resumed is not None
            if found.finding in recovery.DONE:
                # Nobody has seen it end: from its beginning to now is no duration of the machine.
                proven = replace(st, status=StepStatus.PROVEN, began=0.0, ended=state.time)
                state = state.with_run(resumed.with_step(step.no, **fields_of(proven)))
                state = settle_proven(state, run.run_id, step, proven, effects)
            else:
                # Zone tokens stay with the device that may stand in the zone. The old order number stays, too:
                # the pack moves under it until the step's new order takes the move up again.
                again = StepState(order=st.order, epoch=st.epoch)
                state = state.with_run(resumed.with_step(step.no, **fields_of(again)))
    return state


def _back_into_its_phase(run: Run) -> Run:
    name = _was(run.interrupted) if run.interrupted is not None else ""
    guards = {_was(phase): _same(_was(phase), name) for phase in Phase}
    moved = RUN.fire(run.phase, "resume", {**guards, "reconciled": lambda: True})
    # Time spent at rest is no time spent waiting for a permissive.
    steps = tuple(replace(st, waits_since=-1.0) for st in run.steps)
    return replace(run, phase=moved.state, interrupted=None, steps=steps) if moved.moved else run


def _was(phase: Phase) -> str:
    return f"was_{phase.name.lower()}"


def begin_retreat(
    facts: StationFacts, state: StationState, image: Image, event: RetreatAsked, effects: list[Effect]
) -> StationState:
    """Give a run up: custody is settled by what sensors prove, the retreat takes over vehicle, zones and job."""
    guards = _guards(facts, state, image)
    guards["custody_certain"] = lambda: (
        recovery.why_not_retreat(facts, state, image, event.run_id) or "; ".join(event.sequence.faults())
    )
    fired = STATION.fire(state.state, "retreat", {name: _holds(guard) for name, guard in guards.items()})
    run = state.run(event.run_id)
    if not fired.moved or run is None:
        guard = guards.get(fired.refused_by)
        why = f"retreat refused: {guard() if guard is not None else fired.refused_by}"
        effects.append(Record("refused", event.run_id, data=(("verb", "retreat"), ("who", event.who), ("why", why))))
        effects.append(Answer(event.request, why, _code(fired.refused_by, state) if guard is not None else "A402"))
        return state
    ledger = state.ledger
    for found in recovery.assess(facts, state, image):
        for move in found.step.moves:
            arrived = recovery.where_is(found, image) == move.target
            ledger = ledger.finish(found.order) if arrived else ledger.cancel(found.order)
        # Already in the ledger when the row of the proof was lost with a failing disk, the ledger after it was not.
        for pack, place in found.step.admits if found.finding in recovery.DONE else ():
            if pack not in ledger:
                ledger = ledger.admit(pack, place)
    if ledger != state.ledger:
        effects.append(SetLedger(ledger))
    given_up = ("result", "given up"), ("retreat", event.retreat_id), ("who", event.who)
    effects.append(Record("run-closed", run.run_id, data=given_up))
    effects.append(Progress("run-closed", run.run_id, time=state.time, facts=(("run", run),)))
    zones = tuple(replace(z, run_id=event.retreat_id) if z.run_id == run.run_id else z for z in state.zones)
    runs = tuple(r for r in state.runs if r.run_id != run.run_id)
    runs = tuple(_back_into_its_phase(r) for r in runs)
    effects.append(ReleaseStop())
    effects.append(Progress("state", text=f"{state.state} → {fired.state}", time=state.time))
    state = replace(state, state=fired.state, ledger=ledger, zones=zones, runs=runs)
    asked = RunAsked(event.time, event.retreat_id, event.sequence, event.job, event.who, event.request)
    return begin_run(state, image, asked, effects)


def _refusal(verb: str, who: str, why: str) -> Record:
    """The journal row of a request that changed nothing: who asked for what, and why it was refused."""
    return Record("refused", data=(("verb", verb), ("who", who), ("why", why)))


def _set_mode(state: StationState, asked: Asked, effects: list[Effect]) -> StationState:
    if asked.mode is None or state.state not in MODE_CHANGES_IN:
        why = f"mode cannot change while the station is {state.state}; stop it first"
        effects.append(_refusal("mode", asked.who, why))
        effects.append(Answer(asked.request, why, "A402"))
        return state
    effects.append(Record("mode", data=(("mode", str(asked.mode)), ("who", asked.who))))
    effects.append(Answer(asked.request))
    # A mode change never leaves the station ready to start: a person resets it in the new mode.
    return replace(state, mode=asked.mode, state=State.STOPPED)


def _acknowledge(state: StationState, image: Image, asked: Asked, effects: list[Effect]) -> StationState:
    """Clear every trip asked for whose cause is gone; the others stay latched, and those asked for are named."""
    chosen = tuple(t for t in state.trips if not asked.trips or t in asked.trips)
    stays = tuple(t for t in chosen if t.cause is not None and not t.cause.proven(image))
    for trip in chosen:
        if trip not in stays:
            effects.append(
                Record("acknowledged", trip.run_id, trip.step, data=(("code", trip.code), ("who", asked.who)))
            )
    why = "; ".join(f"{t.code} stays: {t.cause.why_not(image)}" for t in stays if t.cause is not None)
    if len(stays) == len(chosen):
        said = ("verb", "acknowledge"), ("who", asked.who), ("why", why or "nothing to acknowledge")
        effects.append(Record("asked", data=said))
    effects.append(Answer(asked.request, why, "A401" if why else ""))
    return replace(state, trips=tuple(t for t in state.trips if t in stays or t not in chosen))


def _admit(state: StationState, asked: Asked, effects: list[Effect]) -> StationState:
    """A person confirms an inventory: packs enter custody at the places where the sensors show them."""
    ledger = state.ledger
    try:
        for pack, place in asked.admit:
            ledger = ledger.admit(pack, place)
    except CustodyError as error:
        effects.append(_refusal("admit", asked.who, str(error)))
        effects.append(Answer(asked.request, str(error), "A302"))
        return state
    effects.append(
        Record("admitted", data=(("who", asked.who), ("packs", [list(pair) for pair in asked.admit])))
    )
    effects.append(SetLedger(ledger))
    effects.append(Answer(asked.request))
    return replace(state, ledger=ledger)
