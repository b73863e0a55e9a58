"""The station with foreign PLCs differs from the contract in every way that an I/O list can say, and by data alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from station_ctl.build import PARTS, put_together
from station_ctl.config import StationConfig, load_station
from station_ctl.core.points import BYTE_ORDERS, Access, BaseType, Point

FOLDER = Path(__file__).parents[2] / "hil_tests" / "foreign"


@pytest.fixture(scope="module")
def station() -> StationConfig:
    return load_station(FOLDER / "station.yaml", parts=PARTS)


def points(station: StationConfig, access: Access | None = None) -> list[Point]:
    return [p for io in station.io.values() for p in io.values() if access in (None, p.access)]


def test_it_is_a_station_file_and_lists_and_nothing_else(station: StationConfig) -> None:
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} == {".yaml", ".csv"}
    assert len((FOLDER / "station.yaml").read_text(encoding="utf-8").splitlines()) < 60
    assert put_together(station).facts.channels.keys() >= {"robot", "lift", "vehicle", "stacker", "rack_a"}


def test_every_table_and_every_kind_of_node_id_is_there(station: StationConfig) -> None:
    modbus = re.compile(r"(?:u\d+/)?(ir|hr|di|co):")
    tables = {(p.access, match[1]) for p in points(station) if (match := modbus.match(p.address))}
    read = {(Access.READ, table) for table in ("ir", "hr", "di", "co")}
    assert tables == read | {(Access.WRITE, "hr"), (Access.WRITE, "co")}
    nodes = {p.address.partition(";")[2][0] for p in points(station) if p.address.startswith("nsu=")}
    assert nodes == set("sig")
    assert any(re.match(r"u\d+/", p.address) for p in points(station))


def test_every_byte_order_is_there_of_a_link_and_of_a_tag(station: StationConfig) -> None:
    assert {getattr(link, "byte_order", "ABCD") for link in station.links.values()} == set(BYTE_ORDERS)
    assert {p.byte_order for p in points(station)} >= {"", "BADC", "DCBA"}


def test_every_type_is_there_and_each_thing_that_turns_a_raw_value(station: StationConfig) -> None:
    assert {p.type.base for p in points(station)} == set(BaseType)
    assert any(p.type.base is BaseType.BOOL and p.access is Access.WRITE for p in points(station))
    read = points(station, Access.READ)
    assert any(p.offset and p.scale != 1 for p in read)
    assert any(p.inverted for p in read)
    assert any(p.codes and p.type.count > 1 for p in read)
    assert any(p.codes and p.tag.endswith("ORDER_STATE") for p in read)


def test_a_device_lies_in_two_plcs(station: StationConfig) -> None:
    lift = put_together(station).devices["lift"]
    assert (lift.link, lift.floor_open.link, lift.clamped.link) == ("platform", "doors", "platform")  # type: ignore[attr-defined]
