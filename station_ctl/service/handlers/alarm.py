"""Alarms: listed, explained, acknowledged, put aside, counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from station_ctl.core.errors import NotFound, RequestWrong
from station_ctl.service.actions import Nothing
from station_ctl.service.alarm_views import AlarmView
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.alarm import (
    Acknowledge,
    AlarmWanted,
    InLanguage,
    OneAlarm,
    Shelve,
    Since,
    Span,
)
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


def _shown(alarm: AlarmView) -> dict[str, Any]:
    return {name: value for name, value in asdict(alarm).items() if value not in ("", 0.0)} | {"id": alarm.id}


async def list_active(duty: Duty, params: InLanguage, call: Call) -> Result:
    """Every alarm that is not normal."""
    active = duty.watch_room.board.active(params.language)
    calling = sum(alarm.seen_at == 0 and not alarm.consequence_of for alarm in active)
    data = {"alarms": [_shown(alarm) for alarm in active], "horn": duty.watch_room.board.horn}
    return Result(data, f"{len(active)} alarms, {calling} not acknowledged" if active else "no alarm stands")


async def explain(duty: Duty, params: AlarmWanted, call: Call) -> Result:
    """One alarm in words. Raises NotFound."""
    alarm = duty.watch_room.board.explain(params.alarm, params.language)
    return Result(_shown(alarm), f"{alarm.id} {alarm.text}")


async def acknowledge(duty: Duty, params: Acknowledge, call: Call) -> Result:
    """Seen by a person; trips whose cause is gone are reset. Raises NotFound."""
    if bool(params.alarm) == params.all:
        raise RequestWrong("alarm.ack: needs an alarm's id, or --all")
    board = duty.watch_room.board
    audit = call.take_audit()
    try:
        done = await board.acknowledge(params.alarm or "all", call.person.name, params.note, audit)
    except NotFound:
        call.audited = False  # nothing was looked up, so the row went nowhere; it is written as a refusal
        raise
    duty.changed()
    data = {"seen": list(done.seen), "reset": list(done.reset), "stays": list(done.stays)}
    stays = f"; {'; '.join(done.stays)}" if done.stays else ""
    return Result(data, f"{len(done.seen)} alarms acknowledged, {len(done.reset)} trips reset{stays}")


async def shelve(duty: Duty, params: Shelve, call: Call) -> Result:
    """Aside for a while. Raises NotFound, Refused or NotAllowed."""
    board, given = duty.watch_room.board, (params.alarm, params.for_, call.person.name, call.envelope.reason)
    board.may_shelve(*given)
    await duty.record(call.take_audit())
    until = board.shelve(*given)
    duty.changed()
    return Result({"alarm": params.alarm, "until": until}, f"{params.alarm} is shelved for {params.for_ / 60:g} min")


async def unshelve(duty: Duty, params: OneAlarm, call: Call) -> Result:
    """Off the shelf. Raises NotFound."""
    board = duty.watch_room.board
    board.explain(params.alarm)
    await duty.record(call.take_audit())
    board.unshelve(params.alarm, call.person.name)
    duty.changed()
    return Result({"alarm": params.alarm}, f"{params.alarm} is off the shelf")


async def take_out(duty: Duty, params: OneAlarm, call: Call) -> Result:
    """Out of service until it is put back. Raises NotFound, Refused or NotAllowed."""
    board, given = duty.watch_room.board, (params.alarm, call.person.name, call.envelope.reason)
    board.may_take_out(*given)
    await duty.record(call.take_audit())
    board.take_out(*given)
    duty.changed()
    return Result({"alarm": params.alarm}, f"{params.alarm} is out of service until it is put back")


async def put_back(duty: Duty, params: OneAlarm, call: Call) -> Result:
    """Back in service; if it stands it is announced. Raises NotFound."""
    board = duty.watch_room.board
    board.explain(params.alarm)
    await duty.record(call.take_audit())
    board.put_back(params.alarm, call.person.name)
    duty.changed()
    return Result({"alarm": params.alarm}, f"{params.alarm} is back in service")


async def silence(duty: Duty, params: Nothing, call: Call) -> Result:
    """The horn is quiet until the next announcement."""
    await duty.record(call.take_audit())
    duty.watch_room.board.silence(call.person.name)
    duty.changed()
    return Result(text="the horn is silent; nothing is acknowledged")


async def history(duty: Duty, params: Since, call: Call) -> Result:
    """What happened to alarms."""
    events = duty.watch_room.board.history(duty.wall() - params.since, params.alarm, params.most)
    rows = [{**asdict(event), "priority": str(event.priority), "what": str(event.what)} for event in events]
    return Result({"events": rows}, f"{len(rows)} events")


async def stats(duty: Duty, params: Span, call: Call) -> Result:
    """The load figures."""
    figures = duty.watch_room.board.stats(duty.wall() - params.since)
    said = f"{figures.announced} announced in {figures.hours:.1f} h, {figures.per_window:.2f} in ten minutes (goal 1)"
    more = f"at most {figures.peak}, {figures.floods} floods, {figures.standing} standing"
    return Result(asdict(figures), f"{said}, {more}")
