"""Actions that look at one machine: where it stands, what its locks show, what was measured, whether its PLC lives."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Words
from station_ctl.service.catalogue.reading import DeviceWanted
from station_ctl.service.catalogue.swap import HowMany
from station_ctl.service.persons import Role


class Ping(DeviceWanted):
    """How long to wait for a sign of life."""

    within: float = Field(2.0, gt=0, le=10, description="seconds to wait for the PLC's heartbeat to move")


ACTIONS = (
    Action("robot.where", Kind.READ, Role.VIEWER, Words("Where the swap robot stands, and its measured positions.", "换电机器人的位置及测量值。"), "machine:where"),
    Action("stacker.where", Kind.READ, Role.VIEWER, Words("Where the stacker stands, and its measured positions.", "堆垛机的位置及测量值。"), "machine:where"),
    Action("lift.where", Kind.READ, Role.VIEWER, Words("Where the vehicle lift stands, and its measured positions.", "车辆举升机的位置及测量值。"), "machine:where"),
    Action("lock.read", Kind.READ, Role.VIEWER, Words("Every lock runner: open, closed, turns, torque.", "各锁枪：开、合、圈数、扭矩。"), "machine:read_locks"),
    Action("torque.history", Kind.READ, Role.VIEWER, Words("Torque tests that were recorded, newest last.", "已记录的扭矩测试，最新在后。"), "machine:torque_history", HowMany),
    Action("seq.history", Kind.READ, Role.VIEWER, Words("Runs of maintenance, newest last.", "维护运行记录，最新在后。"), "swap:list_maintenance", HowMany),
    Action("device.ping", Kind.READ, Role.VIEWER, Words("Wait until a device's PLC shows a new sign of life.", "等待设备 PLC 的新心跳。"), "machine:ping", Ping),
)  # fmt: skip
