"""One machine: where it stands in words and numbers, its locks, what was measured at it, and whether its PLC lives."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from station_ctl.core.errors import NotFound, Refused
from station_ctl.core.points import Access, Point
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.machine import Ping
from station_ctl.service.catalogue.swap import HowMany
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

LENGTHS = frozenset(("mm", "deg", "kg"))
"""Units of what tells where a machine stands and what it carries."""

LOOK = 0.02


async def where(duty: Duty, params: Nothing, call: Call) -> Result:
    """In words as `why` has them, then every measured position of its link. Raises NotFound."""
    name, image = call.action.noun, duty.image
    channel = duty.engine.facts.channels.get(name)
    if channel is None:
        raise NotFound(f"this station has no {name}; see: station-ctl device list")
    words = ", ".join(position.in_words(image) for position in duty.engine.facts.positions.get(name, ()))
    rows = [
        {"point": f"{channel.link}.{tag}", "value": value(duty, channel.link, tag, point), "unit": point.unit,
         "what": point.text}
        for tag, point in duty.engine.links[channel.link].io.items()
        if point.access is Access.READ and point.unit in LENGTHS and point.type.count == 1
    ]  # fmt: skip
    return Result({"device": name, "where": words, "measured": rows}, f"{name}: {words or 'not known'}")


def value(duty: Duty, link: str, tag: str, point: Point) -> Any:
    """What a tag reads now; None if it proves nothing."""
    reading = duty.image.reading(link, point.scan, tag, math.inf)
    found = reading.value if reading.good else None
    return round(found, 2) if isinstance(found, float) else found


BITS = {"open": "BOLT_OPEN", "closed": "BOLT_CLOSED"}
NUMBERS = {"turns": "BOLT_TURNS", "torque_nm": "BOLT_TORQUE"}


async def read_locks(duty: Duty, params: Nothing, call: Call) -> Result:
    """One row for each lock runner of the robot. Raises NotFound where the robot's PLC tells of none."""
    channel = duty.engine.facts.channels.get("robot")
    io = duty.engine.links[channel.link].io if channel is not None else {}
    if channel is None or not {*BITS.values(), *NUMBERS.values()} <= set(io):
        raise NotFound("no robot of this station tells of its locks one by one; see: station-ctl io list robot.")
    found = {name: value(duty, channel.link, tag, io[tag]) for name, tag in {**BITS, **NUMBERS}.items()}
    rows = []
    for lock in range(1, io[NUMBERS["turns"]].type.count + 1):
        bits = {name: _bit(found[name], lock) for name in BITS}
        numbers = {name: _nth(found[name], lock) for name in NUMBERS}
        rows.append({"lock": lock, **bits, **numbers})
    said = ", ".join(f"{sum(row[name] is True for row in rows)} {name}" for name in BITS)
    return Result({"locks": rows}, f"{len(rows)} lock runners: {said}")


def _bit(mask: Any, lock: int) -> bool | None:
    return bool(mask >> (lock - 1) & 1) if isinstance(mask, int) else None


def _nth(values: Any, lock: int) -> float | None:
    return round(values[lock - 1], 2) if isinstance(values, tuple) else None


async def torque_history(duty: Duty, params: HowMany, call: Call) -> Result:
    """The last point of every recorded curve: what each lock had in the end."""
    rows = await duty.journal.ask(lambda journal: journal.newest(params.most, ("measured",)))
    told = []
    for row in rows:
        signals, curve = row.data.get("signals"), row.data.get("curve")
        if not (isinstance(signals, list) and isinstance(curve, list) and curve):
            continue
        last = dict(zip(["after_s", *map(str, signals)], curve[-1], strict=False))
        told.append({"at": row.at, "run": row.run, "step": row.step, "order": row.order, "points": len(curve), **last})
    return Result({"measured": told}, f"{len(told)} curves; all of one: station-ctl swap show RUN --json")


async def ping(duty: Duty, params: Ping, call: Call) -> Result:
    """Wait for a heartbeat that is newer than the question. Raises NotFound, Refused when none comes in time."""
    if params.device not in duty.about.roles:
        raise NotFound(f"no device {params.device!r}; there are {', '.join(duty.about.roles)}")
    channel = duty.engine.facts.channels.get(params.device)
    link = channel.link if channel is not None else params.device
    if link not in duty.engine.links:
        raise NotFound(f"device {params.device} has no link of its own; see: station-ctl device show {params.device}")
    asked = duty.engine.clock.monotonic()
    while (took := duty.engine.clock.monotonic() - asked) <= params.within:
        snapshot = duty.engine.links[link].snapshot
        # An instrument has no heartbeat: then a scan that is newer than the question is its sign of life.
        signs = [snapshot.alive_at] if math.isfinite(snapshot.alive_at) else [b.at for b in snapshot.blocks.values()]
        if snapshot.fault is None and max(signs, default=-math.inf) > asked:
            data = {"device": params.device, "link": link, "after_s": round(took, 3), "connection": snapshot.connection}
            return Result(data, f"{params.device}: link {link} lives, a sign after {took * 1000:.0f} ms")
        await asyncio.sleep(LOOK)
    fault = duty.engine.links[link].snapshot.fault or "connected, but nothing moves"
    raise Refused(f"{params.device}: link {link} gave no sign within {params.within:g} s: {fault}")
