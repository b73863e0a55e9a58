"""What a link tells of its PLC: identity, heartbeat, faults in words."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from drivers.link_image import LinkImage
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass, Value

FAST, NORMAL = ScanClass.FAST, ScanClass.NORMAL


def io(*tags: str) -> IoList:
    word = PointType.parse("u16")
    return IoList("test", tuple(Point(t, f"ir:{i}", word, Access.READ, FAST) for i, t in enumerate(tags)))


def block(at: float, **values: Value) -> Block:
    return Block(MappingProxyType(values), at, frozenset())


def image(heartbeat: str | None = "HB") -> LinkImage:
    made = LinkImage("lift", io("MAGIC", "MAP_VERSION", "HB"), {"MAGIC": 23205, "MAP_VERSION": 1}, heartbeat)
    made.connected("connection")
    return made


def tell(made: LinkImage, b: Block) -> LinkSnapshot:
    made.take(FAST, b)
    made.publish()
    return made.snapshot


def test_a_new_link_says_that_it_was_never_connected() -> None:
    made = LinkImage("lift", io("HB"), None, "HB")
    assert made.snapshot.fault == "never connected"
    made.publish()
    assert made.snapshot.fault == "never connected"


def test_a_wrong_identity_is_said_in_words_and_taken_back_when_it_is_right() -> None:
    made = image()
    assert tell(made, block(1.0, MAGIC=42330, MAP_VERSION=2, HB=1)).fault == (
        "MAGIC is 42330, needs 23205; MAP_VERSION is 2, needs 1"
    )
    assert tell(made, block(2.0, MAGIC=23205, MAP_VERSION=1, HB=2)).fault is None


def test_an_identity_tag_that_cannot_be_read_is_a_wrong_identity() -> None:
    made = image()
    values = MappingProxyType({"MAP_VERSION": 1, "HB": 1})
    made.take(FAST, Block(values, 1.0, frozenset({"MAGIC"})))
    made.publish()
    assert made.snapshot.fault == "MAGIC is not readable, needs 23205"


def test_nothing_may_be_written_before_the_identity_is_proved() -> None:
    made = image()
    assert made.unwritable(urgent=True) == "the PLC has not proved its identity yet"
    tell(made, block(1.0, MAGIC=1, MAP_VERSION=1, HB=1))
    assert made.unwritable(urgent=True) == "MAGIC is 1, needs 23205"


def test_a_stop_goes_to_a_plc_that_was_the_right_one_once() -> None:
    made = image()
    tell(made, block(1.0, MAGIC=23205, MAP_VERSION=1, HB=1))
    assert made.unwritable(urgent=False) is None
    tell(made, block(2.0, MAGIC=0, MAP_VERSION=1, HB=2))
    assert made.unwritable(urgent=False) == "MAGIC is 0, needs 23205"
    assert made.unwritable(urgent=True) is None


def test_identity_spread_over_two_blocks_is_wrong_as_long_as_one_part_is() -> None:
    points = (
        Point("MAGIC", "ir:0", PointType.parse("u16"), Access.READ, FAST),
        Point("MAP", "ir:1", PointType.parse("u16"), Access.READ, NORMAL),
    )
    made = LinkImage("lift", IoList("test", points), {"MAGIC": 5, "MAP": 1}, None)
    made.connected("connection")
    made.take(NORMAL, block(1.0, MAP=9))
    made.take(FAST, block(1.0, MAGIC=5))
    made.publish()
    assert made.snapshot.fault == "MAP is 9, needs 1"
    assert made.unwritable(urgent=False) is not None
    made.take(NORMAL, block(2.0, MAP=1))
    made.publish()
    assert made.snapshot.fault is None
    assert made.unwritable(urgent=False) is None


def test_what_was_read_from_a_stranger_proves_nothing_when_the_right_plc_is_back() -> None:
    """Zeroes that a PLC shows before its program runs must be read again, or they would be its first values."""
    made = image()
    tell(made, block(0.8, MAGIC=23205, MAP_VERSION=1, HB=1))
    made.take(NORMAL, block(0.9, BAY_TAKEN=1))
    before = tell(made, block(0.9, MAGIC=23205, MAP_VERSION=1, HB=1))
    assert before.blocks[NORMAL].values == {"BAY_TAKEN": 1}
    made.take(NORMAL, block(1.0, BAY_TAKEN=0))
    assert tell(made, block(1.0, MAGIC=0, MAP_VERSION=0, HB=0)).fault is not None
    made.take(NORMAL, block(1.1, BAY_TAKEN=0))
    back = tell(made, block(1.2, MAGIC=23205, MAP_VERSION=1, HB=1))
    assert back.fault is None
    assert (back.blocks[FAST].at, back.blocks[NORMAL].at) == (1.2, float("-inf"))
    made.take(NORMAL, block(1.3, BAY_TAKEN=1))
    assert tell(made, block(1.4, MAGIC=23205, MAP_VERSION=1, HB=2)).blocks[NORMAL].at == 1.3


LIVING = {"MAGIC": 23205, "EPOCH": 7, "UPTIME_MS": 1000}


def living() -> LinkImage:
    """The image of a PLC that counts its lives, after two scans that agree."""
    made = LinkImage("lift", io("MAGIC", "EPOCH", "UPTIME_MS"), {"MAGIC": 23205}, None)
    made.connected("connection")
    tell(made, block(1.0, **LIVING))
    made.take(NORMAL, block(1.1, BAY_TAKEN=1))
    tell(made, block(1.2, **LIVING))
    return made


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ({}, True), ({"UPTIME_MS": 1010}, True), ({"UPTIME_MS": 999}, False), ({"EPOCH": 8}, False),
        ({"MAGIC": 0, "EPOCH": 0, "UPTIME_MS": 0}, False), ({"EPOCH": None}, False),
    ],
)  # fmt: skip
def test_a_block_is_believed_when_the_same_life_of_the_plc_is_read_after_it(
    told: dict[str, Value | None], believed: bool
) -> None:
    made = living()
    made.take(NORMAL, block(1.3, BAY_TAKEN=0))
    made.publish()
    assert made.snapshot.blocks[NORMAL].values == {"BAY_TAKEN": 1}, "shown before anybody vouches for it"
    after = {tag: value for tag, value in (LIVING | told).items() if value is not None}
    shown = tell(made, block(1.4, **after)).blocks[NORMAL]
    assert (shown.at == 1.3 and shown.values == {"BAY_TAKEN": 0}) == believed
    again = tell(made, block(1.5, **LIVING)).blocks[NORMAL]
    assert (again.values == {"BAY_TAKEN": 0} and again.at > 0) == believed, "what was dropped stays dropped"


def test_the_uptime_may_wrap() -> None:
    made = living()
    tell(made, block(1.3, **LIVING | {"UPTIME_MS": 2**32 - 5}))
    tell(made, block(1.4, **LIVING | {"UPTIME_MS": 2**32 - 4}))
    made.take(NORMAL, block(1.5, BAY_TAKEN=0))
    assert tell(made, block(1.6, **LIVING | {"UPTIME_MS": 3})).blocks[NORMAL].at == 1.5


def test_what_waited_when_the_connection_was_lost_is_never_believed() -> None:
    made = living()
    made.take(NORMAL, block(1.3, BAY_TAKEN=0))
    made.fault("connection", "connection lost")
    made.connected("connection")
    for at in (1.4, 1.5):
        assert tell(made, block(at, **LIVING)).blocks[NORMAL].values == {"BAY_TAKEN": 1}


def test_identity_spread_over_two_classes_vouches_when_both_have_spoken() -> None:
    points = (
        Point("MAGIC", "ir:0", PointType.parse("u16"), Access.READ, FAST),
        Point("MAP", "ir:1", PointType.parse("u16"), Access.READ, NORMAL),
    )
    made = LinkImage("lift", IoList("test", points), {"MAGIC": 5, "MAP": 1}, None)
    for _ in range(2):
        made.take(FAST, block(1.0, MAGIC=5))
        made.take(NORMAL, block(1.0, MAP=1))
    made.take(ScanClass.SLOW, block(2.0, TEMP=20))
    made.take(FAST, block(2.1, MAGIC=5))
    made.publish()
    assert ScanClass.SLOW not in made.snapshot.blocks
    made.take(NORMAL, block(2.2, MAP=1))
    made.publish()
    assert made.snapshot.blocks[ScanClass.SLOW].at == 2.0


def test_alive_is_when_the_heartbeat_moved_not_when_it_was_read() -> None:
    made = image()
    alive = [
        tell(made, block(at, MAGIC=23205, MAP_VERSION=1, HB=hb)).alive_at
        for at, hb in [(1.0, 7), (2.0, 7), (3.0, 8), (4.0, 8), (5.0, 9)]
    ]
    assert alive == [float("-inf"), float("-inf"), 3.0, 3.0, 5.0]


def test_without_a_heartbeat_every_scan_is_a_sign_of_life() -> None:
    made = image(heartbeat=None)
    assert tell(made, block(4.0, MAGIC=23205, MAP_VERSION=1, HB=1)).alive_at == 4.0


def test_a_fault_is_told_at_once_and_once() -> None:
    made, told = image(), list[str | None]()
    made.on_scan(lambda snapshot: told.append(snapshot.fault))
    made.fault("connection", "connection lost")
    made.fault("connection", "connection lost")
    made.fault("command", "refused")
    made.connected("connection")
    made.publish()
    assert told == ["connection lost", "connection lost; refused", "refused"]


def test_a_good_scan_ends_the_fault_of_its_class_only() -> None:
    made = image()
    made.fault(FAST, "exception 2")
    made.fault("command", "refused")
    assert tell(made, block(1.0, MAGIC=23205, MAP_VERSION=1, HB=1)).fault == "refused"


def test_a_snapshot_never_changes_afterwards() -> None:
    made = image()
    before = tell(made, block(1.0, MAGIC=23205, MAP_VERSION=1, HB=1))
    tell(made, block(2.0, MAGIC=23205, MAP_VERSION=1, HB=2))
    assert before.blocks[FAST].values["HB"] == 1
    with pytest.raises(TypeError):
        before.blocks[FAST] = block(3.0)  # type: ignore[index]


def test_every_connection_counts() -> None:
    made = image()
    made.connected("command")
    assert tell(made, block(1.0, MAGIC=23205, MAP_VERSION=1, HB=1)).connection == 2


def test_identity_and_heartbeat_must_be_tags_that_are_read() -> None:
    with pytest.raises(ValueError, match="link lift: HB is no scanned read tag of I/O list test"):
        LinkImage("lift", io("MAGIC"), {"MAGIC": 1}, "HB")
