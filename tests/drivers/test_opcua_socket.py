"""What is mended in the library's OPC UA socket, without a socket: the reason of a refusal, the age of a key."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.connection import MessageChunk
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.ua.ua_binary import struct_to_binary

from drivers.opcua_socket import LONGEST, mend


@pytest.fixture
def dropped() -> list[str]:
    return []


@pytest.fixture
def protocol(dropped: list[str]) -> UASocketProtocol:
    made = UASocketProtocol()
    mend(made, dropped.append)
    return made


def answer_to_open(body: bytes) -> ua.Message:
    """A server's answer to the wish for a channel."""
    chunk = MessageChunk(SecurityPolicyNone(), body, ua.MessageType.SecureOpen)
    chunk.SecurityHeader, chunk.SequenceHeader.RequestId = ua.AsymmetricAlgorithmHeader(), 1
    return ua.Message([chunk])


def test_a_refused_channel_raises_the_status_of_the_server(protocol: UASocketProtocol) -> None:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSecurityChecksFailed))
    with pytest.raises(ua.UaStatusCodeError, match="BadSecurityChecksFailed"):
        protocol._process_received_message(answer_to_open(struct_to_binary(fault)))


async def test_a_granted_channel_reaches_who_asked_for_it(protocol: UASocketProtocol) -> None:
    asked = protocol._callbackmap[1] = asyncio.get_running_loop().create_future()
    protocol._process_received_message(answer_to_open(struct_to_binary(ua.OpenSecureChannelResponse())))
    assert asked.done()


@pytest.mark.parametrize("kind", [ua.SecurityTokenRequestType.Issue, ua.SecurityTokenRequestType.Renew])
@pytest.mark.parametrize("years", [-20, 0, 20])
def test_a_key_is_dated_by_our_clock(
    protocol: UASocketProtocol, kind: ua.SecurityTokenRequestType, years: int
) -> None:
    connection = protocol._connection
    connection.security_policy = SecurityPolicyNone()
    told = ua.OpenSecureChannelResult()
    told.SecurityToken.CreatedAt = datetime.now(UTC) + timedelta(days=365 * years)
    connection.set_channel(told, kind, b"")
    first = kind is ua.SecurityTokenRequestType.Issue
    token = connection.security_token if first else connection.next_security_token
    assert abs(token.CreatedAt - datetime.now(UTC)) < timedelta(hours=1)


def test_a_message_without_end_is_dropped(protocol: UASocketProtocol, dropped: list[str]) -> None:
    half = ua.MessageType.SecureMessage + b"F" + (4 * LONGEST).to_bytes(4, "little")
    protocol.data_received(half + bytes(LONGEST // 2))
    assert dropped == []
    protocol.data_received(bytes(LONGEST))
    assert dropped == [f"a message of more than {LONGEST} bytes"]
