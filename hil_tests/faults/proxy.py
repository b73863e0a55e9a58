"""What every proxy between the controller and a PLC on TCP has: a door, a toxic and its aim, two connections a line.

Knows connections and who waits for which reply. Does not know a protocol, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from hil_tests.faults.aim import Aim
from hil_tests.faults.door import HOST, Door, reset

ANSWER_WITHIN = 20.0
"""How long a proxy waits for the PLC behind it, s; longer than any link does."""

L = TypeVar("L", bound="Line")
T = TypeVar("T")


class Proxy(Generic[L, T]):
    """Stands before the PLC on `port`; `door.port` is what the controller connects to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.door = Door(self._serve)
        self._toxic: T | None = None
        self._aim = Aim()

    @property
    def struck(self) -> int:
        """Exchanges struck by the toxic of now or last."""
        return self._aim.struck

    def strike(self, toxic: T, aim: Aim | None = None) -> None:
        """From now on the toxic has the exchanges that `aim` hits (all, unless told)."""
        self._toxic, self._aim = toxic, aim or Aim()

    def relent(self) -> None:
        """Everything passes again."""
        self._toxic = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, self._port)
        line = self._line(writer, inner_writer)
        hearing = asyncio.create_task(line.hear(inner_reader))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    await self._take(reader, line)
            # What a toxic still holds may reach the PLC after the controller has gone: that is the point of it.
            await line.worked_off()
        finally:
            line.stop()
            hearing.cancel()
            reset(inner_writer)

    def _line(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> L:
        raise NotImplementedError

    async def _take(self, reader: asyncio.StreamReader, line: L) -> None:
        """Read one message of the controller and set to work on it."""
        raise NotImplementedError


class Line:
    """One connection of the controller and the one to the PLC that belongs to it."""

    def __init__(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        self._outer, self._inner = outer, inner
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._working: set[asyncio.Task[None]] = set()

    @property
    def gone(self) -> bool:
        """Whether the controller has given this connection up."""
        return self._outer.is_closing()

    def work(self, exchange: Coroutine[Any, Any, None]) -> None:
        """Carry an exchange out beside the others."""
        task = asyncio.create_task(_quietly(exchange))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def ask_plc(self, number: int, request: bytes) -> bytes:
        """Send a request to the PLC and wait for what `_answered` gives for its number."""
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._inner.write(request)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reply: bytes = await answer
                return reply
        finally:
            self._asked.pop(number, None)

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """What the PLC says, until it closes; then the controller's connection goes, too."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await self._hear_one(reader)
        self.reset()

    async def _hear_one(self, reader: asyncio.StreamReader) -> None:
        """Read one message of the PLC."""
        raise NotImplementedError

    def _answered(self, number: int, reply: bytes) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def send_raw(self, data: bytes) -> None:
        """Bytes to the controller."""
        if not self.gone:
            self._outer.write(data)

    def reset(self) -> None:
        """RST to the controller."""
        reset(self._outer)

    async def worked_off(self) -> None:
        """Wait until no exchange is at work."""
        while self._working:
            await asyncio.wait(self._working)

    def stop(self) -> None:
        """Give every exchange up."""
        for task in self._working:
            task.cancel()


async def _quietly(exchange: Coroutine[Any, Any, None]) -> None:
    # A PLC that is gone or silent is what the tests are about; the controller must see it, not the proxy.
    with contextlib.suppress(OSError, TimeoutError):
        await exchange
