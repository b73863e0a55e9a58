"""Actions on operations: what goes on after an answer."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import Role


class OperationWanted(Params):
    """One operation."""

    operation: str = Field(pattern=r"^OP-[0-9]{4,}$", description="an operation's id, as OP-0001")


class Wait(OperationWanted):
    """How long to wait for its end."""

    within: float = Field(10.0, ge=0, le=60, description="seconds to wait for the end")


ACTIONS = (
    Action("op.list", Kind.READ, Role.VIEWER, Words("Operations of this life of the service.", "本次运行的操作。"), "operation:list_all"),
    Action("op.show", Kind.READ, Role.VIEWER, Words("One operation.", "一个操作。"), "operation:show", OperationWanted),
    Action("op.wait", Kind.READ, Role.VIEWER, Words("Wait for the end of an operation.", "等待操作结束。"), "operation:wait", Wait),
    Action(
        "op.approve", Kind.SAFE, Role.OPERATOR,
        Words("Agree, as the second person, to what another person asked for.", "作为第二人同意他人的请求。"),
        "operation:approve", OperationWanted,
    ),
    Action(
        "op.cancel", Kind.SAFE, Role.OPERATOR,
        Words("Call off what still waits for a second person.", "撤回仍在等待第二人的请求。"),
        "operation:cancel", OperationWanted,
    ),
)  # fmt: skip
