"""Replies of Modbus devices, right and spoilt, put before the real channels; and the strict reference decision.

Knows the wire format of TCP and RTU by itself, from the specification. Does not use our decoders to judge them.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from random import Random

from drivers.block_plan import PlannedRead, PlannedWrite
from drivers.modbus import RtuChannel, TcpChannel, read_question, write_question
from drivers.modbus_question import NotAsked, Question, Refused, Unanswered
from drivers.registers import Table
from drivers.serial_port import SerialPort
from tests.fuzz.mutation import Tally, pieces, spoilt

UNITS = (1, 1, 1, 2, 17, 247, 255)

Decision = tuple[str, bytes | int] | None
"""("answer", registers), ("refused", exception code), or None = nothing was accepted."""


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def abort(self) -> None:
        self.gone = True

    def close(self) -> None:
        self.gone = True

    def is_closing(self) -> bool:
        return self.gone


def tcp_channel() -> TcpChannel:
    """A TCP channel that is connected to nothing but a `Wire`."""
    channel = TcpChannel("plc", 502)
    channel.transport = Wire()
    return channel


def rtu_channel() -> RtuChannel:
    """An RTU channel likewise."""
    channel = RtuChannel(SerialPort("bus"), lambda: None)
    channel.transport = Wire()
    return channel


# ---- questions and right replies -------------------------------------------------------------------------------


def question(rng: Random) -> Question:
    """A read or a write as the links ask them."""
    unit, start = rng.choice(UNITS), rng.choice((0, 1, 26, 256, 512, 0x1000, 0xFF00))
    if rng.random() < 0.75:
        count = rng.choice((1, 2, 3, 4, 40, 120, 125))
        table = rng.choice((Table.INPUT, Table.HOLDING, Table.COILS, Table.DISCRETE))
        return read_question(PlannedRead(unit, table, start, count, struct.Struct(f">{count}H"), ()))
    if rng.random() < 0.2:
        return write_question(PlannedWrite(unit, start, rng.choice((b"\xff\0", b"\0\0")), ("STOP",), Table.COILS))
    data = rng.randbytes(2 * rng.choice((1, 2, 14, 123)))
    return write_question(PlannedWrite(unit, start, data, ("CMD",)))


def right_pdu(rng: Random, asked: Question) -> bytes:
    """A reply that answers the question."""
    if asked.size:
        return bytes((asked.pdu[0], asked.size)) + rng.randbytes(asked.size)
    return asked.pdu[:5]


def some_pdu(rng: Random, asked: Question) -> bytes:
    """A reply: the right one, an exception, one to another question, or none at all."""
    way = rng.random()
    if way < 0.6:
        return right_pdu(rng, asked)
    if way < 0.7:
        return bytes((asked.pdu[0] | 0x80, rng.choice((0, 1, 2, 3, 4, 5, 6, 8, 10, 11, 255))))
    if way < 0.9:
        return right_pdu(rng, question(rng))
    return asked.pdu if way < 0.95 else rng.randbytes(rng.randrange(12))


# ---- the reference: written down from the specification, byte by byte ----------------------------------------------


def strict_tcp(asked: Question, tid: int, stream: bytes) -> Decision:
    """What the first frame of a stream may be taken for: all of its header and all of its body must be exact."""
    code = asked.pdu[0]
    if asked.size:
        size = asked.size
        head = bytes((tid >> 8, tid & 255, 0, 0, (3 + size) >> 8, (3 + size) & 255, asked.unit, code, size))
        if stream[:9] == head and len(stream) >= 9 + size:
            return "answer", stream[9 : 9 + size]
    elif stream[:12] == bytes((tid >> 8, tid & 255, 0, 0, 0, 6, asked.unit)) + asked.pdu[:5]:
        return "answer", b""
    exception = bytes((tid >> 8, tid & 255, 0, 0, 0, 3, asked.unit, code + 0x80))
    if stream[:8] == exception and len(stream) >= 9:
        return "refused", stream[8]
    return None


def strict_rtu(asked: Question, chunks: list[bytes]) -> Decision:
    """What the bytes heard so far may be taken for, looked at after each piece: exactly one whole frame, no more."""
    heard = b""
    for chunk in chunks:
        heard += chunk
        body, crc = heard[:-2], heard[-2:]
        if len(heard) < 5 or crc != checksum(body) or body[0] != asked.unit:
            continue
        if body[1] == asked.pdu[0] + 0x80 and len(body) == 3:
            return "refused", body[2]
        if asked.size and body[1:3] == bytes((asked.pdu[0], asked.size)) and len(body) == 3 + asked.size:
            return "answer", body[3:]
        if not asked.size and body[1:] == asked.pdu[:5]:
            return "answer", b""
    return None


def checksum(body: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first (Modbus over serial line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in body:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return bytes((crc & 0xFF, crc >> 8))


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_TABLE = [_row(byte) for byte in range(256)]


# ---- campaigns --------------------------------------------------------------------------------------------------


async def decision(ask: asyncio.Task[tuple[float, bytes]], give_up: Callable[[], None]) -> Decision:
    """What a channel made of what it was given; a question that still waits is given up. Raises what it must not."""
    for _ in range(3):
        if ask.done():
            break
        await asyncio.sleep(0)
    if not ask.done():
        give_up()
    try:
        _, data = await ask
    except Refused as refusal:
        return "refused", refusal.code
    except (Unanswered, NotAsked):
        return None
    return "answer", data


async def fuzz_tcp(frames: int, seed: int = 1) -> Tally:
    """Streams of bytes before `TcpChannel`: a fresh connection each."""
    rng, tally, loop = Random(seed), Tally(), asyncio.get_running_loop()
    others = [mbap(right_pdu(rng, q), q.unit, rng.randrange(4)) for q in (question(rng) for _ in range(20))]
    for _ in range(frames):
        asked, channel = question(rng), tcp_channel()
        task = loop.create_task(channel.ask(asked, 1000.0))
        await asyncio.sleep(0)
        wire = channel.transport
        assert isinstance(wire, Wire)
        tid = int.from_bytes(wire.sent[0][:2], "big")
        stream = mbap(some_pdu(rng, asked), asked.unit, tid)
        if rng.random() < 0.85:
            stream = spoilt(rng, stream, others)
            if rng.random() < 0.4 and len(stream) > 6:
                stream = stream[:4] + (len(stream) - 6).to_bytes(2, "big") + stream[6:]
        try:
            for piece in pieces(rng, stream):
                channel.data_received(piece)
            ours = await decision(task, lambda c=channel: c.drop("given up"))
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            tally.frames += 1
            tally.found("uncaught", f"{error!r} on {shown(stream)} to {asked.text}")
            continue
        tally.judge(ours, strict_tcp(asked, tid, stream), lambda s=stream, q=asked: f"{shown(s)} to {q.text}")
        if not channel.loss.reason:
            channel.drop("over")
    return tally


async def fuzz_rtu(frames: int, seed: int = 1) -> Tally:
    """Bytes on a serial bus before one `RtuChannel`."""
    rng, tally, loop = Random(seed), Tally(), asyncio.get_running_loop()
    channel = rtu_channel()
    others = [adu(right_pdu(rng, q), q.unit) for q in (question(rng) for _ in range(20))]
    for _ in range(frames):
        asked = question(rng)
        task = loop.create_task(channel.ask(asked, 1000.0))
        await asyncio.sleep(0)
        stream = adu(some_pdu(rng, asked), asked.unit)
        if rng.random() < 0.85:
            stream = spoilt(rng, stream, others)
            if rng.random() < 0.4 and len(stream) > 2:
                stream = stream[:-2] + checksum(stream[:-2])
        chunks = pieces(rng, stream)
        try:
            for piece in chunks:
                channel.data_received(piece)
            ours = await decision(task, task.cancel)
        except asyncio.CancelledError:
            ours = None
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            tally.frames += 1
            tally.found("uncaught", f"{error!r} on {shown(stream)} to {asked.text}")
            continue
        said = " | ".join(map(shown, chunks))
        tally.judge(ours, strict_rtu(asked, chunks), lambda s=said, q=asked: f"{s} to {q.text}")
    channel.drop("over")
    return tally


def shown(data: bytes) -> str:
    """The beginning of a message, for a report."""
    return data[:40].hex(" ") + (f" … ({len(data)} bytes)" if len(data) > 40 else "")


def mbap(pdu: bytes, unit: int, tid: int) -> bytes:
    """A TCP frame."""
    return struct.pack(">HHHB", tid, 0, 1 + len(pdu), unit) + pdu


def adu(pdu: bytes, unit: int) -> bytes:
    """An RTU frame."""
    body = bytes((unit,)) + pdu
    return body + checksum(body)
