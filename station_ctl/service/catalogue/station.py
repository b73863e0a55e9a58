"""Actions on the station as a whole: looking at it, making it ready, stopping it."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.modes import Mode
from station_ctl.service.actions import POSITIONAL, Action, Kind, Params, Words
from station_ctl.service.persons import Role

RUNS_IN = frozenset((Mode.AUTOMATIC, Mode.MAINTENANCE))


PARTS = ("state", "runs", "trips", "custody", "bays", "links", "queue", "operations")
"""Parts of the station that a look may be about."""


class Part(Params):
    """All of it, or one part."""

    part: str = Field("", pattern=f"^$|^({'|'.join(PARTS)})$", description=f"one of {', '.join(PARTS)}; empty for all", json_schema_extra=POSITIONAL)
    exit_code: bool = Field(False, alias="exit-code", description="exit 4 unless the station is well: running or ready, no trip, every link up")


class Subject(Params):
    """What the question is about."""

    subject: str = Field("", max_length=80, description="swap, start, a run's id, bay.A01, or an action such as swap.start", json_schema_extra=POSITIONAL)
    at: str = Field("", max_length=40, description="what was refused and what tripped in the hour before: HH:MM or RFC 3339, UTC")


ACTIONS = (
    Action(
        "status", Kind.READ, Role.VIEWER,
        Words("One screen: state, swap, alarms, bays, devices.", "一屏概览：状态、换电、报警、仓位、设备。"),
        "station:status", Part,
    ),
    Action(
        "why", Kind.READ, Role.VIEWER,
        Words("Why something is blocked, held or failed, and what to do next.", "为何受阻、保持或失败，以及下一步该做什么。"),
        "why:why", Subject,
    ),
    Action(
        "station.reset", Kind.MOVES, Role.OPERATOR,
        Words("Make the station ready to start; nothing moves yet.", "复位到可启动状态；设备尚不动作。"),
        "station:reset", plan="station:plan_reset",
    ),
    Action(
        "station.start", Kind.MOVES, Role.OPERATOR,
        Words("Begin: from now on swaps may run, or in mode maintenance its procedures.", "开始：此后可以换电；维护模式下可运行维护程序。"),
        "station:start", plan="station:plan_start", modes=RUNS_IN,
    ),
    Action(
        "station.stop", Kind.SAFE, Role.VIEWER,
        Words("Finish running swaps, begin none.", "完成正在进行的换电，不再开始新的。"),
        "station:stop", anyone=True,
    ),
    Action(
        "station.hold", Kind.SAFE, Role.VIEWER,
        Words("Bring every motion to a controlled stop now; it can be resumed.", "立即受控停止所有动作；可以恢复。"),
        "station:hold", anyone=True,
    ),
    Action(
        "station.abort", Kind.SAFE, Role.VIEWER,
        Words("Make safe now; a person recovers the swap afterwards.", "立即转入安全状态；之后由人员恢复。"),
        "station:abort", anyone=True,
    ),
    Action(
        "station.clear", Kind.SAFE, Role.OPERATOR,
        Words("After an abort: the cause is gone, the station may be made ready.", "中止之后：原因已消除，可以重新准备。"),
        "station:clear",
    ),
)  # fmt: skip
