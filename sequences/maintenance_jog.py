"""Jogging: one axis of one machine by at most 100 mm, while a person holds the button. Chapter M5 of the manual.

Knows what must hold beside the button. Does not know where an axis stands when it is asked for.
"""

from __future__ import annotations

from sequences.car_station import CarStation
from sequences.maintenance_interlocks import MaintenanceInterlocks
from station_ctl.core.devices import Command
from station_ctl.core.jog import NEAR_MM, Axis
from station_ctl.core.maintenance import number
from station_ctl.core.modes import Phase
from station_ctl.core.steps import BUTTON, Interlock, Kept, OnLoss, OnResume, Step


def jog_robot(st: CarStation, il: MaintenanceInterlocks, axis: str, target: str) -> tuple[Step, ...]:
    """Along the lane or the table's height; no vehicle above, the stacker's fork in."""
    at, robot = number("target", target), st.robot
    # What keeps the machines apart is held during the jog as well: nothing else says where a jogged axis may go.
    apart = Kept(il.bay_empty, OnLoss.HOLD), Kept(il.fork_in, OnLoss.HOLD)
    return (jog(robot.axes, robot.jog(axis, at), axis, at, (*il.needs, il.robot_fit), (*il.keeps_in_the_bay, *apart)),)


def jog_stacker(st: CarStation, il: MaintenanceInterlocks, axis: str, target: str) -> tuple[Step, ...]:
    """Carriage, hoist or fork; the robot away from the handover, a pack on the fork or not."""
    at, stacker = number("target", target), st.stacker
    clear = Kept(il.aisle_clear, OnLoss.ABORT), Kept(il.robot_away, OnLoss.HOLD), il.load
    return (jog(stacker.axes, stacker.jog(axis, at), axis, at, (*il.needs, il.stacker_fit), (*il.keeps, *clear)),)


def jog_lift(st: CarStation, il: MaintenanceInterlocks, axis: str, target: str) -> tuple[Step, ...]:
    """The platform, empty, with the robot at home: off its mechanical lock the drive alone holds it."""
    at, lift = number("target", target), st.lift
    apart = Kept(il.bay_empty, OnLoss.HOLD), Kept(il.robot_at_home, OnLoss.HOLD)
    return (jog(lift.axes, lift.jog(axis, at), axis, at, (*il.needs, il.lift_fit), (*il.keeps_in_the_bay, *apart)),)


def jog(
    axes: dict[str, Axis], order: Command, name: str, target: float, needs: tuple[Interlock, ...], keeps: tuple[Kept, ...]
) -> Step:
    """Absolute: taken up again after a stop, it ends where it was to end the first time, and no further."""
    axis = axes[name]
    return Step(
        10, f"Jog {axis.position.name} to {target:g} mm", order.role, Phase.POSITIONING,
        axis.position.between(target - NEAR_MM, target + NEAR_MM), within=60, nominal=10, do=order,
        permissives=(BUTTON, *needs), interlocks=keeps, on_resume=OnResume.REPEAT, by_hand=True, chapter="M5",
    )  # fmt: skip
