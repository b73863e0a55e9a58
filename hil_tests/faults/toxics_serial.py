"""What a sick serial bus does to one Modbus RTU exchange.

Knows bits, frames and the checksum. Does not know when or how often: an aim says that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hil_tests.faults.proxy_serial import Exchange, Toxic
from hil_tests.simplc.wire.rtu_slave import crc16


def changed(how: Callable[[bytes], bytes]) -> Toxic:
    """Other bytes than those of the slave arrive."""

    async def toxic(x: Exchange) -> None:
        x.send(how(await x.answer()))

    return toxic


def flipped(bit: int) -> Toxic:
    """One bit of the reply is wrong, counted from its first; past its end from the first again."""

    def how(reply: bytes) -> bytes:
        spoilt = bytearray(reply)
        place = bit % (8 * len(reply))
        spoilt[place // 8] ^= 1 << place % 8
        return bytes(spoilt)

    return changed(how)


def truncated(by: int) -> Toxic:
    """The end of the reply is missing."""
    return changed(lambda reply: reply[:-by])


async def echo(x: Exchange) -> None:
    """The adapter hears itself: the question comes back before the reply."""
    x.send(x.question + await x.answer())


def noise(data: bytes) -> Toxic:
    """Something else on the bus before the reply."""
    return changed(lambda reply: data + reply)


def collision(other: bytes) -> Toxic:
    """A second slave talks at the same time: where both are heard, a line at rest wins over none."""
    return changed(lambda reply: bytes(a & b for a, b in zip(reply, other * len(reply), strict=False)))


def gaps(seconds: float) -> Toxic:
    """A pause between the bytes of the reply."""

    async def toxic(x: Exchange) -> None:
        for byte in await x.answer():
            x.send(bytes((byte,)))
            await asyncio.sleep(seconds)

    return toxic


def late(seconds: float) -> Toxic:
    """The slave takes so much longer to answer."""

    async def toxic(x: Exchange) -> None:
        reply = await x.answer()
        await asyncio.sleep(seconds)
        x.send(reply)

    return toxic


async def silence(x: Exchange) -> None:
    """The reply is lost."""
    await x.answer()


def other_slave(unit: int) -> Toxic:
    """Another slave answers, with a right checksum."""

    def how(reply: bytes) -> bytes:
        frame = bytes((unit,)) + reply[1:-2]
        return frame + crc16(frame).to_bytes(2, "little")

    return changed(how)


def other_baud(factor: float) -> Toxic:
    """The slave talks so much faster than the controller hears (`factor` below 1: slower)."""
    return changed(lambda reply: heard(reply, factor))


def heard(data: bytes, factor: float) -> bytes:
    """What a receiver hears of 8N1 characters that are sent `factor` times as fast as it listens."""
    line = [level for byte in data for level in (0, *(byte >> bit & 1 for bit in range(8)), 1)]
    samples = [line[int(place * factor)] for place in range(int(len(line) / factor))]
    characters, at = bytearray(), 0
    while at + 9 < len(samples):
        if samples[at]:
            at += 1
            continue
        characters.append(sum(samples[at + 1 + bit] << bit for bit in range(8)))
        at += 10
    return bytes(characters)
