"""Why: what stands against something now, causes first; where everything is; what to do next and what not to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from station_ctl.core.errors import Exit, NotFound
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.engine.state import Trip
from station_ctl.service import recovery
from station_ctl.service.actions import Action
from station_ctl.service.calls import Check, Result
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.catalogue.station import Subject
from station_ctl.service.checks import roots_first
from station_ctl.service.desk import Call, load
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.station import of_verb

NEXT_VERB = {
    State.STOPPED: Verb.RESET, State.IDLE: Verb.START, State.HELD: Verb.RESUME, State.ABORTED: Verb.CLEAR,
}  # fmt: skip
"""What a person would ask for next in each state at rest."""


async def why(duty: Duty, params: Subject, call: Call) -> Result:
    """The answer to `why SUBJECT`. Raises NotFound for a subject that is none."""
    looked = await _checks(duty, params.subject, call)
    failed = roots_first(looked)
    ways = recovery.ways_out(duty.engine.facts, duty.engine.state, duty.image)
    state = duty.engine.state
    data = {
        "subject": params.subject or "station", "state": str(state.state), "mode": str(state.mode),
        "blocked": bool(failed or state.trips), "trips": [_trip(trip) for trip in state.trips],
        "checks": [asdict(check) for check in failed], "met": sum(check.holds for check in looked),
        "unknown": sum(not check.known for check in failed), "where": _where(ways),
        "do_next": _do_next(duty, ways), "do_not": _do_not(duty),
    }  # fmt: skip
    return Result(data, _sentence(duty, params.subject, failed), exit=Exit.BLOCKED if data["blocked"] else Exit.DONE)


async def _checks(duty: Duty, subject: str, call: Call) -> tuple[Check, ...]:
    """What must hold for the subject, or for what a person would ask for next."""
    if subject in REGISTRY.actions and REGISTRY.named(subject).plan:
        return await _of_action(duty, REGISTRY.named(subject), call)
    known = {"", "station", "swap", "start", *(run.run_id for run in duty.engine.state.runs), *duty.watch.closed}
    if subject not in known:
        raise NotFound(f"why {subject!r}: no such run or action; ask for swap, start, a run's id, or an action")
    state = duty.engine.state
    verb = Verb.START if subject == "start" else NEXT_VERB.get(state.state)
    if verb is Verb.RESET and state.runs:
        verb = Verb.RESUME
    return of_verb(duty, verb) if verb is not None else ()


async def _of_action(duty: Duty, action: Action, call: Call) -> tuple[Check, ...]:
    if any(field.is_required() for field in action.params.model_fields.values()):
        raise NotFound(f"why {action.name}: it needs parameters; ask: station-ctl {action.noun} {action.verb} -n …")
    plan = await load(action.plan)(duty, action.params(), call)
    checks: tuple[Check, ...] = plan.checks
    return checks


AT_HOME = "seen and its code read"


def _where(ways: recovery.WaysOut) -> list[str]:
    """Where everything is; packs that lie where they should, with every sensor agreeing, are only counted."""
    quiet = sum(text.endswith(AT_HOME) for text in ways.custody)
    told = [text for text in ways.custody if not text.endswith(AT_HOME)]
    counted = [f"{quiet} packs are in their places, {AT_HOME}"] if quiet else []
    return [*ways.findings, *told, *counted, *ways.machines]


def _trip(trip: Trip) -> dict[str, Any]:
    return {
        "code": trip.code, "text": trip.text, "reaction": str(trip.reaction), "run": trip.run_id, "step": trip.step,
        "interlock": trip.interlock, "first_out": trip.first_out,
    }  # fmt: skip


def _do_next(duty: Duty, ways: recovery.WaysOut) -> list[str]:
    """The commands that lead on from here, the first to be tried first."""
    state, said = duty.engine.state, []
    if state.trips:
        said.append("put right what the first-out says, then: station-ctl alarm ack --all")
    if state.state is State.ABORTED:
        said.append("station-ctl station clear")
    if state.runs and state.state in (State.HELD, State.STOPPED, State.ABORTED):
        if str(state.mode) != "automatic":
            said.append("station-ctl mode set automatic")
        if not ways.why_not_resume:
            said.append("station-ctl swap resume")
        elif not ways.why_not_resume_confirmed:
            said.append(f"look: {ways.why_not_resume}; then: station-ctl swap resume --looked")
        else:
            said.append(f"resuming is not possible yet: {ways.why_not_resume_confirmed}")
            said += ways.by_hand
        open_ways = [name for name, why_not in ways.why_not_retreat.items() if not why_not]
        said += [f"or give it up: station-ctl swap retreat {name}" for name in open_ways]
    elif state.state is State.STOPPED:
        said.append("station-ctl station reset")
    elif state.state is State.IDLE:
        said.append("station-ctl station start")
    return said


def _do_not(duty: Duty) -> list[str]:
    if not duty.engine.state.runs:
        return []
    runs = ", ".join(run.run_id for run in duty.engine.state.runs)
    return [f"do not move the vehicle of {runs} by hand before its locks are proven"]


def _sentence(duty: Duty, subject: str, failed: list[Check]) -> str:
    state = duty.engine.state
    first = next((trip for trip in state.trips if trip.first_out), None)
    if first is not None:
        return f"station {state.state}: {first.code} {first.text}"
    if failed:
        return f"{subject or 'station'} is blocked: {failed[0].code} {failed[0].text}: {failed[0].found}"
    return f"{subject or 'station'} is not blocked; the station is {state.state} in mode {state.mode}"
