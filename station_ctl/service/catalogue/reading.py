"""Actions that look at readings: points, devices, interlocks, trends, clock, log. They write nothing to any PLC."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import POSITIONAL, Action, Kind, Params, Words
from station_ctl.service.durations import Duration
from station_ctl.service.persons import Role

TAG = r"^[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$"


class Pattern(Params):
    """Points whose name has this in it."""

    pattern: str = Field("", max_length=80, description="part of link.TAG, as stacker. or CURTAIN; empty for all", json_schema_extra=POSITIONAL)


class PointWanted(Params):
    """One point."""

    point: str = Field(pattern=TAG, description="link.TAG, as stacker.PACK_ON_FORK")


class DeviceWanted(Params):
    """One device."""

    device: str = Field(max_length=40, description="a role, as stacker")


class InterlockWanted(Params):
    """Interlocks."""

    interlock: str = Field("", pattern=r"^$|^G[0-9]{2}[A-Za-z]?$", description="a code, as G04; empty for all", json_schema_extra=POSITIONAL)


class TrendWanted(Params):
    """One trend."""

    tag: str = Field(pattern=TAG, description="link.TAG; see trend list")
    since: Duration = Field(3600.0, gt=0, le=400 * 86400.0, description="how far back, as 2h")
    points: int = Field(60, ge=1, le=2000, description="how many points")


class LogWanted(Params):
    """Rows of the journal."""

    most: int = Field(100, ge=1, le=5000, description="how many, newest last")
    swap: str = Field("", max_length=20, description="only this run")
    kind: str = Field("", max_length=40, description="only rows of this kind, as tripped")
    since: Duration = Field(400 * 86400.0, gt=0, le=400 * 86400.0, description="how far back, as 2h or 1d")
    device: str = Field("", max_length=40, description="only orders to this device")
    after: int = Field(0, ge=0, lt=2**63, description="only rows after this number")


ACTIONS = (
    Action("io.list", Kind.READ, Role.VIEWER, Words("Points with value, quality and age.", "点位：值、质量、时效。"), "reading:list_points", Pattern),
    Action("io.read", Kind.READ, Role.VIEWER, Words("One point, and what the I/O list says of it.", "一个点位及其点表定义。"), "reading:read_point", PointWanted),
    Action("device.list", Kind.READ, Role.VIEWER, Words("Devices, their links and what they do.", "设备、链路及状态。"), "reading:list_devices"),
    Action("device.show", Kind.READ, Role.VIEWER, Words("One device: link, order channel, readings.", "一个设备：链路、指令通道、读数。"), "reading:show_device", DeviceWanted),
    Action("interlock.now", Kind.READ, Role.VIEWER, Words("Interlocks on live readings: needed, found, source, age.", "联锁实时状态：要求、实际、来源、时效。"), "reading:interlocks", InterlockWanted),
    Action("trend.list", Kind.READ, Role.VIEWER, Words("Tags that are sampled.", "采样的点位。"), "reading:list_trends"),
    Action("trend.plot", Kind.READ, Role.VIEWER, Words("The trend of a tag.", "一个点位的趋势。"), "reading:trend", TrendWanted),
    Action("trend.export", Kind.READ, Role.VIEWER, Words("The trend of a tag as rows.", "导出一个点位的趋势。"), "reading:trend", TrendWanted),
    Action("clock.show", Kind.READ, Role.VIEWER, Words("The clocks: UTC, monotonic, each PLC's.", "时钟：UTC、单调时钟、各 PLC。"), "reading:clock"),
    Action("log", Kind.READ, Role.VIEWER, Words("Rows of the journal, newest last.", "日志记录，最新在后。"), "reading:log_rows", LogWanted),
)  # fmt: skip
