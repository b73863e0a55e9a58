"""A proxy between the controller and a Modbus RTU bus: pseudo-terminal to pseudo-terminal, exchange by exchange.

Knows RTU frames by their length. Does not know checksums, registers, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

from hil_tests.faults.aim import Aim
from hil_tests.simplc.wire.pty_port import PtyPort

ANSWER_WITHIN = 20.0
"""How long the proxy waits for a slave, s; longer than any bus does."""

_CHUNK = 4096
_SHORTEST, _READ, _WRITE_ONE, _WRITE_MANY = 8, (3, 4), 6, 16


class Exchange:
    """One question on the bus, and everything that can happen to it."""

    def __init__(
        self, question: bytes, ask: Callable[[bytes], Awaitable[bytes]], send: Callable[[bytes], None]
    ) -> None:
        self.question = question
        self._ask, self._send = ask, send

    async def answer(self) -> bytes:
        """Pass the question on to the slave and give its whole reply."""
        return await self._ask(self.question)

    def send(self, data: bytes) -> None:
        """Bytes to the controller."""
        self._send(data)


Toxic = Callable[[Exchange], Coroutine[None, None, None]]
"""What is done with a struck exchange instead of passing it on and passing the reply back."""


class SerialProxy:
    """Opens the bus at `inner` and shows it again at `outer`, which the controller opens."""

    def __init__(self, inner: Path, outer: Path) -> None:
        self.port = PtyPort(outer, self._asked)
        self._inner = inner
        self._fd = -1
        self._question = b""
        self._reply = b""
        self._awaited: asyncio.Future[bytes] | None = None
        self._expected = 0
        self._working: set[asyncio.Task[None]] = set()
        self._toxic: Toxic | None = None
        self._aim = Aim()

    @property
    def struck(self) -> int:
        """Exchanges struck by the toxic of now or last."""
        return self._aim.struck

    def start(self) -> None:
        """Open the bus and show it."""
        self._fd = os.open(self._inner, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._replied)
        self.port.plug()

    def stop(self) -> None:
        """Take it away."""
        self.port.unplug()
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        for task in self._working:
            task.cancel()

    def strike(self, toxic: Toxic, aim: Aim | None = None) -> None:
        """From now on the toxic has the exchanges that `aim` hits (all, unless told)."""
        self._toxic, self._aim = toxic, aim or Aim()

    def relent(self) -> None:
        """Everything passes again."""
        self._toxic = None

    def _asked(self, data: bytes) -> None:
        self._question += data
        while len(self._question) >= _SHORTEST:
            size = 9 + self._question[6] if self._question[1] == _WRITE_MANY else _SHORTEST
            if len(self._question) < size:
                return
            question, self._question = self._question[:size], self._question[size:]
            exchange = Exchange(question, self._ask, self.port.send)
            place = int.from_bytes(question[2:4], "big")
            hit = self._toxic is not None and self._aim.hits(question[0], range(place, place + 1))
            self._work(self._toxic(exchange) if self._toxic and hit else _pass(exchange))

    def _work(self, exchange: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_quietly(exchange))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _ask(self, question: bytes) -> bytes:
        # A slave that is still answering is cut off: there is one exchange on a bus at a time.
        self._reply, self._expected = b"", _reply_size(question)
        self._awaited = answer = asyncio.get_running_loop().create_future()
        os.write(self._fd, question)
        async with asyncio.timeout(ANSWER_WITHIN):
            reply: bytes = await answer
        return reply

    def _replied(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except (BlockingIOError, OSError):
            return
        self._reply += data
        refused = len(self._reply) > 1 and self._reply[1] & 0x80
        size = 5 if refused else self._expected
        if self._awaited is not None and not self._awaited.done() and len(self._reply) >= size:
            self._awaited.set_result(self._reply[:size])


def _reply_size(question: bytes) -> int:
    return 5 + 2 * int.from_bytes(question[4:6], "big") if question[1] in _READ else _SHORTEST


async def _pass(exchange: Exchange) -> None:
    exchange.send(await exchange.answer())


async def _quietly(exchange: Coroutine[None, None, None]) -> None:
    # A slave that is silent is what the tests are about; the controller must see it, not the proxy.
    with contextlib.suppress(OSError, TimeoutError):
        await exchange
