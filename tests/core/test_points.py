"""The grammar of an I/O list row: types, sizes, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from station_ctl.core.points import Access, BaseType, IoList, Point, PointType, ScanClass


@pytest.mark.parametrize(
    ("text", "base", "length", "count", "words"),
    [
        ("bool", BaseType.BOOL, 0, 1, 1),
        ("u16", BaseType.U16, 0, 1, 1),
        ("i16", BaseType.I16, 0, 1, 1),
        ("u32", BaseType.U32, 0, 1, 2),
        ("i32", BaseType.I32, 0, 1, 2),
        ("f32", BaseType.F32, 0, 1, 2),
        ("f32[10]", BaseType.F32, 0, 10, 20),
        ("u16[3]", BaseType.U16, 0, 3, 3),
        ("str24", BaseType.STR, 24, 1, 12),
        ("str1", BaseType.STR, 1, 1, 1),
        ("str17", BaseType.STR, 17, 1, 9),
        ("  u16 ", BaseType.U16, 0, 1, 1),
    ],
)
def test_a_type_is_read_as_the_supplier_wrote_it(
    text: str, base: BaseType, length: int, count: int, words: int
) -> None:
    found = PointType.parse(text)
    assert (found.base, found.length, found.count, found.words) == (base, length, count, words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u9",
        "real",
        "u16[0]",
        "u16[]",
        "u16[-1]",
        "str",
        "u1624",
        "str24[2]",
        "bool[8]",
        "f32 [2]",
        "U16",
        "u16;",
    ],
)
def test_a_type_outside_the_grammar_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="type "):
        PointType.parse(text)


@given(some.sampled_from(["u16", "i16", "u32", "i32", "f32"]), some.integers(1, 99))
def test_a_printed_type_reads_back_as_itself(base: str, count: int) -> None:
    parsed = PointType.parse(f"{base}[{count}]")
    assert PointType.parse(str(parsed)) == parsed


@given(some.text(max_size=12))
def test_any_other_text_is_a_value_error_and_nothing_else(text: str) -> None:
    try:
        PointType.parse(text)
    except ValueError as error:
        assert "type" in str(error)


def _point(tag: str, scan: ScanClass = ScanClass.FAST, access: Access = Access.READ) -> Point:
    return Point(tag, "ir:1", PointType.parse("u16"), access, scan)


def test_a_tag_twice_in_one_list_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        IoList("plc", (_point("A"), _point("A")))


def test_scanned_tags_are_the_read_tags_of_that_class_in_file_order() -> None:
    io = IoList(
        "plc",
        (
            _point("B"),
            _point("SLOW", ScanClass.SLOW),
            _point("OUT", ScanClass.NONE, Access.WRITE),
            _point("ODD", ScanClass.FAST, Access.WRITE),
            _point("A"),
        ),
    )
    assert [p.tag for p in io.scanned(ScanClass.FAST)] == ["B", "A"]
    assert [p.tag for p in io.scanned(ScanClass.SLOW)] == ["SLOW"]
    assert list(io) == ["B", "SLOW", "OUT", "ODD", "A"]
    assert len(io) == 5 and io["OUT"].access is Access.WRITE


def test_a_row_that_says_no_more_is_taken_as_it_is_read() -> None:
    plain = _point("A")
    assert (plain.unit, plain.scale, plain.low, plain.high, plain.text) == ("", 1.0, None, None, "")
    assert (plain.byte_order, plain.inverted, plain.codes, plain.link) == ("", False, (), "")
    assert PointType(BaseType.U16) == PointType(BaseType.U16, 0, 1)


@pytest.mark.parametrize(
    ("kind", "scale", "offset", "whole"),
    [("u16", 1, 0, True), ("u16", 1, -40, True), ("f32", 1, 0, False), ("u16", 0.1, 0, False), ("u16", 1, 0.5, False)],
)
def test_what_is_counted_is_a_whole_number_and_what_is_measured_is_none(
    kind: str, scale: float, offset: float, whole: bool
) -> None:
    shown = Point("N", "ir:0", PointType.parse(kind), Access.READ, ScanClass.FAST, scale=scale, offset=float(offset))
    assert shown.whole is whole
