"""Control of the station: asked for, taken, given up."""

from __future__ import annotations

from station_ctl.core.errors import ControlHeld
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.control import Note
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


async def who(duty: Duty, params: Nothing, call: Call) -> Result:
    """Who has control, and for how long without another sign."""
    lease = duty.control.held(duty.mono())
    if lease is None:
        return Result({"holder": None}, "nobody has control; whoever asks for motion first gets it")
    left = lease.ends_at - duty.mono()
    data = {"holder": str(lease.holder), "note": lease.note, "free_in_s": round(left, 1)}
    return Result(data, f"{lease.holder} has control for {left:.0f} s more without a sign")


async def take(duty: Duty, params: Note, call: Call) -> Result:
    """Take control. Raises ControlHeld."""
    if why := duty.control.why_not_take(call.person, duty.mono()):
        raise ControlHeld(f"control.take: {why}")
    await duty.record(call.take_audit())
    duty.control = duty.control.take(call.person, duty.mono(), params.note)
    duty.changed()
    return Result(text=f"{call.person} has control")


async def release(duty: Duty, params: Nothing, call: Call) -> Result:
    """Give control up; whoever has none may say so, too."""
    await duty.record(call.take_audit())
    lease = duty.control.held(duty.mono())
    if lease is not None and lease.holder == call.person:
        duty.control = duty.control.release()
        duty.changed()
    return await who(duty, params, call)
