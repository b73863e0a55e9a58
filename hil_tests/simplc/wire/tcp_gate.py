"""A cable that can be pulled: it carries TCP connections to a server and holds or cuts them.

Knows byte streams. Does not know the protocol on them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class TcpGate:
    """Forwards connections to `inner`; closed, it takes them and holds every byte, as a hung PLC does."""

    def __init__(self, host: str, port: int, inner: int) -> None:
        self._host, self._port, self._inner = host, port, inner
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._frozen: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut all connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def let_through(self, yes: bool) -> None:
        """Open or close the gate."""
        if yes:
            self._open.set()
        else:
            self._open.clear()

    def cut(self) -> None:
        """Reset every connection."""
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        inner_writer: asyncio.StreamWriter | None = None
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(reader, inner_writer))
                ways.create_task(self._carry(inner_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            for end in (writer, inner_writer):
                if end is not None:
                    end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            writer.write(data)
        # One side is gone: so is the connection.
        raise ConnectionResetError
