"""What a broken PLC, gateway or network does to one Modbus TCP exchange.

Knows frames and exchanges. Does not know when or how often: an aim says that.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable

from hil_tests.faults.proxy_modbus import Exchange, Toxic, frame

_SOON = 0.005
_MEGABYTE = bytes(range(256)) * 4096


# ---- the connection ----------------------------------------------------------------------------------------
async def reset_before_reply(x: Exchange) -> None:
    """RST instead of the reply; the PLC has done what was asked."""
    await x.answer()
    x.reset()


async def reset_mid_frame(x: Exchange) -> None:
    """RST in the middle of the reply."""
    x.send((await x.right())[:9])
    await asyncio.sleep(_SOON)
    x.reset()


async def fin_after_request(x: Exchange) -> None:
    """The other end closes instead of answering."""
    await x.answer()
    x.finish()


async def silence(x: Exchange) -> None:
    """The PLC does what was asked, the reply is lost."""
    await x.answer()


async def swallowed(x: Exchange) -> None:
    """The request itself is lost: the PLC never sees it."""


# ---- time --------------------------------------------------------------------------------------------------
def late(seconds: float) -> Toxic:
    """The reply comes so much later."""

    async def toxic(x: Exchange) -> None:
        reply = await x.right()
        await asyncio.sleep(seconds)
        x.send(reply)

    return toxic


def jitter(most: float, seed: int = 1) -> Toxic:
    """Each reply comes up to so many s later, never the same."""
    chance = random.Random(seed)

    async def toxic(x: Exchange) -> None:
        await late(chance.uniform(0.0, most))(x)

    return toxic


def delivered_late(seconds: float) -> Toxic:
    """The request waits so long in the network before the PLC gets it, whatever the controller does meanwhile."""

    async def toxic(x: Exchange) -> None:
        await asyncio.sleep(seconds)
        x.send(await x.right())

    return toxic


def drip(every: float) -> Toxic:
    """One byte of the reply every so many s."""

    async def toxic(x: Exchange) -> None:
        for byte in await x.right():
            if not x.gone:
                x.send(bytes((byte,)))
                await asyncio.sleep(every)

    return toxic


# ---- segments ----------------------------------------------------------------------------------------------
async def split(x: Exchange) -> None:
    """Each byte of the reply in a segment of its own."""
    for byte in await x.right():
        x.send(bytes((byte,)))
        await asyncio.sleep(0)


class Merged:
    """Holds the first reply back and sends it in one segment with the second."""

    def __init__(self) -> None:
        self._held = b""

    async def __call__(self, x: Exchange) -> None:
        reply = await x.right()
        if self._held:
            x.send(self._held + reply)
            self._held = b""
        else:
            self._held = reply


# ---- what the reply says -----------------------------------------------------------------------------------
def changed(how: Callable[[Exchange, bytes], bytes]) -> Toxic:
    """The reply is another frame, made by `how` from the exchange and the right PDU."""

    async def toxic(x: Exchange) -> None:
        x.send(how(x, await x.answer()))

    return toxic


def unit(by: int = 1) -> Toxic:
    """Another unit answers."""
    return changed(lambda x, pdu: frame(x.tid, (x.unit + by) & 0xFF, pdu))


def function(code: int) -> Toxic:
    """The reply belongs to another function."""
    return changed(lambda x, pdu: frame(x.tid, x.unit, bytes((code,)) + pdu[1:]))


def byte_count(by: int) -> Toxic:
    """The count in the reply is wrong, the data are not."""
    return changed(lambda x, pdu: frame(x.tid, x.unit, pdu[:1] + bytes(((pdu[1] + by) & 0xFF,)) + pdu[2:]))


def registers(by: int) -> Toxic:
    """The reply holds so many registers more or less, and its count says so."""

    def how(x: Exchange, pdu: bytes) -> bytes:
        data = pdu[2:] + bytes(2 * by) if by > 0 else pdu[2 : 2 * by]
        return frame(x.tid, x.unit, pdu[:1] + bytes((len(data) & 0xFF,)) + data)

    return changed(how)


def transaction(of: Callable[[int], int]) -> Toxic:
    """The reply carries another transaction id."""
    return changed(lambda x, pdu: frame(of(x.tid) & 0xFFFF, x.unit, pdu))


def protocol(number: int) -> Toxic:
    """The header says another protocol."""
    return changed(lambda x, pdu: frame(x.tid, x.unit, pdu, protocol=number))


def length(claimed: int) -> Toxic:
    """The header lies about the length."""
    return changed(lambda x, pdu: frame(x.tid, x.unit, pdu, length=claimed))


def exception(code: int, *, done: bool = False) -> Toxic:
    """The PLC refuses with an exception and does nothing, or does it all the same."""

    async def toxic(x: Exchange) -> None:
        if done:
            await x.answer()
        x.send(frame(x.tid, x.unit, bytes((x.function | 0x80, code))))

    return toxic


def echo() -> Toxic:
    """The PLC did it, the echo of the write says another value or count."""

    def how(x: Exchange, pdu: bytes) -> bytes:
        address, value = struct.unpack(">HH", pdu[1:5])
        return frame(x.tid, x.unit, pdu[:1] + struct.pack(">HH", address, value ^ 1))

    return changed(how)


async def twice(x: Exchange) -> None:
    """The reply comes twice."""
    reply = await x.right()
    x.send(reply + reply)


class Previous:
    """Answers each question with the reply to the one before."""

    def __init__(self) -> None:
        self._last: tuple[int, int, bytes] | None = None

    async def __call__(self, x: Exchange) -> None:
        last, self._last = self._last, (x.tid, x.unit, await x.answer())
        x.send(frame(*(last or self._last)))


def garbage(megabytes: int) -> Toxic:
    """A flood of bytes that are no Modbus."""

    async def toxic(x: Exchange) -> None:
        for _ in range(megabytes):
            x.send(_MEGABYTE)
            await asyncio.sleep(0)

    return toxic


# ---- a PLC that has lost its memory, or only it ------------------------------------------------------------
async def zeroed(x: Exchange) -> None:
    """Every register that is read is 0, as after a start before the program has run; writes are taken."""
    pdu = await x.answer()
    x.send(frame(x.tid, x.unit, pdu[:2] + bytes(len(pdu) - 2) if x.function in (3, 4) else pdu))


class Retained:
    """Every read is answered as it was the first time: memory that outlived the program that filled it."""

    def __init__(self) -> None:
        self._first: dict[bytes, bytes] = {}

    async def __call__(self, x: Exchange) -> None:
        pdu = await x.answer()
        if x.function in (3, 4):
            pdu = self._first.setdefault(x.pdu, pdu)
        x.send(frame(x.tid, x.unit, pdu))
