"""One OPC UA connection: prepared reads and writes of nodes, each item with its own status.

Knows asyncua; only it and the socket it mends do. Does not know scans or when to connect again.

The library's own reconnect stays off: after a second cut it keeps a session without its subscriptions, and it
sends a request that waited for the reconnection up to a minute late.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from drivers.loss import LinkFailed, Loss
from drivers.opcua_socket import mend
from drivers.tcp_socket import discard, watch_peer
from station_ctl.core.points import BaseType, Point

# The library reports a lost connection as several errors with stack traces; the link says it once, in words.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

_NODE = re.compile(r"^nsu=([^;]+);([sig])=(.+)$")
_KIND = {
    BaseType.BOOL: ua.VariantType.Boolean,
    BaseType.U8: ua.VariantType.Byte,
    BaseType.U16: ua.VariantType.UInt16,
    BaseType.I16: ua.VariantType.Int16,
    BaseType.U32: ua.VariantType.UInt32,
    BaseType.I32: ua.VariantType.Int32,
    BaseType.I64: ua.VariantType.Int64,
    BaseType.F32: ua.VariantType.Float,
    BaseType.F64: ua.VariantType.Double,
    BaseType.STR: ua.VariantType.String,
}
# With these the server says that it did not take a value; after any other one it may have.
_REFUSALS = frozenset(
    {
        "BadNodeIdInvalid",
        "BadNodeIdUnknown",
        "BadNotSupported",
        "BadNotWritable",
        "BadOutOfRange",
        "BadTypeMismatch",
        "BadUserAccessDenied",
        "BadWriteNotSupported",
    }
)
_SESSION_MS = 10_000
_NEVER = 3600.0
_GOODBYE = 0.3

_MOST_AT_ONCE = ua.NodeId(ua.Int32(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead))
"""How many nodes one request may read (Part 5, 6.3.11); 0 or no such node = no limit."""

Prepared = list[ua.ReadParameters]
"""The requests of one read."""

Sample = tuple[str | None, Any]
"""A node as it was read: None and its raw value, or the word why there is none (a status, `wrong type`)."""

T = TypeVar("T")


class UaFailed(LinkFailed):
    """A request got no usable answer; `sent` = it may have reached the server."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class UaSecurity:
    """SignAndEncrypt with Basic256Sha256: files of our certificate and key, and the server's certificate.

    The server's certificate is given, never fetched: otherwise anyone could pretend to be the PLC.
    `application_uri` must stand in our certificate. `user` and `password` where the server wants them.
    """

    certificate: Path
    private_key: Path
    server_certificate: Path
    application_uri: str = "urn:station-ctl:opcua"
    user: str = ""
    password: str = ""


def check_address(point: Point) -> None:
    """Raises ValueError unless the address is `nsu=<uri>;` and `s=<name>`, `i=<number>` or `g=<GUID>`."""
    match = _NODE.match(point.address)
    wrong = f"{point.tag}: address {point.address!r} is not of the form nsu=<uri>;s=<name>"
    if match is None:
        raise ValueError(wrong)
    try:
        _identifier(match)
    except ValueError:
        raise ValueError(wrong) from None


def _identifier(match: re.Match[str]) -> ua.Int32 | ua.String | ua.Guid:
    if match[2] == "g":
        return ua.Guid(match[3])
    return ua.Int32(int(match[3])) if match[2] == "i" else ua.String(match[3])


class UaConnection:
    """A session. `timeout` (s) bounds each request; after a failure the connection is of no more use.

    Whoever makes one calls `close` in the end, whatever happened.
    """

    def __init__(self, url: str, timeout: float, security: UaSecurity | None) -> None:
        self.where = url
        self.loss = Loss()
        self._security = security
        self._client = Client(url, timeout=timeout, watchdog_intervall=_NEVER)
        self._client.session_timeout = _SESSION_MS
        self._client.connection_lost_callback = self._on_lost
        self._mend()
        self._namespaces: list[str] = []
        self._most = 0

    @property
    def up(self) -> bool:
        """Whether a request made now would leave."""
        return self.loss.reason is None and self._transport() is not None

    async def open(self, within: float) -> None:
        """Connect, open the session, learn the namespaces. Raises UaFailed."""
        # In a task of its own, because parts of the library may swallow a cancel.
        opening = asyncio.create_task(self._open())
        try:
            await asyncio.wait({opening}, timeout=within)
        finally:
            in_time = opening.done()
            opening.cancel()
            await asyncio.wait({opening}, timeout=_GOODBYE)
            failure = opening.exception() if opening.done() and not opening.cancelled() else None
        if not in_time:
            raise UaFailed(f"{self.where}: no session within {within:.1f} s", sent=False)
        if failure is not None:
            raise failure

    async def _open(self) -> None:
        try:
            if self._security is not None:
                await self._secure(self._security)
            await self._client.connect()
            self._namespaces = await self._client.get_namespace_array()
            limit = (await self._client.uaclient.read(_reading([_MOST_AT_ONCE], AttributeIds.Value)))[0].Value
            self._most = max(0, limit.Value) if limit is not None and isinstance(limit.Value, int) else 0
            if (transport := self._transport()) is not None:
                watch_peer(transport)
        except Exception as error:  # the library passes on whatever its parsers raise
            raise UaFailed(f"{self.where}: no session ({_words(error)})", sent=False) from error

    async def _secure(self, security: UaSecurity) -> None:
        self._client.application_uri = security.application_uri
        if security.user:
            self._client.set_user(security.user)
            self._client.set_password(security.password)
        await self._client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=security.certificate,
            private_key=security.private_key,
            server_certificate=str(security.server_certificate),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )

    def _mend(self) -> None:
        client = self._client.uaclient
        make = client._make_protocol

        def made() -> UASocketProtocol:
            protocol = make()
            mend(protocol, lambda why: self.drop(f"{self.where}: {why}"))
            return protocol

        client._make_protocol = made  # type: ignore[method-assign]

    def prepare(self, points: Sequence[Point]) -> Prepared:
        """A read of all points, in as few requests as the server allows. Raises UaFailed: no such namespace."""
        return self._reads(points, AttributeIds.Value)

    async def read(self, points: Sequence[Point], prepared: Prepared) -> tuple[float, list[Sample]]:
        """Read once: the monotonic time the (first) request left, and a sample for each point. Raises UaFailed."""
        at = time.monotonic()
        items = await self._ask(prepared)
        return at, [_sample(point, item) for point, item in zip(points, items, strict=True)]

    async def misfits(self, points: Sequence[Point]) -> list[str]:
        """Which nodes are missing or of another type than the I/O list says, in words. Raises UaFailed."""
        items = await self._ask(self._reads(points, AttributeIds.DataType))
        words = []
        for point, item in zip(points, items, strict=True):
            needed, found = _KIND[point.type.base], item.Value.Value if item.Value else None
            if item.StatusCode and not item.StatusCode.is_good():
                words.append(f"{point.tag} is {item.StatusCode.name}")
            elif not isinstance(found, ua.NodeId) or found != ua.NodeId(ua.Int32(needed.value)):
                words.append(f"{point.tag} is no {needed.name}")
        return words

    async def write(self, values: Sequence[tuple[Point, Any]]) -> tuple[list[str], bool]:
        """Write raw values in one request; gives what was not taken, in words, and whether that is sure.

        Raises UaFailed when no answer came.
        """
        parameters = ua.WriteParameters()
        parameters.NodesToWrite = [_writing(self._node(point), point, raw) for point, raw in values]
        results = await self._request(self._client.uaclient.write(parameters), len(values))
        bad = [
            (pair[0].tag, code.name) for pair, code in zip(values, results, strict=True) if not code.is_good()
        ]
        return [f"{tag} {name}" for tag, name in bad], all(name in _REFUSALS for _, name in bad)

    async def close(self) -> None:
        """Say goodbye if that is still possible, for a short while; then close."""
        if not self.up:
            self.drop("closed")
        self._client.connection_lost_callback = None
        closing = asyncio.create_task(self._client.disconnect())
        try:
            await asyncio.wait({closing}, timeout=_GOODBYE)
        finally:
            self.drop("closed")
            closing.cancel()
            await asyncio.wait({closing}, timeout=_GOODBYE)

    def drop(self, reason: str) -> None:
        """End the connection at once, throwing away what was not sent; pending requests fail."""
        self.loss.declare(reason)
        if (transport := self._transport()) is not None:
            discard(transport)

    def _reads(self, points: Sequence[Point], attribute: AttributeIds) -> Prepared:
        nodes, most = [self._node(point) for point in points], self._most or len(points)
        return [_reading(nodes[start : start + most], attribute) for start in range(0, len(nodes), most)]

    async def _ask(self, prepared: Prepared) -> list[ua.DataValue]:
        items: list[ua.DataValue] = []
        for part in prepared:
            items += await self._request(self._client.uaclient.read(part), len(part.NodesToRead))
        return items

    def _node(self, point: Point) -> ua.NodeId:
        match = _NODE.match(point.address)
        if match is None or match[1] not in self._namespaces:
            raise UaFailed(f"{self.where}: the PLC has no namespace for {point.address}", sent=False)
        index = ua.Int16(self._namespaces.index(match[1]))
        return ua.NodeId(_identifier(match), index)

    def _transport(self) -> asyncio.Transport | None:
        protocol = self._client.uaclient.protocol
        return None if protocol is None else protocol.transport

    async def _request(self, request: Coroutine[Any, Any, list[T]], needed: int) -> list[T]:
        if not self.up:
            request.close()
            raise UaFailed(self.loss.reason or f"{self.where}: not connected", sent=False)
        try:
            items = await request
        except Exception as error:  # the library passes on whatever its parsers raise
            self.drop(f"{self.where}: {_words(error)}")
            raise UaFailed(str(self.loss.reason), sent=True) from error
        if len(items) != needed:
            text = f"{self.where}: {len(items)} results for {needed} nodes"
            self.drop(text)
            raise UaFailed(text, sent=True)
        return items

    async def _on_lost(self, error: Exception) -> None:
        self.loss.declare(f"{self.where}: {_words(error)}")


def _reading(nodes: Sequence[ua.NodeId], attribute: AttributeIds) -> ua.ReadParameters:
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
    parameters.NodesToRead = [ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in nodes]
    return parameters


def _writing(node: ua.NodeId, point: Point, raw: object) -> ua.WriteValue:
    value = ua.DataValue(ua.Variant(raw, _KIND[point.type.base]))
    return ua.WriteValue(NodeId=node, AttributeId=AttributeIds.Value, Value=value)


def _sample(point: Point, item: ua.DataValue) -> Sample:
    if item.StatusCode is not None and not item.StatusCode.is_good():
        return item.StatusCode.name, None
    if item.Value is None or item.Value.VariantType is not _KIND[point.type.base]:
        return "wrong type", None
    return None, item.Value.Value


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return f"connection lost: {error.strerror or error}"
    return str(error) or type(error).__name__
