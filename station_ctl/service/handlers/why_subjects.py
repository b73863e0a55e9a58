"""What a question may be about: the station, a run, an action, a bay; and what must hold for each.

Knows how to find out. Does not know how the answer is laid out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from station_ctl.charging.selection import why_not_free, why_not_ready
from station_ctl.core.errors import NotFound
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.service import checks
from station_ctl.service.actions import Action
from station_ctl.service.calls import Check
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.catalogue.swap import RUN_ID
from station_ctl.service.desk import Call, load
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.station import of_verb

NEXT_VERB = {
    State.STOPPED: Verb.RESET, State.IDLE: Verb.START, State.HELD: Verb.RESUME, State.ABORTED: Verb.CLEAR,
}  # fmt: skip
"""What a person would ask for next in each state at rest."""

STATION = frozenset(("", "station", "swap", "start"))
"""Subjects that mean the station as a whole."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at. `whole`: the station is meant, so that a latched trip stands in the way as well.

    `enough`: one check that holds is enough, as a bay is of use if it can give a pack or take one. `over` says how a
    run ended that is not open any more.
    """

    checks: tuple[Check, ...] = ()
    whole: bool = False
    enough: bool = False
    over: str = ""


async def look(duty: Duty, subject: str, call: Call) -> Looked:
    """What must hold for the subject, or for what a person would ask for next. Raises NotFound."""
    state = duty.engine.state
    if subject == "swap" and state.state is State.EXECUTE:
        return await _of_action(duty, REGISTRY.named("swap.start"), call)
    if subject in STATION or state.run(subject) is not None:
        return _of_station(duty, subject)
    if subject in REGISTRY.actions:
        return await _of_action(duty, REGISTRY.named(subject), call)
    if re.match(RUN_ID, subject):
        return await _of_closed_run(duty, subject)
    bay = subject.removeprefix("bay.")
    if any(b.name == bay for b in duty.bays):
        return _of_bay(duty, bay)
    there_are = f"swap, start, a run's id, bay.{duty.bays[0].name}, an action's name"
    raise NotFound(f"why {subject!r}: there is none; there are {there_are}")


def _of_station(duty: Duty, subject: str) -> Looked:
    state = duty.engine.state
    verb = Verb.START if subject == "start" else NEXT_VERB.get(state.state)
    if verb is Verb.RESET and state.runs:
        verb = Verb.RESUME
    return Looked(of_verb(duty, verb) if verb is not None else (), whole=True)


async def _of_action(duty: Duty, action: Action, call: Call) -> Looked:
    """Role, control and mode of who asks, then what the action itself looks at."""
    found = [] if action.anyone else list(_of_person(duty, action, call))
    if action.plan:
        if any(field.is_required() for field in action.params.model_fields.values()):
            raise NotFound(f"why {action.name}: it needs parameters; ask: station-ctl {action.noun} {action.verb} -n …")
        found += (await load(action.plan)(duty, action.params(), call)).checks
    return Looked(tuple(found))


def _of_person(duty: Duty, action: Action, call: Call) -> list[Check]:
    role, mode = call.person.role, duty.engine.state.mode
    found = [Check("A404", "role is high enough", role >= action.role, action.role.word, role.word, "person")]
    if action.changes:
        needed = " or ".join(sorted(map(str, action.modes)))
        found.append(Check("A402", "mode fits", mode in action.modes, needed, str(mode), "station mode"))
    if action.needs_control:
        why = duty.control.why_not(call.person, duty.mono())
        found.append(checks.of_reason("A405", "control of the station is free or yours", why))
    return found


def _of_bay(duty: Duty, name: str) -> Looked:
    """What stands against giving the bay's pack to each model, and against putting one in."""
    image, policy = duty.image, duty.reception.policy
    (bay,) = (b for b in duty.bays if b.name == name)
    gives = (
        checks.of_reason("A303", f"its pack is ready for {model}", why_not_ready(bay, image, recipe, policy))
        for model, recipe in duty.recipes.items()
    )
    used = checks.of_reason("A401", "it is in use", duty.bay_locks.why_not(name))
    if not used.holds:
        return Looked((used,))
    takes = checks.of_reason("A304", "it is free for a spent pack", why_not_free(bay, image))
    return Looked((*gives, takes), enough=True)


async def _of_closed_run(duty: Duty, run_id: str) -> Looked:
    rows = await duty.journal.ask(lambda journal: journal.rows(run_id))
    if not rows:
        raise NotFound(f"why {run_id}: no such run; see: station-ctl swap list")
    ended = next((row for row in reversed(rows) if row.kind == "run-closed"), None)
    if ended is None:
        return Looked(over="was never closed and cannot be put together again; see: station-ctl status")
    why = f": {ended.data['why']}" if ended.data.get("why") else ""
    return Looked(over=f"is over since {ended.at}: {ended.data.get('result', 'done')}{why}")
