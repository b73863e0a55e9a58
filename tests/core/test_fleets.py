"""Fleets: whose a vehicle is, who goes first, who is served when, and for whom packs are kept."""

from __future__ import annotations

import pytest

from station_ctl.core.fleets import EVERYBODY, Admission, Fleet, ServedOnly

TAXIS = Fleet("taxis", "Taxis", patterns=("LTX*", "LT?00007"), priority=5, keeps=2, pack_type=70)
RESCUE = Fleet("rescue", "Rescue", vins=frozenset({"LTX00000000000112"}), priority=9, keeps=1, pack_type=70)
BUSES = Fleet("buses", "Buses", patterns=("LBS*",), priority=5)


@pytest.mark.parametrize(
    ("vin", "fleet"),
    [
        ("LTX1", "taxis"), ("LTX00000000000112", "rescue"), ("LTA00007", "taxis"), ("LTA00008", ""), ("LBSX", "buses"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_vehicle_is_of_the_first_fleet_that_has_it(vin: str, fleet: str) -> None:
    admission = Admission((RESCUE, TAXIS, BUSES))
    found = admission.fleet_of(vin)
    assert (found.name if found is not None else "") == fleet
    assert admission.priority_of(vin) == {"taxis": 5, "rescue": 9, "buses": 5, "": 0}[fleet]


@pytest.mark.parametrize(
    ("begin", "end", "minute", "holds"),
    [
        (420, 540, 419.9, False), (420, 540, 420, True), (420, 540, 539.9, True), (420, 540, 540, False),
        (1320, 360, 1319, False), (1320, 360, 1320, True), (1320, 360, 0, True), (1320, 360, 359.9, True),
        (1320, 360, 360, False), (0, 0, 700, True), (480, 480, 3, True),
    ],
)  # fmt: skip
def test_hours_hold_from_the_first_minute_to_before_the_last_also_over_midnight(
    begin: int, end: int, minute: float, holds: bool
) -> None:
    assert ServedOnly(("taxis",), begin, end).holds(minute) is holds


def test_who_is_not_served_is_told_whose_it_is_when_and_who_is() -> None:
    only = Admission((RESCUE, TAXIS, BUSES), (ServedOnly(("taxis", "rescue"), 420, 540),))
    assert only.why_not_served("LTX1", 450) == "" == only.why_not_served("PRIVATE", 600)
    assert only.why_not_served("PRIVATE", 450) == (
        "vehicle PRIVATE is of no fleet of this station; from 07:00 to 09:00 only taxis, rescue are served"
    )
    assert "is of fleet buses" in only.why_not_served("LBS1", 450)
    always = Admission((TAXIS,), (ServedOnly(("taxis",)),))
    assert "at all times only taxis are served" in always.why_not_served("LBS1", 0)
    both = Admission((TAXIS, BUSES), (ServedOnly(("taxis", "buses")), ServedOnly(("buses",), 0, 60)))
    assert both.why_not_served("LTX1", 30), "every rule that holds must allow it"
    assert not both.why_not_served("LTX1", 90)


def test_packs_are_kept_from_vehicles_of_lower_priority_of_the_same_pack_type() -> None:
    admission = Admission((RESCUE, TAXIS, BUSES))
    assert admission.kept_from("PRIVATE", 70) == {"rescue": 1, "taxis": 2}
    assert admission.kept_from("LTX1", 70) == {"rescue": 1}
    assert admission.kept_from("LBS1", 70) == {"rescue": 1}, "taxis are not above buses"
    assert admission.kept_from("LTX00000000000112", 70) == {} == admission.kept_from("PRIVATE", 100)


def test_a_fleet_that_says_no_more_goes_first_nowhere_and_keeps_no_pack_from_anybody() -> None:
    plain = Fleet("guests", "Guests")
    assert (plain.priority, plain.keeps, plain.pack_type) == (0, 0, 0)
    above = Fleet("staff", "Staff", priority=7, pack_type=70)
    assert Admission((above,)).kept_from("PRIVATE", 70) == {}, "no pack is named that is not kept"


def test_without_fleets_everybody_is_served_alike() -> None:
    assert EVERYBODY.why_not_served("PRIVATE", 0) == "" and EVERYBODY.kept_from("PRIVATE", 70) == {}
    assert EVERYBODY.priority_of("PRIVATE") == 0 and EVERYBODY.fleet_of("PRIVATE") is None
