"""Operations: listed, watched, agreed to by a second person, called off."""

from __future__ import annotations

from station_ctl.core.errors import NotAllowed, NotYourRole, SecondPersonNeeded, StationError
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.catalogue.operation import OperationWanted, Wait
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.operations import Operation, OperationState


async def list_all(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every operation that is remembered."""
    shown = [op.shown() for op in duty.operations]
    return Result({"operations": shown}, f"{len(shown)} operations")


def _told(op: Operation) -> Result:
    return Result(op.shown(), f"{op.id} {op.action}: {op.state}{': ' + op.text if op.text else ''}", op.id)


async def show(duty: Duty, params: OperationWanted, call: Call) -> Result:
    """One operation."""
    return _told(duty.operations.named(params.operation))


async def wait(duty: Duty, params: Wait, call: Call) -> Result:
    """One operation once it has ended, or as it is when the wait is over."""
    return _told(await duty.operations.wait(params.operation, params.within))


async def approve(duty: Duty, params: OperationWanted, call: Call) -> Result:
    """Agree. Raises SecondPersonNeeded if the person asked for it themselves or agrees too late."""
    op = duty.operations.named(params.operation)
    if op.state is not OperationState.WAITING or op.work is None:
        raise NotAllowed(f"{op.id} waits for nobody: it is {op.state}")
    if call.person.name == op.person.name:
        raise SecondPersonNeeded(f"{op.id} was asked for by {op.person.name}: another person must agree")
    needed = REGISTRY.named(op.action).role
    if call.person.role < needed:
        raise NotYourRole(f"{op.id} needs a second person with role {needed.word}; {call.person} has none such")
    if duty.wall() > op.expires:
        duty.operations.end(op, OperationState.CALLED_OFF, text="nobody agreed in time")
        raise SecondPersonNeeded(f"{op.id} came too late: {op.action} must be asked for anew")
    await duty.record(call.take_audit())
    op.state = OperationState.RUNNING
    try:
        op.text = await op.work(op, call.person)
    except StationError as error:
        duty.operations.end(op, OperationState.FAILED, error.code, error.exit, str(error))
        raise
    duty.operations.end(op, OperationState.DONE)
    return _told(op)


async def cancel(duty: Duty, params: OperationWanted, call: Call) -> Result:
    """Call off what waits. What already runs is held or aborted, not called off."""
    op = duty.operations.named(params.operation)
    if op.state is not OperationState.WAITING:
        raise NotAllowed(f"{op.id} is {op.state}: it can be held with station-ctl swap hold, not called off")
    await duty.record(call.take_audit())
    duty.operations.end(op, OperationState.CALLED_OFF, text=f"called off by {call.person.name}")
    return _told(op)
