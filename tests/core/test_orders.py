"""The order block: checksum, words and tags as docs/plc_contract.md has them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hil_tests.simplc import contract
from station_ctl.core.orders import (
    ACK_TEXT,
    MAGIC,
    RESULT_TEXT,
    AckCode,
    Order,
    OrderState,
    Result,
    crc16,
    identity,
)


def _bytewise(data: bytes) -> int:
    """CRC-16/MODBUS over bytes, after the textbook; ours counts in words, and "123456789" is an odd number."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def test_the_textbook_knows_the_published_check_value() -> None:
    assert _bytewise(b"123456789") == 0x4B37


@given(some.lists(some.integers(0, 0xFFFF), max_size=20).map(tuple))
def test_the_checksum_is_the_textbooks_over_words_high_byte_first(words: tuple[int, ...]) -> None:
    assert crc16(words) == _bytewise(struct.pack(f">{len(words)}H", *words))


def test_the_checksum_of_known_words_is_known() -> None:
    assert crc16(()) == 0xFFFF
    assert crc16(tuple(struct.unpack(">4H", b"12345678"))) == _bytewise(b"12345678") == 0x37DD


ORDER = Order(0x0001_0203, 7, 20, (0x3FF, -700), 0xFFFF_FFF0)


def test_the_block_is_fourteen_words_high_word_first_with_missing_parameters_zero() -> None:
    assert ORDER.words() == (
        0x0001, 0x0203, 7, 20, 0x0000, 0x03FF, 0xFFFF, 0xFD44, 0, 0, 0, 0, 0xFFFF, 0xFFF0,
    )  # fmt: skip


def test_the_tags_are_written_in_wire_order_and_the_commit_word_is_last() -> None:
    tags = ORDER.tags()
    assert list(tags) == [
        "CMD_ID", "CMD_EPOCH", "CMD_OPCODE", "CMD_P1", "CMD_P2", "CMD_P3", "CMD_P4", "CMD_EXPIRES", "CMD_CRC",
        "CMD_COMMIT",
    ]  # fmt: skip
    assert tags["CMD_COMMIT"] == 0x0203 and tags["CMD_CRC"] == crc16(ORDER.words())
    assert [tags[f"CMD_P{i}"] for i in range(1, 5)] == [0x3FF, -700, 0, 0]
    assert next(iter(ORDER.tags("VEH_"))) == "VEH_CMD_ID"


@given(
    some.builds(
        Order,
        some.integers(1, 2**32 - 1),
        some.integers(0, 0xFFFF),
        some.integers(0, 0xFFFF),
        some.lists(some.integers(-(2**31), 2**31 - 1), max_size=4).map(tuple),
        some.integers(0, 2**32 - 1),
    )
)
def test_any_order_passes_the_check_of_a_plc_written_by_someone_else(order: Order) -> None:
    t = order.tags()
    params = (t["CMD_P1"], t["CMD_P2"], t["CMD_P3"], t["CMD_P4"])
    theirs = contract.order_words(t["CMD_ID"], t["CMD_EPOCH"], t["CMD_OPCODE"], params, t["CMD_EXPIRES"])
    assert list(order.words()) == theirs
    assert contract.crc16(theirs) == t["CMD_CRC"]
    assert t["CMD_COMMIT"] == t["CMD_ID"] & 0xFFFF


@given(some.integers(0, 13), some.integers(0, 15))
def test_one_flipped_bit_anywhere_in_the_block_fails_the_checksum(word: int, bit: int) -> None:
    words = list(ORDER.words())
    words[word] ^= 1 << bit
    assert crc16(tuple(words)) != crc16(ORDER.words())


def test_every_answer_of_a_plc_has_its_words() -> None:
    assert set(ACK_TEXT) == set(AckCode) and set(RESULT_TEXT) == set(Result)
    assert all(ACK_TEXT.values()) and all(RESULT_TEXT.values())


def test_the_codes_are_those_of_the_contract() -> None:
    """The simulated PLC has its own copy of the numbers; a slip in either shows here."""
    assert [int(code) for code in AckCode] == list(range(11))
    assert (AckCode.ACCEPTED, AckCode.BAD_CRC, AckCode.EXPIRED, AckCode.WRONG_EPOCH) == (
        contract.ACCEPTED, contract.BAD_CRC, contract.EXPIRED, contract.WRONG_EPOCH,
    )  # fmt: skip
    assert (AckCode.OLD_NUMBER, AckCode.INTERLOCK, AckCode.BUSY, AckCode.UNKNOWN_ORDER) == (
        contract.OLD_ID, contract.INTERLOCK, contract.BUSY, contract.UNKNOWN,
    )  # fmt: skip
    assert (AckCode.STOP_REQUESTED, AckCode.DRIVES_OFF) == (contract.STOP_ASKED, contract.NOT_READY)
    assert (OrderState.IDLE, OrderState.BUSY, OrderState.DONE, OrderState.STOPPED, OrderState.ERROR) == (
        contract.IDLE, contract.AT_WORK, contract.DONE, contract.STOPPED, contract.ERROR,
    )  # fmt: skip
    assert (Result.OK, Result.FAILED, Result.STOPPED, Result.TIMEOUT) == (
        contract.OK, contract.FAILED, contract.HALTED, contract.LATE,
    )  # fmt: skip


def test_the_pattern_words_tell_byte_and_word_order_apart() -> None:
    for value in (MAGIC["MAGIC"], MAGIC["PATTERN"]):
        assert value >> 8 | (value & 0xFF) << 8 != value, "the same with its bytes swapped"
    wide = MAGIC["PATTERN32"]
    assert wide >> 16 | (wide & 0xFFFF) << 16 != wide


def test_a_parameter_that_does_not_fit_is_not_cut() -> None:
    with pytest.raises(struct.error):
        Order(1, 1, 20, (2**31,), 0).words()


def test_a_plc_shows_magic_patterns_and_its_version_and_in_tables_of_bits_the_pattern_too() -> None:
    signs = {"MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678, "MAP_VERSION": 3}
    assert identity((), 3) == signs
    assert identity(("PATTERN_CO", "CLOSED"), 3) == {**signs, "PATTERN_CO": 0x1234}
    assert identity(("PATTERN_DI",), 3, 7) == {**signs, "PATTERN_DI": 0x1234, "PLC_ID": 7}
    assert identity((), 3, 0) == {**signs, "PLC_ID": 0}
