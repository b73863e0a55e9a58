"""Faces of the simulated PLCs: what each shows on the wire, in which protocol, by which I/O list.

Knows lists and protocols. Does not know the plant: a program may have a face of any kind, or two of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil_tests.simplc.wire.io_list import Row, read_rows

MODBUS_TCP, MODBUS_RTU, OPCUA, SERIAL_LINE = "modbus-tcp", "modbus-rtu", "opcua", "serial-line"


@dataclass(frozen=True)
class Face:
    """One address of a PLC: `name` as a station's link calls it, `plc` the program behind it."""

    name: str
    plc: str
    protocol: str
    io_list: Path | None = None
    byte_order: str = "ABCD"
    unit: int = 1
    level: str = "A"
    """How much of the handshake it lets through: with B a block without epoch, age and checksum is an order."""

    def rows(self) -> list[Row]:
        """The I/O list of this face."""
        return read_rows(self.io_list, self.byte_order) if self.io_list is not None else []


PASSENGER = (
    ("lift", MODBUS_TCP, "vehicle_lift_vl1"),
    ("stacker", MODBUS_TCP, "stacker_st2"),
    ("rack_a", MODBUS_TCP, "charging_rack_cr12"),
    ("rack_b", MODBUS_TCP, "charging_rack_cr12"),
    ("safety", MODBUS_TCP, "safety_plc_sp1"),
    ("robot", OPCUA, "swap_robot_sr3"),
    ("meter", MODBUS_RTU, "site_meter_sm1"),
    ("reader", SERIAL_LINE, ""),
)
TRUCK = (
    ("crane", OPCUA, "gantry_crane_gc1"),
    ("stand", MODBUS_TCP, "truck_stand_ts1"),
    ("rack_a", MODBUS_TCP, "charging_rack_cr12"),
    ("safety", MODBUS_TCP, "safety_plc_sp1"),
    ("meter", MODBUS_RTU, "site_meter_sm1"),
)
"""The PLCs of each kind of station; TCP ports are given in this order, so that a base always means the same PLC."""


def shipped_faces(io_dir: Path, table: Iterable[tuple[str, str, str]] = PASSENGER) -> tuple[Face, ...]:
    """The PLCs of a station as their own lists show them."""
    return tuple(
        Face(name, name, protocol, io_dir / f"{io_list}.csv" if io_list else None)
        for name, protocol, io_list in table
    )


def _face(io_list: str | None = None, **told: Any) -> Face:
    return Face(io_list=Path(io_list) if io_list else None, **told)


def read_faces(path: Path) -> tuple[Face, ...]:
    """Faces told by whoever starts the plant: a JSON list with the fields of a face. Raises ValueError."""
    told = json.loads(path.read_text(encoding="utf-8"))
    try:
        return tuple(_face(**each) for each in told)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from None
