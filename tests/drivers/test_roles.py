"""Every driver fills the role it is written for.

Knows roles and models. mypy reads this file with the sources and proves signals, types and commands by the
assignments below; the test then sees the same names on devices built from the real I/O lists.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import getmembers, isfunction
from types import SimpleNamespace

import pytest

from drivers.charging_rack_cr12 import Bay, ChargingRackCR12
from drivers.pack_id_reader_pr1 import PackIdReaderPR1
from drivers.safety_plc_sp1 import SafetyPlcSP1
from drivers.stacker_st2 import StackerST2
from drivers.swap_robot_sr3 import SwapRobotSR3
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from station_ctl.core.points import IoList
from station_ctl.core.roles import (
    BaySignals,
    ChargingRack,
    PackIdReader,
    SafetyChain,
    Stacker,
    SwapRobot,
    VehicleLift,
    VehicleLink,
)


def fill_every_role(io: Callable[[str], IoList]) -> dict[type, object]:
    """Each assignment states: this model fills this role."""
    robot: SwapRobot = SwapRobotSR3("robot", "robot", io("swap_robot_sr3"))
    lift: VehicleLift = VehicleLiftVL1("lift", "lift", io("vehicle_lift_vl1"))
    vehicle: VehicleLink = VehicleLinkVL1("vehicle", "lift", io("vehicle_lift_vl1"))
    stacker: Stacker = StackerST2("stacker", "stacker", io("stacker_st2"))
    frame = ChargingRackCR12("rack_a", "rack_a", io("charging_rack_cr12"))
    rack: ChargingRack = frame
    bay: BaySignals = Bay(frame, 1, 1, "A01")
    safety: SafetyChain = SafetyPlcSP1("safety", "safety", io("safety_plc_sp1"))
    reader: PackIdReader = PackIdReaderPR1("reader", "reader", io("pack_id_reader_pr1"))
    return {
        SwapRobot: robot,
        VehicleLift: lift,
        VehicleLink: vehicle,
        Stacker: stacker,
        ChargingRack: rack,
        BaySignals: bay,
        SafetyChain: safety,
        PackIdReader: reader,
    }


def test_a_device_shows_every_signal_and_command_of_its_role(io_list: Callable[[str], IoList]) -> None:
    for role, device in fill_every_role(io_list).items():
        commands = [name for name, _ in getmembers(role, isfunction) if not name.startswith("_")]
        missing = [name for name in (*role.__annotations__, *commands) if name not in dir(device)]
        assert not missing, f"{type(device).__name__} lacks {missing} of {role.__name__}"


@pytest.mark.parametrize(
    "role", ["robot", "lift", "vehicle", "stacker", "rack_a", "safety", "meter", "reader"]
)
def test_a_signal_is_named_after_its_role_and_attribute(station: SimpleNamespace, role: str) -> None:
    device = getattr(station, role)
    for attribute, signal in vars(device).items():
        if attribute not in ("channel", "io", "role", "link") and hasattr(signal, "tag"):
            assert signal.name == f"{role}.{attribute}"
            assert signal.link == device.link
