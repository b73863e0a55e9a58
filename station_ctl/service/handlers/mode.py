"""The mode, shown and changed."""

from __future__ import annotations

from station_ctl.engine.events import Verb
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.mode import ModeWanted
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


async def show(duty: Duty, params: Nothing, call: Call) -> Result:
    """The mode."""
    state = duty.engine.state
    return Result({"mode": str(state.mode), "state": str(state.state)}, f"mode {state.mode}, station {state.state}")


async def set_mode(duty: Duty, params: ModeWanted, call: Call) -> Result:
    """Change the mode. Raises NotAllowed while the station acts."""
    await duty.ask(call, Verb.MODE, mode=params.mode)
    return Result({"mode": str(params.mode)}, f"mode {params.mode}; the station is stopped")
