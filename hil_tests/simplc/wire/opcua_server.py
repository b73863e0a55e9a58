"""An OPC UA server for one simulated PLC, with and without encryption.

Knows asyncua and I/O lists. Does not know the plant.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography.x509.oid import ExtendedKeyUsageOID

from hil_tests.simplc.wire.io_list import Plain, Plc, PlcValue, Row, to_raw
from hil_tests.simplc.wire.tcp_gate import TcpGate

_TYPES = {
    "bool": ua.VariantType.Boolean,
    "u8": ua.VariantType.Byte,
    "u16": ua.VariantType.UInt16,
    "i16": ua.VariantType.Int16,
    "u32": ua.VariantType.UInt32,
    "i32": ua.VariantType.Int32,
    "i64": ua.VariantType.Int64,
    "f32": ua.VariantType.Float,
    "f64": ua.VariantType.Double,
    "str": ua.VariantType.String,
}
_EMPTY: dict[str, Plain] = {"bool": False, "str": "", "f32": 0.0, "f64": 0.0}

SERVER_URI = "urn:simplc:opcua"
CLIENT_URI = "urn:station-ctl:opcua"


@dataclass(frozen=True)
class Certificates:
    """Files for encryption: the server's own pair, and one for the controller that the server trusts."""

    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path

    @classmethod
    def inside(cls, folder: Path) -> Certificates:
        """The files under their fixed names in `folder`."""
        names = ("plc-cert.der", "plc-key.pem", "trusted/controller-cert.der", "controller-key.pem")
        return cls(*(folder / name for name in names))

    async def make(self) -> None:
        """Make what is missing or no longer valid."""
        self.client_certificate.parent.mkdir(exist_ok=True)
        host, who = socket.gethostname(), {"organizationName": "simulated station"}
        for key, certificate, uri, use in (
            (self.server_key, self.server_certificate, SERVER_URI, ExtendedKeyUsageOID.SERVER_AUTH),
            (self.client_key, self.client_certificate, CLIENT_URI, ExtendedKeyUsageOID.CLIENT_AUTH),
        ):
            await setup_self_signed_certificate(key, certificate, uri, host, [use], who)


class OpcUaServer:
    """Serves `plc`; with `certificates` only SignAndEncrypt (Basic256Sha256) and only the trusted controller.

    Reads give the PLC's values of that moment; the nodes of one Write request reach the PLC in one `write`.
    """

    def __init__(
        self,
        plc: Plc,
        rows: list[Row],
        host: str = "127.0.0.1",
        port: int = 0,
        certificates: Certificates | None = None,
    ) -> None:
        self.plc = plc
        self.bad: dict[str, int] = {}
        """Status codes that tags are shown with, for tests; the value comes along, as an Uncertain one does."""
        self.refuse_writes = 0
        """Status code that every write is answered with, for tests."""
        self._rows, self._host, self._port = rows, host, port
        self._certificates = certificates
        self._server: Server | None = None
        self._gate: TcpGate | None = None
        self._tags: dict[ua.NodeId, Row] = {}
        self._shown: dict[str, tuple[PlcValue, ua.DataValue]] = {}
        self._boot = plc.boot_id

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def gate(self) -> TcpGate:
        """The cable to this PLC."""
        assert self._gate is not None
        return self._gate

    async def start(self) -> None:
        """Build the address space and listen; takes some seconds."""
        self._server = server = Server()
        await server.init()
        inner = _free_port()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{inner}/")
        server.set_server_name("simulated PLC")
        await self._secure(server)
        await self._add_nodes(server)
        await server.start()
        self._gate = TcpGate(self._host, self._port, inner)
        await self._gate.start()
        self._port = self._gate.port

    async def stop(self) -> None:
        """Stop."""
        if self._gate is not None:
            await self._gate.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def look_at_plc(self) -> None:
        """Follow the PLC: off line nothing passes, after a boot the connections are gone."""
        if self._gate is not None:
            self._gate.let_through(self.plc.online)
            if self._boot != self.plc.boot_id:
                self._boot = self.plc.boot_id
                self._gate.cut()

    async def _secure(self, server: Server) -> None:
        if self._certificates is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            return
        await self._certificates.make()
        await server.set_application_uri(SERVER_URI)
        await server.load_certificate(self._certificates.server_certificate)
        await server.load_private_key(self._certificates.server_key)
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        trusted = TrustStore([self._certificates.client_certificate.parent], [])
        await trusted.load()
        options = CertificateValidatorOptions
        rules = options.TIME_RANGE | options.URI | options.TRUSTED | options.PEER_CLIENT
        server.set_certificate_validator(CertificateValidator(rules, trusted))

    async def _add_nodes(self, server: Server) -> None:
        folder = None
        for row in self._rows:
            match = re.fullmatch(r"nsu=([^;]+);([sig])=(.+)", row.address)
            if match is None:
                raise ValueError(f"{row.tag}: {row.address!r} is no node id of the form nsu=<uri>;s=<name>")
            make = {"s": ua.String, "i": lambda number: ua.Int32(int(number)), "g": ua.Guid}[match[2]]
            index = await server.register_namespace(match[1])
            if folder is None:
                folder = await server.nodes.objects.add_object(index, self.plc.name)
            kind = _TYPES[row.base]
            empty = _EMPTY.get(row.base, 0)
            start = [empty] * row.elements if row.elements > 1 else empty
            node = await folder.add_variable(ua.NodeId(make(match[3]), index), row.tag, start, kind)
            self._tags[node.nodeid] = row
            if row.written:
                await node.set_writable()
            else:
                server.set_attribute_value_callback(node.nodeid, self._show)
        server.subscribe_server_callback(CallbackType.PreWrite, self._before_write)
        server.subscribe_server_callback(CallbackType.PostWrite, self._after_write)

    def _show(self, node: ua.NodeId, _: ua.AttributeIds) -> ua.DataValue:
        row = self._tags[node]
        value = self.plc.values.get(row.tag, _EMPTY.get(row.base, 0))
        last = self._shown.get(row.tag)
        if last is None or last[0] != value:
            items = value if isinstance(value, tuple) else (value,)
            raw = [item if row.base == "str" else to_raw(row, item) for item in items]
            plain = raw if isinstance(value, tuple) else raw[0]
            last = (value, ua.DataValue(ua.Variant(plain, _TYPES[row.base])))
            self._shown[row.tag] = last
        if row.tag in self.bad:
            return ua.DataValue(last[1].Value, ua.StatusCode(ua.UInt32(self.bad[row.tag])))
        return last[1]

    def _before_write(self, event: ServerItemCallback, _: object) -> None:
        if self.refuse_writes and event.is_external:
            raise ua.UaStatusCodeError(self.refuse_writes)

    def _after_write(self, event: ServerItemCallback, _: object) -> None:
        if not event.is_external:
            return
        written: dict[str, Plain] = {}
        for item, status in zip(event.request_params.NodesToWrite, event.response_params, strict=True):
            row = self._tags.get(item.NodeId)
            if row is not None and row.written and status.is_good():
                raw = item.Value.Value.Value
                written[row.tag] = raw if row.base in ("str", "bool") else row.ours(raw)
        if written:
            self.plc.write(written)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
