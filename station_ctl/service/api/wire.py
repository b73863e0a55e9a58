"""Sockets and connections: who is at the other end, and how long a connection may take to say something.

Knows Unix credentials, uvicorn's protocol class, limits of one connection. Does not know routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from station_ctl.core.errors import AlreadyRunning, StationError

SPEAK_WITHIN = 5.0
"""Seconds within which a connection must have sent a whole request head; slower ones are closed."""

CONNECTIONS_MOST = 64
"""Open connections over TCP, and as many over the Unix socket: who uses up the ones does not shut out the others."""

HEAD_MOST = 16 * 1024
UNIX = "unix"
_CREDENTIALS = struct.Struct("3i")


class SocketError(StationError):
    """The API's socket cannot be made."""

    code = "A415"


def unix_socket(path: Path, mode: int = 0o660) -> socket.socket:
    """A listening socket at `path`, open to owner and group only. Raises AlreadyRunning if a service answers there.

    A socket that a killed service left behind is replaced.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() or path.is_symlink():
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise SocketError(f"{path} is in the way and is no socket: name another with --socket")
            if _answers(path):
                raise AlreadyRunning(f"another service answers at {path}")
            path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Made with the narrowest rights and widened afterwards: there is no moment in which anybody may come in.
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        listening.listen(128)
        listening.setblocking(False)
    except OSError as error:
        raise SocketError(f"socket {path} cannot be made: {error}") from error
    return listening


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(0.5)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # full or slow, but there
    return True


def tcp_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises SocketError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise SocketError(f"TCP {host}:{port} cannot be opened: {error}") from error
    listening.setblocking(False)
    return listening


class StationProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with the peer's credentials as `client`, and an end for connections that say nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who is there; a connection over the limit is closed at once."""
        super().connection_made(transport)
        peer: Any = transport.get_extra_info("socket")
        if peer is not None and peer.family == socket.AF_UNIX:
            pid, uid, gid = _CREDENTIALS.unpack(
                peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            # In the place of host and port: an address that starts with "unix:" can come from here alone.
            self.client = (f"{UNIX}:{uid}:{gid}", pid)
        if sum(_is_local(other) == _is_local(self) for other in self.connections) > CONNECTIONS_MOST:
            transport.close()
        self._head_due = self._from_now()

    def data_received(self, data: bytes) -> None:
        """Something was said. A head that has begun has to come to its end, the second as the first."""
        super().data_received(data)
        cycle: Any = self.cycle  # None before the first request, whatever its declaration says
        if cycle is not None and not cycle.response_complete:
            self._head_due.cancel()
        elif self._head_due.cancelled():
            self._head_due = self._from_now()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone."""
        self._head_due.cancel()
        super().connection_lost(exc)

    def _from_now(self) -> asyncio.TimerHandle:
        return self.loop.call_later(SPEAK_WITHIN, self._give_up)

    def _give_up(self) -> None:
        """Close a connection whose request head has not arrived whole."""
        if not self.transport.is_closing():
            self.transport.close()


def _is_local(protocol: Any) -> bool:
    return str((protocol.client or ("",))[0]).startswith(f"{UNIX}:")


class ApiServer(Server):
    """uvicorn in the station's loop; signals belong to the service, which ends machines first."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            Config(
                app, http=StationProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
                proxy_headers=False, server_header=False, timeout_keep_alive=30, timeout_graceful_shutdown=2,
                h11_max_incomplete_event_size=HEAD_MOST, backlog=128,
            )
        )  # fmt: skip

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals where they are."""
        yield
