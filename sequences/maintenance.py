"""Maintenance of a passenger station: homing machines, plugs, packs between places. Chapters M1–M4 of the manual.

Knows the procedures, one device at a time, key and enabling device on watch. Does not know who may ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sequences.car_station import TRAVEL_MM, CarStation
from sequences.maintenance_bays import plug_in_alone, unplug
from sequences.maintenance_interlocks import MaintenanceInterlocks
from sequences.maintenance_jog import jog_lift, jog_robot, jog_stacker
from sequences.maintenance_packs import bring_in, isolate, move, put_back, take_out
from sequences.maintenance_procedure import by_technician
from sequences.maintenance_vehicle import exercise_lift, exercise_locks
from station_ctl.core.conditions import Condition
from station_ctl.core.maintenance import MaintenanceProcedure, Parameter, Takes
from station_ctl.core.modes import Phase
from station_ctl.core.roles import At
from station_ctl.core.steps import Interlock, Recipe, Step

BAY = Parameter("bay", Takes.BAY)
PACK_IN_BAY = Parameter("pack", Takes.PACK, found_at="bay")
PACK = Parameter("pack", Takes.PACK)

Steps = Callable[[CarStation, MaintenanceInterlocks], tuple[Step, ...]]


def procedures(st: CarStation, recipes: Mapping[str, Recipe]) -> tuple[MaintenanceProcedure, ...]:
    """Every maintenance procedure of this station."""
    il = MaintenanceInterlocks(st)

    def at_rest(name: str, text: str, *makers: Steps) -> MaintenanceProcedure:
        return by_technician(name, text, lambda _: tuple(step for make in makers for step in make(st, il)))

    model = Parameter("model", Takes.MODEL, default=next(iter(recipes), ""))
    once, thrice = Parameter("cycles", Takes.COUNT, default="1"), Parameter("cycles", Takes.COUNT, default="3")
    jogs = {"robot.jog": (st.robot.axes, jog_robot), "stacker.jog": (st.stacker.axes, jog_stacker), "lift.jog": (st.lift.axes, jog_lift)}

    def jog(name: str) -> MaintenanceProcedure:
        axes, steps = jogs[name]
        words = f"Jog {name.partition('.')[0]} axis {{axis}} to {{target}} mm"
        made = by_technician(name, words, lambda a: steps(st, il, a["axis"], a["target"]), Parameter("axis", Takes.AXIS), Parameter("target", Takes.TARGET))
        return replace(made, axes=axes)

    return (
        at_rest("station.home", "Home every device: robot, stacker, lift", home_robot, home_stacker, home_lift),
        at_rest("robot.home", "Robot down and home", home_robot),
        at_rest("stacker.home", "Reference the stacker and park it", home_stacker),
        at_rest("lift.home", "Lift down, clamps open, floor closed", home_lift),
        by_technician("bay.plug-in", "Plug in bay {bay}", lambda a: plug_in_alone(st, il, a["bay"]), BAY),
        by_technician("bay.plug-out", "Stop charging and unplug bay {bay}", lambda a: unplug(st, il, st.bay(a["bay"]), il.quiet(st.bay(a["bay"]))), BAY),
        by_technician(
            "battery.move", "Move pack {pack} from bay {origin} to bay {target}",
            lambda a: move(st, il, a["origin"], a["target"], a["pack"]),
            Parameter("origin", Takes.BAY), Parameter("target", Takes.BAY), Parameter("pack", Takes.PACK, found_at="origin"),
        ),
        by_technician("battery.out", "Take pack {pack} out of bay {bay} and of the station", lambda a: take_out(st, il, a["bay"], a["pack"]), BAY, PACK_IN_BAY),
        by_technician("battery.in", "Take pack {pack} into bay {bay}", lambda a: bring_in(st, il, a["bay"], a["pack"]), BAY, PACK),
        by_technician(
            "battery.put-back", "Put pack {pack} from handover IN back to bay {bay}",
            lambda a: put_back(st, il, a["bay"], a["pack"]), BAY, Parameter("pack", Takes.PACK, found_at="handover_in"),
        ),
        by_technician("bay.isolate", "Bring pack {pack} of bay {bay} to the isolation place", lambda a: isolate(st, il, a["bay"], a["pack"]), BAY, PACK_IN_BAY),
        by_technician("lift.exercise", "Lift and lower a test vehicle {cycles} times", lambda a: exercise_lift(st, il, recipes, a), model, once),
        by_technician("lock.exercise", "Open and close the locks of a test vehicle {cycles} times", lambda a: exercise_locks(st, il, recipes, a), model, thrice),
        replace(
            by_technician("torque.test", "Tighten the locks of a test vehicle {cycles} times and record the torque", lambda a: exercise_locks(st, il, recipes, a), model, once),
            records=(st.robot.bolt_torque, st.robot.bolt_turns),
        ),
        *(jog(name) for name, (axes, _) in jogs.items() if axes),
    )  # fmt: skip


def bypasses(st: CarStation) -> tuple[Mapping[str, Interlock], Condition]:
    """Rows that may be bypassed, by name, and the key that must be on for it."""
    il = MaintenanceInterlocks(st)
    return il.bypassable(), il.key.holds


def home_robot(st: CarStation, il: MaintenanceInterlocks) -> tuple[Step, ...]:
    """A pack on its table stays there; under a vehicle it is part of a swap and not homed."""
    robot = st.robot
    done = robot.at.equals(At.HOME) & robot.z.at_most(TRAVEL_MM) & robot.homed.is_on()
    return (
        Step(
            10, "Robot down and home", "robot", Phase.POSITIONING, done, within=60, nominal=8, do=robot.home(),
            permissives=(*il.needs, il.robot_fit, il.bay_empty, il.fork_in), interlocks=il.keeps_in_the_bay, chapter="M1",
        ),
    )  # fmt: skip


def home_stacker(st: CarStation, il: MaintenanceInterlocks) -> tuple[Step, ...]:
    """Fork in first, so that the robot need not be away; a pack on the fork is brought to its place before."""
    stacker = st.stacker
    done = stacker.parked.is_on() & stacker.fork_retracted.is_on() & stacker.homed.is_on()
    return (
        Step(
            20, "Reference the stacker and park it", "stacker", Phase.POSITIONING, done, within=90, nominal=22, do=stacker.home(),
            permissives=(*il.needs, il.stacker_fit, il.fork_empty, il.aisle_clear), interlocks=il.keeps, chapter="M1",
        ),
    )  # fmt: skip


def home_lift(st: CarStation, il: MaintenanceInterlocks) -> tuple[Step, ...]:
    """An empty lift only: a vehicle on it belongs to a procedure of its own."""
    lift = st.lift
    done = lift.down.is_on() & lift.unclamped.is_on() & lift.floor_closed.is_on() & lift.homed.is_on()
    return (
        Step(
            30, "Floor closed, lift down, clamps open", "lift", Phase.POSITIONING, done, within=60, nominal=14, do=lift.home(),
            permissives=(*il.needs, il.lift_fit, il.bay_empty, il.robot_at_home), interlocks=il.keeps_in_the_bay, chapter="M1",
        ),
    )  # fmt: skip
