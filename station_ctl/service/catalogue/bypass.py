"""Actions that weaken one check for a while: a row bypassed, a signal forced. Both end by themselves."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.bypass import LONGEST
from station_ctl.service.actions import POSITIONAL, Action, Kind, Params, Words
from station_ctl.service.catalogue.reading import TAG
from station_ctl.service.catalogue.sequence import MAINTENANCE
from station_ctl.service.durations import Duration
from station_ctl.service.persons import Role

ROW = r"^G[0-9]{2}[A-Za-z]?(-[A-Z][0-9]{2,3})?$"
SPAN = "how long, at most 30m, as 10m"


class BypassRow(Params):
    """Which row, and for how long."""

    row: str = Field(pattern=ROW, description="a bypassable row's name, as G19f or G20-A01; see interlock bypasses")
    for_: Duration = Field(600.0, alias="for", ge=1, le=LONGEST, description=SPAN)


class RowWanted(Params):
    """Which bypass ends."""

    row: str = Field("", pattern=rf"^$|{ROW}", description="a row's name; empty for every bypass", json_schema_extra=POSITIONAL)


class ForcePoint(Params):
    """Which signal reads what, and for how long."""

    point: str = Field(pattern=TAG, description="link.TAG of an input, as stacker.FORK_RETRACTED; see io forced")
    value: str = Field(max_length=40, description="what it reads: on, off or a number")
    for_: Duration = Field(600.0, alias="for", ge=1, le=LONGEST, description=SPAN)


class ForcedPoint(Params):
    """Which force ends."""

    point: str = Field("", pattern=rf"^$|{TAG}", description="link.TAG; empty for every force", json_schema_extra=POSITIONAL)


ACTIONS = (
    Action(
        "interlock.bypass", Kind.BYPASS, Role.TECHNICIAN,
        Words("Bypass one interlock of maintenance for a while.", "临时旁路一条维护联锁。"),
        "bypass:bypass", BypassRow, plan="bypass:plan_bypass", modes=MAINTENANCE, two_persons=True, reason=True,
    ),
    Action(
        "interlock.bypasses", Kind.READ, Role.VIEWER,
        Words("Interlocks that are bypassed now, and which can be.", "当前被旁路的联锁，以及可旁路的联锁。"), "bypass:bypasses",
    ),
    Action(
        "interlock.restore", Kind.SAFE, Role.OPERATOR,
        Words("End a bypass before its time.", "提前恢复被旁路的联锁。"), "bypass:restore", RowWanted,
    ),
    Action(
        "io.force", Kind.BYPASS, Role.TECHNICIAN,
        Words("Force one input signal of bypassable interlocks for a while.", "临时强制可旁路联锁的一个输入信号。"),
        "bypass:force", ForcePoint, plan="bypass:plan_force", modes=MAINTENANCE, two_persons=True, reason=True,
    ),
    Action(
        "io.forced", Kind.READ, Role.VIEWER,
        Words("Signals that are forced now, and which can be.", "当前被强制的信号，以及可强制的信号。"), "bypass:forced",
    ),
    Action(
        "io.release", Kind.SAFE, Role.OPERATOR,
        Words("End a force before its time.", "提前释放被强制的信号。"), "bypass:release", ForcedPoint,
    ),
)  # fmt: skip
