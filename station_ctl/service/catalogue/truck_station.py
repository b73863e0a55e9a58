"""Words of the truck station's own machines: crane and stand. Homing, jogging, where they are."""

from __future__ import annotations

from station_ctl.service.actions import Action, Kind, Words
from station_ctl.service.catalogue.jog import jogs
from station_ctl.service.catalogue.sequence import moves
from station_ctl.service.persons import Role

ACTIONS = (
    Action("crane.where", Kind.READ, Role.VIEWER, Words("Where the gantry crane hangs, and its measured positions.", "龙门吊的位置及测量值。"), "machine:where"),
    moves("crane.home", "Hoist the crane and park it.", "龙门吊起升并停靠。"),
    jogs("crane.jog", "Jog one axis of the crane while the button is held.", "按住按钮时点动龙门吊的一个轴。"),
    Action("stand.where", Kind.READ, Role.VIEWER, Words("Where the truck stands, and its measured pose.", "卡车的停位及测得的位姿。"), "machine:where"),
    moves("stand.home", "Reference the stand's laser scanner.", "车位激光扫描仪回零。"),
)  # fmt: skip
