"""A TCP port in front of a PLC: open, shut, walled up so that nobody gets an answer, or a revolving door.

Knows connections. Does not know the protocol on them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_AT_ONCE = struct.pack("ii", 1, 0)


class Door:
    """Listens on a free port that stays the same; every connection is served by `serve`.

    `revolving`: a connection is taken and closed at once. `accepted` counts connections.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._wall: list[socket.socket] = []
        self._inside: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.revolving = False
        self.accepted = 0

    @property
    def inside(self) -> int:
        """Connections that are open now."""
        return len(self._inside)

    async def open(self) -> None:
        """Take connections."""
        self._tear_down_wall()
        if self._server is None:
            self._server = await asyncio.start_server(self._enter, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Reset every connection and refuse new ones, as a PLC without power behind a switch that knows it."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def wall_up(self) -> None:
        """Reset every connection; attempts to connect get no answer at all (the queue of the port is full)."""
        self.shut()
        wall = socket.socket()
        wall.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wall.bind((HOST, self.port))
        wall.listen(0)
        self._wall = [wall]
        for _ in range(3):
            knocker = socket.socket()
            knocker.setblocking(False)
            knocker.connect_ex((HOST, self.port))
            self._wall.append(knocker)

    async def close(self) -> None:
        """Shut for good and wait for whoever is inside."""
        self._tear_down_wall()
        self.shut()
        await asyncio.gather(*self._inside, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection."""
        for task, writer in list(self._inside.items()):
            reset(writer)
            task.cancel()

    def _tear_down_wall(self) -> None:
        for part in reversed(self._wall):
            with contextlib.suppress(OSError):
                part.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            part.close()
        self._wall = []

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._inside[task] = writer
        try:
            if not self.revolving:
                await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # However a connection ends, the door stays.
            pass
        finally:
            writer.close()
            del self._inside[task]


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
