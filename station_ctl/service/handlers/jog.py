"""Jogging: one axis from where it stands, while the person who asks holds the button.

Knows how a distance becomes a target. Does not know any machine; letting go is no error, and is told as what it is.
"""

from __future__ import annotations

from station_ctl.core.errors import RequestWrong
from station_ctl.core.jog import Axis
from station_ctl.core.modes import State
from station_ctl.core.steps import BUTTON, Sequence
from station_ctl.engine.events import Audit
from station_ctl.engine.jogging import jogs
from station_ctl.engine.state import Run
from station_ctl.service import checks
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.jog import Jog
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.sequence import GIVEN_UP, made
from station_ctl.service.operations import Operation
from station_ctl.service.recovery import give_up_command
from station_ctl.service.run_watch import Interrupted

HELD_FOR = 0.1
"""Seconds that the button is held before anything is ordered: by then the PLC has seen its counter move."""

RUNS = "the station runs, or holds a jog that was let go"


async def plan_jog(duty: Duty, params: Jog, call: Call) -> Plan:
    """What stands against the jog now. A dry run asks for no hand on the button."""
    sequence, state = _sequence(duty, params, call), duty.engine.state
    (step,) = sequence.steps
    idle = state.state is State.EXECUTE or _let_go(duty) is not None
    others = ", ".join(run.run_id for run in state.runs if run is not _let_go(duty))
    rows = (*(kept.interlock for kept in step.interlocks), *(row for row in step.permissives if row is not BUTTON))
    found = [
        Check("A402", RUNS, idle, str(State.EXECUTE), str(state.state), "station state"),
        Check("A402", "one device at a time: no run is open", not others, "none", others or "none", "open runs"),
        *checks.of_interlocks(rows, duty.image),
        *(() if call.envelope.dry_run else (_button(duty, call),)),
    ]
    return Plan(tuple(found), (f"{step.no} {step.text}",), sequence.roles(), abs(params.distance) / 10)


async def jog(duty: Duty, params: Jog, call: Call) -> Result:
    """Begin the jog; one that was let go before is given up for it. Raises NotAllowed or Refused with nothing moved."""
    sequence = _sequence(duty, params, call)
    # The audit row goes with the first thing that happens, and that may be the end of the jog before.
    audit: Audit | None = call.take_audit()
    if (before := _let_go(duty)) is not None:
        await duty.engine.retreat(before.run_id, f"{before.run_id}-R", GIVEN_UP, None, call.person.name, audit)
        audit = None
    run_id = f"M-{next(duty.maintenance_numbers):04d}"
    await duty.engine.begin(run_id, sequence, None, call.person.name, audit)
    axis = _axis(duty, call, params.axis)

    async def work(op: Operation) -> str:
        op.run_id = run_id
        op.data = {"sequence": sequence.key, **dict(sequence.args)}
        try:
            await duty.watch.until_closed(run_id)
        except Interrupted as stopped:
            if stopped.trips:
                raise
            run = duty.engine.state.run(run_id)
            why = _why(duty, run) if run is not None else "given up"
            return f"{run_id} stopped at {axis.position.name} {axis.position.read(duty.image)} mm: {why}"
        return f"{run_id} done: {axis.position.name} {axis.position.read(duty.image)} mm"

    op = duty.operations.start(call.action.name, call.person, work)
    return Result({"operation": op.id, "run": run_id}, f"{op.id} begun: {run_id} {sequence.text}", op.id)


def _why(duty: Duty, run: Run) -> str:
    """Why a jog that nothing has tripped came to rest."""
    held = BUTTON.holds.proven(duty.image)
    return "held by request" if held else f"the button was let go; jog again, or: {give_up_command(run)}"


def _sequence(duty: Duty, params: Jog, call: Call) -> Sequence:
    """The procedure to the target that lies so far from here. Raises RequestWrong for an axis or a way that is none."""
    if not params.distance:
        raise RequestWrong(f"{call.action.name}: a way of 0 mm is none")
    axis = _axis(duty, call, params.axis)
    here = axis.position.read(duty.image)
    if not here.good or not isinstance(here.value, (int, float)):
        raise RequestWrong(f"{call.action.name}: where {axis.position.name} stands is not known: {here.why}")
    return made(duty, call.action.name, {"axis": params.axis, "target": f"{here.value + params.distance:.1f}"})


def _axis(duty: Duty, call: Call, name: str) -> Axis:
    axes = duty.procedures.of_maintenance(call.action.name).axes
    if name not in axes:
        raise RequestWrong(f"{call.action.name}: no axis {name!r}; there are {', '.join(axes)}")
    return axes[name]


def _button(duty: Duty, call: Call) -> Check:
    """The button is held by this very person, and long enough for the PLC to have seen it."""
    now, hand = duty.engine.clock.monotonic(), duty.engine.state.hand
    mine = hand is not None and hand.holds(now) and hand.who == call.person.name
    holds = mine and hand is not None and now - hand.since >= HELD_FOR
    found = "nobody" if hand is None or not hand.holds(now) else hand.who
    return Check(BUTTON.code, BUTTON.text, holds, f"held by {call.person.name} for {HELD_FOR:g} s", found, "jog button")


def _let_go(duty: Duty) -> Run | None:
    """The one open run, if it is a jog that stands because its button was let go."""
    state = duty.engine.state
    alone = len(state.runs) == 1 and jogs(state.runs[0])
    return state.runs[0] if alone and state.state is State.HELD and not state.trips else None
