"""Faults of trucks with two packs: each strikes the seat that it names, or else the one that is being worked on."""

from __future__ import annotations

import pytest

from tests.simplc.truck.conftest import MOST_KG, ON_TRUCK, VEH
from tests.simplc.truck.twin_client import LOCKS, MODEL, Act, TwinClient, fault


@pytest.fixture
def twin() -> TwinClient:
    return TwinClient()


Struck = tuple[str, Act, str, tuple[int, ...], int]
STRUCK: list[Struck] = [
    ("GRIP1", fault("truck-lock-stuck"), VEH, (46, LOCKS[0]), 2),
    ("GRIP2", fault("truck-lock-stuck"), VEH, (46, LOCKS[1]), 2),
    ("GRIP2", fault("truck-lock-stuck", lock=2), VEH, (46, LOCKS[1]), 1),
    ("GRIP1", fault("truck-lock-stuck", lock=8), VEH, (46, LOCKS[0]), 1),
    ("GRIP2", fault("truck-lock-stuck", lock=8), VEH, (46, LOCKS[1]), 2),
    ("GRIP1", fault("truck-lock-stuck", seat=2), VEH, (46, LOCKS[0]), 1),
    ("GRIP2", fault("connector-stuck"), VEH, (46, LOCKS[1]), 2),
    ("GRIP2", fault("connector-stuck", seat=1), VEH, (46, LOCKS[1]), 1),
    ("UNLOCK2", fault("overload"), "crane", (23, MOST_KG), 2),
]


@pytest.mark.parametrize(
    ("after", "strike", "channel", "order", "result"), STRUCK,
    ids=[f"{r[0]}-{r[3][0]}-{r[4]}-{k}" for k, r in enumerate(STRUCK)],
)  # fmt: skip
def test_a_fault_strikes_the_seat_that_it_names_or_else_the_one_at_hand(twin, after, strike, channel, order, result):
    twin.twin_until(after)
    strike(twin)
    assert twin.ends(channel, *order) == result
    assert twin.rules() == set()


def test_a_fault_that_goes_is_gone_from_both_seats(twin):
    twin.twin_until("GRIP1")
    twin.fault("connector-stuck")
    twin.fault("truck-lock-stuck")
    twin.fault("coolant-leak", seat=2)
    assert twin.both("COOLANT_MATED") == (True, False)
    assert [seat.connector_stuck for seat in twin.seats] == [True, False] and twin.lane.vehicle.stuck == {1}
    for name in ("connector-stuck", "truck-lock-stuck", "coolant-leak"):
        twin.fault(name, on=False)
    assert twin.ends(VEH, 46, LOCKS[0]) == 1
    twin.twin_until("GRIP2", first="HOIST1")
    twin.fault("connector-bent", seat=1)
    twin.fault("connector-stuck")
    assert twin.both("COOLANT_MATED")[1] is True
    assert [seat.connector_stuck for seat in twin.seats] == [False, True], "the seat that the crane works on"
    assert [seat.bent_connector for seat in twin.seats] == [True, False]


def test_a_bent_pin_keeps_the_connector_of_its_seat_from_going_home(twin):
    twin.twin_until("BACK2")
    twin.fault("connector-bent")
    twin.do("crane", 20, ON_TRUCK)
    assert [seat.connector for seat in twin.seats] == [1.0, 0.9] and twin.both("CONNECTOR_MATED") == (True, False)


def test_a_connector_that_was_stuck_goes_home_with_the_locks_of_its_seat(twin):
    twin.twin_until("BACK2")
    twin.fault("connector-stuck")
    twin.do("crane", 20, ON_TRUCK)
    assert twin.both("PACK_LATCHED") == (True, True) and twin.both("CONNECTOR_APART") == (False, True)
    twin.fault("connector-stuck", on=False)
    twin.do(VEH, 47, LOCKS[1])
    assert twin.both("CONNECTOR_MATED") == (True, True)


def test_the_wrong_pack_is_that_of_the_seat_named_or_the_one_that_is_carried(twin):
    twin.twin_until("HV_OFF")
    twin.fault("wrong-pack", target="vehicle", seat=2)
    own = [seat.pack(twin.plant.places) for seat in twin.seats]
    assert [pack.label == pack.code for pack in own] == [True, False]
    twin.fault("wrong-pack", on=False, target="vehicle")
    twin.twin_until("CLEAR1", first="TO_SEAT1")
    twin.do("crane", 12, twin.charged[1])
    first, second = (seat.pack(twin.plant.places) for seat in twin.seats)
    twin.fault("wrong-pack", target="fresh")
    under = twin.plant.bays[twin.charged[1]].pack
    assert under.label != under.code
    assert first.label == first.code, "what stands on the truck already is not on its way any more"
    twin.fault("wrong-pack", on=False, target="fresh")
    twin.twin_until("LAND2", first="TO_SEAT2")
    twin.fault("wrong-pack", target="fresh")
    assert second.label == second.code, "the truck has brought it"


def test_one_pack_or_two_the_truck_before_leaves_nothing_behind(twin):
    twin.twin_until("OPEN_EXIT")
    twin.station.command({"cmd": "vehicle", "model": MODEL})
    twin.advance(0.1)
    assert twin.plant.at_hand(twin.plant.visitor()) is twin.seats[0]
