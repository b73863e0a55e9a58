"""Actions on persons who come in by token."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import LONGEST_H, Role, Seat

NAME = r"^[a-z][a-z0-9-]{1,30}$"


class NewPerson(Params):
    """A person who gets a token."""

    name: str = Field(pattern=NAME, description="short name, small letters")
    role: str = Field("operator", pattern="^(viewer|operator|technician|admin)$", description="what they may do")
    seat: Seat = Field(Seat.REMOTE, description="where they sit: panel, cli or remote")
    hours: float = Field(LONGEST_H, gt=0, le=LONGEST_H, description="hours after which the token ends")


class PersonWanted(Params):
    """One person."""

    name: str = Field(pattern=NAME, description="short name")


ACTIONS = (
    Action("user.list", Kind.READ, Role.ADMIN, Words("Persons with a token.", "持有令牌的人员。"), "user:list_all"),
    Action(
        "user.add", Kind.CONFIG, Role.ADMIN,
        Words("Give a person a token; it is shown once.", "为人员发放令牌；只显示一次。"), "user:add", NewPerson,
    ),
    Action(
        "user.disable", Kind.CONFIG, Role.ADMIN,
        Words("End a person's token now.", "立即停用人员的令牌。"), "user:disable", PersonWanted,
    ),
)  # fmt: skip
