"""Actions that jog one axis: the machine moves while the person who asks holds the button, and no longer."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.jog import REACH_MM
from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.catalogue.sequence import MAINTENANCE
from station_ctl.service.persons import Role


class Jog(Params):
    """Which axis, and how far."""

    axis: str = Field(pattern=r"^[a-z]{1,10}$", description="an axis of the machine, as x")
    distance: float = Field(
        ge=-REACH_MM, le=REACH_MM, allow_inf_nan=False, description="mm from where it stands, -100 to 100; the sign is the direction"
    )


def jogs(name: str, en: str, zh: str) -> Action:
    return Action(
        name, Kind.MOVES, Role.TECHNICIAN, Words(en, zh), "jog:jog", Jog, plan="jog:plan_jog", modes=MAINTENANCE,
        long=True, by_hand=True,
    )  # fmt: skip


ACTIONS = (
    jogs("robot.jog", "Jog one axis of the robot while the button is held.", "按住按钮时点动机器人的一个轴。"),
    jogs("stacker.jog", "Jog one axis of the stacker while the button is held.", "按住按钮时点动堆垛机的一个轴。"),
    jogs("lift.jog", "Jog the platform of the lift while the button is held.", "按住按钮时点动举升机平台。"),
)
