"""Every single bit of an RTU frame: flipped, the frame is refused, in whatever pieces it comes. Exhaustive."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from random import Random

import pytest

from drivers.block_plan import PlannedRead, PlannedWrite
from drivers.modbus import RtuChannel, read_question, write_question
from drivers.modbus_question import Question
from drivers.registers import Table
from tests.fuzz.modbus_replies import adu, decision, rtu_channel

RNG = Random(3)


def read(unit: int, table: Table, start: int, count: int) -> Question:
    """A read of so many registers."""
    return read_question(PlannedRead(unit, table, start, count, struct.Struct(f">{count}H"), ()))


FRAMES = [
    (read(1, Table.INPUT, 0, 1), bytes((4, 2)) + b"\x01\x2c"),
    (read(1, Table.INPUT, 0, 10), bytes((4, 20)) + RNG.randbytes(20)),
    (read(17, Table.HOLDING, 256, 40), bytes((3, 80)) + RNG.randbytes(80)),
    (read(247, Table.INPUT, 26, 125), bytes((4, 250)) + RNG.randbytes(250)),
    (read(2, Table.HOLDING, 0, 4), bytes((3, 8)) + bytes(8)),
    (one := write_question(PlannedWrite(1, 512, b"\0\1", ("STOP",))), one.pdu),
    (many := write_question(PlannedWrite(1, 512, RNG.randbytes(28), ("CMD",))), many.pdu[:5]),
]
SHORT = FRAMES[:2] + FRAMES[4:]
EXCEPTIONS = [(q, bytes((q.pdu[0] | 0x80, code))) for q, _ in FRAMES[:3] + FRAMES[5:] for code in (1, 2, 4, 6, 11)]


async def taken(channel: RtuChannel, asked: Question, chunks: list[bytes]) -> bool:
    """Whether the channel took something for an answer or a refusal."""
    task = asyncio.create_task(channel.ask(asked, 1000.0))
    await asyncio.sleep(0)
    for chunk in chunks:
        channel.data_received(chunk)
    try:
        return await decision(task, task.cancel) is not None
    except asyncio.CancelledError:
        return False


def flipped(frame: bytes) -> Iterator[bytes]:
    """The frame with each of its bits wrong in turn."""
    for bit in range(8 * len(frame)):
        data = bytearray(frame)
        data[bit // 8] ^= 1 << bit % 8
        yield bytes(data)


@pytest.mark.parametrize(("asked", "pdu"), FRAMES + EXCEPTIONS, ids=lambda value: getattr(value, "text", ""))
async def test_a_frame_with_one_wrong_bit_is_refused(asked: Question, pdu: bytes) -> None:
    channel, frame = rtu_channel(), adu(pdu, asked.unit)
    assert await taken(channel, asked, [frame]), "the frame itself is right"
    for wrong in flipped(frame):
        assert not await taken(channel, asked, [wrong]), wrong.hex(" ")


@pytest.mark.parametrize(("asked", "pdu"), SHORT + EXCEPTIONS[:1], ids=lambda value: getattr(value, "text", ""))
async def test_a_wrong_bit_is_found_however_the_frame_is_cut(asked: Question, pdu: bytes) -> None:
    """A flipped function code makes another length: the piece that has this length must not do either."""
    channel, frame = rtu_channel(), adu(pdu, asked.unit)
    for wrong in flipped(frame):
        for cut in range(1, len(wrong)):
            assert not await taken(channel, asked, [wrong[:cut], wrong[cut:]]), (wrong.hex(" "), cut)


@pytest.mark.parametrize(("asked", "pdu"), FRAMES + EXCEPTIONS[:2], ids=lambda value: getattr(value, "text", ""))
async def test_what_is_not_the_whole_frame_of_this_unit_is_refused(asked: Question, pdu: bytes) -> None:
    channel, frame = rtu_channel(), adu(pdu, asked.unit)
    for size in range(1, len(frame)):
        assert not await taken(channel, asked, [frame[:size]]), f"cut off after {size} bytes"
    for other in set(range(256)) - {asked.unit}:
        assert not await taken(channel, asked, [adu(pdu, other)]), f"answered by unit {other}"
    for noise in range(256):
        assert not await taken(channel, asked, [bytes((noise,)) + frame]), f"noise {noise:02x} before it"
        assert not await taken(channel, asked, [frame + bytes((noise,))]), f"noise {noise:02x} after it"
    if frame != adu(asked.pdu, asked.unit):
        echo = adu(asked.pdu, asked.unit)
        assert not await taken(channel, asked, [echo]), "its own echo"
        assert not await taken(channel, asked, [echo + frame]), "its own echo before it"


async def test_every_change_of_two_bits_is_found_in_a_short_frame() -> None:
    asked, pdu = FRAMES[0]
    channel, frame = rtu_channel(), adu(pdu, asked.unit)
    for once in flipped(frame):
        for twice in flipped(once):
            if twice != frame:
                assert not await taken(channel, asked, [twice]), twice.hex(" ")
