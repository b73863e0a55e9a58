"""The link without a wire keeps the promises of a link, in the test's own time."""

from __future__ import annotations

import pytest

from drivers.memory import MemoryLink
from station_ctl.core.links import LinkSnapshot, NotSent, OutcomeUnknown
from station_ctl.core.points import Access, IoList, Point, PointType, Scalar, ScanClass, Value

FAST, SLOW = ScanClass.FAST, ScanClass.SLOW


class PlcInMemory:
    def __init__(self) -> None:
        self.values: dict[str, Value] = {"MAGIC": 5, "HB": 1, "CLEAR": True, "MM": 12.5, "ID": "AB", "T": 20}
        self.written: list[dict[str, Scalar]] = []
        self.online, self.boot_id = True, 1

    def write(self, values: dict[str, Scalar]) -> None:
        self.written.append(values)


def _point(tag: str, kind: str, scan: ScanClass = FAST, high: float | None = None) -> Point:
    access = Access.WRITE if scan is ScanClass.NONE else Access.READ
    return Point(tag, "-", PointType.parse(kind), access, scan, high=high)


IO = IoList(
    "test",
    (
        _point("MAGIC", "u16"),
        _point("HB", "u16"),
        _point("CLEAR", "bool"),
        _point("MM", "f32", high=100),
        _point("ID", "str4"),
        _point("T", "i16", SLOW),
        _point("CMD_ID", "u32", ScanClass.NONE),
        _point("CMD_COMMIT", "u16", ScanClass.NONE),
        _point("STOP_REQ", "u16", ScanClass.NONE, high=1),
    ),
)


@pytest.fixture
def plc() -> PlcInMemory:
    return PlcInMemory()


@pytest.fixture
def link(plc: PlcInMemory) -> MemoryLink:
    return MemoryLink("lift", IO, plc, identity={"MAGIC": 5}, heartbeat="HB")


def test_a_scan_reads_every_class_at_the_given_time(link: MemoryLink) -> None:
    link.scan_now(10.0)
    blocks = link.snapshot.blocks
    assert link.snapshot.fault is None
    assert blocks[FAST].values == {"MAGIC": 5, "HB": 1, "CLEAR": True, "MM": 12.5, "ID": "AB"}
    assert (blocks[FAST].at, blocks[SLOW].at) == (10.0, 10.0)


def test_one_class_may_be_scanned_alone(link: MemoryLink, plc: PlcInMemory) -> None:
    link.scan_now(10.0)
    plc.values["HB"] = 2
    link.scan_now(10.1, (FAST,))
    assert (link.snapshot.blocks[FAST].at, link.snapshot.blocks[SLOW].at) == (10.1, 10.0)
    assert link.snapshot.alive_at == 10.1


def test_a_value_of_another_type_or_out_of_range_is_bad(link: MemoryLink, plc: PlcInMemory) -> None:
    plc.values.update(CLEAR=1, MM=101.0, ID=7, HB=True)
    link.scan_now(1.0)
    assert link.snapshot.blocks[FAST].bad == {"CLEAR", "MM", "ID", "HB"}


def test_a_plc_that_is_off_line_is_a_fault_and_takes_no_write(link: MemoryLink, plc: PlcInMemory) -> None:
    link.scan_now(1.0)
    plc.online = False
    link.scan_now(2.0)
    assert link.snapshot.fault == "no answer"
    assert link.snapshot.blocks[FAST].at == 1.0


async def test_an_order_arrives_in_order_with_the_commit_last(link: MemoryLink, plc: PlcInMemory) -> None:
    link.scan_now(1.0)
    await link.write({"CMD_COMMIT": 7, "CMD_ID": 7}, commit="CMD_COMMIT")
    assert [list(w) for w in plc.written] == [["CMD_ID", "CMD_COMMIT"]]


async def test_nothing_is_written_after_a_restart_before_the_next_scan(
    link: MemoryLink, plc: PlcInMemory
) -> None:
    link.scan_now(1.0)
    first = link.snapshot.connection
    plc.boot_id = 2
    with pytest.raises(NotSent):
        await link.write({"STOP_REQ": 1}, urgent=True)
    link.scan_now(2.0, (FAST,))
    assert link.snapshot.connection == first + 1
    assert link.snapshot.blocks[SLOW].at == 2.0
    await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]


async def test_nothing_is_written_to_a_stranger(link: MemoryLink, plc: PlcInMemory) -> None:
    plc.values["MAGIC"] = 6
    link.scan_now(1.0)
    with pytest.raises(NotSent, match="MAGIC is 6, needs 5"):
        await link.write({"STOP_REQ": 1}, urgent=True)


async def test_a_lost_reply_and_a_lost_request_look_alike(link: MemoryLink, plc: PlcInMemory) -> None:
    link.scan_now(1.0)
    link.lose_reply = True
    with pytest.raises(OutcomeUnknown):
        await link.write({"STOP_REQ": 1})
    link.lose_request = True
    with pytest.raises(OutcomeUnknown):
        await link.write({"STOP_REQ": 0})
    assert plc.written == [{"STOP_REQ": 1}]


@pytest.mark.parametrize(
    ("values", "commit", "words"),
    [
        ({"HB": 1}, None, "HB is no write tag"),
        ({"NOPE": 1}, None, "NOPE is no write tag"),
        ({"STOP_REQ": 2}, None, "STOP_REQ = 2 is outside"),
        ({"CMD_ID": 1}, "CMD_COMMIT", "commit tag CMD_COMMIT is not among the written tags"),
        ({"CMD_ID": -1}, None, "CMD_ID = -1 does not fit u32"),
    ],
)
async def test_a_write_that_makes_no_sense_is_refused(
    link: MemoryLink, values: dict[str, Value], commit: str | None, words: str
) -> None:
    link.scan_now(1.0)
    with pytest.raises(ValueError, match=words):
        await link.write(values, commit=commit)


def test_listeners_hear_each_scan_synchronously(link: MemoryLink) -> None:
    heard: list[LinkSnapshot] = []
    link.on_scan(heard.append)
    link.scan_now(1.0)
    assert heard == [link.snapshot]
