"""Kernel settings of a PLC connection: a dead peer is noticed, and closing forgets what was not sent.

Knows sockets. Does not know any protocol on them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)

# Names of Linux; elsewhere (a developer's machine) the request time-outs alone must do.
_WATCH = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 1000}


def watch_peer(transport: asyncio.BaseTransport) -> None:
    """Let the kernel notice within about a second (unsent or unanswered data) that the peer is gone."""
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _WATCH.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def discard(transport: asyncio.BaseTransport) -> None:
    """Close at once and make the kernel forget what it still had to send.

    Otherwise it goes on trying, and an order that was given up reaches the PLC when the cable is back.
    """
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
