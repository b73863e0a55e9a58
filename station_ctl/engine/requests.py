"""What a person asks of the station, judged: accepted with its effects, or refused with the reason.

Pure. Knows the verbs and their guards. Motion starts only in the lanes, never here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from station_ctl.core.custody import CustodyError
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import OnResume
from station_ctl.engine.events import (
    Answer,
    Asked,
    Effect,
    Progress,
    Record,
    ReleaseStop,
    RunAsked,
    SetLedger,
    StopDevices,
    Verb,
)
from station_ctl.engine.state import INTERRUPTED, Run, StationState, StepState, StepStatus
from station_ctl.engine.states import RUN, STATION
from station_ctl.engine.station import StationFacts

MODE_CHANGES_IN = frozenset((State.STOPPED, State.IDLE))
"""Mode selection shall not itself start or stop anything, so it is refused while the station acts."""

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
    guards = _guards(facts, state, image, asked)
    fired = STATION.fire(
        state.state, str(asked.verb), {name: _holds(guard) for name, guard in guards.items()}
    )
    if not fired.moved:
        guard = guards.get(fired.refused_by)
        why = f"{asked.verb} refused: {guard() if guard is not None else fired.refused_by}"
        code = "A401" if guard is not None else "A402"
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
        return _interrupt(state, str(asked.verb), effects)
    if asked.verb in (Verb.RESUME, Verb.START):
        effects.append(ReleaseStop())
    if asked.verb is Verb.START and state.next_order == 1:
        state = replace(state, next_order=_highest_number(facts, image)[0] + 1)
    return _resume(state, image, effects) if asked.verb is Verb.RESUME else state


def _holds(why_not: Callable[[], str]) -> Callable[[], bool]:
    return lambda: not why_not()


def _guards(
    facts: StationFacts, state: StationState, image: Image, asked: Asked
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
        "mode_allows": lambda: (
            "" if state.mode is Mode.AUTOMATIC else f"mode is {state.mode}, needs automatic"
        ),
        "numbers_newer": lambda: _why_numbers_old(facts, state, image),
        "steps_may_go_on": lambda: _may_go_on(state, image, confirmed=asked.confirmed),
    }


def _highest_number(facts: StationFacts, image: Image) -> tuple[int, str]:
    """The highest order number any PLC remembers, and whose it is."""
    seen = [(s.read(image), c.name) for c in facts.channels.values() for s in (c.ack_id, c.done_id)]
    known = [(r.value, name) for r, name in seen if r.good and isinstance(r.value, int)]
    return max(known, default=(0, ""))


def _why_numbers_old(facts: StationFacts, state: StationState, image: Image) -> str:
    """A PLC that has seen newer orders than the journal knows: the journal is an old copy. A new one may adopt."""
    highest, name = _highest_number(facts, image)
    if highest < state.next_order or state.next_order == 1:
        return ""
    return (
        f"PLC channel {name} remembers order {highest}, the journal only {state.next_order - 1}: "
        "the journal is older than the machine; restore the newest one"
    )


def _may_go_on(state: StationState, image: Image, *, confirmed: bool) -> str:
    """Why an interrupted step may not go on; empty if all may."""
    for run in state.runs:
        for step, st in run.pairs():
            if st.status not in INTERRUPTED or found_done(run, step.no, image):
                continue
            if step.on_resume is OnResume.NEVER:
                return (
                    f"step {step.no} {step.text} was interrupted and may not be repeated: recovery is needed"
                )
            if step.on_resume is OnResume.ASK and not confirmed:
                return (
                    f"step {step.no} {step.text} was interrupted half-way: look at the machine, then resume with a "
                    f"confirmation; needs {step.done}; {step.done.why_not(image)}"
                )
    return ""


def found_done(run: Run, no: int, image: Image) -> bool:
    """An interrupted step whose device had already said done and whose proof is there now."""
    step, st = run.sequence.by_no[no], run.of(no)
    return (
        st.status is StepStatus.STOPPED
        and bool(st.done_at)
        and step.done.proven(image)
        and step.on_resume is OnResume.REPEAT
    )


def _same(a: str, b: str) -> Callable[[], bool]:
    return lambda: a == b


def _interrupt(state: StationState, trigger: str, effects: list[Effect]) -> StationState:
    roles = tuple(dict.fromkeys(step.do.role for _, step, _ in state.active_steps() if step.do is not None))
    if roles:
        effects.insert(0, StopDevices(roles))
    for run in state.runs:
        moved = RUN.fire(run.phase, trigger, {})
        if moved.moved:
            state = state.with_run(replace(run, phase=moved.state, interrupted=run.interrupted or run.phase))
    return state


def _resume(state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Interrupted steps begin again under new order numbers; custody moves are taken up by them."""
    for run in state.runs:
        name = f"was_{run.interrupted.name.lower()}" if run.interrupted is not None else ""
        guards = {f"was_{p.name.lower()}": _same(f"was_{p.name.lower()}", name) for p in Phase}
        moved = RUN.fire(run.phase, "resume", {**guards, "reconciled": lambda: False})
        resumed = replace(run, phase=moved.state, interrupted=None) if moved.moved else run
        for step, st in run.pairs():
            if st.status not in INTERRUPTED:
                continue
            # Zone tokens stay with the device that may stand in the zone. The old order number stays, too:
            # the pack moves under it until the step's new order takes the move up again.
            begun_again = StepState(order=st.order)
            resumed = resumed.with_step(step.no, **{n: getattr(begun_again, n) for n in StepState.__slots__})
        state = state.with_run(resumed)
    return state


def _set_mode(state: StationState, asked: Asked, effects: list[Effect]) -> StationState:
    if asked.mode is None or state.state not in MODE_CHANGES_IN:
        why = f"mode cannot change while the station is {state.state}; stop it first"
        effects.append(Answer(asked.request, why, "A402"))
        return state
    effects.append(Record("mode", data=(("mode", str(asked.mode)), ("who", asked.who))))
    effects.append(Answer(asked.request))
    # A mode change never leaves the station ready to start: a person resets it in the new mode.
    return replace(state, mode=asked.mode, state=State.STOPPED)


def _acknowledge(state: StationState, image: Image, asked: Asked, effects: list[Effect]) -> StationState:
    """Clear every trip whose cause is gone; the others stay latched and are named."""
    stays = tuple(t for t in state.trips if t.cause is not None and not t.cause.proven(image))
    for trip in state.trips:
        if trip not in stays:
            effects.append(
                Record("acknowledged", trip.run_id, trip.step, data=(("code", trip.code), ("who", asked.who)))
            )
    why = "; ".join(f"{t.code} stays: {t.cause.why_not(image)}" for t in stays if t.cause is not None)
    effects.append(Answer(asked.request, why, "A401" if why else ""))
    return replace(state, trips=stays)


def _admit(state: StationState, asked: Asked, effects: list[Effect]) -> StationState:
    """A person confirms an inventory: packs enter custody at the places where the sensors show them."""
    ledger = state.ledger
    try:
        for pack, place in asked.admit:
            ledger = ledger.admit(pack, place)
    except CustodyError as error:
        effects.append(Answer(asked.request, str(error), "A302"))
        return state
    effects.append(
        Record("admitted", data=(("who", asked.who), ("packs", [list(pair) for pair in asked.admit])))
    )
    effects.append(SetLedger(ledger))
    effects.append(Answer(asked.request))
    return replace(state, ledger=ledger)


def begin_run(state: StationState, image: Image, event: RunAsked, effects: list[Effect]) -> StationState:
    """Open a run. One vehicle at a time; a second run may begin once the first vehicle has left."""
    image = image.with_own(OwnFacts(state.mode, state.journal_writable, state.ledger))
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
    effects.append(Record("run-opened", event.run_id, data=data))
    effects.append(Progress("run-opened", event.run_id, text=event.sequence.text, time=state.time))
    effects.append(Answer(event.request))
    return replace(state, runs=(*state.runs, run))


def _why_no_run(state: StationState, event: RunAsked) -> str:
    if state.state is not State.EXECUTE:
        return f"a run needs the station in execute; it is {state.state}"
    if not state.journal_writable:
        return "the journal is not writable"
    if state.run(event.run_id) is not None:
        return f"run {event.run_id} is already open"
    busy = next((r for r in state.runs if r.phase in VEHICLE_IN_BAY), None)
    if busy is not None:
        return f"run {busy.run_id} still has a vehicle in the bay ({busy.phase})"
    return "; ".join(event.sequence.faults())
