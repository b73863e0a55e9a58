"""Actions on control of the station: one seat at a time asks for motion."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import Role


class Note(Params):
    """A word to whoever asks who has control."""

    note: str = Field("", max_length=120, description="what others read when they ask who has control")


ACTIONS = (
    Action("control.who", Kind.READ, Role.VIEWER, Words("Who has control of the station.", "谁拥有控制权。"), "control:who"),
    Action(
        "control.take", Kind.SAFE, Role.OPERATOR,
        Words("Take control; the panel may take it from others.", "取得控制权；面板可优先取得。"),
        "control:take", Note,
    ),
    Action("control.release", Kind.SAFE, Role.OPERATOR, Words("Give control up.", "释放控制权。"), "control:release"),
)  # fmt: skip
