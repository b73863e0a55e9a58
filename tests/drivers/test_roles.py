"""Every driver fills the role it is written for.

Knows roles and models. mypy reads this file with the sources and proves signals, types and commands by the
assignments below; the test then sees the same names on devices built from the real I/O lists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from inspect import getmembers, isfunction
from types import SimpleNamespace

import pytest

from drivers.charging_rack_cr12 import Bay, ChargingRackCR12
from drivers.gantry_crane_gc1 import GantryCraneGC1
from drivers.pack_id_reader_pr1 import PackIdReaderPR1
from drivers.safety_plc_sp1 import SafetyPlcSP1
from drivers.site_meter_sm1 import SiteMeterSM1
from drivers.stacker_st2 import StackerST2
from drivers.swap_robot_sr3 import SwapRobotSR3
from drivers.truck_link_tk1 import TruckLinkTK1
from drivers.truck_stand_ts1 import TruckStandTS1
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from station_ctl.core.devices import Device
from station_ctl.core.points import IoList
from station_ctl.core.roles import (
    BaySignals,
    ChargingRack,
    PackIdReader,
    SafetyChain,
    SiteMeter,
    Stacker,
    SwapRobot,
    VehicleLift,
    VehicleLink,
)
from station_ctl.core.signals import Signal
from station_ctl.core.truck_roles import GantryCrane, PackSeat, TruckLink, TruckStand


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
    meter: SiteMeter = SiteMeterSM1("meter", "meter", io("site_meter_sm1"))
    reader: PackIdReader = PackIdReaderPR1("reader", "reader", io("pack_id_reader_pr1"))
    crane: GantryCrane = GantryCraneGC1("crane", "crane", io("gantry_crane_gc1"))
    stand: TruckStand = TruckStandTS1("stand", "stand", io("truck_stand_ts1"))
    truck: TruckLink = TruckLinkTK1("truck", "stand", io("truck_stand_ts1"))
    return {
        SwapRobot: robot,
        VehicleLift: lift,
        VehicleLink: vehicle,
        Stacker: stacker,
        ChargingRack: rack,
        BaySignals: bay,
        SafetyChain: safety,
        SiteMeter: meter,
        PackIdReader: reader,
        GantryCrane: crane,
        TruckStand: stand,
        TruckLink: truck,
    }


def test_a_device_shows_every_signal_and_command_of_its_role(io_list: Callable[[str], IoList]) -> None:
    for role, device in fill_every_role(io_list).items():
        commands = [name for name, _ in getmembers(role, isfunction) if not name.startswith("_")]
        missing = [name for name in (*role.__annotations__, *commands) if name not in dir(device)]
        assert not missing, f"{type(device).__name__} lacks {missing} of {role.__name__}"


@pytest.mark.parametrize(
    "role",
    ["robot", "lift", "vehicle", "stacker", "rack_a", "safety", "meter", "reader", "crane", "stand", "truck"],
)
def test_a_signal_is_named_after_its_role_and_attribute(station: SimpleNamespace, role: str) -> None:
    device = getattr(station, role)
    for attribute, signal in vars(device).items():
        if attribute not in ("channel", "io", "role", "link") and hasattr(signal, "tag"):
            assert signal.name == f"{role}.{attribute}"
            assert signal.link == device.link


EXCLUSIVE: dict[type, set[tuple[str, str]]] = {
    SwapRobot: {("BOLT_OPEN", "BOLT_CLOSED")},
    VehicleLift: {("CLAMPED", "UNCLAMPED"), ("LIFT_AT_WORK", "LIFT_DOWN"), ("FLOOR_OPEN", "FLOOR_CLOSED")},
    VehicleLink: {
        ("VEH_HV_OFF", "VEH_HV_ON"), ("VEH_CONNECTOR_MATED", "VEH_CONNECTOR_APART"),
        ("VEH_LOCKS_OPEN", "VEH_LOCKS_CLOSED"),
    },
    Stacker: {("FORK_RETRACTED", "FORK_EXTENDED"), ("PARKED", "FORK_EXTENDED")},
    GantryCrane: {("GRIPPER_CLOSED", "GRIPPER_OPEN"), ("ISOLATION_EMPTY", "ISOLATION_PRESENT")},
    TruckStand: {("BAY_EMPTY", "AT_WHEEL_STOP")},
    TruckLink: {
        ("VEH_HV_OFF", "VEH_HV_ON"), ("VEH_CONNECTOR_MATED", "VEH_CONNECTOR_APART"),
        ("VEH_LOCKS_OPEN", "VEH_LOCKS_CLOSED"), ("VEH_CONNECTOR_MATED_2", "VEH_CONNECTOR_APART_2"),
    },
    ChargingRack: {(f"BAY{bay:02d}_PLUG_OUT", f"BAY{bay:02d}_PLUG_IN") for bay in range(1, 13)},
}  # fmt: skip
"""What no machine can show at once, written a second time, from the machines and not from the drivers."""


@pytest.mark.parametrize("role", EXCLUSIVE, ids=lambda role: role.__name__)
def test_a_driver_knows_which_of_its_signals_exclude_each_other(io_list: Callable[[str], IoList], role: type) -> None:
    device = fill_every_role(io_list)[role]
    assert isinstance(device, Device)
    assert {(pair.one.tag, pair.other.tag) for pair in device.pairs} >= EXCLUSIVE[role]
    for pair in device.pairs:
        shown = [s for s in vars(device).values() if isinstance(s, Signal) and s.tag in (pair.one.tag, pair.other.tag)]
        if role is not ChargingRack:
            assert len(shown) == 2 and all(s.against for s in shown), "the role's own signals, not copies of them"


def test_the_first_seat_of_a_truck_is_that_of_any_vehicle(io_list: Callable[[str], IoList]) -> None:
    roles = fill_every_role(io_list)
    truck, car = roles[TruckLink], roles[VehicleLink]
    assert isinstance(truck, TruckLinkTK1) and isinstance(car, VehicleLinkVL1)
    one, two = ([getattr(seat, field.name) for field in fields(PackSeat)] for seat in truck.seats)
    assert one == [
        truck.pack_latched, truck.connector_mated, truck.connector_apart, truck.coolant_mated, truck.pack_id,
    ]  # fmt: skip
    assert [signal.tag for signal in two] == [f"{signal.tag}_2" for signal in one]
    assert [(signal.scan, bool(signal.against)) for signal in two] == [(s.scan, bool(s.against)) for s in one]
    assert truck.pack_ids == tuple(seat.pack_id for seat in truck.seats) and car.pack_ids == (car.pack_id,)
