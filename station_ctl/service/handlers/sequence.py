"""Procedures of maintenance: listed, planned, run, given up.

Knows how a procedure becomes a run. Does not know any procedure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from station_ctl.core.errors import NotFound, RequestWrong
from station_ctl.core.modes import Mode, State
from station_ctl.core.steps import Sequence
from station_ctl.engine import recovery
from station_ctl.engine.events import Effect, Verb
from station_ctl.service import checks
from station_ctl.service.actions import Nothing, Params
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.sequence import RunSequence, RunToEnd
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.station import of_verb
from station_ctl.service.measuring import EVERY, Measuring
from station_ctl.service.operations import Operation

GIVEN_UP = Sequence("maintenance.given-up", "Maintenance given up: nothing is ordered", (), Mode.MAINTENANCE)


async def list_sequences(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every procedure with what it takes."""
    rows = [
        {"name": p.name, "takes": [{"name": q.name, "what": str(q.takes), "default": q.default} for q in p.parameters]}
        for p in duty.procedures.maintenance.values()
    ]
    return Result({"sequences": rows}, f"{len(rows)} procedures of maintenance")


def pairs(args: Iterable[str]) -> dict[str, str]:
    """`bay=A01` as it is typed. Raises RequestWrong."""
    found: dict[str, str] = {}
    for arg in args:
        name, sign, value = arg.partition("=")
        if not (sign and name and value) or name in found:
            raise RequestWrong(f"{arg!r} is no parameter; write each once, as bay=A01")
        found[name] = value
    return found


def made(duty: Duty, name: str, args: Mapping[str, str]) -> Sequence:
    """The procedure with these parameters. Raises NotFound or RequestWrong."""
    procedure = duty.procedures.of_maintenance(name)
    try:
        return procedure.make(procedure.complete(args, duty.engine.state.ledger))
    except ValueError as error:
        raise RequestWrong(str(error)) from None


def _given(params: Params) -> dict[str, str]:
    return {name: str(value) for name, value in params.model_dump().items() if value != ""}


async def plan_run(duty: Duty, params: RunSequence, call: Call) -> Plan:
    """What stands against the first step now, and every step."""
    _not_by_hand(duty, params.name)
    return _plan(duty, made(duty, params.name, pairs(params.args)))


async def plan_named(duty: Duty, params: Params, call: Call) -> Plan:
    """The same for a procedure that is a word of its own."""
    return _plan(duty, made(duty, call.action.name, _given(params)))


def _plan(duty: Duty, sequence: Sequence) -> Plan:
    state, image, first = duty.engine.state, duty.image, sequence.steps[0]
    runs, open_ = state.state is State.EXECUTE, ", ".join(run.run_id for run in state.runs)
    found = [
        Check("A402", "the station runs", runs, str(State.EXECUTE), str(state.state), "station state"),
        Check("A402", "one device at a time: no run is open", not open_, "none", open_ or "none", "open runs"),
        checks.of_reason("A401", "its bays are in use", duty.bay_locks.why_not_run(sequence)),
        *checks.of_interlocks((*(kept.interlock for kept in first.interlocks), *first.permissives), image),
    ]
    steps = tuple(f"{step.no} {step.text}" for step in sequence.steps)
    return Plan(tuple(found), steps, sequence.roles(), sum(step.nominal for step in sequence.steps))


def _not_by_hand(duty: Duty, name: str) -> None:
    if duty.procedures.of_maintenance(name).axes:
        raise RequestWrong(f"{name} moves by hand alone; ask for it with: station-ctl {name.replace('.', ' ')}")


async def run(duty: Duty, params: RunSequence, call: Call) -> Result:
    """Begin the procedure. Raises NotAllowed or Refused with nothing moved."""
    _not_by_hand(duty, params.name)
    return await _begin(duty, made(duty, params.name, pairs(params.args)), call)


async def run_named(duty: Duty, params: Params, call: Call) -> Result:
    """Begin the procedure of the action's name."""
    return await _begin(duty, made(duty, call.action.name, _given(params)), call)


async def _begin(duty: Duty, sequence: Sequence, call: Call) -> Result:
    run_id = f"M-{next(duty.maintenance_numbers):04d}"
    await duty.engine.begin(run_id, sequence, None, call.person.name, call.take_audit())
    measuring = Measuring(duty.procedures.of_maintenance(sequence.key).records)

    async def work(op: Operation) -> str:
        op.run_id = run_id
        op.data = {"sequence": sequence.key, **dict(sequence.args)}
        try:
            await _watched(duty, run_id, measuring)
        finally:
            op.data = {**op.data, **measuring.found()}
        return f"{run_id} done: {sequence.text}"

    op = duty.operations.start(call.action.name, call.person, work)
    return Result({"operation": op.id, "run": run_id}, f"{op.id} begun: {run_id} {sequence.text}", op.id)


async def _watched(duty: Duty, run_id: str, measuring: Measuring) -> None:
    """Wait for the end of the run and look at what it measures meanwhile. Raises Interrupted."""

    def see(effect: Effect) -> None:
        measuring.see(effect, run_id, duty.image)

    duty.engine.listen(see)
    closed = asyncio.ensure_future(duty.watch.until_closed(run_id))
    try:
        while not closed.done():
            await asyncio.wait((closed,), timeout=EVERY if measuring.signals else None)
            measuring.look(duty.image, duty.engine.state.run(run_id), duty.engine.clock.process())
    finally:
        closed.cancel()
        duty.engine.unlisten(see)
    if rows := tuple(measuring.rows(run_id)):
        await duty.record(*rows)
    closed.result()


def _open_maintenance(duty: Duty, run_id: str) -> None:
    found = duty.engine.state.run(run_id)
    if found is None or found.sequence.mode is not Mode.MAINTENANCE:
        raise NotFound(f"there is no open run of maintenance {run_id}; see: station-ctl status")


async def plan_give_up(duty: Duty, params: RunToEnd, call: Call) -> Plan:
    """What stands against giving the run up: sensors must prove where its pack is."""
    _open_maintenance(duty, params.run)
    why = recovery.why_not_retreat(duty.engine.facts, duty.engine.state, duty.image, params.run)
    shown = tuple(c for c in of_verb(duty, Verb.RETREAT) if c.text != "custody certain")
    place = Check("A401", "sensors prove where the pack is", not why, "before or after its step", why, "sensors")
    return Plan((*shown, place), (GIVEN_UP.text,))


async def give_up(duty: Duty, params: RunToEnd, call: Call) -> Result:
    """Close the run where the machine stands; custody follows the sensors. Raises Refused where they prove nothing."""
    _open_maintenance(duty, params.run)
    await duty.engine.retreat(params.run, f"{params.run}-R", GIVEN_UP, None, call.person.name, call.take_audit())
    return Result({"run": params.run}, f"{params.run} is given up; the station runs in mode maintenance")
