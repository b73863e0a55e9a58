"""A person's correction of a pack's code: ledger and open runs take it over in one decision. Pure.

For a pack that came in under a code that is not its own. Knows what speaks against a correction; moves nothing.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.signals import Image
from station_ctl.core.steps import Job
from station_ctl.engine.events import Answer, Effect, RecodeAsked, Record, SetLedger
from station_ctl.engine.state import Run, StationState
from station_ctl.engine.statement import AT_REST, why_no_such_pack_at
from station_ctl.engine.station import StationFacts


def with_code(job: Job, was: str, code: str) -> Job:
    """The same job with the pack under its true code."""

    def known(pack: str) -> str:
        return code if pack == was else pack

    return job.with_exchanges(tuple(replace(e, spent=known(e.spent), fresh=known(e.fresh)) for e in job.exchanges))


def named_in(run: Run, pack: str) -> bool:
    """Whether the steps of a run speak of this pack."""
    if run.job is None:
        return pack in dict(run.sequence.args).values()
    return pack in run.job.packs


def recode(
    facts: StationFacts, state: StationState, image: Image, asked: RecodeAsked, effects: list[Effect]
) -> StationState:
    """The pack at a place gets its true code, in the ledger and in every open run that names it, or nothing changes."""
    was = state.ledger.at(asked.place) or ""
    why = why_not_recoded(facts, state, image, asked.place, asked.code) or _why_not_these_runs(
        state, asked, was
    )
    if why:
        said = ("verb", "recode"), ("who", asked.who), ("why", why)
        effects += [Record("refused", data=said), Answer(asked.request, why, "A302")]
        return state
    ledger = state.ledger.recode(was, asked.code)
    told = ("was", was), ("code", asked.code), ("place", asked.place), ("who", asked.who)
    for run_id, sequence, job in asked.runs:
        run = state.run(run_id)
        assert run is not None
        state = state.with_run(replace(run, sequence=sequence, job=job))
        effects.append(Record("job-recoded", run_id, data=told))
    effects += [Record("pack-recoded", data=told), SetLedger(ledger), Answer(asked.request)]
    return replace(state, ledger=ledger)


def why_not_recoded(facts: StationFacts, state: StationState, image: Image, place: str, code: str) -> str:
    """Why a correction cannot be believed; empty if no sensor and no other pack speaks against it."""
    if state.state not in AT_REST:
        return f"the code of a pack can be corrected at rest only; the station is {state.state}"
    was = state.ledger.at(place)
    if was is None:
        return f"no pack rests at {place}: {state.ledger.describe(place)}"
    if not code:
        return "a pack without a code cannot be told apart"
    if code == was:
        return f"the pack at {place} has this code already"
    if (other := state.ledger.where(code)) is not None:
        return f"pack {code} is in custody already: {other}"
    return why_no_such_pack_at(facts, image, code, place)


def _why_not_these_runs(state: StationState, asked: RecodeAsked, was: str) -> str:
    """Every open run that names the pack must come along, with the same steps and nothing but the code changed."""
    given = {run_id: (sequence, job) for run_id, sequence, job in asked.runs}
    naming = {run.run_id for run in state.runs if named_in(run, was)}
    if naming != given.keys():
        return f"runs {', '.join(sorted(naming ^ given.keys()))} name another pack than was asked; ask again"
    for run_id, (sequence, job) in given.items():
        run = state.run(run_id)
        if run is None or run.job is None:
            return f"{run_id} names the pack and has no job: give it up first"
        same = sequence.key == run.sequence.key and [s.no for s in sequence.steps] == [
            s.no for s in run.sequence.steps
        ]
        if not same or job != with_code(run.job, was, asked.code):
            return f"{run_id} would be another procedure; ask again"
    return ""
