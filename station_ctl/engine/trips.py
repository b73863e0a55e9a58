"""Latching of trips: devices are stopped, severity rises, the first loss is the first-out.

Pure. Never lowers severity; only a person does, through a request.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import Announce, Effect, Progress, Record, StopDevices
from station_ctl.engine.interruption import interrupted, roles_at_work
from station_ctl.engine.state import StationState, Trip
from station_ctl.engine.states import STATION


def latch(
    state: StationState, trips: tuple[Trip, ...], effects: list[Effect], *, also: tuple[str, ...] = ()
) -> StationState:
    """Latch trips, stop every device at work, raise the severity of station and runs. Never lowers it.

    `also` names devices to stop whose step is no longer active: one that failed or lies may move all the same.
    """
    first = not state.trips
    latched = tuple(replace(t, first_out=first and i == 0) for i, t in enumerate(trips))
    state = replace(state, trips=(*state.trips, *latched))
    roles = tuple(dict.fromkeys((*also, *roles_at_work(state))))
    if roles:
        effects.append(StopDevices(roles))
    aborts = any(t.reaction is OnLoss.ABORT for t in trips)
    trigger = "abort" if aborts else "hold"
    fired = STATION.fire(state.state, trigger, {})
    if fired.moved:
        effects.append(Progress("state", text=f"{state.state} → {fired.state}", time=state.time))
        state = replace(state, state=fired.state)
        state = interrupted(state, trigger)
    for trip in latched:
        facts = (
            ("code", trip.code),
            ("text", trip.text),
            ("first_out", trip.first_out),
            ("reaction", str(trip.reaction)),
        )
        effects.append(Record("tripped", trip.run_id, trip.step, data=facts))
        effects.append(Announce(trip.code, trip.text, "first-out" if trip.first_out else ""))
    return state
