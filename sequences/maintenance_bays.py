"""Bays worked on by a technician: unplugged, plugged in, the code of their pack read. Chapter M2 of the manual.

Knows the steps, of any station type. Does not know what carries a pack, nor why it is moved.
"""

from __future__ import annotations

from sequences.maintenance_interlocks import AttendedInterlocks
from sequences.racked_station import RackedStation
from station_ctl.core.modes import Phase
from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Interlock, Step


def unplug(st: RackedStation, il: AttendedInterlocks, bay: BaySignals, *rows: Interlock, hot: bool = False) -> tuple[Step, ...]:
    """Stop charging, then draw the plug from a dead socket; `rows` on top. `hot`: fire stands not against it, for the pack is to leave."""
    rack = st.rack_of(bay)
    ended = il.not_charging(bay).holds
    needs = il.site if hot else il.needs
    return (
        Step(
            10, f"Stop charging in bay {bay.name}", "rack", Phase.POSITIONING, ended, within=30, nominal=2, do=rack.stop_charge(bay),
            permissives=needs, interlocks=il.keeps, chapter="M2",
        ),
        Step(
            20, f"Unplug bay {bay.name}", "rack", Phase.POSITIONING, bay.plug_out.is_on(), within=30, nominal=4, do=rack.plug_out(bay),
            permissives=(*needs, il.not_charging(bay), *rows), interlocks=il.keeps, chapter="M2",
        ),
    )  # fmt: skip


def plug_in(st: RackedStation, il: AttendedInterlocks, bay: BaySignals, pack: str) -> tuple[Step, ...]:
    """Plug in and look whether it is that pack: only a plugged pack tells its code."""
    told = bay.bms_link.is_on() & bay.pack_id.equals(pack)
    return (
        Step(
            40, f"Plug in bay {bay.name}", "rack", Phase.POSITIONING, bay.plug_in.is_on(), within=30, nominal=4, do=st.rack_of(bay).plug_in(bay),
            permissives=(*il.needs, il.seated(bay), il.quiet(bay)), interlocks=il.keeps, chapter="M2",
        ),
        Step(50, f"Read the code of the pack in bay {bay.name}", "rack", Phase.POSITIONING, told, within=60, nominal=2, chapter="M2"),
    )  # fmt: skip


def plug_in_alone(st: RackedStation, il: AttendedInterlocks, name: str) -> tuple[Step, ...]:
    """The plug of a bay whose pack is known."""
    bay = st.bay(name)
    return (
        Step(
            10, f"Plug in bay {name}", "rack", Phase.POSITIONING, bay.plug_in.is_on(), within=30, nominal=4, do=st.rack_of(bay).plug_in(bay),
            permissives=(*il.needs, il.seated(bay), il.quiet(bay)), interlocks=il.keeps, chapter="M2",
        ),
    )  # fmt: skip
