"""Faults of the truck station: each shows where it should, and is gone when it is switched off."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.truth.drive import Ailment, Drive
from hil_tests.simplc.truth.motion import Ramp, TimedOut, Together
from tests.simplc.truck.conftest import ALL, MOST_KG, ON_TRUCK, VEH, TruckClient

Says = Callable[[TruckClient], object]
Case = tuple[str, dict[str, Any], str, Says, object, object]


def ends(channel: str, opcode: int, *params: int) -> Says:
    """The RESULT of an order given now, or minus its refusal."""

    def ask(client: TruckClient) -> int:
        name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
        code = client.give(name, opcode, *params, prefix=prefix)
        return int(client.done(channel)[0]) if code == 1 else -code

    return ask


def shown(tag: str, plc: str = "crane") -> Says:
    return lambda client: client.shows(tag, plc)


CASES: list[Case] = [
    ("sway", {}, "TO_TRUCK", lambda c: c.shows("SWAY_DEG") > 2.9, True, False),
    ("wind", {}, "TO_TRUCK", shown("WIND"), 19.0, 3.0),
    ("snag", {}, "UNLOCK", ends("crane", 23, MOST_KG), 2, 1),
    ("overload", {}, "UNLOCK", ends("crane", 23, MOST_KG), 2, 1),
    ("gripper-lock-stuck", {"lock": 3}, "LAND", ends("crane", 21), 2, 1),
    ("gripper-lock-opens", {"lock": 1}, "HOIST", shown("GRIPPER_CLOSED"), 0b1110, ALL),
    ("truck-lock-opens", {"lock": 4}, "LOCK", shown("VEH_LOCKS_CLOSED", "stand"), 0b0111, ALL),
    ("hoist-sinks", {}, "TO_BAY", lambda c: c.advance(0.3) or c.shows("Z_MM"), 5800.0, 6000.0),
    ("hoist-sinks", {}, "LAND", lambda c: c.advance(0.3) or c.shows("Z_MM"), 3200.0, 3200.0),
    ("crane-rolls", {}, "TO_BAY", lambda c: c.advance(0.3) or (c.shows("OVER_BAY"), c.shows("OVER")), (0, 0), (8, 3)),
    ("landing-dead", {"corner": 4}, "TO_TRUCK", ends("crane", 20, ON_TRUCK), 2, None),
    ("cone-blocked", {}, "TO_TRUCK", ends("crane", 20, ON_TRUCK), 2, None),
    ("scan-poor", {}, "SECURE", ends("stand", 12), 2, 1),
    ("pose-shift", {}, "SCAN", shown("SHIFT_MM", "stand"), 80.0, 0.0),
    ("truck-lock-stuck", {"lock": 2}, "GRIP", ends(VEH, 46, ALL), 2, 1),
    ("connector-stuck", {}, "GRIP", ends(VEH, 46, ALL), 2, 1),
    ("connector-bent", {}, "BACK", lambda c: c.do("crane", 20, ON_TRUCK) or c.lane.vehicle.connector, 0.9, 1.0),
    ("hv-on", {}, "HV_OFF", shown("VEH_HV_OFF", "stand"), False, None),
    ("e-stop", {}, "TO_TRUCK", ends("crane", 20, ON_TRUCK), -10, -10),
    ("curtain", {}, "TO_TRUCK", ends("crane", 20, ON_TRUCK), -10, -10),
    ("scanner", {}, "TO_TRUCK", shown("PATH_CLEAR"), False, True),
    ("person", {}, "TO_TRUCK", shown("BAY_CLEAR", "stand"), False, True),
    ("rope-slack", {}, "HOIST", shown("ROPES_TIGHT"), False, True),
    ("brake-weak", {}, "HOIST", shown("BRAKE_OK"), False, True),
    ("drive-stops", {}, "UNLOCK", ends("crane", 23, MOST_KG), 2, -10),
    ("drive-idle", {}, "TO_TRUCK", lambda c: (ends("crane", 20, ON_TRUCK)(c), c.shows("LANDED")), (1, 0), (1, ALL)),
    ("drive-overshoot", {}, "AWAY", lambda c: (ends("crane", 12, 1)(c), c.shows("OVER")), (1, 0), (1, 3)),
    ("radio-lost", {}, "SCAN", shown("VEH_LINK_OK", "stand"), False, True),
    ("door-open", {}, "SCAN", shown("VEH_DOORS_CLOSED", "stand"), False, True),
    ("coolant-leak", {}, "SCAN", shown("VEH_COOLANT_MATED", "stand"), False, True),
    ("isolation-dry", {}, "SCAN", shown("ISOLATION_READY"), False, True),
    ("sensor-stuck", {"tag": "crane.LANDED", "value": 13}, "LAND", shown("LANDED"), 13, 15),
    ("link-lost", {"plc": "crane"}, "SCAN", lambda c: c.station.plcs["crane"].online, False, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "args", "after", "says", "struck", "sound"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_a_fault_shows_and_is_gone(client, name, args, after, says, struck, sound):
    client.swap_until(after)
    client.fault(name, **args)
    assert says(client) == struck
    assert client.rules() == set()
    client.fault(name, on=False, **args)
    client.advance(0.1)
    if sound is not None:
        assert says(client) == sound


def test_the_wrong_pack_is_the_one_that_the_gripper_reads(client):
    client.fault("wrong-pack", target="fresh")
    client.swap_until("HOIST")
    assert client.shows("PACK_CODE") == client.crane.load.code, "the truck's own pack has its own label"
    for step in list(client.steps(client.fresh, client.empty))[10:19]:
        client.steps(client.fresh, client.empty)[step]()
    load = client.crane.load
    assert client.shows("PACK_CODE") == load.label != load.code
    client.do("crane", 11)
    client.do("crane", 20, ON_TRUCK)
    client.do(VEH, 47, ALL)
    client.do(VEH, 43)
    assert client.shows("VEH_PACK_ID", "stand") == load.label


def test_a_truck_that_was_scanned_out_of_its_place_and_rolls_back_has_moved_too(client):
    client.swap_until("SECURE")
    client.fault("pose-shift", mm=40)
    client.do("stand", 12)
    assert client.shows("SHIFT_MM", "stand") == 0.0
    client.fault("pose-shift", on=False)
    assert client.shows("SHIFT_MM", "stand") == 40.0


def test_a_truck_that_parks_askew_is_seen_so_by_the_scanner(client):
    client.station.command({"cmd": "vehicle"})
    client.fault("parked-askew", mm=220, deg=3)
    for step in ("IDENTIFY", "OPEN_ENTRY", "SECURE", "SCAN"):
        client.steps(client.fresh, client.empty)[step]()
    assert client.shows("DY_MM", "stand") == pytest.approx(220.0, abs=10.0)
    assert client.shows("YAW_DEG", "stand") == pytest.approx(3.0, abs=0.2)


def test_a_stalled_hoist_is_a_fault_that_a_person_resets(client):
    client.swap_until("UNLOCK")
    client.fault("drive-stops")
    assert ends("crane", 23, MOST_KG)(client) == 2
    client.fault("drive-stops", on=False)
    assert client.shows("NO_FAULT") is False and client.give("crane", 23, MOST_KG) == 10
    assert client.station.command({"cmd": "fault-reset", "plc": "crane"})["ok"]
    client.do("crane", 23, MOST_KG)


def test_a_crossed_drive_runs_no_further_than_its_end_stops():
    crane, drive = TruckSimStation(seed=1).plant.crane, Drive()
    drive.ailment = Ailment.CROSSED

    def travel():
        yield Ramp(crane, 1.0, x=crane.x + 100.0)

    for _ in range(20):
        with suppress(TimedOut):
            for movement in drive.carried_out(travel()):
                assert isinstance(movement, Together)
                crane.z = movement.ramps[0].spans[0][2]
    assert crane.z == crane.end_stops["z"][1]


def test_every_fault_can_be_switched_on_and_off_in_the_middle_of_a_swap(client):
    client.swap_until("HOIST")
    names = client.station.faults.names()
    told = {"sensor-stuck": "crane.Z_MM", "sensor-flicker": "crane.HOISTED", "sensor-drift": "crane.X_MM"}
    for name in names:
        for on in (True, False):
            bay = f"A{client.empty:02d}" if name == "bay-taken" else "A03"
            client.fault(name, on=on, bay=bay, of="A04", **({"tag": told[name]} if name in told else {}))
        client.station.command({"cmd": "safety-reset"})
    assert len(names) > 55 and "creep" not in names
    answer = client.station.command({"cmd": "fault", "name": "none-such"})
    assert not answer["ok"] and "gripper-lock-stuck" in answer["error"]


def test_people_carry_no_packs_here_and_a_second_truck_waits():
    station = TruckSimStation(seed=1)
    assert "no place" in station.command({"cmd": "pack"})["error"]
    assert station.command({"cmd": "vehicle"})["ok"] and station.command({"cmd": "vehicle", "model": "SIM-MIXER"})["ok"]
    station.advance(0.1)
    assert [truck.pack_type for truck in station.plant.lane.queue] == [282, 280]
    assert station.command({"cmd": "dismiss"})["ok"]
    station.advance(0.1)
    assert len(station.plant.lane.queue) == 1
