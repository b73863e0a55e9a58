"""Actions of maintenance: any procedure by its name, and the usual ones as words of their own."""

from __future__ import annotations

from pydantic import Field

from station_ctl.core.modes import Mode
from station_ctl.service.actions import POSITIONAL, Action, Kind, Nothing, Params, Words
from station_ctl.service.catalogue.bay import BAY, PACK
from station_ctl.service.catalogue.swap import RUN_ID, Resume
from station_ctl.service.persons import Role

MAINTENANCE = frozenset((Mode.MAINTENANCE,))


class SequenceWanted(Params):
    """One procedure."""

    name: str = Field(max_length=40, description="a procedure's name, as robot.home")


class RunSequence(SequenceWanted):
    """A procedure and its parameters."""

    args: tuple[str, ...] = Field((), max_length=8, description="parameters, as bay=A01", json_schema_extra=POSITIONAL)


class OneBay(Params):
    """The bay that is worked on."""

    bay: str = Field(pattern=BAY, description="a bay's name, as A01")


class MovePack(Params):
    """From which bay to which."""

    origin: str = Field(pattern=BAY, description="the bay that the pack is in")
    target: str = Field(pattern=BAY, description="the bay that it goes to")
    pack: str = Field("", pattern=rf"{PACK}|^$", description="its code; without it the one that custody has there")


class PackToBay(Params):
    """A pack that comes to a bay."""

    bay: str = Field(pattern=BAY, description="the bay that it goes to")
    pack: str = Field(pattern=PACK, description="its code, which is read and compared")


class WaitingPack(Params):
    """The pack that waits at the handover."""

    bay: str = Field(pattern=BAY, description="the bay that it goes to")
    pack: str = Field("", pattern=rf"{PACK}|^$", description="its code; without it the one that custody has there")


class Exercise(Params):
    """With which vehicle, and how often."""

    model: str = Field("", max_length=40, description="the test vehicle's model; without it the first of the station")
    cycles: int = Field(1, ge=1, le=20, description="how often")


class RunToEnd(Params):
    """One run of maintenance."""

    run: str = Field(pattern=RUN_ID, description="a run's id, as M-0001")


def moves(name: str, en: str, zh: str, params: type[Params] = Nothing) -> Action:
    """A procedure as a word of its own: the same as `seq.run` with its name."""
    return Action(
        name, Kind.MOVES, Role.TECHNICIAN, Words(en, zh), "sequence:run_named", params,
        plan="sequence:plan_named", modes=MAINTENANCE, long=True,
    )  # fmt: skip


PROCEDURES = (
    moves("station.home", "Home every device: robot, stacker, lift.", "所有设备回零：机器人、堆垛机、举升机。"),
    moves("robot.home", "Robot down and home.", "机器人下降并回零。"),
    moves("stacker.home", "Reference the stacker and park it.", "堆垛机回零并停靠。"),
    moves("lift.home", "Lift down, clamps open, floor closed.", "举升机下降、夹具松开、地板关闭。"),
    moves("bay.plug-in", "Plug in a bay.", "仓位插头插入。", OneBay),
    moves("bay.plug-out", "Stop charging and unplug a bay.", "停止充电并拔出仓位插头。", OneBay),
    moves("bay.isolate", "Bring the pack of a bay to the isolation place.", "将仓位电池包移至隔离位。", OneBay),
    moves("battery.move", "Move a pack from bay to bay.", "在仓位之间移动电池包。", MovePack),
    moves("battery.out", "Bring a pack to handover IN for people to take it away.", "将电池包送至入口交接位由人员取走。", OneBay),
    moves("battery.in", "Take a pack that people set down at handover OUT into a bay.", "将人员放在出口交接位的电池包入仓。", PackToBay),
    moves("battery.put-back", "Put the pack of handover IN back into a bay.", "将入口交接位的电池包放回仓位。", WaitingPack),
    moves("lift.exercise", "Lift and lower a test vehicle.", "举升并下降测试车辆。", Exercise),
    moves("lock.exercise", "Open and close the locks of a test vehicle.", "开合测试车辆的锁。", Exercise),
    moves("torque.test", "Tighten the locks of a test vehicle and record the torque.", "拧紧测试车辆的锁并记录扭矩曲线。", Exercise),
)  # fmt: skip
"""Each is a maintenance procedure of the station by the same name."""

ACTIONS = (
    Action(
        "seq.list", Kind.READ, Role.VIEWER,
        Words("Procedures of maintenance and their parameters.", "维护程序及其参数。"), "sequence:list_sequences",
    ),
    Action(
        "seq.run", Kind.MOVES, Role.TECHNICIAN,
        Words("Run a procedure of maintenance.", "运行一个维护程序。"),
        "sequence:run", RunSequence, plan="sequence:plan_run", modes=MAINTENANCE, long=True,
    ),
    Action(
        "seq.resume", Kind.MOVES, Role.TECHNICIAN,
        Words("Go on with a procedure of maintenance that was held or interrupted.", "继续被保持或中断的维护程序。"),
        "swap:resume", Resume, plan="swap:plan_resume", modes=MAINTENANCE, long=True,
    ),
    Action(
        "seq.give-up", Kind.MOVES, Role.TECHNICIAN,
        Words("Give an interrupted procedure of maintenance up; nothing moves.", "放弃被中断的维护程序；设备不动作。"),
        "sequence:give_up", RunToEnd, plan="sequence:plan_give_up", modes=MAINTENANCE,
    ),
    *PROCEDURES,
)  # fmt: skip
