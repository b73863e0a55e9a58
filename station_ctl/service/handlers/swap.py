"""Swaps: begun, shown, resumed, given up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from station_ctl.core.errors import NotAllowed, NotFound, Refused, StationError
from station_ctl.core.modes import State
from station_ctl.engine.events import Effect, Progress, Record, Verb
from station_ctl.engine.journal import JournalRow, OpenRun
from station_ctl.engine.opening import also_told
from station_ctl.engine.state import Run
from station_ctl.service import checks, recovery, view
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.swap import HowMany, Resume, RunWanted, Vehicle
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.station import of_verb
from station_ctl.service.operations import Operation


async def plan_start(duty: Duty, params: Vehicle, call: Call) -> Plan:
    """What stands against a swap, and the steps of the reception that come first."""
    state = duty.engine.state
    runs = state.state is State.EXECUTE
    running = Check("A402", "the station runs", runs, str(State.EXECUTE), str(state.state), "station state")
    queue, vehicle = duty.queue, params.vehicle
    why = duty.why_not_in(vehicle) if vehicle or queue.closed else ""
    lets_in = checks.of_reason("A305", "the queue lets the vehicle in", why)
    served = checks.of_reason("A306", "its fleet is served now", duty.why_not_served(vehicle) if vehicle else "")
    steps = tuple(f"{step.no} {step.text}" for step in duty.procedures.reception().steps)
    then = "then the swap for the vehicle that has identified itself"
    return Plan((running, lets_in, served), (*steps, then), ("every device",))


async def start(duty: Duty, params: Vehicle, call: Call) -> Result:
    """Receive the vehicle at the entry and swap its pack. Raises Refused or NotAllowed before anything moves."""
    number = await duty.reception.identify(call.person.name, call.take_audit())

    async def work(op: Operation) -> str:
        try:
            run_id, job = await duty.reception.accept(number, call.person.name, expected=params.vehicle)
        except Refused as error:
            facts = (("code", error.code), ("why", str(error)), ("who", call.person.name))
            await duty.record(Record("turned-away", data=facts))
            raise
        op.run_id = run_id
        fleet = duty.reception.admission.fleet_of(job.vehicle)
        also = [{"fresh": exchange.fresh, "spent": exchange.spent} for exchange in job.also]
        packs = {"fresh": job.fresh, "spent": job.spent, "also": also}
        op.data = {"vehicle": job.vehicle, **packs, "fleet": fleet.name if fleet else ""}
        if (left := duty.queue.without(job.vehicle)) != duty.queue:
            duty.queue = left
            await duty.record(left.row)
        duty.changed()
        await duty.watch.until_closed(run_id)
        return f"{run_id} done: vehicle {job.vehicle} has pack {' and '.join(e.fresh for e in job.exchanges)}"

    op = duty.operations.start(call.action.name, call.person, work)
    return Result({"operation": op.id}, f"{op.id} begun; watch it: station-ctl op wait {op.id}", op.id)


async def plan_resume(duty: Duty, params: Resume, call: Call) -> Plan:
    """What stands against going on, and the steps that go on."""
    image, state = duty.image, duty.engine.state
    found = recovery.ways_out(duty.engine.facts, state, image).findings
    moves = tuple(dict.fromkeys(s.do.role for r in state.runs for s, st in r.pairs() if st.interrupted and s.do))
    return Plan(of_verb(duty, Verb.RESUME, confirmed=params.looked), found, moves)


async def resume(duty: Duty, params: Resume, call: Call) -> Result:
    """Go on with every open run."""
    runs = [run.run_id for run in duty.engine.state.runs]
    await duty.ask(call, Verb.RESUME, confirmed=params.looked)
    return _watched(duty, call, runs, one_step=params.step)


def _watched(duty: Duty, call: Call, runs: list[str], *, one_step: bool = False) -> Result:
    async def ended() -> None:
        for run_id in runs:
            await duty.watch.until_closed(run_id)

    async def work(op: Operation) -> str:
        op.run_id = runs[0] if runs else ""
        watching = asyncio.ensure_future(ended())
        try:
            if one_step:
                await _hold_after_one(duty, call, watching)
            await watching
        finally:
            watching.cancel()
        return f"{', '.join(runs)} done"

    op = duty.operations.start(call.action.name, call.person, work)
    return Result({"operation": op.id, "runs": runs}, f"{op.id} begun: {', '.join(runs)}", op.id)


async def _hold_after_one(duty: Duty, call: Call, watching: asyncio.Future[None]) -> None:
    """Hold as soon as the next step is proven: what other lanes have under way stops with it, and is resumable.

    A station that comes to rest before, or has nothing more to do, is not held; `watching` tells why it ended.
    """
    proven = asyncio.Event()

    def see(effect: Effect) -> None:
        if isinstance(effect, Progress) and effect.what == "step-proven":
            proven.set()

    duty.engine.listen(see)
    one = asyncio.ensure_future(proven.wait())
    try:
        await asyncio.wait((one, watching), return_when=asyncio.FIRST_COMPLETED)
        if not watching.done():
            # Refused when it has come to rest in this very moment for another reason, which `watching` tells.
            with suppress(NotAllowed):
                await duty.engine.ask(Verb.HOLD, call.person.name)
    finally:
        one.cancel()
        duty.engine.unlisten(see)


async def plan_retreat(duty: Duty, params: RunWanted, call: Call) -> Plan:
    """What stands against giving the run up."""
    state = duty.engine.state
    if state.run(params.run) is None:
        raise NotFound(f"there is no open run {params.run}; see: station-ctl swap list")
    ways = recovery.ways_out(duty.engine.facts, state, duty.image)
    custody = {"custody_certain": ways.why_not_retreat[params.run]}
    return Plan(of_verb(duty, Verb.RETREAT, known=custody), ways.findings, ("every device",))


async def retreat(duty: Duty, params: RunWanted, call: Call) -> Result:
    """Give the run up and begin the way back."""
    way_back = await recovery.retreat(
        duty.engine, duty.procedures, params.run, call.person.name, call.take_audit()
    )
    return _watched(duty, call, [way_back])


async def list_swaps(duty: Duty, params: HowMany, call: Call) -> Result:
    """Runs as the journal has them, newest last."""
    shown = await _runs(duty, params.most, "RS")
    return Result({"swaps": shown}, f"{len(shown)} runs")


async def list_maintenance(duty: Duty, params: HowMany, call: Call) -> Result:
    """Runs of maintenance as the journal has them, newest last."""
    shown = await _runs(duty, params.most, "M")
    return Result({"runs": shown}, f"{len(shown)} runs of maintenance")


RUNS_LOOKED_AT = 2000
"""Rows of opened and closed runs among which those of one kind are looked for."""


async def _runs(duty: Duty, most: int, letters: str) -> list[dict[str, Any]]:
    """The newest runs whose id begins with one of these letters, newest last."""
    kinds = ("run-opened", "run-closed")
    rows = await duty.journal.ask(lambda journal: journal.newest(max(RUNS_LOOKED_AT, 2 * most + 10), kinds))
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.run[:1] not in letters:
            continue
        if row.kind == "run-opened":
            found[row.run] = _opened(row)
        elif row.run in found:
            found[row.run] |= {"result": row.data.get("result", "done"), "ended": row.at}
    return list(found.values())[-most:]


def _opened(row: JournalRow) -> dict[str, Any]:
    facts = {name: row.data.get(name) for name in ("sequence", "vehicle", "model", "spent", "fresh", "who")}
    also = [{"spent": e.spent, "fresh": e.fresh} for e in also_told(row.data)]
    return {"id": row.run, "began": row.at, "ended": None, "result": "open", **facts, "also": also}


async def show(duty: Duty, params: RunWanted, call: Call) -> Result:
    """One run: its steps as they stand if it is open, else its rows."""
    run: Run | None = duty.engine.state.run(params.run) or duty.watch.closed.get(params.run)
    rows = await duty.journal.ask(lambda journal: journal.rows(params.run))
    if run is None and not rows:
        raise NotFound(f"no run {params.run}; see: station-ctl swap list")
    shown = view.run(run, duty.engine.clock.process()) if run is not None else None
    told = [{"at": r.at, "kind": r.kind, "step": r.step, "order": r.order, "data": r.data} for r in rows]
    return Result({"id": params.run, "run": shown, "rows": told}, f"{params.run}: {len(told)} rows")


ROWS_MOST = 4000
"""Newest rows of all runs that are looked through for what happened meanwhile: some forty swaps."""


async def rows_of(duty: Duty, params: RunWanted, call: Call) -> Result:
    """Every row of the run, and those of no run that fall into its time, oldest first. Raises NotFound."""
    own = await duty.journal.ask(lambda journal: journal.rows(params.run))
    if not own:
        raise NotFound(f"no run {params.run}; see: station-ctl swap list")
    newest = await duty.journal.ask(lambda journal: journal.newest(ROWS_MOST, but="person"))
    ends = own[-1].seq if own[-1].kind == "run-closed" else newest[-1].seq
    meanwhile = [row for row in newest if not row.run and own[0].seq < row.seq <= ends]
    rows = sorted((*own, *meanwhile), key=lambda row: row.seq)
    told = [asdict(row) for row in rows]
    return Result({"id": params.run, "rows": told, "words": _words(duty, own[0])}, f"{params.run}: {len(told)} rows")


def _words(duty: Duty, opened: JournalRow) -> dict[str, list[str]]:
    """Lane and words of every step of the run, if this release still has the procedure that ran."""
    try:
        made, _ = recovery.procedure_of(OpenRun(opened.run, opened.data, {}), duty.procedures, duty.recipes)
    except (ValueError, StationError):
        return {}  # another release, or other bays: the rows name devices and orders themselves
    return {str(step.no): [step.lane, step.text] for step in made.steps}
