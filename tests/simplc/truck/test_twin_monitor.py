"""The safety monitor judges a truck with two packs seat by seat: each rule speaks of the seat that it is broken in."""

from __future__ import annotations

import pytest

from tests.simplc.truck.conftest import MOST_KG, ON_TRUCK, VEH
from tests.simplc.truck.twin_client import ALONG, LOCKS, Act, TwinClient, does, nothing, several, wound


@pytest.fixture
def twin() -> TwinClient:
    return TwinClient()


def mated(seat: int) -> Act:
    """The connector of a seat has gone back to its pack."""
    return lambda twin: setattr(twin.seats[seat - 1], "connector", 1.0)


def hot(twin: TwinClient) -> None:
    """The pack in the gripper is hot."""
    twin.crane.load.temperature = 70.0


def other_pack(seat: int, **changed: object) -> Act:
    """The pack in a seat is not what it should be."""

    def act(twin: TwinClient) -> None:
        pack = twin.seats[seat - 1].pack(twin.plant.places)
        for name, value in changed.items():
            setattr(pack, name, value)

    return act


TO_SECOND = several(
    does("crane", 11, ALONG[1]), does("crane", 20, ON_TRUCK), does("crane", 21), does(VEH, 46, LOCKS[1])
)  # fmt: skip

Ask = tuple[str, Act, str, int, tuple[int, ...], str, str]
JUDGED: list[Ask] = [
    # S5: only the pack that the gripper holds is unlocked, and hoisted with the other one held
    ("GRIP1", nothing, VEH, 46, (LOCKS[0],), "", ""),
    ("GRIP1", nothing, VEH, 46, (LOCKS[1],), "S5", "nothing grips"),
    ("GRIP2", nothing, VEH, 46, (LOCKS[0],), "S5", "nothing grips"),
    ("GRIP2", nothing, VEH, 46, (LOCKS[1],), "", ""),
    ("GRIP1", nothing, VEH, 46, (0xFF,), "S5", "nothing grips"),
    ("UNLOCK1", wound(6, 0.5), "crane", 23, (MOST_KG,), "S5", "3 of 4 locks closed on the truck's other pack"),
    ("UNLOCK2", wound(1, 0.0), "crane", 23, (MOST_KG,), "S5", "3 of 4 locks closed on the truck's other pack"),
    ("AWAY1", TO_SECOND, "crane", 23, (MOST_KG,), "", "the other seat is empty, and open for its pack"),
    # S20: nothing is torn
    ("UNLOCK2", nothing, "crane", 23, (MOST_KG,), "", ""),
    ("UNLOCK2", wound(7, 1.0), "crane", 23, (MOST_KG,), "S20", "1 of 4 truck locks"),
    ("UNLOCK2", mated(2), "crane", 23, (MOST_KG,), "S20", "connector"),
    ("UNLOCK1", mated(1), "crane", 23, (MOST_KG,), "S20", "connector"),
    ("GRIP2", nothing, "crane", 10, (), "S20", "4 of 4 truck locks"),
    ("BACK2", wound(5, 1.0), "crane", 20, (ON_TRUCK,), "S20", "closed truck locks"),
    ("BACK1", nothing, "crane", 20, (ON_TRUCK,), "", ""),
    # S11: one pack in one seat; S21: not between them
    ("BACK1", does("crane", 11, ALONG[1]), "crane", 20, (ON_TRUCK,), "S11 S20", "still has one"),
    ("BACK2", does("crane", 11, ALONG[0]), "crane", 20, (ON_TRUCK,), "S11 S20", "still has one"),
    ("BACK2", does("crane", 11, 0), "crane", 20, (ON_TRUCK,), "S21", "between the truck's packs"),
    ("HV_OFF", does("crane", 11, 0), "crane", 20, (ON_TRUCK,), "S21", "between the truck's packs"),
    # S16: what is hot goes to no truck but that of its own
    ("HOIST_FRESH2", hot, "crane", 11, (ALONG[1],), "S16", "hot"),
    ("HOIST2", hot, "crane", 11, (ALONG[1],), "", ""),
    ("HOIST1", hot, "crane", 11, (ALONG[0],), "", ""),
    ("HOIST2", several(hot, does("crane", 11, ALONG[1])), "crane", 20, (ON_TRUCK,), "", ""),
    # S6: let go with the right pack, locked, in every seat
    ("CLEAR1", nothing, VEH, 44, (), "", "its own second pack is a right one"),
    ("CLEAR1", other_pack(2, label="CN-X"), VEH, 44, (), "", "nor does its label make it another"),
    ("CLEAR2", nothing, VEH, 44, (), "", ""),
    ("AWAY1", nothing, VEH, 44, (), "S6", "without a pack"),
    ("AWAY2", nothing, "stand", 13, (), "S6", "without a pack"),
    ("CLEAR2", wound(6, 0.5), VEH, 44, (), "S6", "3 of 4"),
    ("CLEAR2", wound(3, 0.5), "stand", 13, (), "S6", "3 of 4"),
    ("CLEAR2", other_pack(2, pack_type=280), "stand", 13, (), "S6", "wrong pack"),
    ("CLEAR2", other_pack(1, label="CN-X"), VEH, 44, (), "S6", "wrong pack"),
    ("LOCK2", nothing, VEH, 44, (), "S6", "gripper is down"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("after", "prepare", "channel", "opcode", "params", "rule", "text"), JUDGED,
    ids=[f"{r[5].replace(' ', '+') or 'fine'}-{r[2]}-{r[3]}-{r[0]}-{k}" for k, r in enumerate(JUDGED)],
)  # fmt: skip
def test_an_order_is_judged_by_the_seat(twin, after, prepare, channel, opcode, params, rule, text):
    twin.twin_until(after)
    prepare(twin)
    twin.plant.motions.version += 1
    twin.advance(0.4)
    before = twin.rules()
    twin.ask(channel, opcode, *params)
    assert before == set() and twin.rules() == set(rule.split()), twin.report()["violations"]
    said = [words for one in rule.split() for words in twin.texts(one)]
    assert not rule or sum(text in words for words in said) == 1, said


def test_locks_close_under_no_hanging_pack_of_their_own_seat(twin):
    twin.twin_until("BACK2")
    twin.fault("cone-blocked", cone=2)
    twin.ends("crane", 20, ON_TRUCK)
    twin.ask(VEH, 47, LOCKS[0])
    twin.done(VEH)
    assert twin.rules() == set()
    twin.ask(VEH, 47, LOCKS[1])
    assert twin.texts("S20") == ["truck locks ordered to close under a hanging pack"]


@pytest.mark.parametrize(("step", "closed"), [("GRIP1", 8), ("UNLOCK1", 4), ("UNLOCK2", 4)])
def test_a_truck_that_drives_off_with_either_pack_in_the_gripper_or_a_lock_open_is_seen(twin, step, closed):
    twin.twin_until(step)
    twin.plant.motions.start(twin.lane.vehicle.drive_out(), driven=False)
    twin.advance(0.2)
    assert "truck drives off with its pack in the gripper" in twin.texts("S4")
    assert twin.texts("S6") == ([] if closed == 8 else [f"truck drives off with {closed} of 8 locks closed"])


def test_a_hoist_against_the_locks_of_the_second_seat_tears_at_them(twin):
    twin.twin_until("UNLOCK2")
    wound(8, 1.0)(twin)
    twin.station.plcs["stand"].freeze("VEH_LOCKS_OPEN", LOCKS[1])
    assert twin.ends("crane", 23, MOST_KG) == 2
    assert twin.texts("S20")[-1] == "hoisted against the truck's locks"
    assert twin.seats[1].pack(twin.plant.places) is not None


def test_a_gripper_that_holds_one_pack_is_not_put_off_by_the_locks_of_the_other(twin):
    twin.twin_until("UNLOCK1")
    twin.do("crane", 23, MOST_KG)
    assert twin.rules() == set() and twin.lane.vehicle.closed(twin.seats[1]) == 4


def test_ropes_that_pull_while_the_other_pack_gives_voltage_are_seen(twin):
    twin.twin_until("UNLOCK2")
    twin.fault("hv-on")
    twin.advance(0.4)
    assert twin.shows("VEH_HV_ON", "stand") is True, "by the connector of the first pack"
    twin.plant.motions.start(twin.crane.take_up(2000.0), driven=False)
    twin.advance(0.2)
    assert twin.texts("S3") == ["ropes pull at a pack under high voltage"]
