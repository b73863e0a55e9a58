"""Actions on swaps: start one, look at them, hold, resume, give up."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.modes import Mode
from station_ctl.service.actions import POSITIONAL, Action, Kind, Params, Words
from station_ctl.service.persons import Role

AUTOMATIC = frozenset((Mode.AUTOMATIC,))
RUN_ID = r"^[A-Z]-[0-9]{4,}(-R)?$"


class Vehicle(Params):
    """The vehicle that is expected at the entry."""

    vehicle: str = Field("", max_length=17, pattern=r"^[A-HJ-NPR-Z0-9]{0,17}$", description="VIN that the entry must show")


class RunWanted(Params):
    """One run."""

    run: str = Field(pattern=RUN_ID, description="a run's id, as S-0001")


class Resume(Params):
    """How an interrupted swap goes on."""

    looked: bool = Field(False, description="a person has looked at the machine: half-done steps may be repeated")
    step: bool = Field(False, description="hold after every step, and ask again before the next")


class Recover(Params):
    """What is to be recovered."""

    run: str = Field("", pattern=r"^$|" + RUN_ID, description="a run's id; empty for every open run", json_schema_extra=POSITIONAL)


class HowMany(Params):
    """How many, newest last."""

    most: int = Field(20, ge=1, le=1000, description="how many, newest last")


ACTIONS = (
    Action(
        "swap.start", Kind.MOVES, Role.OPERATOR,
        Words("Swap the pack of the vehicle at the entry.", "为入口处车辆换电。"),
        "swap:start", Vehicle, plan="swap:plan_start", modes=AUTOMATIC, long=True,
    ),
    Action("swap.list", Kind.READ, Role.VIEWER, Words("Swaps, newest last.", "换电列表，最新在后。"), "swap:list_swaps", HowMany),
    Action("swap.show", Kind.READ, Role.VIEWER, Words("One swap with its steps.", "一次换电及其步骤。"), "swap:show", RunWanted),
    Action("swap.rows", Kind.READ, Role.VIEWER, Words("What the journal has of the time of one run, and the words of its steps.", "一次运行期间的日志及步骤文字。"), "swap:rows_of", RunWanted),
    Action(
        "swap.hold", Kind.SAFE, Role.VIEWER,
        Words("Hold every swap now; it can be resumed.", "立即保持所有换电；可以恢复。"),
        "station:hold", anyone=True,
    ),
    Action(
        "swap.resume", Kind.MOVES, Role.OPERATOR,
        Words("Go on with what was held or interrupted.", "继续被保持或中断的换电。"),
        "swap:resume", Resume, plan="swap:plan_resume", modes=AUTOMATIC, long=True,
    ),
    Action(
        "swap.recover", Kind.READ, Role.VIEWER,
        Words("What stopped, what journal and sensors say, and which ways lead on.", "停在何处、日志与传感器所示、可行的出路。"),
        "recover:plan", Recover,
    ),
    Action(
        "swap.abort", Kind.SAFE, Role.VIEWER,
        Words("Abort every swap now: make safe; a person recovers.", "立即中止所有换电：转入安全；由人员恢复。"),
        "station:abort", anyone=True,
    ),
    Action(
        "swap.retreat", Kind.MOVES, Role.OPERATOR,
        Words("Give a swap up: the vehicle goes back safely.", "放弃换电：车辆安全退回。"),
        "swap:retreat", RunWanted, plan="swap:plan_retreat", modes=AUTOMATIC, long=True,
    ),
)  # fmt: skip
