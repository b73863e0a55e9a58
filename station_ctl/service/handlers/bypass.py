"""Bypasses and forces: asked for, listed, ended. What one reaches is decided by the rows, not here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from station_ctl.core.bypass import Bypass
from station_ctl.core.errors import NotFound, RequestWrong
from station_ctl.core.points import BaseType, Point, Value
from station_ctl.engine import bypassing
from station_ctl.engine.events import Verb
from station_ctl.service import checks, view
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Plan, Result
from station_ctl.service.catalogue.bypass import BypassRow, ForcedPoint, ForcePoint, RowWanted
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

SWITCH = {"on": True, "off": False, "true": True, "false": False, "1": True, "0": False}


async def plan_bypass(duty: Duty, params: BypassRow, call: Call) -> Plan:
    """What stands against bypassing the row now."""
    return _plan(duty, _new(duty, call, params.row, params.for_))


async def bypass(duty: Duty, params: BypassRow, call: Call) -> Result:
    """Bypass the row. Raises Refused."""
    return await _begin(duty, call, _new(duty, call, params.row, params.for_))


async def plan_force(duty: Duty, params: ForcePoint, call: Call) -> Plan:
    """What stands against forcing the point now. Raises RequestWrong for a value that it cannot have."""
    return _plan(duty, _new(duty, call, params.point, params.for_, _value(duty, params)))


async def force(duty: Duty, params: ForcePoint, call: Call) -> Result:
    """Force the point. Raises Refused or RequestWrong."""
    return await _begin(duty, call, _new(duty, call, params.point, params.for_, _value(duty, params)))


async def bypasses(duty: Duty, params: Nothing, call: Call) -> Result:
    """What is bypassed, and what could be."""
    known = duty.engine.facts.bypassable.items()
    rows = [{"row": name, "text": row.text, "proven_by": str(row.holds)} for name, row in known]
    standing = [b for b in view.bypasses(duty) if not b["forced"]]
    return Result({"bypasses": standing, "rows": rows}, f"{len(standing)} rows are bypassed; {len(rows)} can be")


async def forced(duty: Duty, params: Nothing, call: Call) -> Result:
    """What is forced, and what could be."""
    points = bypassing.forceable(duty.engine.facts)
    standing = [b for b in view.bypasses(duty) if b["forced"]]
    data = {"forced": standing, "points": [{"point": point} for point in points]}
    return Result(data, f"{len(standing)} signals are forced; {len(points)} can be")


async def restore(duty: Duty, params: RowWanted, call: Call) -> Result:
    """End one bypass, or all. Raises NotFound."""
    return await _end(duty, call, params.row, lambda b: not b.forced)


async def release(duty: Duty, params: ForcedPoint, call: Call) -> Result:
    """End one force, or all. Raises NotFound."""
    return await _end(duty, call, params.point, lambda b: b.forced)


def _new(duty: Duty, call: Call, what: str, seconds: float, value: Value | None = None) -> Bypass:
    now = duty.engine.clock.monotonic()
    # Before anybody has agreed the second person is only a place to be filled; the plan judges the rest.
    second = call.second.name if call.second is not None else "second person"
    return Bypass(what, now, now + seconds, call.person.name, second, call.envelope.reason.strip(), value)


def _plan(duty: Duty, new: Bypass) -> Plan:
    why = bypassing.why_not(duty.engine.facts, duty.engine.state, duty.image, new)
    left = new.ends - new.began
    return Plan((checks.of_reason("A401", f"{new.what} may be weakened now", why),), (f"{new} for {left:g} s",))


async def _begin(duty: Duty, call: Call, new: Bypass) -> Result:
    if call.second is None:
        raise RequestWrong(f"{call.action.name} needs a second person")
    await duty.ask(call, Verb.BYPASS, bypass=new)
    duty.changed()
    return Result({"what": new.what, "for_s": new.ends - new.began}, f"{new} for {(new.ends - new.began) / 60:g} min")


async def _end(duty: Duty, call: Call, what: str, kind: Callable[[Bypass], bool]) -> Result:
    standing = tuple(b.what for b in duty.engine.state.bypasses if kind(b) and what in ("", b.what))
    if not standing:
        raise NotFound(f"{what or 'nothing'} is bypassed or forced; see: station-ctl status")
    await duty.ask(call, Verb.BYPASS, restore=standing)
    duty.changed()
    return Result({"ended": list(standing)}, f"ended: {', '.join(standing)}")


def _value(duty: Duty, params: ForcePoint) -> Value:
    """The value as its I/O list has it. Raises NotFound for no such point, RequestWrong for a value it cannot have."""
    link, _, tag = params.point.partition(".")
    found = duty.engine.links.get(link)
    point = found.io.get(tag) if found is not None else None
    if point is None:
        raise NotFound(f"no point {params.point!r}; see: station-ctl io forced")
    return _typed(point, params.value.strip().lower())


def _typed(point: Point, text: str) -> Value:
    base: Any = point.type.base
    if base is BaseType.BOOL:
        if text not in SWITCH:
            raise RequestWrong(f"{point.tag} is on or off, not {text!r}")
        return SWITCH[text]
    if base is BaseType.STR or point.type.count > 1:
        raise RequestWrong(f"{point.tag} is {point.type}; only switches and single numbers are forced")
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    low = point.low if point.low is not None else float("-inf")
    high = point.high if point.high is not None else float("inf")
    if not low <= number <= high or abs(number) == float("inf"):
        raise RequestWrong(f"{point.tag} is {text!r}, needs a number from {low:g} to {high:g}")
    whole = point.whole
    return round(number) if whole else number
