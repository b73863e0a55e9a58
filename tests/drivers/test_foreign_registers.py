"""What a foreign PLC shows its own way: byte and word order, offset, codes, inverted sense, coils; two codecs agree."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.block_plan import BlockImage, plan_reads, plan_writes
from drivers.modbus import read_question, write_question
from drivers.registers import RegisterAddress, encode
from hil_tests.simplc.wire.io_list import Row, from_words
from hil_tests.simplc.wire.registers import RegisterMemory
from station_ctl.core.points import BYTE_ORDERS, Access, Point, PointType, ScanClass, Value

WHOLE = {
    "u16": (0, 0xFFFF),
    "i16": (-0x8000, 0x7FFF),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "i64": (-(2**53), 2**53),
}
"""Both codecs compute in floats somewhere, so 64 bits are held to what a float counts exactly."""


def point(tag: str, address: str, kind: str, **more: object) -> Point:
    return replace(
        Point(tag, address, PointType.parse(kind), Access.READ, ScanClass.FAST),
        **more,  # type: ignore[arg-type]
    )


class Shown:
    """A PLC that shows values through the register memory of the simulated plant, which is written apart."""

    def __init__(self, *points: Point, order: str = "ABCD") -> None:
        self.values: dict[str, object] = {}
        self.got: list[dict[str, object]] = []
        self.name, self.online, self.boot_id = "plc", True, 1
        rows = [
            Row(
                p.tag, p.address, str(p.type), p.access is Access.WRITE, p.scale, p.offset, p.byte_order or order,
                p.inverted, p.codes,
            )
            for p in points
        ]  # fmt: skip
        self.memory = RegisterMemory(self, rows, 1)  # type: ignore[arg-type]
        self.reads = plan_reads([p for p in points if p.access is Access.READ], order=order)
        self.image = BlockImage(self.reads)

    def write(self, values: dict[str, object]) -> None:
        self.got.append(values)

    def scan(self, **values: object) -> dict[str, Value]:
        """The good values that our side draws when the PLC shows these."""
        self.values.update(values)
        for index, read in enumerate(self.reads):
            question = read_question(read)
            self.image.take(index, question.answer(self.memory.answer(question.pdu)))
        return {tag: value for tag, value in self.image.values.items() if tag not in self.image.bad}


@pytest.mark.parametrize(
    ("order", "registers"),
    [("ABCD", "11223344"), ("CDAB", "33441122"), ("BADC", "22114433"), ("DCBA", "44332211")],
)
def test_an_order_says_where_the_bytes_of_a_number_stand(order: str, registers: str) -> None:
    image = BlockImage(plan_reads([point("N", "hr:7", "u32", byte_order=order)]))
    image.take(0, bytes.fromhex(registers))
    assert image.values == {"N": 0x11223344}
    assert encode(point("N", "hr:7", "u32"), 0x11223344, order).hex() == registers


def test_a_number_of_64_bits_is_turned_as_a_whole() -> None:
    value = point("N", "hr:0", "i64")
    assert encode(value, 0x1122334455667788, "CDAB").hex() == "7788556633441122"
    assert encode(value, 0x1122334455667788, "BADC").hex() == "2211443366558877"
    assert encode(value, 0x1122334455667788, "DCBA").hex() == "8877665544332211"


@pytest.mark.parametrize("order", BYTE_ORDERS)
@pytest.mark.parametrize("kind", [*WHOLE])
@given(st.data())
def test_both_codecs_agree_on_every_order(order: str, kind: str, data: st.DataObject) -> None:
    one, two = data.draw(st.integers(*WHOLE[kind])), data.draw(st.integers(*WHOLE[kind]))
    n, pair = point("N", "ir:3", kind), point("PAIR", "ir:20", f"{kind}[2]")
    assert Shown(n, pair, order=order).scan(N=one, PAIR=(one, two)) == {"N": one, "PAIR": (one, two)}
    words = list(struct.unpack(f">{n.type.words}H", encode(n, one, order)))
    assert from_words(Row("N", "hr:3", kind, True, 1.0, order=order), words) == one


@pytest.mark.parametrize("order", BYTE_ORDERS)
@given(value=st.floats(allow_nan=False, allow_infinity=False), flags=st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_tag_has_an_order_of_its_own_or_that_of_its_link(order: str, value: float, flags: list[bool]) -> None:
    shown = Shown(
        point("OWN", "ir:0", "f64", byte_order=order), point("OURS", "ir:4", "f64"), point("TEXT", "ir:8", "str8"),
        *(point(f"BIT{bit}", f"ir:12.{bit}", "bool") for bit in (0, 7, 15)), order="BADC",
    )  # fmt: skip
    bits = dict(zip(("BIT0", "BIT7", "BIT15"), flags, strict=True))
    told = {"OWN": value, "OURS": value, "TEXT": "AB  ", **bits}
    assert shown.scan(**told) == {**told, "TEXT": "AB"}


def test_scale_and_offset_give_the_engineering_value_and_whole_ones_stay_whole() -> None:
    shown = Shown(
        point("C", "ir:0", "u16", scale=0.1, offset=-40.0, low=-30.0, high=100.0), point("K", "ir:1", "u16", offset=5.0)
    )
    assert repr(shown.scan(C=25.5, K=7)) == repr({"C": 25.5, "K": 7})
    assert "C" not in shown.scan(C=-35.0)


def test_a_code_of_the_plc_is_ours_and_an_unknown_one_proves_nothing() -> None:
    state = point("STATE", "ir:0", "u16", codes=((10, 0), (20, 1), (21, 1)))
    shown = Shown(state)
    assert shown.scan(STATE=1) == {"STATE": 1}
    assert shown.scan(STATE=7) == {}
    assert "STATE" not in shown.image.values
    image = BlockImage(plan_reads([state]))
    image.take(0, struct.pack(">H", 21))
    assert image.values == {"STATE": 1}


def test_a_code_is_written_as_the_plc_has_it_or_not_at_all() -> None:
    opcode = point("CMD_OPCODE", "hr:0", "u16", codes=((110, 10), (120, 20)))
    assert encode(opcode, 20) == struct.pack(">H", 120)
    with pytest.raises(ValueError, match="CMD_OPCODE = 21 has no code in the PLC"):
        encode(opcode, 21)


@given(st.lists(st.booleans(), min_size=2, max_size=2))
def test_a_bool_of_inverted_sense_is_true_when_the_bit_is_0(now: list[bool]) -> None:
    shown = Shown(point("SHUT", "ir:0.3", "bool", inverted=True), point("OPEN", "di:9", "bool", inverted=True))
    assert shown.scan(SHUT=now[0], OPEN=now[1]) == {"SHUT": now[0], "OPEN": now[1]}
    image = BlockImage(plan_reads([point("SHUT", "ir:0.3", "bool", inverted=True)]))
    image.take(0, struct.pack(">H", 8))
    assert image.values == {"SHUT": False}


# ---- coils and discrete inputs -------------------------------------------------------------------------------
@given(st.lists(st.booleans(), min_size=40, max_size=40), st.integers(0, 0xFFFF))
def test_bits_come_in_one_request_over_their_gaps_and_a_number_among_them(bits: list[bool], number: int) -> None:
    flags = {f"B{n}": point(f"B{n}", f"co:{3 + 2 * n}", "bool") for n in range(40)}
    shown = Shown(*flags.values(), point("WORD", "co:101", "u16"))
    (read,) = shown.reads
    told = {"WORD": number, **dict(zip(flags, bits, strict=True))}
    assert (read.start, read.count) == (3, 114)
    assert read_question(read).pdu == bytes.fromhex("01 0003 0072")
    assert shown.scan(**told) == told
    assert shown.scan(B7=not bits[7])["B7"] is not bits[7]


@pytest.mark.parametrize(
    ("packed", "shown"), [("34 12", 0x1234), ("2c 48", 0x482C), ("68 24", 0x2468), ("12 34", 0x3412)]
)
def test_a_pattern_among_the_bits_shows_their_order(packed: str, shown: int) -> None:
    """Least significant bit first as it must be; else most significant first, one off, bytes swapped."""
    image = BlockImage(plan_reads([point("PATTERN_DI", "di:8", "u16"), point("OPEN", "di:24", "bool")]))
    image.take(0, bytes.fromhex(packed) + b"\0")
    assert image.values["PATTERN_DI"] == shown


def test_tables_are_never_mixed_in_one_request() -> None:
    tables = [point(table.upper(), f"{table}:4", "bool" if table in ("di", "co") else "u16") for table in
              ("ir", "hr", "di", "co")]  # fmt: skip
    functions = sorted(read_question(read).pdu[0] for read in plan_reads(tables))
    assert functions == [1, 2, 3, 4]


def test_more_bits_than_a_request_may_ask_are_read_in_two() -> None:
    reads = plan_reads([point("A", "di:0", "bool"), point("B", "di:1919", "bool"), point("C", "di:1920", "bool")])
    assert [(read.start, read.count) for read in reads] == [(0, 1920), (1920, 1)]


def test_a_reply_of_another_number_of_bytes_is_no_answer() -> None:
    (read,) = plan_reads([point("A", "co:0", "bool"), point("B", "co:8", "bool")])
    question = read_question(read)
    assert question.answer(bytes.fromhex("01 02 01 01")) == b"\1\1"
    with pytest.raises(Exception, match="answered with 3 bytes, needs 4"):
        question.answer(bytes.fromhex("01 01 01"))


def test_a_coil_is_written_alone_and_in_its_place_among_the_others() -> None:
    stop = replace(point("STOP_REQ", "co:5", "bool"), access=Access.WRITE)
    shown = Shown(stop)
    writes = plan_writes(
        [
            ("A", RegisterAddress.parse("hr:0"), b"\0\1"),
            ("STOP_REQ", RegisterAddress.parse("co:1"), encode(stop, 1)),
            ("B", RegisterAddress.parse("hr:1"), b"\0\2"),
        ]
    )
    assert [write.tags for write in writes] == [("A",), ("STOP_REQ",), ("B",)]
    for value, pdu in ((1, "05 0005 ff00"), (0, "05 0005 0000")):
        (write,) = plan_writes([("STOP_REQ", RegisterAddress.parse("co:5"), encode(stop, value))])
        question = write_question(write)
        assert question.pdu == bytes.fromhex(pdu)
        assert question.answer(shown.memory.answer(question.pdu)) == b""
    assert shown.got == [{"STOP_REQ": True}, {"STOP_REQ": False}]
