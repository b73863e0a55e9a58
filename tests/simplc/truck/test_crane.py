"""Physics of crane, ropes, gripper and truck: what happens to the load, whatever any PLC thinks of it."""

from __future__ import annotations

import csv
from math import degrees, exp
from pathlib import Path

import pytest

from hil_tests.simplc.truck.pendulum import DAMPING, G, Pendulum, period_s
from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.truth.layout import Layout
from tests.simplc.truck.conftest import TruckClient

IO = Path(__file__).parents[3] / "config" / "io"
LISTS = {"crane": "gantry_crane_gc1", "stand": "truck_stand_ts1", "rack_a": "charging_rack_cr12"}
KINDS = {"bool": bool, "f32": float, "str18": str, "str16": str, "str24": str}
ALL = 0b1111


# ---- the pendulum --------------------------------------------------------------------------------------------------
def test_a_swing_is_that_of_a_pendulum_and_dies_away():
    pendulum = Pendulum(4.0)
    pendulum.push(0.0, 3.0)
    assert pendulum.degrees(0.0) == pytest.approx(3.0)
    half = period_s(4.0) / 2.0
    shrunk = exp(-DAMPING * (G / 4.0) ** 0.5 * half)
    assert pendulum.beside_mm(half)[0] == pytest.approx(-4000.0 * 3.0 / degrees(1.0) * shrunk, rel=0.01)
    settles = pendulum.settles_in(half, 0.5)
    assert pendulum.degrees(half + settles) == pytest.approx(0.5)
    assert pendulum.settles_in(half + settles + 0.1, 0.5) == 0.0


def test_speeding_up_for_a_whole_swing_leaves_it_still_and_for_half_of_one_does_not():
    swings = []
    for part in (1.0, 0.5):
        pendulum = Pendulum(4.0)
        pendulum.drive(0.0, 0.3, 0.0)
        pendulum.drive(part * period_s(4.0), 0.0, 0.0)
        swings.append(pendulum.degrees(part * period_s(4.0)))
    still, out = swings
    assert out > 2.5 and still < out / 3.0


def test_the_speed_that_a_sudden_stop_takes_away_is_in_the_swing():
    pendulum = Pendulum(4.0)
    pendulum.jolt(0.0, 1.0, 0.0)
    assert pendulum.degrees(0.0) == pytest.approx(degrees(1.0 / (G * 4.0) ** 0.5))


def test_a_gust_keeps_it_swinging():
    pendulum = Pendulum(4.0)
    pendulum.gust_deg = 2.0
    assert pendulum.degrees(100.0) == 2.0 and pendulum.settles_in(100.0, 0.5) == float("inf")


# ---- travel --------------------------------------------------------------------------------------------------------
def test_a_travel_starts_and_ends_softly_and_hangs_still_at_its_end(make_client):
    client = make_client(speed=1.0)
    crane, seen = client.crane, []
    client.give("crane", 12, 4)
    for _ in range(40):
        client.advance(0.5)
        seen.append((crane.x, crane.sway_deg(), sum(v * v for v in crane.velocity()) ** 0.5))
        if client.shows("ORDER_STATE") != 1:
            break
    speeds = [speed for _, _, speed in seen]
    assert max(speeds) == pytest.approx(1000.0, rel=0.05) and speeds[0] < 300.0 and speeds[-1] < 1.0
    assert 1.0 < max(sway for _, sway, _ in seen) < 3.0
    assert client.shows("RESULT") == 1 and client.shows("SWAY_DEG") <= 0.5
    assert (client.shows("OVER"), client.shows("OVER_BAY")) == (3, 4)
    assert (crane.x, crane.y) == crane.spots["A04"]


def test_a_stop_brakes_and_lets_it_swing_no_further_than_the_travel_did(make_client):
    client = make_client(speed=1.0)
    client.give("crane", 12, 4)
    client.advance(6.0)
    x, plc = client.crane.x, client.station.plcs["crane"]
    plc.write({"STOP_REQ": 1})
    client.station.advance(0.02)
    assert plc.values["ORDER_STATE"] == 1, "it is not at rest yet"
    client.advance(0.5)
    assert 0.0 < sum(v * v for v in client.crane.velocity()) ** 0.5 < 1000.0
    client.advance(5.0)
    assert (plc.values["ORDER_STATE"], plc.values["RESULT"]) == (3, 3)
    assert 300.0 < client.crane.x - x < 2500.0 and not client.crane.travelling
    assert client.crane.sway_deg() < 3.0 and client.shows("OVER") == 0


def test_drives_cut_in_full_travel_let_the_load_swing_far_out(make_client):
    client = make_client(speed=1.0)
    client.give("crane", 12, 4)
    client.advance(6.0)
    client.fault("e-stop")
    x = client.crane.x
    client.advance(0.5)
    assert client.crane.x == x and client.crane.sway_deg() > 5.0
    assert client.shows("RESULT") == 3


# ---- hoist, weighing, landing --------------------------------------------------------------------------------------
def test_a_whole_swap_brings_both_packs_where_they_belong(client):
    client.swap_until("START_CHARGE")
    report = client.report()
    assert report["violations"] == []
    spent = next(code for code, place in report["packs"].items() if place == f"A{client.empty:02d}")
    gone = [code for code, place in report["packs"].items() if place.startswith("left:")]
    assert len(gone) == 1 and spent != gone[0] and f"A{client.fresh:02d}" not in report["packs"].values()
    client.advance(1.0)
    bay = client.plant.bays[client.empty]
    assert bay.kilowatts == pytest.approx(240.0) and bay.amps < 400.0


@pytest.mark.parametrize("name", LISTS)
def test_a_plc_publishes_exactly_its_io_list_in_range_and_kind(client, name):
    client.swap_until("HOIST")
    with (IO / f"{LISTS[name]}.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if "r" in row["access"]]
    values = client.station.plcs[name].values
    assert {row["tag"] for row in rows} == values.keys()
    for row in rows:
        value = values[row["tag"]]
        assert isinstance(value, KINDS.get(row["type"], int | float)), row["tag"]
        if row["min"]:
            assert float(row["min"]) <= value <= float(row["max"]), row["tag"]


def test_the_weigh_cell_shows_what_hangs_and_the_ropes_slacken_on_landing(client):
    shown = ("LOAD_KG", "ROPES_TIGHT", "LANDED", "CONES_SEATED", "HOISTED")
    seen = {}
    for step in ("TO_TRUCK", "LAND", "HOIST", "SET_DOWN", "AWAY"):
        client = client if step == "TO_TRUCK" else type(client)(TruckSimStation(seed=1, speed=40.0))
        client.swap_until(step)
        seen[step] = tuple(client.shows(tag) for tag in shown)
    assert seen["TO_TRUCK"] == (0.0, True, 0, 0, True)
    assert seen["LAND"] == (-600.0, False, ALL, 3, False)
    assert seen["HOIST"] == (2900.0, True, ALL, 0, True)
    assert seen["SET_DOWN"] == (-600.0, False, ALL, 3, False)
    assert seen["AWAY"] == (0.0, True, 0, 0, True)


def test_the_gripper_reads_the_pack_that_it_is_close_to(client):
    client.swap_until("TO_TRUCK")
    assert client.shows("PACK_CODE") == ""
    client.do("crane", 20, 32000)
    truck = client.lane.vehicle
    assert client.shows("PACK_CODE") == truck.arrival_code
    assert client.station.command({"cmd": "fault", "name": "label-blank", "target": "vehicle"})["ok"]
    client.station.advance(0.02)
    assert client.shows("PACK_CODE") == ""


def test_a_pack_that_weighs_too_much_is_given_back_to_its_seat(client):
    client.swap_until("UNLOCK")
    client.fault("overload", kg=3600)
    assert client.give("crane", 23, 3300) == 1
    assert client.done("crane") == [2]
    assert client.lane.vehicle.pack(client.plant.places) is not None and client.crane.load is None
    assert client.shows("ROPES_TIGHT") is False and client.rules() == set()
    client.fault("overload", on=False)
    client.do("crane", 23, 3300)
    assert client.shows("LOAD_KG") == 2900.0


def test_a_snag_stops_the_hoist_and_lowers_20_mm(client):
    client.swap_until("UNLOCK")
    client.fault("snag")
    heights = []
    client.give("crane", 23, 3300)
    while client.shows("ORDER_STATE") == 1:
        client.station.advance(0.01)
        heights.append(client.crane.z)
    assert client.shows("RESULT") == 2 and max(heights) == pytest.approx(3350.0)
    assert max(heights) - client.crane.z == pytest.approx(20.0)
    assert client.crane.load is not None and client.shows("LOAD_KG") == 2900.0
    client.fault("snag", on=False)
    client.do("crane", 20, 32000)
    assert client.lane.vehicle.pack(client.plant.places) is not None


def test_a_hoist_against_closed_locks_pulls_until_the_limit_and_is_a_mishap(client):
    client.swap_until("UNLOCK")
    truck = client.lane.vehicle
    truck.bolts[2].wound = 1.0
    client.station.plcs["stand"].freeze("VEH_LOCKS_OPEN", ALL)
    client.give("crane", 23, 3300)
    assert client.done("crane") == [2]
    assert client.texts("S20")[-1] == "hoisted against the truck's locks"
    assert truck.pack(client.plant.places) is not None


def test_a_truck_that_has_moved_is_not_landed_on(client):
    client.swap_until("TO_TRUCK")
    client.fault("pose-shift", mm=90)
    assert client.shows("SHIFT_MM", "stand") == 90.0
    client.give("crane", 20, 32000)
    assert client.done("crane") == [2]
    assert client.shows("LANDED") == 0b0011 and client.shows("CONES_SEATED") == 0b01
    assert client.texts("S23") == []
    client.do("crane", 23, 500)
    client.give("crane", 20, 32000)
    assert client.texts("S23") == ["gripper ordered down onto a truck that has moved since its scan"]


def test_a_pack_beside_its_cones_stands_on_an_edge_and_can_be_lifted_again(client):
    client.swap_until("BACK")
    client.fault("cone-blocked", cone=2)
    client.give("crane", 20, 32000)
    assert client.done("crane") == [2]
    assert client.crane.load is not None and client.shows("CONES_SEATED") == 0b01
    assert client.shows("VEH_PACK_LATCHED", "stand") is False
    assert client.give("stand", 47, ALL, prefix="VEH_") == 6
    client.fault("cone-blocked", cone=2, on=False)
    client.do("crane", 23, 3300)
    client.do("crane", 20, 32000)
    assert client.shows("VEH_PACK_LATCHED", "stand") is True


def test_a_stop_between_two_weighings_leaves_a_pack_that_can_be_hoisted_or_set_back(client):
    client.swap_until("UNLOCK")
    plc = client.station.plcs["crane"]
    client.give("crane", 23, 3300)
    client.until(lambda: client.crane.pull_kg > 500.0)
    plc.write({"STOP_REQ": 1})
    client.advance(0.1)
    plc.write({"STOP_REQ": 0})
    assert client.shows("RESULT") == 3 and client.crane.on_seat
    client.do("crane", 20, 32000)
    assert client.crane.resting and client.shows("LOAD_KG") == -600.0
    client.do("crane", 23, 3300)
    assert client.crane.load is not None and client.rules() == set()


def test_a_scan_in_the_dark_is_none_and_a_poor_one_misses_by_centimetres(client):
    client.swap_until("SECURE")
    client.fault("scan-poor", percent=35)
    client.give("stand", 12)
    assert client.done("stand") == [2]
    client.fault("scan-poor", percent=60)
    client.do("stand", 12)
    assert 58.0 < client.shows("SCAN_QUALITY", "stand") < 62.0
    truck, lane, misses = client.lane.vehicle, client.lane, []
    for _ in range(8):
        client.do("stand", 12)
        misses.append(abs(lane.scan.x - truck.x_err))
    assert max(misses) > 15.0
    client.fault("scan-poor", on=False)
    client.do("stand", 12)
    assert abs(lane.scan.x - truck.x_err) < 8.0 and client.shows("SCAN_QUALITY", "stand") > 90.0


def test_the_crane_aims_where_the_scanner_saw_the_truck(client):
    client.swap_until("SCAN")
    client.do("crane", 11)
    assert abs(client.shows("AIM_X_MM")) <= 0.1 and abs(client.shows("AIM_TURN_DEG")) <= 0.01
    truck, crane = client.lane.vehicle, client.crane
    assert abs(crane.x - crane.spots["truck"][0] - truck.x_err) < 8.0
    client.do("crane", 11, 300, -200, 100)
    assert client.shows("AIM_X_MM") == pytest.approx(30.0, abs=0.2)
    assert client.shows("AIM_Y_MM") == pytest.approx(-20.0, abs=0.2)
    assert client.shows("AIM_TURN_DEG") == pytest.approx(1.0, abs=0.02)


def test_a_larger_hall_at_another_pace_serves_a_truck_too():
    station = TruckSimStation(seed=2, speed=40.0, layout=Layout((8, 8), pace=1.5))
    client = TruckClient(station)
    client.limits = {}
    client.advance(0.1)
    client.swap_until("AWAY", empty=16)
    assert client.rules() == set() and station.plant.bays[16].pack is not None
    assert client.shows("X_MM") > 20000.0 and client.shows("SWAY_DEG") <= 0.5
    with pytest.raises(ValueError, match="reaches 24 bays, not 36"):
        TruckSimStation(layout=Layout((12, 12, 12)))


def test_the_same_seed_and_calls_give_the_same_day(make_client):
    def day(seed):
        client = make_client(seed=seed, speed=80.0)
        client.swap_until("HOIST")
        return repr([client.report(), {name: plc.values for name, plc in client.station.plcs.items()}])

    assert day(3) == day(3)
    assert day(3) != day(4)
