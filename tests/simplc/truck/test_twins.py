"""Trucks with two packs: every seat has locks, connector, code and place of its own, and its own refusals."""

from __future__ import annotations

from math import cos, radians, sin

import pytest

from hil_tests.simplc.truck.lorry import TWIN_MM
from station_ctl.config import load_station, station_file
from tests.simplc.truck.conftest import ALL, MOST_KG, ON_TRUCK, VEH
from tests.simplc.truck.twin_client import (
    ALONG,
    LOCKS,
    MODEL,
    Act,
    TwinClient,
    does,
    nothing,
    several,
    stuck,
    wound,
)


@pytest.fixture
def twin() -> TwinClient:
    return TwinClient()


# ---- both packs ----------------------------------------------------------------------------------------------------
def test_a_truck_gets_two_charged_packs_for_its_own_one_seat_after_the_other(twin):
    bays = twin.plant.bays
    charged = [bays[bay].pack for bay in twin.charged]
    twin.twin_until("CHECK_PACK", vin="LSZ00000000000042", soc=20)
    spent = [twin.seats[k].arrival_code for k in (0, 1)]
    assert twin.both("PACK_ID") == tuple(pack.code for pack in charged)
    assert twin.shows("VEH_SOC", "stand") == pytest.approx((charged[0].soc + charged[1].soc) / 2.0, abs=0.06)
    twin.twin_until("OPEN_EXIT", first="HV_ON")
    packs = twin.report()["packs"]
    assert [packs[pack.code] for pack in charged] == ["left:LSZ00000000000042", "left:LSZ00000000000042/2"]
    assert [packs[code] for code in spent] == [f"A{bay:02d}" for bay in twin.free] and len(packs) == 9
    assert twin.report()["violations"] == [] and all(bays[bay].pack.soc < 30.0 for bay in twin.free)


Shown = tuple[tuple[bool, bool], tuple[bool, bool], tuple[bool, bool], int, int]
SHOWN: dict[str, Shown] = {
    # latched, mated, apart of either seat; locks open, locks closed
    "IDENTIFY": ((True, True), (True, True), (False, False), 0x00, 0xFF),
    "UNLOCK1": ((True, True), (False, True), (True, False), 0x0F, 0xF0),
    "HOIST1": ((False, True), (False, True), (True, False), 0x0F, 0xF0),
    "PLACE1": ((True, True), (True, True), (False, False), 0x0F, 0xF0),
    "LOCK1": ((True, True), (True, True), (False, False), 0x00, 0xFF),
    "UNLOCK2": ((True, True), (True, False), (False, True), 0xF0, 0x0F),
    "HOIST2": ((True, False), (True, False), (False, True), 0xF0, 0x0F),
    "PLACE2": ((True, True), (True, True), (False, False), 0xF0, 0x0F),
    "LOCK2": ((True, True), (True, True), (False, False), 0x00, 0xFF),
}


def test_the_radio_tells_of_every_seat_what_is_the_case(twin):
    first, tags = "IDENTIFY", ("PACK_LATCHED", "CONNECTOR_MATED", "CONNECTOR_APART")
    names = list(twin.twin_orders())
    for step, shown in SHOWN.items():
        twin.twin_until(step, first=first)
        locks = tuple(twin.shows(f"VEH_LOCKS_{way}", "stand") for way in ("OPEN", "CLOSED"))
        assert (*(twin.both(tag) for tag in tags), *locks) == shown, step
        assert twin.both("COOLANT_MATED") == shown[1], step
        assert step != "IDENTIFY" or twin.both("PACK_ID") == twin.plant.visitor().arrival_codes
        first = names[names.index(step) + 1]
    twin.fault("radio-lost")
    assert {twin.both(tag) for tag in tags} == {(False, False)} and twin.both("PACK_ID") == ("", "")


def test_a_truck_with_one_pack_shows_no_second_seat(twin):
    twin.swap_until("HV_OFF")
    assert twin.shows("VEH_PACK_LATCHED", "stand") is True
    tags = ("PACK_LATCHED", "CONNECTOR_MATED", "CONNECTOR_APART", "COOLANT_MATED")
    assert not any(twin.both(tag)[1] for tag in tags)
    assert twin.both("PACK_ID")[1] == "" and twin.shows("VEH_LOCKS_CLOSED", "stand") == ALL
    refused = twin.station.command({"cmd": "fault", "name": "coolant-leak", "seat": 2})
    assert not refused["ok"] and "seat is 1 to 1" in refused["error"]


def test_both_packs_go_with_a_truck_that_is_not_served(twin):
    answer = twin.station.command({"cmd": "vehicle", "model": MODEL, "vin": "LSZ00000000000007", "soc": 31})
    assert answer["pack"] == answer["packs"][0] and len(set(answer["packs"])) == 2
    assert [seat.pack(twin.plant.places).soc for seat in twin.seats] == [31.0, 31.0]
    twin.station.command({"cmd": "dismiss"})
    twin.advance(0.1)
    packs = twin.report()["packs"]
    assert [packs[code] for code in answer["packs"]] == ["left:LSZ00000000000007", "left:LSZ00000000000007/2"]


def test_the_simulated_twin_is_that_of_the_shipped_vehicle_file():
    recipe = load_station(station_file("sim_heavy_truck")).recipes[MODEL]
    assert {MODEL: recipe.top_lift.places_mm} == TWIN_MM
    assert tuple(10 * place for place in recipe.top_lift.places_mm) == ALONG
    assert tuple(recipe.clips_of(seat) for seat in (0, 1)) == LOCKS


# ---- where the seats are -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seat", [1, 2])
def test_the_way_along_a_truck_turns_with_it(twin, seat):
    twin.station.command({"cmd": "vehicle", "model": MODEL})
    twin.fault("parked-askew", mm=-60, deg=3)
    twin.do(VEH, 40)
    twin.twin_until("HV_OFF", first="OPEN_ENTRY")
    twin.do("crane", 11, ALONG[seat - 1])
    assert twin.number("AIM_X_MM") == pytest.approx(ALONG[seat - 1] / 10, abs=0.2)
    assert twin.number("AIM_Y_MM") == pytest.approx(0.0, abs=0.2)
    truck, crane, way = twin.lane.vehicle, twin.crane, ALONG[seat - 1] / 10
    x, y = crane.spots["truck"]
    assert crane.x - x == pytest.approx(truck.x_err + way * cos(radians(3.0)), abs=8.0)
    assert crane.y - y == pytest.approx(-60.0 + way * sin(radians(3.0)), abs=8.0), "78 mm beside the lane's axis"
    twin.do("crane", 20, ON_TRUCK)
    assert twin.shows("PACK_CODE") == truck.arrival_codes[seat - 1]
    assert twin.crane.straight and twin.rules() == set()


def test_across_turns_with_the_truck_too(twin):
    twin.twin_until("SCAN")
    twin.do("crane", 11, 15100, 2000, 50)
    shown = [twin.number(f"AIM_{axis}") for axis in ("X_MM", "Y_MM", "TURN_DEG")]
    assert shown == [pytest.approx(1510.0, abs=0.2), pytest.approx(200.0, abs=0.2), pytest.approx(0.5, abs=0.02)]


NEAR = [(20000, 0, 0), (7600, 2000, 0), (-7600, -2000, 1), (7400, 0, None), (0, 0, None), (-7400, -2000, None)]


@pytest.mark.parametrize(("along", "across", "seat"), NEAR)
def test_the_crane_works_on_the_seat_within_750_mm_or_on_none(twin, along, across, seat):
    twin.station.command({"cmd": "vehicle", "model": MODEL})
    twin.fault("parked-askew", mm=20, deg=3)
    twin.do(VEH, 40)
    twin.twin_until("SCAN", first="OPEN_ENTRY")
    truck, scan = twin.lane.vehicle, twin.lane.scan
    # As far as a scan misses, the true place is another one: here the scanner has seen exactly what is the case.
    truck.x_err, truck.y_err, truck.yaw_err = scan.x, scan.y, scan.yaw
    twin.do("crane", 11, along, across)
    assert twin.plant.seat_below() is (None if seat is None else twin.seats[seat])
    assert twin.station.plcs["stand"].seat_below() == seat
    assert (twin.crane.landing_z() is None) == (seat is None)


@pytest.mark.parametrize("after", ["HV_OFF", "BACK1"])
def test_what_comes_down_between_the_packs_finds_nothing(twin, after):
    twin.twin_until(after)
    twin.do("crane", 11, 0)
    twin.plant.motions.start(twin.crane.lower(3200.0, 3150.0, 1.0), driven=False)
    twin.advance(1.0)
    assert twin.crane.z == 3150.0 and not twin.crane.resting


def test_a_pack_in_the_gripper_stays_that_of_its_seat_when_the_truck_rolls(twin):
    twin.twin_until("GRIP1")
    twin.fault("pose-shift", mm=900)
    assert twin.plant.seat_below() is twin.seats[0]


# ---- what the PLCs refuse ------------------------------------------------------------------------------------------
Ask = tuple[str, Act, str, tuple[int, ...], int, str]
ASKED: list[Ask] = [
    ("GRIP1", nothing, VEH, (46, LOCKS[1]), 6, "does not hold"),
    ("GRIP2", nothing, VEH, (46, LOCKS[0]), 6, "does not hold"),
    ("LAND2", nothing, VEH, (46, LOCKS[1]), 6, "does not hold"),
    ("GRIP2", nothing, VEH, (46, 0xFF), 8, ""),
    ("GRIP2", nothing, VEH, (46, 0x18), 8, ""),
    ("GRIP2", nothing, VEH, (46, 0x100), 8, ""),
    ("GRIP2", nothing, VEH, (46, 0x20), 1, ""),
    ("AWAY1", nothing, VEH, (46, 0x03), 1, "an empty seat opens for a pack that is to come"),
    ("AWAY1", several(does("crane", 11, ALONG[1]), does("crane", 20, ON_TRUCK)), VEH, (47, LOCKS[0]), 1, ""),
    ("HV_OFF", does("crane", 11, 0), "crane", (20, ON_TRUCK), 6, "between the truck's packs"),
    ("BACK1", does("crane", 11, 0), "crane", (20, ON_TRUCK), 6, "between the truck's packs"),
    ("BACK1", does("crane", 11, ALONG[1]), "crane", (20, ON_TRUCK), 6, "pack on the truck"),
    ("BACK2", stuck("VEH_PACK_LATCHED_2", True), "crane", (20, ON_TRUCK), 6, "pack on the truck"),
    ("BACK2", stuck("VEH_LOCKS_OPEN", 0x7F), "crane", (20, ON_TRUCK), 6, "not open"),
    ("BACK1", stuck("VEH_LOCKS_OPEN", 0xF7), "crane", (20, ON_TRUCK), 6, "not open"),
    ("BACK1", stuck("VEH_LOCKS_OPEN", 0x0F), "crane", (20, ON_TRUCK), 1, ""),
    ("GRIP2", nothing, "crane", (23, MOST_KG), 6, "truck holds its pack"),
    ("UNLOCK2", stuck("VEH_CONNECTOR_APART_2", False), "crane", (23, MOST_KG), 6, "truck holds its pack"),
    ("UNLOCK2", stuck("VEH_LOCKS_OPEN", 0x7F), "crane", (23, MOST_KG), 6, "truck holds its pack"),
    ("UNLOCK2", stuck("VEH_LOCKS_OPEN", 0xF0), "crane", (23, MOST_KG), 1, ""),
    ("UNLOCK1", stuck("VEH_CONNECTOR_APART", False), "crane", (23, MOST_KG), 6, "truck holds its pack"),
    ("AWAY2", nothing, VEH, (44,), 6, "locks of the vehicle not all closed"),
    ("HOME", wound(7, 0.5), VEH, (44,), 6, "locks of the vehicle not all closed"),
    ("HOME", stuck("VEH_CONNECTOR_MATED", False), VEH, (44,), 6, "VEH_CONNECTOR_MATED"),
    ("HOME", stuck("VEH_CONNECTOR_MATED_2", False), VEH, (44,), 6, "VEH_CONNECTOR_MATED_2"),
]


@pytest.mark.parametrize(
    ("after", "prepare", "channel", "order", "code", "text"), ASKED,
    ids=[f"{r[2]}-{r[3][0]}-{r[0]}-{r[4]}-{k}" for k, r in enumerate(ASKED)],
)  # fmt: skip
def test_the_plc_answers_by_seat(twin, after, prepare, channel, order, code, text):
    twin.twin_until(after)
    prepare(twin)
    twin.advance(0.1)
    assert twin.ask(channel, *order) == code
    if code == 6:
        assert text in twin.station.plcs[channel.split(".")[0]].refusal


def test_a_truck_with_one_pack_has_no_fifth_lock(twin):
    twin.swap_until("GRIP")
    assert twin.ask(VEH, 46, 0x10) == 8 and twin.ask(VEH, 46, ALL) == 1


def test_a_pack_on_an_edge_keeps_the_locks_beneath_it_open_and_no_others(twin):
    twin.twin_until("BACK2")
    twin.fault("cone-blocked", cone=2)
    assert twin.ends("crane", 20, ON_TRUCK) == 2
    assert twin.ask(VEH, 47, LOCKS[1]) == 6 and "not in its seat" in twin.station.plcs["stand"].refusal
    assert twin.ends(VEH, 47, LOCKS[0]) == 1


# ---- what the truck checks -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("wrong", ["insulation", "lock", "connector"])
def test_the_truck_checks_every_seat(twin, seat, wrong):
    twin.twin_until("HOME")
    if wrong == "insulation":
        twin.seats[seat].pack(twin.plant.places).insulation = 150
    elif wrong == "lock":
        wound(4 * seat + 3, 0.5)(twin)
    else:
        twin.seats[seat].connector = 0.9
    twin.plant.motions.version += 1
    assert twin.ends(VEH, 43) == 2
    if wrong == "insulation":
        assert twin.shows("VEH_INSULATION", "stand") == 150
        assert twin.ends(VEH, 44) == 2 and twin.shows("VEH_POSTCHECK_OK", "stand") is False
    else:
        assert twin.ask(VEH, 44) == 6


def test_the_truck_reads_only_packs_whose_connector_is_mated(twin):
    twin.twin_until("UNLOCK2")
    places = twin.plant.places
    fresh, spent = (seat.pack(places) for seat in twin.seats)
    spent.insulation = 120
    twin.plant.motions.version += 1
    twin.advance(0.1)
    assert twin.shows("VEH_INSULATION", "stand") == fresh.insulation
    assert twin.shows("VEH_SOC", "stand") == round(fresh.soc, 1)
