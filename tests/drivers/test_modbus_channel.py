"""Frames of Modbus TCP and RTU, byte by byte, over a transport without a wire."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus import RtuChannel, TcpChannel
from drivers.modbus_question import Question, Unanswered
from drivers.serial_port import SerialPort
from hil_tests.simplc.wire.rtu_slave import crc16

READ = Question(1, bytes.fromhex("04 0000 0003"), 6, "read")
ANSWER = bytes.fromhex("04 06 0001 0002 0003")
REGISTERS = ANSWER[2:]
LONG = 3600.0


class NoWire(asyncio.Transport):
    """Keeps what is written, never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


def tcp() -> tuple[TcpChannel, NoWire]:
    channel, wire = TcpChannel("plc", 502), NoWire()
    channel.transport = wire
    return channel, wire


def frame(tid: int, pdu: bytes = ANSWER, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu


async def asked(channel: TcpChannel | RtuChannel) -> asyncio.Task[tuple[float, bytes]]:
    task = asyncio.create_task(channel.ask(READ, LONG))
    await asyncio.sleep(0)
    return task


async def test_a_request_is_framed_as_the_specification_says() -> None:
    channel, wire = tcp()
    task = await asked(channel)
    assert wire.sent == [bytes.fromhex("0001 0000 0006 01 04 0000 0003")]
    channel.data_received(frame(1))
    assert (await task)[1] == REGISTERS


async def test_an_answer_may_come_in_any_two_pieces() -> None:
    for cut in range(1, len(frame(1))):
        channel, _ = tcp()
        task = await asked(channel)
        channel.data_received(frame(1)[:cut])
        assert not task.done()
        channel.data_received(frame(1)[cut:])
        assert (await task)[1] == REGISTERS


async def test_two_answers_in_one_piece_answer_two_questions() -> None:
    channel, wire = tcp()
    first = await asked(channel)
    second = asyncio.create_task(channel.ask(READ, LONG, urgent=True))
    await asyncio.sleep(0)
    assert len(wire.sent) == 2
    other = bytes.fromhex("04 06 0004 0005 0006")
    channel.data_received(frame(2, other) + frame(1))
    assert (await first)[1] == REGISTERS
    assert (await second)[1] == other[2:]


async def test_every_flipped_bit_of_a_tcp_header_is_noticed_or_harmless() -> None:
    right = frame(1)
    for bit in range(8 * 7):
        channel, wire = tcp()
        task = await asked(channel)
        spoilt = bytearray(right)
        spoilt[bit // 8] ^= 1 << bit % 8
        channel.data_received(bytes(spoilt))
        await asyncio.sleep(0)
        assert not task.done() or isinstance(task.exception(), Unanswered), bit
        assert wire.aborted or not task.done(), bit
        task.cancel()


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=600), max_size=5))
def test_no_bytes_upset_the_receiver(pieces: list[bytes]) -> None:
    async def receive() -> None:
        channel, wire = tcp()
        task = await asked(channel)
        for piece in pieces:
            channel.data_received(piece)
        await asyncio.sleep(0)
        assert len(channel._received) <= 600 + 260
        assert wire.aborted or not task.done() or task.exception() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(receive())


async def test_a_flood_is_cut_off_at_its_first_wrong_header() -> None:
    channel, wire = tcp()
    task = await asked(channel)
    for _ in range(100):
        channel.data_received(b"\xff" * 65536)
    assert wire.aborted
    assert len(channel._received) <= 65536
    with pytest.raises(Unanswered, match="no Modbus header"):
        await task


def rtu() -> RtuChannel:
    channel = RtuChannel(SerialPort("/dev/none"), lambda: None)
    channel.transport = NoWire()
    return channel


def rtu_frame(pdu: bytes = ANSWER, unit: int = 1) -> bytes:
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


async def test_the_checksums_of_both_ends_agree() -> None:
    channel = rtu()
    task = await asked(channel)
    channel.data_received(rtu_frame())
    assert (await task)[1] == REGISTERS


async def test_no_flipped_bit_of_an_rtu_answer_is_accepted() -> None:
    right = rtu_frame()
    for bit in range(8 * len(right)):
        channel = rtu()
        task = await asked(channel)
        spoilt = bytearray(right)
        spoilt[bit // 8] ^= 1 << bit % 8
        channel.data_received(bytes(spoilt))
        await asyncio.sleep(0)
        assert not task.done() or isinstance(task.exception(), Unanswered), bit
        task.cancel()


async def test_what_comes_with_no_question_open_is_thrown_away() -> None:
    channel = rtu()
    channel.data_received(rtu_frame())
    task = await asked(channel)
    assert not task.done()
    other = bytes.fromhex("04 06 0004 0005 0006")
    channel.data_received(rtu_frame(other))
    assert (await task)[1] == other[2:]


async def test_an_answer_with_noise_behind_it_is_refused() -> None:
    channel = rtu()
    task = await asked(channel)
    channel.data_received(rtu_frame() + b"\x00")
    with pytest.raises(Unanswered, match="12 bytes with a wrong checksum"):
        await task


async def test_the_beginning_of_a_failed_answer_does_not_begin_the_next_one() -> None:
    channel = rtu()
    failed = asyncio.create_task(channel.ask(READ, 0.01))
    await asyncio.sleep(0)
    channel.data_received(rtu_frame()[:5])
    with pytest.raises(Unanswered, match="no answer within"):
        await failed
    task = await asked(channel)
    channel.data_received(rtu_frame())
    assert (await task)[1] == REGISTERS


@pytest.mark.parametrize("length", [0, 2, 255, 65535])
async def test_a_header_with_an_impossible_length_ends_the_connection(length: int) -> None:
    channel, wire = tcp()
    task = await asked(channel)
    channel.data_received(struct.pack(">HHHB", 1, 0, length, 1))
    assert wire.aborted
    with pytest.raises(Unanswered, match="no Modbus header"):
        await task
