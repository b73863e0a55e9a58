"""Planned block reads and what their replies say, on the I/O lists of the reference station."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.block_plan import BlockImage, plan_reads, plan_writes
from drivers.registers import RegisterAddress, Table, encode
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass

ReadIo = Callable[[str], IoList]


def point(tag: str, address: str, kind: str, low: float | None = None, high: float | None = None) -> Point:
    kind_ = PointType.parse(kind)
    return Point(tag, address, kind_, Access.READ, ScanClass.FAST, low=low, high=high)


def test_the_fast_tags_of_the_lift_come_in_one_request(io_list: ReadIo) -> None:
    (read,) = plan_reads(io_list("vehicle_lift_vl1").scanned(ScanClass.FAST))
    assert (read.unit, read.table, read.start, read.count) == (1, Table.INPUT, 0, 40)


def test_a_rack_is_read_in_blocks_of_at_most_120_registers_over_its_gaps(io_list: ReadIo) -> None:
    points = io_list("charging_rack_cr12").scanned(ScanClass.NORMAL)
    reads = plan_reads(points)
    assert len(reads) == 5
    assert all(read.count <= 120 for read in reads)
    covered = [(read.start, read.start + read.count) for read in reads]
    for p in points:
        first = RegisterAddress.parse(p.address).number
        assert any(a <= first and first + p.type.words <= b for a, b in covered), p.tag


def test_units_and_tables_are_read_apart(io_list: ReadIo) -> None:
    reads = plan_reads(io_list("site_meter_sm1").scanned(ScanClass.SLOW))
    assert [(r.unit, r.start, r.count) for r in reads] == [(1, 0, 14), (2, 0, 3)]
    mixed = plan_reads([point("A", "ir:0", "u16"), point("B", "hr:0", "u16")])
    assert [read.table for read in mixed] == [Table.HOLDING, Table.INPUT]


def test_a_value_is_never_cut_by_the_end_of_a_block() -> None:
    reads = plan_reads([point("A", "ir:0", "u16"), point("B", "ir:119", "u32")])
    assert [(r.start, r.count) for r in reads] == [(0, 1), (119, 2)]


@pytest.mark.parametrize(
    ("first", "second"), [(("ir:0", "u32"), ("ir:1", "u16")), (("ir:0", "str8"), ("ir:2", "f32"))]
)
def test_overlapping_values_are_refused(first: tuple[str, str], second: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"B at ir:\d overlaps A"):
        plan_reads([point("A", *first), point("B", *second)])


def test_a_word_may_be_read_whole_and_by_its_bits() -> None:
    image = BlockImage(plan_reads([point("W", "ir:0", "u16"), point("B1", "ir:0.1", "bool")]))
    image.take(0, struct.pack(">H", 2))
    assert image.values == {"W": 2, "B1": True}


def test_a_bit_address_belongs_to_a_bool() -> None:
    with pytest.raises(ValueError, match="A: a bit address belongs to a bool"):
        plan_reads([point("A", "ir:0.1", "u16")])


def _image() -> BlockImage:
    points = [
        point("FREE", "ir:0.0", "bool"),
        point("SHUT", "ir:0.15", "bool"),
        point("MM", "ir:2", "i16", -10, 10),
        point("CODE", "ir:4", "str4"),
    ]
    return BlockImage(plan_reads(points))


def _raw(bits: int, mm: int, code: bytes) -> bytes:
    return struct.pack(">Hxxhxx4s", bits, mm, code)


def test_a_reply_is_drawn_into_tags() -> None:
    image = _image()
    assert image.bad == {"FREE", "SHUT", "MM", "CODE"}
    image.take(0, _raw(0x8000, -3, b"AB\0\0"))
    assert image.values == {"FREE": False, "SHUT": True, "MM": -3, "CODE": "AB"}
    assert image.bad == frozenset()


def test_an_equal_reply_leaves_the_very_same_values() -> None:
    image = _image()
    image.take(0, _raw(1, 5, b"ABCD"))
    before = image.values
    image.take(0, _raw(1, 5, b"ABCD"))
    assert image.values is before
    image.take(0, _raw(1, 6, b"ABCD"))
    assert image.values is not before
    assert before["MM"] == 5


def test_an_implausible_value_is_bad_and_an_undecodable_one_is_gone() -> None:
    image = _image()
    image.take(0, _raw(1, 11, b"\xff\xfe\0\0"))
    assert image.bad == {"MM", "CODE"}
    assert image.values["MM"] == 11
    assert "CODE" not in image.values
    image.take(0, _raw(1, 10, b"OK\0\0"))
    assert image.bad == frozenset()
    image.take(0, _raw(1, 10, b"\x07K\0\0"))
    assert "CODE" not in image.values


def test_a_forgotten_block_is_bad_until_its_next_reply() -> None:
    image = _image()
    image.take(0, _raw(1, 5, b"ABCD"))
    image.forget(0)
    assert image.bad == {"FREE", "SHUT", "MM", "CODE"}
    image.take(0, _raw(1, 5, b"ABCD"))
    assert image.bad == frozenset()


def test_an_order_block_is_one_request_with_the_commit_word_last(io_list: ReadIo) -> None:
    io = io_list("vehicle_lift_vl1")
    tags = [p for p in io.values() if p.tag.startswith("CMD_")]
    fields = [(p.tag, RegisterAddress.parse(p.address), encode(p, 7)) for p in tags]
    (write,) = plan_writes(fields)
    assert (write.start, len(write.data), write.tags[-1]) == (0, 32, "CMD_COMMIT")
    assert write.data[-2:] == b"\0\7"


def test_writes_that_do_not_follow_each_other_keep_their_order() -> None:
    places = [("B", 5), ("A", 4), ("C", 6), ("D", 7)]
    writes = plan_writes((tag, RegisterAddress(1, Table.HOLDING, n), b"\0\1") for tag, n in places)
    assert [write.tags for write in writes] == [("B",), ("A",), ("C", "D")]


MIXED = plan_reads(
    [
        *(point(f"BIT{n}", f"ir:0.{n}", "bool") for n in (0, 3, 15)),
        point("WORD", "ir:1", "u16", 0, 40000),
        point("WORD_BIT", "ir:1.2", "bool"),
        point("HALF", "ir:2", "f32", -5, 5),
        point("LIST", "ir:4", "i16[2]", -9, 9),
        point("TEXT", "ir:6", "str4"),
        point("FLAG", "ir:8", "bool"),
    ]
)
WORDS = st.lists(
    st.sampled_from([0, 1, 2, 8, 9, 0x4142, 0x40A0, 0x7FC0, 0x8000, 0xFFFF]), min_size=9, max_size=9
)


@given(st.lists(st.one_of(st.none(), WORDS), max_size=8), WORDS)
def test_what_was_read_before_leaves_no_trace(history: list[list[int] | None], last: list[int]) -> None:
    image, fresh = BlockImage(MIXED), BlockImage(MIXED)
    for words in history:
        if words is None:
            image.forget(0)
        else:
            image.take(0, struct.pack(">9H", *words))
    for each in (image, fresh):
        each.take(0, struct.pack(">9H", *last))
    assert repr(sorted(image.values.items())) == repr(sorted(fresh.values.items()))
    assert image.bad == fresh.bad


@pytest.mark.parametrize("word", [0x7FC0, 0x7F80, 0xFF80], ids=["not a number", "infinite", "minus infinite"])
def test_a_float_that_is_no_number_is_bad(word: int) -> None:
    image = BlockImage(plan_reads([point("FREE", "ir:0", "f32"), point("LIST", "ir:2", "f32[2]")]))
    image.take(0, struct.pack(">6H", word, 0, 0, 0, word, 0))
    assert image.bad == {"FREE", "LIST"}
