"""The register codec against a second one, written apart for the simulated PLCs, and at its edges."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.engineering import implausible
from drivers.registers import RegisterAddress, Table, decoder, encode
from hil_tests.simplc.wire.io_list import Row, from_words, to_words
from station_ctl.core.points import Access, Point, PointType, ScanClass


def point(kind: str, scale: float = 1.0, low: float | None = None, high: float | None = None) -> Point:
    return Point("T", "hr:0", PointType.parse(kind), Access.READ, ScanClass.FAST, "mm", scale, low, high)


def decode(p: Point, words: list[int]) -> Any:
    raw = struct.pack(f">{len(words)}H", *words)
    if p.type.count == 1 and p.type.base != "str":
        kind = {"bool": "H", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}[p.type.base]
        return decoder(p)(struct.unpack(f">{kind}", raw)[0])
    return decoder(p)(raw)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ir:26", RegisterAddress(1, Table.INPUT, 26)),
        ("hr:0", RegisterAddress(1, Table.HOLDING, 0)),
        ("ir:26.15", RegisterAddress(1, Table.INPUT, 26, 15)),
        ("u2/ir:4", RegisterAddress(2, Table.INPUT, 4)),
    ],
)
def test_an_address_names_unit_table_register_and_bit(text: str, address: RegisterAddress) -> None:
    assert RegisterAddress.parse(text) == address


@pytest.mark.parametrize(
    "text", ["ir26", "ir:-1", "ir:70000", "ir:1.16", "u0/ir:1", "u300/ir:1", "co:1.3", "x:1"]
)
def test_an_address_that_cannot_be_read_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"address '"):
        RegisterAddress.parse(text)


@pytest.mark.parametrize(
    ("kind", "scale", "words", "value"),
    [
        ("u16", 1.0, [23205], 23205),
        ("i16", 0.1, [0xFFF6], -1.0),
        ("u16", 0.1, [3655], 365.5),
        ("u16", 0.1, [3], 0.3),
        ("i16", 0.01, [29], 0.29),
        ("u16", 10.0, [300], 3000.0),
        ("u32", 1.0, [0x1234, 0x5678], 0x12345678),
        ("i32", 1.0, [0xFFFF, 0xFFFE], -2),
        ("f32", 1.0, [0x4148, 0x0000], 12.5),
        ("bool", 1.0, [1], True),
        ("str6", 1.0, [0x4142, 0x4300, 0x0000], "ABC"),
        ("u16[3]", 1.0, [1, 2, 3], (1, 2, 3)),
        ("f32[2]", 1.0, [0x3F80, 0, 0x4000, 0], (1.0, 2.0)),
    ],
)
def test_registers_give_the_engineering_value(
    kind: str, scale: float, words: list[int], value: object
) -> None:
    found = decode(point(kind, scale), words)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "words"), [("bool", [2]), ("str4", [0x4107, 0x0000]), ("str4", [0x41C3, 0])]
)
def test_what_is_no_value_is_not_decoded(kind: str, words: list[int]) -> None:
    with pytest.raises(ValueError, match=r"neither|print|decode"):
        decode(point(kind), words)


LIMITS = {"u16": (0, 0xFFFF), "i16": (-0x8000, 0x7FFF), "u32": (0, 2**32 - 1), "i32": (-(2**31), 2**31 - 1)}


@given(st.data(), st.sampled_from(sorted(LIMITS)), st.sampled_from([1.0, 0.1, 0.01, 10.0]))
def test_both_codecs_agree_on_every_number(data: st.DataObject, kind: str, scale: float) -> None:
    raw = data.draw(st.integers(*LIMITS[kind]))
    value = raw if scale == 1 else raw * scale
    row = Row("T", "hr:0", kind, True, scale)
    words = to_words(row, value)
    assert encode(point(kind, scale), value) == struct.pack(f">{len(words)}H", *words)
    assert decode(point(kind, scale), words) == pytest.approx(value)
    assert from_words(row, words) == raw


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=24))
def test_both_codecs_agree_on_every_text(text: str) -> None:
    words = to_words(Row("T", "hr:0", "str24", True, 1.0), text)
    assert encode(point("str24"), text) == struct.pack(">12H", *words)
    assert decode(point("str24"), words) == text.rstrip(" ")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_both_codecs_agree_on_every_float(value: float) -> None:
    words = to_words(Row("T", "hr:0", "f32", True, 1.0), value)
    assert encode(point("f32"), value) == struct.pack(">2H", *words)
    assert decode(point("f32"), words) == value


@pytest.mark.parametrize(
    ("kind", "scale", "value"),
    [
        ("u16", 1.0, 70000),
        ("u16", 1.0, -1),
        ("u16", 1.0, 1.5),
        ("i32", 1.0, 2**31),
        ("u16", 1.0, "7"),
        ("u16", 1.0, (1, 2)),
        ("f32", 1.0, float("nan")),
        ("bool", 1.0, 2),
        ("str4", 1.0, "ABCDE"),
        ("str4", 1.0, "Ä"),
        ("str4", 1.0, 5),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_tag(kind: str, scale: float, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^T "):
        encode(point(kind, scale), value)


def test_a_value_outside_the_limits_of_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match=r"T = 1001 is outside 0\.\.1000 mm"):
        encode(point("u16", 1.0, 0, 1000), 1001)


@pytest.mark.parametrize(
    ("value", "expected"), [(999, False), (1001, True), (-1, True), (float("nan"), True)]
)
def test_limits_judge_plausibility(value: float, expected: bool) -> None:
    assert implausible(point("f32", 1.0, 0, 1000), value) is expected
    assert implausible(point("f32[2]", 1.0, 0, 1000), (5.0, value)) is expected
