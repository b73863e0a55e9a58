"""The station as a whole: shown, made ready, started, stopped."""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.core.errors import Exit
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.engine.requests import reasons
from station_ctl.engine.states import STATION_TABLE
from station_ctl.service import checks, recovery, view
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.station import Part
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

WELL = frozenset((State.IDLE, State.EXECUTE))
"""States of a station that nobody has to look after."""


async def status(duty: Duty, params: Part, call: Call) -> Result:
    """State, swaps, alarms, bays, devices: what the first screen shows, or one part of it."""
    shown, state = view.snapshot(duty), duty.engine.state
    well = state.state in WELL and not state.trips and all(said == "ok" for said in shown["links"].values())
    exit_ = Exit.DONE if well or not params.exit_code else Exit.BLOCKED
    said = str(shown["sentence"])
    if params.part:
        return Result({params.part: shown[params.part]}, said, exit=exit_)
    return Result(shown, said, exit=exit_)


def of_verb(
    duty: Duty, verb: Verb, *, confirmed: bool = False, known: Mapping[str, str] | None = None
) -> tuple[Check, ...]:
    """What stands against a verb now: the state it needs, and the guards of its transition.

    `known` has the reasons of guards that depend on what is asked for, as the run that is to be given up.
    """
    state, image = duty.engine.state, duty.image
    row = next((r for r in STATION_TABLE if r.trigger == verb and state.state in r.sources), None)
    if row is None:
        needed = " or ".join(sorted({str(s) for r in STATION_TABLE if r.trigger == verb for s in r.sources}))
        text = f"{verb} is possible in state {needed}"
        return (Check("A402", text, False, needed, str(state.state), "station state"),)
    found: list[Check] = []
    why_not = {**reasons(duty.engine.facts, state, image, confirmed=confirmed), **(known or {})}
    for name in row.guards:
        if name == "station_safe":
            found += checks.of_interlocks(duty.engine.facts.safe, image)
        else:
            found.append(checks.of_reason("A401", name.replace("_", " "), why_not[name]))
    return tuple(found)


async def plan_reset(duty: Duty, params: Nothing, call: Call) -> Plan:
    """What stands against a reset."""
    return Plan(of_verb(duty, Verb.RESET), ("the station becomes idle; nothing moves",))


async def plan_start(duty: Duty, params: Nothing, call: Call) -> Plan:
    """What stands against a start."""
    return Plan(of_verb(duty, Verb.START), ("swaps may run from now on",))


async def reset(duty: Duty, params: Nothing, call: Call) -> Result:
    """Make the station ready."""
    await duty.ask(call, Verb.RESET)
    return Result(text="the station is idle; next: station-ctl station start")


async def start(duty: Duty, params: Nothing, call: Call) -> Result:
    """Begin production."""
    await duty.ask(call, Verb.START)
    next_ = "seq run" if duty.engine.state.mode is Mode.MAINTENANCE else "swap start"
    return Result(text=f"the station runs; next: station-ctl {next_}")


AT_REST = frozenset((State.STOPPED, State.ABORTING, State.ABORTED))
"""States that no stop can make quieter: asked in one of them it is recorded, and never refused."""


async def stop(duty: Duty, params: Nothing, call: Call) -> Result:
    """Finish running swaps, begin none; asked twice it stays one. Raises NotAllowed while the station holds."""
    if duty.engine.state.state in AT_REST | {State.STOPPING}:
        await duty.record(call.take_audit())
    else:
        await duty.ask(call, Verb.STOP)
    return Result(text=f"the station is {duty.engine.state.state}")


async def hold(duty: Duty, params: Nothing, call: Call) -> Result:
    """A controlled stop of everything; a station at rest begins nothing. Asked twice it stays one."""
    if duty.engine.state.state in AT_REST | {State.HOLDING, State.HELD}:
        await duty.record(call.take_audit())
    else:
        await duty.ask(call, Verb.HOLD)
    state = duty.engine.state
    if state.state in (State.HOLDING, State.HELD):
        return Result(text=f"the station is {state.state}; next: station-ctl why, {recovery.resume_command(state)}")
    nothing = "nothing begins until it is made ready again"
    return Result(text=f"the station is {state.state}, {nothing}; next: station-ctl why")


async def abort(duty: Duty, params: Nothing, call: Call) -> Result:
    """Make safe now; asked twice it stays one."""
    if duty.engine.state.state in (State.ABORTING, State.ABORTED):
        await duty.record(call.take_audit())
    else:
        await duty.ask(call, Verb.ABORT)
    return Result(text=f"the station is {duty.engine.state.state}; next: station-ctl why")


async def clear(duty: Duty, params: Nothing, call: Call) -> Result:
    """The cause of an abort is gone."""
    await duty.ask(call, Verb.CLEAR)
    return Result(text="the station is stopped; next: station-ctl swap recover, or station-ctl station reset")
