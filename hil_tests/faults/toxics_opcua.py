"""What a sick OPC UA server or network does to one read or write.

Knows services, results and chunks. Does not know when or how often: an aim says that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua

from hil_tests.faults.proxy_opcua import Exchange

Toxic = Callable[[Exchange], Awaitable[None]]
"""What is done with a struck exchange instead of passing it on and passing the reply back."""

_MEGABYTE = bytes(1 << 20)


# ---- connection and time -----------------------------------------------------------------------------------
async def reset_before_reply(x: Exchange) -> None:
    """RST instead of the reply; the server has done what was asked."""
    await x.answer()
    x.reset()


async def silence(x: Exchange) -> None:
    """The server does what was asked, the reply is lost; session and connection stay."""
    await x.answer()


def late(seconds: float) -> Toxic:
    """The reply comes so much later."""

    async def toxic(x: Exchange) -> None:
        reply = await x.answer()
        await asyncio.sleep(seconds)
        x.send(reply)

    return toxic


def delivered_late(seconds: float) -> Toxic:
    """The request waits so long before the server works on it, whatever the controller does meanwhile."""

    async def toxic(x: Exchange) -> None:
        await asyncio.sleep(seconds)
        x.send(await x.answer())

    return toxic


# ---- what a read says --------------------------------------------------------------------------------------
def of_nodes(names: Collection[str] | None, change: Callable[[str, Any], Any]) -> Toxic:
    """`change` makes another DataValue for each of the named nodes (None = all) whose value is read."""

    async def toxic(x: Exchange) -> None:
        reply = await x.reply()
        if x.reads_values:
            reply.Results = [
                change(name, item) if names is None or name in names else item
                for name, item in zip(x.names, reply.Results, strict=True)
            ]
        x.send(reply)

    return toxic


def status(name: str, names: Collection[str] | None = None) -> Toxic:
    """The server shows the nodes with this status (`BadSensorFailure`); an Uncertain one keeps its value."""
    code = ua.StatusCode(ua.UInt32(getattr(ua.StatusCodes, name)))
    return of_nodes(names, lambda _, item: ua.DataValue(item.Value if code.is_uncertain() else None, code))


def frozen(names: Collection[str] | None = None) -> Toxic:
    """The nodes keep the value they had when they were read first, Good for ever."""
    first: dict[str, Any] = {}
    return of_nodes(names, lambda name, item: first.setdefault(name, item))


def stamped(by: timedelta, *, moving: bool = True) -> Toxic:
    """Every value carries time stamps that are wrong by so much; unless `moving` the source's stands still."""
    stood = datetime.now(UTC) + by

    def change(_: str, item: Any) -> Any:
        now = datetime.now(UTC) + by
        source = now if moving else stood
        return ua.DataValue(item.Value, item.StatusCode, SourceTimestamp=source, ServerTimestamp=now)

    return of_nodes(None, change)


def fault(name: str) -> Toxic:
    """The whole request is refused with this status; nothing is done."""

    async def toxic(x: Exchange) -> None:
        x.fault(getattr(ua.StatusCodes, name))

    return toxic


# ---- what a write says -------------------------------------------------------------------------------------
def applied_but(name: str) -> Toxic:
    """The server takes the values and says of every one that it did not."""

    async def toxic(x: Exchange) -> None:
        reply = await x.reply()
        reply.Results = [ua.StatusCode(ua.UInt32(getattr(ua.StatusCodes, name))) for _ in reply.Results]
        x.send(reply)

    return toxic


async def not_applied(x: Exchange) -> None:
    """The server says Good and does nothing."""
    reply = ua.WriteResponse()
    reply.ResponseHeader.RequestHandle = x.request.RequestHeader.RequestHandle
    reply.Results = [ua.StatusCode(ua.UInt32(ua.StatusCodes.Good)) for _ in x.names]
    x.send(reply)


# ---- floods ------------------------------------------------------------------------------------------------
def huge(megabytes: int) -> Toxic:
    """One message that says it has so many MB, and sends them."""

    async def toxic(x: Exchange) -> None:
        x.send_raw(x.chunk(b"", size=megabytes << 20))
        for _ in range(megabytes):
            if x.gone:
                return
            x.send_raw(_MEGABYTE)
            await asyncio.sleep(0)

    return toxic


def chunks(count: int) -> Toxic:
    """A reply in so many chunks, none of them the last."""

    async def toxic(x: Exchange) -> None:
        for number in range(count):
            if x.gone:
                return
            x.send_raw(x.chunk(bytes(60000), final=False))
            if number % 16 == 0:
                await asyncio.sleep(0)

    return toxic
