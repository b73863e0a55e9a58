"""Actions on the queue of vehicles before the entry. What is announced moves nothing; reception asks the queue."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.persons import Role

VIN = r"^[A-HJ-NPR-Z0-9]{5,17}$"


class OneVehicle(Params):
    """One vehicle."""

    vehicle: str = Field(pattern=VIN, description="a vehicle's VIN")


class Announced(OneVehicle):
    """A vehicle that is expected."""

    priority: int = Field(0, ge=0, le=9, description="9 goes before 0; of the same priority who waits longer")
    note: str = Field("", max_length=120, description="what others read beside it")


class Ranked(OneVehicle):
    """How urgent a vehicle is."""

    priority: int = Field(ge=0, le=9, description="9 goes before 0")


ACTIONS = (
    Action("queue.list", Kind.READ, Role.VIEWER, Words("Vehicles that wait, who goes first, and what reception knows.", "等待的车辆、先后顺序及接待所知。"), "queue:list_waiting"),
    Action("queue.next", Kind.READ, Role.VIEWER, Words("Who goes first, and what stands against a swap for them now.", "下一辆车，以及当前不能换电的原因。"), "queue:show_next"),
    Action("queue.add", Kind.SAFE, Role.OPERATOR, Words("Announce a vehicle.", "登记一辆预约车辆。"), "queue:add", Announced),
    Action("queue.remove", Kind.SAFE, Role.OPERATOR, Words("Take a vehicle out of the queue.", "从队列中移除车辆。"), "queue:remove", OneVehicle),
    Action("queue.hold-back", Kind.SAFE, Role.OPERATOR, Words("Do not let a vehicle in until it is let in again.", "暂不放行该车辆，直到再次放行。"), "queue:hold_back", OneVehicle, reason=True),
    Action("queue.let-in", Kind.SAFE, Role.OPERATOR, Words("Let a vehicle in again that was held back.", "重新放行被暂缓的车辆。"), "queue:let_in", OneVehicle),
    Action("queue.priority", Kind.SAFE, Role.OPERATOR, Words("Change how urgent a vehicle is.", "更改车辆的优先级。"), "queue:rank", Ranked),
    Action("queue.close", Kind.SAFE, Role.OPERATOR, Words("Let nobody in until the queue is opened; what runs goes on.", "停止放行新车辆；正在进行的换电继续。"), "queue:close", reason=True),
    Action("queue.open", Kind.SAFE, Role.OPERATOR, Words("Let vehicles in again.", "恢复放行。"), "queue:open_again"),
)  # fmt: skip
