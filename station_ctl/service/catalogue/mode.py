"""Actions on the mode: who may order motion."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.modes import Mode
from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import Role


class ModeWanted(Params):
    """The mode that is asked for."""

    mode: Mode = Field(description="automatic, manual or maintenance")


ACTIONS = (
    Action("mode.show", Kind.READ, Role.VIEWER, Words("The mode.", "当前模式。"), "mode:show"),
    Action(
        "mode.set", Kind.SAFE, Role.OPERATOR,
        Words("Change the mode; the station must stand, and a person makes it ready again.", "切换模式；站须停止，之后由人员重新准备。"),
        "mode:set_mode", ModeWanted,
    ),
)  # fmt: skip
