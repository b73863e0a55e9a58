"""Why: what stands against something now, causes first; where everything is; what to do next and what not to do."""

from __future__ import annotations

from typing import Any

from station_ctl.core.errors import Exit, NotFound
from station_ctl.core.modes import State
from station_ctl.engine.jogging import jogs
from station_ctl.engine.state import INTERRUPTED, Run, StationState, Trip
from station_ctl.service import recovery, view, whereabouts
from station_ctl.service.calls import Check, Result
from station_ctl.service.catalogue.station import Subject
from station_ctl.service.checks import roots_first
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.why_subjects import Looked, look
from station_ctl.service.handlers.why_then import why_then
from station_ctl.service.refusals import check_data


async def why(duty: Duty, params: Subject, call: Call) -> Result:
    """The answer to `why SUBJECT`. Raises NotFound for a subject that is none, RequestWrong for a time that is none."""
    if params.at:
        return await why_then(duty, params.subject, params.at)
    looked, state = await look(duty, params.subject, call), duty.engine.state
    failed = roots_first(looked.checks)
    free = looked.enough and len(failed) < len(looked.checks)
    blocked = (bool(failed) and not free) or (looked.whole and bool(state.trips))
    ways = recovery.ways_out(duty.engine.facts, state, duty.image)
    data = {
        "subject": params.subject or "station", "state": str(state.state), "mode": str(state.mode), "blocked": blocked,
        "over": looked.over, "runs": [_run(run) for run in state.runs if looked.whole],
        "trips": [_trip(duty, trip) for trip in state.trips if looked.whole],
        "checks": [_check(check, failed) for check in failed], "met": sum(check.holds for check in looked.checks),
        "unknown": sum(not check.known for check in failed),
        "levels": view.levels(duty), "bypasses": view.bypasses(duty),
        "where": [*_findings(ways, failed), *ways.places] if looked.whole else [],
        "do_next": _do_next(duty, ways) if looked.whole else [], "do_not": _do_not(duty) if looked.whole else [],
    }  # fmt: skip
    said = _sentence(duty, params.subject, failed, looked, blocked=blocked)
    return Result(data, said, exit=Exit.BLOCKED if blocked else Exit.DONE)


def _check(check: Check, failed: list[Check]) -> dict[str, Any]:
    """A check with those that caused it among what failed as well."""
    codes = {other.code for other in failed}
    return {**check_data(check), "causes": [code for code in check.follows if code in codes]}


def _run(run: Run) -> str:
    """How far an open run is, in a sentence."""
    done = sum(st.status.value == "proven" for st in run.steps)
    at = [f"{step.no} {step.text} ({st.status})" for step, st in run.pairs() if st.active or st.status in INTERRUPTED]
    where = f" at step {'; '.join(at)}" if at else " between two steps"
    return f"{run.run_id} {run.phase}{where}: {done} of {len(run.steps)} steps are proven"


def _findings(ways: recovery.WaysOut, failed: list[Check]) -> list[str]:
    """What is true of interrupted steps, where no check has said it already."""
    told = [check.found for check in failed]
    return [text for text in ways.findings if not any(text in said for said in told)]


def _trip(duty: Duty, trip: Trip) -> dict[str, Any]:
    """A trip with the remedy of its code."""
    try:
        remedy = duty.watch_room.board.explain(trip.code).remedy
    except NotFound:
        remedy = ""  # without a board nobody keeps the words of the codes
    return {
        "code": trip.code, "text": trip.text, "reaction": str(trip.reaction), "run": trip.run_id, "step": trip.step,
        "interlock": trip.interlock, "first_out": trip.first_out, "remedy": remedy,
    }  # fmt: skip


def _do_next(duty: Duty, ways: recovery.WaysOut) -> list[str]:
    """The commands that lead on from here, the first to be tried first."""
    state, said = duty.engine.state, []
    if state.trips:
        said.append("put right what the first-out says, then: station-ctl alarm ack --all")
    if state.state is State.ABORTED:
        said.append("station-ctl station clear")
    if state.runs and state.state in (State.HELD, State.STOPPED, State.ABORTED):
        mode = state.runs[0].sequence.mode
        if state.mode is not mode:
            said.append(f"station-ctl mode set {mode}")
        said += _going_on(state, ways)
        open_ways = [run for run in state.runs if not ways.why_not_retreat[run.run_id]]
        said += [f"or give it up: {recovery.give_up_command(run)}" for run in open_ways]
    elif state.state is State.STOPPED:
        if str(state.mode) == "maintenance":
            said.append("for swaps: station-ctl mode set automatic")
        said.append("station-ctl station reset")
    elif state.state is State.IDLE:
        said.append("station-ctl station start")
    elif state.state is State.EXECUTE and not state.runs:
        said.append("station-ctl swap start")
    return said


def _going_on(state: StationState, ways: recovery.WaysOut) -> list[str]:
    """How the open runs go on. A jog does so under a hand on the button, as a new one from where it stands."""
    resume = recovery.resume_command(state)
    first = [text for text in ways.by_hand if whereabouts.RESET_AT_PANEL in text]
    by_hand = next((run for run in state.runs if jogs(run)), None)
    if by_hand is not None:
        again = f"station-ctl {by_hand.sequence.key.replace('.', ' ')} AXIS MM"
        return [*first, f"with the button held: {again}"] if state.state is State.HELD else first
    if not ways.why_not_resume:
        return [*first, resume]
    if not ways.why_not_resume_confirmed:
        step = ways.why_not_resume.partition(":")[0]
        return [*first, f"look at the machine, {step}; then: {resume} --looked"]
    return [f"resuming is not possible yet: {ways.why_not_resume_confirmed}", *ways.by_hand]


def _do_not(duty: Duty) -> list[str]:
    runs = ", ".join(run.run_id for run in duty.engine.state.runs if run.job is not None)
    return [] if not runs else [f"do not move the vehicle of {runs} by hand before its locks are proven"]


def _sentence(duty: Duty, subject: str, failed: list[Check], looked: Looked, *, blocked: bool) -> str:
    state, name = duty.engine.state, subject or "station"
    first = next((trip for trip in state.trips if trip.first_out), None)
    if looked.over:
        return f"{name} {looked.over}"
    if looked.whole and first is not None:
        return f"station {state.state}: {first.code} {first.text}"
    if blocked:
        found = failed[0].found and f": {failed[0].found}"
        return f"{name} is blocked: {failed[0].code} {failed[0].text}{found}"
    return f"{name} is not blocked; the station is {state.state} in mode {state.mode}"
