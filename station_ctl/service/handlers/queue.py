"""The queue before the entry: shown, changed, opened and closed."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from station_ctl.core.modes import Mode
from station_ctl.service import checks
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.queue import Announced, OneVehicle, Ranked
from station_ctl.service.catalogue.swap import Vehicle
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.handlers.swap import plan_start
from station_ctl.service.refusals import check_data
from station_ctl.service.vehicle_queue import VehicleQueue, Waiting


async def list_waiting(duty: Duty, params: Nothing, call: Call) -> Result:
    """The queue in its order, and what reception would find now."""
    queue, admission = duty.queue, duty.reception.admission
    rows = []
    for one in queue.in_order(duty.wall(), admission.patience_s):
        fleet = admission.fleet_of(one.vehicle)
        why = duty.why_not_in(one.vehicle) or duty.why_not_served(one.vehicle)
        rows.append({**asdict(one), "fleet": fleet.name if fleet else "", "may_come_in": not why, "why_not": why})
    data = {"waiting": rows, "closed": queue.closed, "reception": _reception(duty)}
    closed = f"; closed: {queue.closed}" if queue.closed else ""
    return Result(data, f"{len(rows)} vehicles wait{closed}")


def _reception(duty: Duty) -> list[dict[str, Any]]:
    """For each model: the packs that it would get now and where its spent ones would go, or why none."""
    found = []
    for model, recipe in duty.recipes.items():
        first, *more = duty.reception.choices(duty.image, recipe)
        packs = {"pack": first.fresh, "from": first.fresh_bay, "spent_to": first.spent_bay}
        also = [{"pack": c.fresh, "from": c.fresh_bay, "spent_to": c.spent_bay} for c in more]
        found.append({"model": model, **packs, "also": also, "why_not": first.refused})
    return found


async def show_next(duty: Duty, params: Nothing, call: Call) -> Result:
    """Who goes first, and every precondition of a swap that does not hold."""
    waiting = duty.queue.in_order(duty.wall(), duty.reception.admission.patience_s)
    first = next((one for one in waiting if not one.held), None)
    found = list((await plan_start(duty, Vehicle(), call)).checks)
    mode = duty.engine.state.mode
    found.append(checks.of_reason("A402", "mode is automatic", "" if mode is Mode.AUTOMATIC else f"mode is {mode}"))
    failed = [check for check in found if not check.holds]
    data = {"next": asdict(first) if first is not None else None, "checks": [check_data(check) for check in failed]}
    who = f"{first.vehicle} goes first" if first is not None else "nobody is announced; whoever stands at the entry"
    against = "; ".join(f"{check.code} {check.text}: {check.found}" for check in failed)
    return Result(data, f"{who}; {against or 'nothing stands against a swap'}")


async def _changed(duty: Duty, call: Call, queue: VehicleQueue, text: str) -> Result:
    """The new queue is true at once and durable before the answer: a swap that begins meanwhile writes the next row."""
    duty.queue = queue
    await duty.record(queue.row, call.take_audit())
    duty.changed()
    return Result({"waiting": [one.vehicle for one in queue]}, text)


async def add(duty: Duty, params: Announced, call: Call) -> Result:
    """Announce a vehicle; it has at least the priority of its fleet. Raises Refused."""
    priority = max(params.priority, duty.reception.admission.priority_of(params.vehicle))
    one = Waiting(params.vehicle, duty.wall(), call.person.name, priority, params.note)
    queue = duty.queue.add(one)
    place = [other.vehicle for other in queue].index(params.vehicle) + 1
    return await _changed(duty, call, queue, f"{params.vehicle} is number {place} of {len(queue.waiting)}")


async def remove(duty: Duty, params: OneVehicle, call: Call) -> Result:
    """Take a vehicle out. Raises NotFound."""
    duty.queue.named(params.vehicle)
    return await _changed(duty, call, duty.queue.without(params.vehicle), f"{params.vehicle} waits no longer")


async def hold_back(duty: Duty, params: OneVehicle, call: Call) -> Result:
    """Not in until it is let in again. Raises NotFound."""
    queue = duty.queue.change(params.vehicle, held=f"{call.envelope.reason} ({call.person.name})")
    return await _changed(duty, call, queue, f"{params.vehicle} is held back")


async def let_in(duty: Duty, params: OneVehicle, call: Call) -> Result:
    """In again. Raises NotFound."""
    return await _changed(duty, call, duty.queue.change(params.vehicle, held=""), f"{params.vehicle} may come in")


async def rank(duty: Duty, params: Ranked, call: Call) -> Result:
    """Change the priority; one that nobody announced is announced by it. Raises Refused."""
    queue = duty.queue
    if all(one.vehicle != params.vehicle for one in queue):
        queue = queue.add(Waiting(params.vehicle, duty.wall(), call.person.name))
    queue = queue.change(params.vehicle, priority=params.priority)
    return await _changed(duty, call, queue, f"{params.vehicle} has priority {params.priority}")


async def close(duty: Duty, params: Nothing, call: Call) -> Result:
    """Nobody is let in; what runs goes on."""
    queue = replace(duty.queue, closed=f"{call.envelope.reason} ({call.person.name})")
    return await _changed(duty, call, queue, "the queue is closed; what runs goes on")


async def open_again(duty: Duty, params: Nothing, call: Call) -> Result:
    """Vehicles are let in again."""
    return await _changed(duty, call, replace(duty.queue, closed=""), "the queue is open")
