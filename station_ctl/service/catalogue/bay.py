"""Actions on bays, packs and chargers."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import Role

BAY = r"^[A-Z][0-9]{2,3}$"
PACK = r"^[0-9A-Z-]{3,40}$"


class BayWanted(Params):
    """One bay."""

    bay: str = Field(pattern=BAY, description="a bay's name, as A01")


class PackWanted(Params):
    """One pack."""

    pack: str = Field(pattern=PACK, description="a pack's code")


class Statement(PackWanted):
    """Where a person has seen a pack."""

    place: str = Field(pattern=r"^[A-Za-z0-9_:-]{2,40}$", description="a bay, robot, handover_in, handover_out, vehicle:VIN")


class TrueCode(PackWanted):
    """The code that a pack truly has, and where it rests."""

    place: str = Field(pattern=r"^[A-Za-z0-9_:-]{2,40}$", description="a bay, robot, handover_in, handover_out, vehicle:VIN")


ACTIONS = (
    Action("bay.list", Kind.READ, Role.VIEWER, Words("Bays: pack, charge, temperature, charger.", "仓位：电池包、电量、温度、充电机。"), "bay:list_bays"),
    Action("bay.show", Kind.READ, Role.VIEWER, Words("One bay, and what stands against giving or taking a pack.", "一个仓位，以及不能取放的原因。"), "bay:show", BayWanted),
    Action("bay.scan", Kind.READ, Role.VIEWER, Words("Which pack the sensors show where, against custody.", "传感器所见与台账对照。"), "bay:scan"),
    Action("bay.disable", Kind.SAFE, Role.TECHNICIAN, Words("Take a bay out of use: no swap and no procedure works at it.", "停用仓位：换电和维护程序均不再使用。"), "bay:disable", BayWanted, plan="bay:plan_disable", reason=True),
    Action("bay.enable", Kind.SAFE, Role.TECHNICIAN, Words("Put a bay back into use.", "恢复使用仓位。"), "bay:enable", BayWanted),
    Action("bay.inventory", Kind.SAFE, Role.TECHNICIAN, Words("Confirm an inventory: packs that sensors show enter custody.", "确认盘点：传感器所见电池包记入台账。"), "bay:inventory", plan="bay:plan_inventory"),
    Action("battery.list", Kind.READ, Role.VIEWER, Words("Packs and where each is.", "电池包及其位置。"), "bay:list_packs"),
    Action("battery.show", Kind.READ, Role.VIEWER, Words("One pack: place, state, history.", "一个电池包：位置、状态、历史。"), "bay:show_pack", PackWanted),
    Action("battery.history", Kind.READ, Role.VIEWER, Words("Every place that a pack has been at, by the journal.", "电池包去过的所有位置（据日志）。"), "bay:pack_history", PackWanted),
    Action("battery.is-at", Kind.BYPASS, Role.TECHNICIAN, Words("State where a pack is, as two persons have seen it.", "由两人确认后声明电池包所在位置。"), "bay:state_place", Statement, plan="bay:plan_statement", two_persons=True, reason=True),
    Action("battery.is-called", Kind.BYPASS, Role.TECHNICIAN, Words("Correct the code of the pack at a place, as two persons have read it.", "由两人核对后更正某位置电池包的编码。"), "bay:correct_code", TrueCode, plan="bay:plan_code", two_persons=True, reason=True),
    Action("charger.list", Kind.READ, Role.VIEWER, Words("Chargers: state, power, charge, minutes left.", "充电机：状态、功率、电量、剩余分钟。"), "bay:list_chargers"),
)  # fmt: skip
