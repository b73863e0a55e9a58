"""What the library's socket lacks for a PLC of anybody's make: bounds, reasons of a refusal, ages by our own clock.

Knows asyncua's protocol object. Does not know sessions, nodes or when to connect again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

LONGEST = 1 << 20
"""Bytes of one message that are kept; a scan of a thousand nodes has some 20 kB. The library knows no limit."""

_SERVICE_FAULT = ua.NodeId(ua.Int32(ObjectIds.ServiceFault_Encoding_DefaultBinary))


def mend(protocol: UASocketProtocol, drop: Callable[[str], None]) -> None:
    """Bound, explain and date what this socket takes; `drop` ends the connection for a reason."""
    _bound(protocol, drop)
    _tell_refusals(protocol)
    _date_tokens(protocol)


def _bound(protocol: UASocketProtocol, drop: Callable[[str], None]) -> None:
    take = protocol.data_received

    def take_some(data: bytes) -> None:
        take(data)
        kept = len(protocol.receive_buffer or b"") + protocol._connection._incoming_size
        if kept > LONGEST:
            drop(f"a message of more than {LONGEST} bytes")

    protocol.data_received = take_some  # type: ignore[method-assign]


def _tell_refusals(protocol: UASocketProtocol) -> None:
    """A refused channel fails with the server's own reason; the library takes the refusal for a broken answer."""
    take = protocol._process_received_message

    def take_or_tell(message: Any) -> None:
        if isinstance(message, ua.Message):
            _refused(message)
        take(message)

    protocol._process_received_message = take_or_tell  # type: ignore[method-assign, assignment]


def _refused(message: Any) -> None:
    """Raises the status with which a server answers that it opens no channel."""
    if isinstance(message.SecurityHeader(), ua.AsymmetricAlgorithmHeader):
        body = message.body()
        if nodeid_from_binary(body) == _SERVICE_FAULT:
            struct_from_binary(ua.ResponseHeader, body).ServiceResult.check()


def _date_tokens(protocol: UASocketProtocol) -> None:
    """Date the channel's tokens by our clock: the library compares the PLC's date with our time of day.

    With a PLC whose clock stands behind, each renewal would then cost the connection: the answer that is on its
    way under the old token seems long expired (Part 4, 5.5.2 lets it live for a quarter of its time more).
    """
    connection = protocol._connection
    learn = connection.set_channel

    def learn_now(params: Any, request_type: ua.SecurityTokenRequestType, client_nonce: bytes) -> None:
        params.SecurityToken.CreatedAt = datetime.now(UTC)
        learn(params, request_type, client_nonce)

    connection.set_channel = learn_now  # type: ignore[method-assign]
