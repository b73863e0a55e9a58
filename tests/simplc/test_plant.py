"""Physics, start state and determinism of the simulated plant."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truth.motion import Motions, Ramp, Until, Wait

IO = Path(__file__).parents[2] / "config" / "io"
LISTS = {
    "robot": "swap_robot_sr3", "lift": "vehicle_lift_vl1", "stacker": "stacker_st2",
    "safety": "safety_plc_sp1",
    "rack_a": "charging_rack_cr12", "rack_b": "charging_rack_cr12", "meter": "site_meter_sm1",
}  # fmt: skip
KINDS = {"bool": bool, "f32": float, "str18": str, "str16": str, "str24": str}


@pytest.mark.parametrize("name", LISTS)
def test_a_plc_publishes_exactly_its_io_list_in_range_and_kind(client, name):
    client.swap_until("LOCK")
    values = client.station.plcs[name].values
    with (IO / f"{LISTS[name]}.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if "r" in row["access"]]
    assert {row["tag"] for row in rows} == values.keys()
    for row in rows:
        value = values[row["tag"]]
        kind, _, count = row["type"].partition("[")
        members = value if count else (value,)
        assert not count or len(value) == int(count.rstrip("]"))
        for member in members:
            assert isinstance(member, KINDS.get(kind, int | float)), row["tag"]
            if row["min"]:
                assert float(row["min"]) <= member <= float(row["max"]), row["tag"]


def test_the_station_starts_as_agreed():
    station = SimStation(seed=7)
    packs = station.command({"cmd": "report"})["packs"]
    assert len(packs) == 22 and all(len(code) == 24 for code in packs)
    assert {"A12", "B12"}.isdisjoint(packs.values())
    bays = [bay for bay in station.plant.bays.values() if bay.pack is not None]
    charging = [bay for bay in bays if bay.state == 4]
    assert len(charging) == 3 and all(40 <= bay.pack.soc <= 70 for bay in charging)
    assert all(95 <= bay.pack.soc <= 97 and bay.state == 6 for bay in bays if bay not in charging)
    assert all(bay.plugged for bay in bays)
    assert packs != SimStation(seed=8).command({"cmd": "report"})["packs"]


def test_the_same_seed_and_calls_give_the_same_day(make_client):
    def day(seed):
        client = make_client(seed=seed)
        client.swap_until("START_CHARGE")
        client.advance(3.0)
        values = {name: plc.values for name, plc in client.station.plcs.items()}
        return json.dumps([client.report(), values, client.station.reader_lines()], default=str)

    assert day(3) == day(3)
    assert day(3) != day(4)


def test_time_advances_in_whole_cycles_and_keeps_the_rest():
    station = SimStation(speed=3.0)
    for _ in range(1000):
        station.advance(0.0033)
    assert station.cycles == 330
    assert station.plant.now == pytest.approx(9.9)


def test_order_time_is_exact_at_any_speed(make_client):
    measured = set()
    for speed in (1.0, 7.0, 200.0):
        client = make_client(speed=speed)
        client.do("rack_a", 31, 1)
        client.do("stacker", 20, 1)
        measured.add(client.report()["durations"]["stacker"]["102"]["s"])
    assert len(measured) == 1


def test_a_fetch_takes_longer_from_a_far_bay(make_client):
    def fetch(bay):
        client = make_client()
        client.do(*client.rack(31, bay))
        client.do("stacker", 20, bay)
        return client.report()["durations"]["stacker"]["102"]["s"]

    near, far = fetch(1), fetch(11)
    assert 25 < near < far < 36


def test_charging_tapers_warms_and_ends_full(make_client):
    client = make_client(speed=100.0)
    rack = client.station.plcs["rack_a"]
    client.do("rack_a", 31, 3) if rack.values["BAY03_CHG_STATE"] == 6 else None
    bay = client.station.plant.bays[3]
    bay.pack.soc, bay.state = 60.0, 0
    bay.plug = 1.0
    client.do("rack_a", 32, 3, 500)
    client.advance(0.3)
    assert rack.values["BAY03_CHG_STATE"] == 4
    assert rack.values["BAY03_POWER"] == 50.0
    client.do("rack_a", 34, 3, 600)
    seen = []
    while rack.values["BAY03_CHG_STATE"] == 4:
        client.advance(1.0)
        seen.append((rack.values["BAY03_SOC"], rack.values["BAY03_POWER"], rack.values["BAY03_TEMP_MAX"]))
        assert len(seen) < 200
    flat = [power for soc, power, _ in seen if 61 < soc < 79]
    taper = [power for soc, power, _ in seen if 86 < soc < 95 and power]
    assert set(flat) == {60.0} and len(flat) > 5
    assert taper == sorted(taper, reverse=True) and taper[-1] < 16
    assert 28 < max(temperature for _, _, temperature in seen) < 45
    client.advance(0.5)
    assert (rack.values["BAY03_CHG_STATE"], rack.values["BAY03_STOP_REASON"]) == (6, 1)
    assert rack.values["BAY03_SOCKET_DEAD"]
    assert rack.values["BAY03_ENERGY"] == pytest.approx(0.40 * 0.280 * 395, rel=0.03)
    warm = rack.values["BAY03_TEMP_MAX"]
    client.advance(30.0)
    assert rack.values["BAY03_TEMP_MAX"] < warm


def test_the_charger_goes_through_its_states_and_can_be_stopped(client):
    rack = client.station.plcs["rack_a"]
    client.station.plant.bays[2].pack.soc = 30.0
    client.give("rack_a", 32, 2, 400)
    seen = []
    for _ in range(80):
        client.station.advance(0.01)
        seen.append(rack.values["BAY02_CHG_STATE"])
    assert sorted(set(seen), key=seen.index) == [1, 2, 3, 4]
    assert client.give("rack_a", 31, 2) == 6
    client.do("rack_a", 33, 2)
    assert (rack.values["BAY02_CHG_STATE"], rack.values["BAY02_STOP_REASON"]) == (0, 2)
    client.do("rack_a", 31, 2)


def test_overheating_ends_a_charge(make_client):
    client = make_client(speed=100.0)
    client.station.plant.bays[2].pack.soc = 30.0
    client.do("rack_a", 32, 2, 600)
    assert client.station.command({"cmd": "fault", "name": "hot-pack", "bay": "A02", "kilowatts": 40})["ok"]
    client.advance(10.0)
    values = client.station.plcs["rack_a"].values
    assert (values["BAY02_CHG_STATE"], values["BAY02_STOP_REASON"]) == (7, 4)
    assert not values["BAY02_NO_PREALARM"]


def test_the_vehicle_enters_on_green_only_and_leaves_only_when_it_may(client):
    lift = client.station.plcs["lift"]
    client.station.command({"cmd": "vehicle"})
    client.advance(10.0)
    assert lift.values["BAY_EMPTY"]
    client.give("lift", 11)
    client.advance(1.0)
    assert not lift.values["BAY_EMPTY"] and not lift.values["IN_POSITION"]
    assert client.done("lift") == [1]
    assert client.give("lift", 17) == 1
    client.advance(20.0)
    assert not lift.values["BAY_EMPTY"], "no self-check after the swap, no departure"
    lift.write({"STOP_REQ": 1})
    client.station.advance(0.01)
    assert not lift.values["EXIT_GREEN"]
    lift.write({"STOP_REQ": 0})


def test_an_entry_opened_before_a_vehicle_comes_waits_for_it(client):
    lift = client.station.plcs["lift"]
    client.give("lift", 11)
    client.advance(20.0)
    assert lift.values["ORDER_STATE"] == 1 and lift.values["ENTRY_GREEN"]
    client.station.command({"cmd": "vehicle"})
    assert client.done("lift") == [1]
    assert lift.values["IN_POSITION"]


def test_an_interrupted_entry_is_taken_up_again(client):
    client.station.command({"cmd": "vehicle"})
    lift = client.station.plcs["lift"]
    client.give("lift", 11)
    client.advance(1.0)
    lift.write({"STOP_REQ": 1})
    client.advance(0.1)
    lift.write({"STOP_REQ": 0})
    client.do("lift", 11)
    assert lift.values["IN_POSITION"]


def test_a_dismissed_vehicle_goes_with_its_pack(client):
    vehicle = client.station.command({"cmd": "vehicle", "vin": "LSZ00000000000042", "soc": 22})
    assert vehicle == {"ok": True, "vin": "LSZ00000000000042", "pack": vehicle["pack"]}
    client.do("lift.VEH", 40)
    assert client.station.plcs["lift"].values["VEH_SOC"] == 22.0
    assert client.station.command({"cmd": "dismiss"})["ok"]
    client.advance(0.1)
    assert client.report()["packs"][vehicle["pack"]] == "left:LSZ00000000000042"
    assert not client.station.plcs["lift"].values["VEH_LINK_OK"]


def test_without_a_link_nothing_is_claimed_about_the_vehicle(client):
    client.station.command({"cmd": "vehicle"})
    client.advance(0.1)
    values = client.station.plcs["lift"].values
    assert not any(
        values[tag] for tag in values if tag.startswith("VEH_") and isinstance(values[tag], bool | str)
    )


def test_a_table_raised_too_low_meets_no_pack(client):
    client.swap_until("LIFT_TO_WORK")
    assert client.give("robot", 11, 4500) == 1
    assert client.done("robot") == [4]
    assert client.station.plcs["robot"].values["LOAD_KG"] == 0.0


NOMINAL_S = {
    "LIFT_TO_WORK": 12.0, "UNLOCK": 14.0, "SET_DOWN": 14.0, "PICK_UP": 18.0, "INSERT": 12.0, "LOCK": 18.0,
    "CLOSE_FLOOR": 3.0, "LOWER_LIFT": 7.0, "UNCLAMP": 5.0, "OPEN_EXIT": 20.0, "HOME": 5.0,
}  # fmt: skip
STOPPABLE = [
    ("LIFT_TO_WORK", "lift"), ("ENGAGE", "robot"), ("UNLOCK", "robot"), ("LOWER", "robot"),
    ("SET_DOWN", "robot"),
    ("PICK_UP", "robot"), ("INSERT", "robot"), ("LOCK", "robot"), ("HOME", "robot"), ("CLOSE_FLOOR", "lift"),
    ("LOWER_LIFT", "lift"), ("UNCLAMP", "lift"), ("OPEN_EXIT", "lift"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plc"), STOPPABLE)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_stopped_motion_is_finished_by_the_same_order_again(make_client, name, plc, part):
    """Every motion is absolute, so the order repeated under a new number ends where the first would have."""
    client = make_client(speed=20.0)
    station = client.station
    bay, empty = client.full_bay(), client.empty_bay()
    station.command({"cmd": "vehicle"})
    device, interrupted = station.plcs[plc], False
    nominal = NOMINAL_S.get(name, 10.0)
    give = client.give

    def interrupt(name, opcode, *params, prefix="", **changed):
        nonlocal interrupted
        code = give(name, opcode, *params, prefix=prefix, **changed)
        if armed and not interrupted and code == 1:
            interrupted = True
            station.advance(nominal * part / station.speed)
            device.write({"STOP_REQ": 1})
            client.advance(0.1)
            assert device.values["ORDER_STATE"] == 3
            device.write({"STOP_REQ": 0})
            code = give(name, opcode, *params, prefix=prefix)
        return code

    client.give = interrupt
    armed = False
    for step_name, step in client.steps(bay, empty).items():
        armed = step_name == name
        step()
    assert interrupted
    report = client.report()
    assert report["violations"] == []
    assert len(set(report["packs"].values())) == len(report["packs"]) == 23


@pytest.mark.parametrize("part", [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
@pytest.mark.parametrize("opcode", [20, 21])
def test_a_stopped_stacker_comes_home_and_delivers(make_client, part, opcode):
    client = make_client(speed=20.0)
    stacker, plant = client.station.plcs["stacker"], client.station.plant
    if opcode == 21:
        client.swap_until("OPEN_EXIT")
    else:
        client.do("rack_a", 31, 1)
    bay = 1 if opcode == 20 else client.empty_bay()
    target = "handover_in" if opcode == 20 else plant.bays[bay].name
    client.give("stacker", opcode, bay)
    for _ in range(round(28 * part / client.station.speed / 0.01)):
        client.station.advance(0.01)
    stacker.write({"STOP_REQ": 1})
    client.advance(0.1)
    stacker.write({"STOP_REQ": 0})
    client.do("stacker", 10)
    if plant.places.at(target) is None:
        client.do("stacker", opcode, bay)
    assert plant.places.at(target) is not None
    assert stacker.values["PARKED"]
    assert client.rules() == set()


def test_the_reader_speaks_every_four_tenths_of_a_second_with_a_right_sum(make_client):
    for speed in (1.0, 20.0):
        client = make_client(speed=speed)
        client.station.reader_lines()
        client.advance(4.0)
        lines = client.station.reader_lines()
        assert len(lines) == 20 and client.station.reader_lines() == []
        assert all(line.endswith("\r\n") for line in lines)
        for line in lines:
            text, total = line.strip().rsplit(",", 1)
            assert sum(text.encode()) % 256 == int(total, 16)
    client.do("rack_a", 31, 1)
    code = client.station.plant.places.at("A01").code
    client.do("stacker", 20, 1)
    client.advance(0.5)
    assert any(line.startswith(f"IN,{code},") for line in client.station.reader_lines())


def test_events_are_not_jumped_over():
    thing = type("Thing", (), {"x": 0.0})()
    motions = Motions()
    times = []

    def steps():
        yield Ramp(thing, 1.25, x=10.0)
        times.append(motions.now)
        yield Wait(0.5)
        times.append(motions.now)
        yield Until(lambda: thing.x == 10.0)
        times.append(motions.now)

    ended = []
    motions.start(steps(), driven=True, ended=lambda p: ended.append(p.ended_s))
    motions.run(100.0)
    assert times == pytest.approx([1.25, 1.75, 1.75])
    assert ended == pytest.approx([1.75])
    assert motions.now == 100.0
