"""Actions on alarms."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.alarms import Language
from station_ctl.service.actions import POSITIONAL, Action, Kind, Params, Words
from station_ctl.service.durations import Duration
from station_ctl.service.persons import Role

ID = r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,79}$"


class InLanguage(Params):
    """In which words."""

    language: Language = Field(Language.ENGLISH, description="words of the catalogue: en or zh")


class AlarmWanted(InLanguage):
    """One alarm, by its id or code."""

    alarm: str = Field(pattern=ID, description="an alarm's id, as A102-G01, or a code, as A102")


class Acknowledge(Params):
    """What a person has seen."""

    alarm: str = Field("", pattern=r"^$|" + ID, description="an alarm's id; its consequences go with it", json_schema_extra=POSITIONAL)
    all: bool = Field(False, description="every alarm that stands")
    note: str = Field("", max_length=400, description="what was found, for those who read it later")


class Shelve(Params):
    """An alarm put aside for a while."""

    alarm: str = Field(pattern=ID, description="an alarm's id")
    for_: Duration = Field(1800.0, alias="for", gt=0, le=8 * 3600.0, description="how long, at most 8h, as 30m")


class OneAlarm(Params):
    """One alarm."""

    alarm: str = Field(pattern=ID, description="an alarm's id")


class Since(Params):
    """A span until now."""

    since: Duration = Field(86400.0, gt=0, le=400 * 86400.0, description="how far back, as 2h or 1d")
    alarm: str = Field("", pattern=r"^$|" + ID, description="only this id or code")
    most: int = Field(200, ge=1, le=5000, description="how many, newest first")


class Span(Params):
    """A span until now."""

    since: Duration = Field(86400.0, gt=0, le=400 * 86400.0, description="how far back, as 2h or 1d")


ACTIONS = (
    Action("alarm.list", Kind.READ, Role.VIEWER, Words("Alarms that stand, what calls first.", "当前报警，待处理者在前。"), "alarm:list_active", InLanguage),
    Action("alarm.explain", Kind.READ, Role.VIEWER, Words("One alarm: cause, consequence, what to do.", "一条报警：原因、后果、处置。"), "alarm:explain", AlarmWanted),
    Action("alarm.ack", Kind.SAFE, Role.OPERATOR, Words("Acknowledge an alarm, or --all; trips whose cause is gone are reset.", "确认报警，或用 --all 全部确认；原因已消除的跳闸随之复位。"), "alarm:acknowledge", Acknowledge),
    Action("alarm.shelve", Kind.SAFE, Role.OPERATOR, Words("Put an alarm aside for a while.", "暂时搁置一条报警。"), "alarm:shelve", Shelve, reason=True),
    Action("alarm.unshelve", Kind.SAFE, Role.OPERATOR, Words("Take an alarm off the shelf.", "取消搁置。"), "alarm:unshelve", OneAlarm),
    Action("alarm.take-out", Kind.BYPASS, Role.TECHNICIAN, Words("Take an alarm out of service until it is put back.", "停用一条报警，直到恢复。"), "alarm:take_out", OneAlarm, two_persons=True, reason=True),
    Action("alarm.put-back", Kind.SAFE, Role.TECHNICIAN, Words("Put an alarm back in service.", "恢复一条报警。"), "alarm:put_back", OneAlarm),
    Action("alarm.silence", Kind.SAFE, Role.OPERATOR, Words("Silence the horn; acknowledges nothing.", "消音；不等于确认。"), "alarm:silence"),
    Action("alarm.history", Kind.READ, Role.VIEWER, Words("What happened to alarms, newest first.", "报警历史，最新在前。"), "alarm:history", Since),
    Action("alarm.stats", Kind.READ, Role.VIEWER, Words("The load that alarms put on a person.", "报警负荷统计。"), "alarm:stats", Span),
    Action("alarm.export", Kind.READ, Role.VIEWER, Words("Alarm history as rows.", "导出报警历史。"), "alarm:history", Since),
)  # fmt: skip
