"""The devices of both reference stations, each built from the I/O list that its PLC supplier would deliver.

Knows the CSV files of config/io. Does not know links: nothing here can read or write.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.charging_rack_cr12 import ChargingRackCR12
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
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass

IO = Path(__file__).parents[2] / "config" / "io"


def _io_list(name: str) -> IoList:
    if name == "pack_id_reader_pr1":  # no PLC behind it: its two tags are those of its protocol
        code = PointType.parse("str24")
        heads = (Point(f"{h}_CODE", h, code, Access.READ, ScanClass.NORMAL) for h in ("IN", "OUT"))
        return IoList(name, tuple(heads))
    with (IO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return IoList(name, tuple(_point(row) for row in csv.DictReader(file)))


def _point(row: dict[str, str]) -> Point:
    kind, scale = PointType.parse(row["type"]), float(row["scale"] or 1)
    return Point(
        row["tag"], row["address"], kind, Access(row["access"]), ScanClass(row["scan"]), row["unit"], scale
    )


@pytest.fixture(scope="session")
def io_list() -> Callable[[str], IoList]:
    """Reads one I/O list by the name of its file."""
    return _io_list


@pytest.fixture(scope="session")
def station() -> SimpleNamespace:
    """Every device of the reference stations by its role; the truck's link stands beside the car's."""
    stand = _io_list("truck_stand_ts1")
    rack, lift = _io_list("charging_rack_cr12"), _io_list("vehicle_lift_vl1")
    return SimpleNamespace(
        robot=SwapRobotSR3("robot", "robot", _io_list("swap_robot_sr3")),
        lift=VehicleLiftVL1("lift", "lift", lift),
        vehicle=VehicleLinkVL1("vehicle", "lift", lift),
        stacker=StackerST2("stacker", "stacker", _io_list("stacker_st2")),
        crane=GantryCraneGC1("crane", "crane", _io_list("gantry_crane_gc1")),
        stand=TruckStandTS1("stand", "stand", stand),
        truck=TruckLinkTK1("truck", "stand", stand),
        rack_a=ChargingRackCR12("rack_a", "rack_a", rack),
        rack_b=ChargingRackCR12("rack_b", "rack_b", rack, first_bay=13, bay_prefix="B"),
        safety=SafetyPlcSP1("safety", "safety", _io_list("safety_plc_sp1")),
        meter=SiteMeterSM1("meter", "meter", _io_list("site_meter_sm1")),
        reader=PackIdReaderPR1("reader", "reader", _io_list("pack_id_reader_pr1")),
    )
