"""A whole swap, driven order by order through the PLC contract."""

from __future__ import annotations

import pytest

NOMINAL = {
    ("lift.VEH", 40): 5, ("lift", 11): 52, ("lift.VEH", 41): 8, ("lift.VEH", 42): 15, ("lift", 12): 10,
    ("lift", 13): 12, ("robot", 11): 10, ("robot", 20): 14, ("robot", 12): 10, ("robot", 30): 14,
    ("robot", 31): 18, ("robot", 13): 12, ("robot", 21): 18, ("lift.VEH", 43): 12, ("robot", 10): 5,
    ("lift", 14): 3, ("lift", 15): 7, ("lift", 16): 5, ("lift.VEH", 44): 25, ("lift.VEH", 45): 5,
    ("lift", 17): 20, ("rack_a", 31): 4, ("rack_a", 30): 4, ("rack_a", 32): 2,
}  # fmt: skip


@pytest.mark.parametrize("speed", [1.0, 20.0, 100.0])
def test_a_swap_runs_to_its_end_without_a_violation(make_client, speed):
    client = make_client(speed=speed)
    before = client.report()["packs"]
    bay, empty = client.full_bay(), client.empty_bay()
    client.swap_until("START_CHARGE", bay, empty)
    client.advance(10.0 / speed + 0.2)
    report = client.report()
    assert report["violations"] == []
    fresh = next(code for code, place in before.items() if place == f"A{bay:02d}")
    spent = report["packs"].keys() - before.keys()
    assert report["packs"].keys() >= before.keys() and len(spent) == 1
    assert report["packs"][fresh].startswith("left:")
    assert report["packs"][spent.pop()] == f"A{empty:02d}"
    assert client.station.plant.bays[empty].state == 4
    for (channel, opcode), seconds in NOMINAL.items():
        measured = [d["s"] for d in report["durations"][channel].values() if d["opcode"] == opcode]
        assert measured and measured[0] == pytest.approx(seconds, rel=0.035), (channel, opcode)


def test_a_settlement_is_shown_only_after_its_order_and_only_for_this_visit(make_client):
    client = make_client(speed=100.0)
    lift = client.station.plcs["lift"]
    client.swap_until("HV_ON")
    assert lift.values["VEH_POSTCHECK_OK"] is True and lift.values["VEH_SETTLED"] is False
    client.do("lift.VEH", 45)
    assert lift.values["VEH_SETTLED"] is True
    client.do("lift.VEH", 40)
    assert lift.values["VEH_SETTLED"] is False
    client.do("lift.VEH", 45)
    client.do("lift", 17)
    assert lift.values["VEH_SETTLED"] is False, "the vehicle is gone, and with it what it acknowledged"


def test_twenty_swaps_conserve_every_pack(make_client):
    client = make_client(speed=200.0)
    before = set(client.report()["packs"])
    vehicles = set()
    for _ in range(20):
        bay, empty = client.full_bay(), client.empty_bay()
        client.swap_until("START_CHARGE", bay, empty)
        client.advance(20.0)
        report = client.report()
        vehicles |= report["packs"].keys() - before
        assert len(set(report["packs"].values())) == len(report["packs"])
    assert report["violations"] == []
    assert len(vehicles) == 20
    assert sum(place.startswith("left:") for place in report["packs"].values()) == 20
