"""Maintenance of a truck station: homing, plugs, packs between bays and to isolation, jogging. Chapters M1–M5.

Knows the procedures, one device at a time, key and enabling device on watch. Does not know who may ask for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sequences.crane_interlocks import CraneInterlocks
from sequences.crane_steps import CraneSteps, Watch
from sequences.heavy_truck import fetch, set_down
from sequences.maintenance_bays import plug_in, plug_in_alone, unplug
from sequences.maintenance_interlocks import AttendedInterlocks
from sequences.maintenance_jog import jog
from sequences.maintenance_procedure import by_technician
from sequences.racked_station import ISOLATION
from sequences.truck_charging import any_pack, crane_rows, to_isolation
from sequences.truck_station import TruckStation
from station_ctl.core.conditions import Condition
from station_ctl.core.maintenance import MaintenanceProcedure, Parameter, Takes, number
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Interlock, Kept, OnLoss, Recipe, Step, TopLift
from station_ctl.core.truck_roles import Over

BAY = Parameter("bay", Takes.BAY)
PACK_IN_BAY = Parameter("pack", Takes.PACK, found_at="bay")


class TruckMaintenanceInterlocks(AttendedInterlocks):
    """The crane and the stand on top of what holds in maintenance anywhere."""

    def __init__(self, st: TruckStation, crane: CraneInterlocks) -> None:
        super().__init__(st)
        stand, body = st.stand, st.crane
        self.keeps_below = (*self.keeps, Kept(crane.nobody, OnLoss.ABORT))
        self.crane_able = Interlock("G08", "Crane without fault, brake in order", body.no_fault.is_on() & body.brake_ok.is_on())
        self.stand_able = Interlock("G08", "Stand without fault", stand.no_fault.is_on())
        self.bay_empty = self._bypassable("G33", "No truck in the bay or in its gates", stand.bay_empty.is_on() & stand.entry_beam.is_on() & stand.exit_beam.is_on())

    def machine_rows(self) -> tuple[Interlock, ...]:
        return (self.bay_empty,)


def procedures(st: TruckStation, recipes: Mapping[str, Recipe]) -> tuple[MaintenanceProcedure, ...]:
    """Every maintenance procedure of this station."""
    rows, lift = crane_rows(st, recipes), any_pack(recipes)
    il = TruckMaintenanceInterlocks(st, rows)
    home_crane, home_stand = _home_crane(st, il, rows), _home_stand(st, il)
    jogged = by_technician(
        "crane.jog", "Jog crane axis {axis} to {target} mm", lambda a: _jog(st, il, rows, a["axis"], a["target"]),
        Parameter("axis", Takes.AXIS), Parameter("target", Takes.TARGET),
    )  # fmt: skip
    return (
        by_technician("station.home", "Home every device: crane, stand", lambda _: (*home_crane, *home_stand)),
        by_technician("crane.home", "Hoist the crane and park it", lambda _: home_crane),
        by_technician("stand.home", "Reference the stand's scanner", lambda _: home_stand),
        by_technician("bay.plug-in", "Plug in bay {bay}", lambda a: plug_in_alone(st, il, a["bay"]), BAY),
        by_technician("bay.plug-out", "Stop charging and unplug bay {bay}", lambda a: unplug(st, il, st.bay(a["bay"]), il.quiet(st.bay(a["bay"]))), BAY),
        by_technician(
            "battery.move", "Move pack {pack} from bay {origin} to bay {target}",
            lambda a: _move(st, il, rows, lift, a["origin"], a["target"], a["pack"]),
            Parameter("origin", Takes.BAY), Parameter("target", Takes.BAY), Parameter("pack", Takes.PACK, found_at="origin"),
        ),
        by_technician(
            "bay.isolate", "Bring pack {pack} of bay {bay} to the isolation place",
            lambda a: _isolate(st, il, rows, lift, a["bay"], a["pack"]), BAY, PACK_IN_BAY,
        ),
        *((replace(jogged, axes=st.crane.axes),) if st.crane.axes else ()),
    )  # fmt: skip


def bypasses(st: TruckStation) -> tuple[Mapping[str, Interlock], Condition]:
    """Rows that may be bypassed, by name, and the key that must be on for it."""
    il = TruckMaintenanceInterlocks(st, CraneInterlocks(st, 1.0))
    return il.bypassable(), il.key.holds


def _home_crane(st: TruckStation, il: TruckMaintenanceInterlocks, rows: CraneInterlocks) -> tuple[Step, ...]:
    """A pack that it holds stays gripped; over a truck it is part of a swap and not homed."""
    crane = st.crane
    done = crane.over.equals(Over.PARK) & crane.hoisted.is_on() & crane.homed.is_on()
    return (
        Step(
            10, "Hoist the crane and park it", "crane", Phase.POSITIONING, done, within=180, nominal=20, do=crane.home(),
            permissives=(*il.needs, il.crane_able, il.bay_empty, rows.wind), interlocks=il.keeps_below, chapter="M1",
        ),
    )  # fmt: skip


def _home_stand(st: TruckStation, il: TruckMaintenanceInterlocks) -> tuple[Step, ...]:
    stand = st.stand
    return (
        Step(
            20, "Reference the stand's scanner", "stand", Phase.POSITIONING, stand.homed.is_on(), within=60, nominal=5, do=stand.home(),
            permissives=(*il.needs, il.stand_able, il.bay_empty), interlocks=il.keeps_below, chapter="M1",
        ),
    )  # fmt: skip


def _crane(st: TruckStation, il: TruckMaintenanceInterlocks, rows: CraneInterlocks, lift: TopLift, *, hot: bool = False) -> CraneSteps:
    needs = (*(il.site if hot else il.needs), rows.crane_fit, il.bay_empty)
    load, swings = Kept(rows.load, OnLoss.ABORT), (Kept(rows.sway, OnLoss.HOLD), Kept(rows.wind, OnLoss.HOLD))
    watch = Watch((*needs, rows.load, rows.sway, rows.wind), (*il.keeps_below, load, *swings))
    return CraneSteps(st, rows, lift, lambda _: watch, "M3", hot=hot)


def _move(
    st: TruckStation, il: TruckMaintenanceInterlocks, rows: CraneInterlocks, lift: TopLift, origin: str, target: str, pack: str
) -> tuple[Step, ...]:
    """From bay to bay. Raises NotFound or ValueError for bays that are not there, or are the same."""
    here, there, at = st.bay(origin), st.bay(target), Phase.POSITIONING
    if here is there:
        raise ValueError(f"a pack is moved from one bay to another, not from {origin} to {target}")
    crane = _crane(st, il, rows, lift)
    first, *others = fetch(crane, (21, 22, 23, 24), at, origin, pack)
    return (
        *unplug(st, il, here, il.cool_or_apart(here)),
        # Nothing is lifted that has nowhere to go.
        replace(first, permissives=(*first.permissives, *il.free(there))),
        *others,
        *set_down(crane, (30, 31, 32, 33), at, target, pack),
        crane.park(35, at),
        *plug_in(st, il, there, pack),
    )


def _isolate(
    st: TruckStation, il: TruckMaintenanceInterlocks, rows: CraneInterlocks, lift: TopLift, name: str, pack: str
) -> tuple[Step, ...]:
    """A pack that is hot, smoking or suspect leaves the rack: neither fire alarm nor detectors stand against it."""
    at, crane = Phase.POSITIONING, _crane(st, il, rows, lift, hot=True)
    first, *others = fetch(crane, (21, 22, 23, 24), at, name, pack)
    empty = il.receiving(ISOLATION, st.crane.isolation_empty.is_on())
    return (
        *unplug(st, il, st.bay(name), hot=True),
        replace(first, permissives=(*first.permissives, empty)),
        *others,
        *to_isolation(crane, (30, 31, 32, 33), at, pack),
        crane.park(35, at),
    )


def _jog(st: TruckStation, il: TruckMaintenanceInterlocks, rows: CraneInterlocks, axis: str, target: str) -> tuple[Step, ...]:
    """Bridge, trolley or hoist, with nothing below; what hangs in the gripper stays there."""
    at, crane = number("target", target), st.crane
    apart = Kept(il.bay_empty, OnLoss.HOLD), Kept(rows.load, OnLoss.ABORT), Kept(rows.wind, OnLoss.HOLD)
    return (jog(crane.axes, crane.jog(axis, at), axis, at, (*il.needs, il.crane_able), (*il.keeps_below, *apart)),)
