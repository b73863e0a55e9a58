"""The safety monitor of the truck station: each rule speaks on an unsafe order or instant, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simplc.truck.conftest import ALL, MOST_KG, ON_BAY, ON_ISOLATION, ON_TRUCK, TruckClient
from tests.simplc.truck.test_refusals import Act, nothing

Ask = tuple[str, Act, str, int, tuple[int, ...], str, str]


def live(client: TruckClient) -> None:
    """High voltage is on, and has been long enough to be seen."""
    client.fault("hv-on")


def locked(*locks: int) -> Act:
    """These locks of the truck are closed."""

    def act(client: TruckClient) -> None:
        for lock in locks:
            client.lane.vehicle.bolts[lock - 1].wound = 1.0

    return act


def mated(client: TruckClient) -> None:
    """The truck's connector has gone back to the pack."""
    client.lane.vehicle.connector = 1.0


def half_open(client: TruckClient) -> None:
    """One gripper lock has come open."""
    client.crane.locks[2].wound = 0.4


def hot(client: TruckClient) -> None:
    """The pack in the gripper is hot."""
    client.crane.load.temperature = 70.0


def over(bay: int) -> Act:
    """The crane is over a bay."""
    return lambda c: c.do("crane", 12, bay)


UNSAFE: list[Ask] = [
    # S3 high voltage
    ("TO_TRUCK", live, "crane", 20, (ON_TRUCK,), "S3", "over high voltage"),
    ("LAND", live, "crane", 21, (), "S3", "over high voltage"),
    ("UNLOCK", live, "crane", 23, (MOST_KG,), "S3", "over high voltage"),
    ("GRIP", live, "stand.VEH", 46, (ALL,), "S3", "high voltage"),
    # S4 the truck's place
    ("LAND", nothing, "stand", 13, (), "S4 S6", "gripper is down"),
    ("LAND", nothing, "stand", 11, (), "S4", "gripper is down"),
    ("TO_TRUCK", lambda c: setattr(c.lane.vehicle, "in_grooves", False), "crane", 20, (ON_TRUCK,), "S4", "wheel stop"),
    ("HOIST", lambda c: setattr(c.lane.vehicle, "in_grooves", False), "stand.VEH", 47, (ALL,), "S4", "wheel stop"),
    # S5 held by four locks, or standing by itself
    ("HV_OFF", nothing, "stand.VEH", 46, (ALL,), "S5", "nothing grips"),
    ("LAND", nothing, "stand.VEH", 46, (ALL,), "S5", "nothing grips"),
    ("GRIP", half_open, "stand.VEH", 46, (ALL,), "S5", "nothing grips"),
    ("UNLOCK", half_open, "crane", 23, (MOST_KG,), "S5", "3 of 4"),
    ("HOIST", half_open, "crane", 12, (8,), "S5", "3 of 4"),
    ("HOIST", nothing, "crane", 22, (), "S5", "hangs"),
    ("TO_TRUCK", nothing, "crane", 21, (), "S5", "on nothing"),
    # S6 release
    ("UNLOCK", nothing, "stand.VEH", 44, (), "S6", "0 of 4"),
    ("HOIST", nothing, "stand", 13, (), "S6", "without a pack"),
    ("LOCK", nothing, "stand.VEH", 44, (), "S6", "gripper is down"),
    ("CLEAR", locked(), "stand", 13, (), "", ""),
    # S11 one pack in one place
    ("BACK", lambda c: c.plant.places.put(c.plant.make_pack(282, 50.0), c.lane.vehicle.place),
     "crane", 20, (ON_TRUCK,), "S11", "still has one"),
    ("HOIST", lambda c: c.do("crane", 13) or c.plant.places.put(c.plant.make_pack(282, 50.0), "isolation"),
     "crane", 20, (ON_ISOLATION,), "S11", "isolation"),
    # S12 bays
    ("TO_BAY", lambda c: c.fault("bay-taken", bay="A08"), "crane", 20, (ON_BAY,), "S12", "taken"),
    ("SECURE", over(1), "crane", 20, (ON_BAY,), "S12", "plug in"),
    # S16 hot
    ("HOIST_FRESH", hot, "crane", 11, (), "S16", "hot"),
    # S20 nothing is torn
    ("GRIP", nothing, "crane", 23, (MOST_KG,), "S20", "4 of 4 truck locks"),
    ("UNLOCK", locked(3), "crane", 23, (MOST_KG,), "S20", "1 of 4 truck locks"),
    ("UNLOCK", mated, "crane", 23, (MOST_KG,), "S20", "connector"),
    ("UNLOCK", nothing, "crane", 23, (6000,), "S20", "over the crane's own"),
    ("BACK", locked(1), "crane", 20, (ON_TRUCK,), "S20", "closed truck locks"),
    # S21 high and still enough
    ("LAND", nothing, "crane", 12, (1,), "S21", "below travel height"),
    ("SECURE", nothing, "crane", 20, (ON_TRUCK,), "S21", "over nothing"),
    ("TO_TRUCK", lambda c: c.fault("sway"), "crane", 20, (ON_TRUCK,), "S21", "swings"),
    ("TO_TRUCK", lambda c: c.fault("sway", deg=6), "crane", 12, (1,), "S21", "swings far"),
    ("SECURE", lambda c: c.fault("wind"), "crane", 12, (1,), "S21", "wind"),
    # S22 nothing over a person
    ("TO_TRUCK", lambda c: c.fault("person"), "crane", 20, (ON_TRUCK,), "S22", "person"),
    ("UNLOCK", lambda c: c.fault("person"), "crane", 23, (MOST_KG,), "S22", "person"),
    ("HOIST_FRESH", lambda c: c.fault("person"), "crane", 11, (), "S22", "person"),
    # S23 where the scan saw it
    ("TO_TRUCK", lambda c: c.fault("pose-shift", mm=30), "crane", 20, (ON_TRUCK,), "S23", "moved"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("after", "prepare", "channel", "opcode", "params", "rule", "text"), UNSAFE,
    ids=[f"{r[5].replace(' ', '+') or 'fine'}-{r[2]}-{r[3]}-{r[0]}-{k}" for k, r in enumerate(UNSAFE)],
)  # fmt: skip
def test_an_unsafe_order_is_seen(client, after, prepare, channel, opcode, params, rule, text):
    client.swap_until(after)
    prepare(client)
    client.advance(0.4)
    before = client.rules()
    name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
    client.give(name, opcode, *params, prefix=prefix)
    assert before == set() and client.rules() == set(rule.split()), client.report()["violations"]
    assert not rule or any(text in said for one in rule.split() for said in client.texts(one))


def test_a_danger_that_nobody_can_have_seen_yet_is_nobodys_fault(client):
    client.swap_until("TO_TRUCK")
    client.fault("person")
    client.give("crane", 20, ON_TRUCK)
    assert client.rules() == set()


@pytest.mark.parametrize("fault", ["e-stop", "curtain"])
def test_motion_under_an_open_chain_is_seen(client, fault):
    client.swap_until("HV_OFF")
    client.fault(fault)
    client.advance(0.4)
    assert client.give("crane", 12, 1) == 10 and client.give("stand", 46, ALL, prefix="VEH_") in (6, 10)
    assert client.rules() >= {"S2"} and len(client.texts("S2")) == 2


def test_a_second_order_while_one_is_busy_is_seen(client):
    client.give("crane", 12, 4)
    assert client.give("crane", 12, 1) == 7
    assert client.rules() == {"S8"}


# ---- instants: what happens whatever was ordered -------------------------------------------------------------------
def test_a_pack_that_falls_is_seen(client):
    client.swap_until("HOIST")
    client.plant.motions.start(client.crane.ungrip(1.0), driven=False)
    client.advance(0.1)
    assert any("dropped" in text for text in client.texts("S5"))
    assert any(place.startswith("dropped:") for place in client.report()["packs"].values())


@pytest.mark.parametrize(("closed", "falls"), [(3, False), (2, True)])
def test_a_pack_hoisted_by_less_than_four_locks_is_seen_and_falls_from_two(client, closed, falls):
    client.swap_until("UNLOCK")
    for lock in client.crane.locks[closed:]:
        lock.wound = 0.4
    client.plant.motions.start(client.crane.take_up(3300.0), driven=False)
    client.advance(0.2)
    assert f"pack hoisted by {closed} of 4 gripper locks" in client.texts("S5")
    assert falls == any("dropped" in text for text in client.texts("S5"))


def test_a_travel_with_the_gripper_low_is_seen(client):
    client.swap_until("LAND")
    client.plant.motions.start(client.crane.travel("A08", (0.0, 0.0, 0.0), 1.0), driven=False)
    client.advance(0.5)
    assert client.texts("S21") == ["crane travels with its gripper low"]


def test_a_load_that_swings_far_out_is_seen(client):
    client.swap_until("HOIST")
    client.give("crane", 12, client.empty)
    client.fault("sway", deg=8)
    client.advance(0.4)
    assert client.texts("S21") == ["crane travels with a load that swings far out"]


def test_a_pack_carried_over_a_person_is_seen(client):
    client.swap_until("HOIST_FRESH")
    client.fault("person")
    client.advance(0.4)
    client.plant.motions.start(client.crane.travel("truck", (0.0, 0.0, 0.0), 1.0), driven=False)
    client.advance(0.5)
    assert client.texts("S22") == ["pack carried over a person"]


def test_a_pack_let_go_on_an_edge_is_seen_and_stands_askew(client):
    client.swap_until("BACK")
    client.fault("cone-blocked", cone=2)
    client.give("crane", 20, ON_TRUCK)
    client.done("crane")
    assert client.give("crane", 22) == 1 and client.done("crane") == [1]
    assert any("left standing on an edge" in text for text in client.texts("S5"))
    assert client.shows("VEH_PACK_LATCHED", "stand") is False and client.crane.load is None
    client.fault("cone-blocked", cone=2, on=False)
    client.do("crane", 23, 500)
    client.do("crane", 20, ON_TRUCK)
    client.do("crane", 21)
    client.do("crane", 23, MOST_KG)
    client.do("crane", 20, ON_TRUCK)
    assert client.shows("VEH_PACK_LATCHED", "stand") is True, "lifted and set down again it finds its seat"


def test_a_truck_that_drives_under_the_gripper_or_with_its_pack_in_it_is_seen(client):
    client.swap_until("UNLOCK")
    client.plant.motions.start(client.lane.vehicle.drive_out(), driven=False)
    client.advance(0.2)
    assert set(client.texts("S4")) == {
        "truck moves under a gripper that is down", "truck drives off with its pack in the gripper",
    }  # fmt: skip
    assert client.texts("S6") == ["truck drives off with 0 of 4 locks closed"]


def test_two_packs_in_one_place_are_seen(client):
    client.swap_until("BACK")
    client.plant.places.put(client.plant.make_pack(282, 50.0), client.lane.vehicle.place)
    client.plant.motions.start(client.crane.lower(5200.0, 5150.0, 1.0), driven=False)
    client.advance(0.6)
    assert len(client.texts("S11")) == 1 and client.crane.load is not None
    assert client.crane.z == 5200.0


def test_a_pack_lowered_at_full_speed_onto_something_is_seen(client):
    client.swap_until("TO_TRUCK")
    client.plant.motions.start(client.crane.lower(1000.0, 950.0, 1.0), driven=False)
    client.advance(0.6)
    assert client.texts("S21") == ["gripper or pack lowered at full speed onto truck"]


def test_a_pack_torn_off_its_plug_is_seen(client):
    client.swap_until("GRIP_FRESH")
    client.plant.bays[client.fresh].plug = 1.0
    client.plant.motions.start(client.crane.take_up(3300.0), driven=False)
    client.advance(0.2)
    assert any("torn" in text for text in client.texts("S12"))


def test_ropes_that_pull_under_high_voltage_are_seen(client):
    client.swap_until("UNLOCK")
    client.fault("hv-on")
    client.advance(0.4)
    client.plant.motions.start(client.crane.take_up(2000.0), driven=False)
    client.advance(0.2)
    assert client.texts("S3") == ["ropes pull at a pack under high voltage"]


def test_the_monitor_of_charging_watches_this_station_too(make_client: Callable[..., TruckClient]) -> None:
    client = make_client(speed=20.0)
    client.station.command({"cmd": "grid", "limit_kw": 100})
    client.advance(8.0)
    assert "S19" in client.rules()
