"""Recovery as a plan: what stopped, what journal and sensors say, and the ways that are open, in words."""

from __future__ import annotations

from typing import Any

from station_ctl.core.errors import NotFound
from station_ctl.engine.journal import JournalRow
from station_ctl.engine.state import Run
from station_ctl.service import recovery
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.swap import Recover
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


async def plan(duty: Duty, params: Recover, call: Call) -> Result:
    """The plan for one open run, or for all of them. Raises NotFound when nothing is open."""
    state = duty.engine.state
    runs = [run for run in state.runs if params.run in ("", run.run_id)]
    if not runs:
        what = f"no open run {params.run}" if params.run else state.half_done or "no run is open"
        raise NotFound(f"nothing to recover: {what}")
    ways = recovery.ways_out(duty.engine.facts, state, duty.image)
    told = [await _stopped(duty, run) for run in runs]
    open_ways = _open_ways(duty, ways, runs)
    data = {
        "runs": told, "findings": list(ways.findings), "where": ways.places,
        "ways": open_ways, "by_hand": list(ways.by_hand), "why_not_resume": ways.why_not_resume_confirmed,
        "why_not_retreat": {run.run_id: ways.why_not_retreat[run.run_id] for run in runs},
    }  # fmt: skip
    said = f"{len(open_ways)} ways lead on" if open_ways else "no motion is offered: look, and state what you see"
    return Result(data, f"{', '.join(run.run_id for run in runs)}: {said}")


async def _stopped(duty: Duty, run: Run) -> dict[str, Any]:
    """When and why a run stopped, and what the journal says of its interrupted steps."""
    rows = await duty.journal.ask(lambda journal: journal.rows(run.run_id))
    trips = [row for row in rows if row.kind == "trip"]
    steps = [
        {"no": step.no, "text": step.text, "order": st.order, "journal": _journal_of(rows, step.no),
         "moves": [str(move) for move in step.moves]}
        for step, st in run.pairs()
        if st.interrupted
    ]  # fmt: skip
    return {
        "id": run.run_id, "text": run.sequence.text, "phase": str(run.interrupted or run.phase),
        "vehicle": run.job.vehicle if run.job is not None else None,
        "last_row": rows[-1].at if rows else None, "trips": [dict(row.data) for row in trips], "steps": steps,
    }  # fmt: skip


def _journal_of(rows: list[JournalRow], no: int) -> str:
    """The kinds of rows of a step in their order: what was intended, what was proven."""
    return " → ".join(row.kind for row in rows if row.step == no) or "no row"


def _open_ways(duty: Duty, ways: recovery.WaysOut, runs: list[Run]) -> list[dict[str, str]]:
    """Ways that are open now, each with the command that takes it."""
    found: list[dict[str, str]] = []
    resume = recovery.resume_command(duty.engine.state)
    if not ways.why_not_resume:
        found.append({"way": "RESUME", "text": "go on where it stopped", "command": resume})
    elif not ways.why_not_resume_confirmed:
        measures = [step for run in runs for step, st in run.pairs() if st.interrupted and step.measures]
        text = f"go on after a look at the machine, {ways.why_not_resume.partition(':')[0]}"
        # A bolt that is open counts no turns when it is turned once more.
        text += "; it measures its own work, and what is done already is not measured again" if measures else ""
        found.append({"way": "RESUME", "text": text, "command": f"{resume} --looked"})
    for run in runs:
        if not ways.why_not_retreat[run.run_id]:
            text = "give it up; the vehicle goes back safely" if run.job is not None else "give it up; nothing moves"
            found.append({"way": "RETREAT", "text": text, "command": recovery.give_up_command(run)})
    return found
