"""Certificates that are no longer, or not yet, valid, and otherwise right.

Knows X.509. Does not know who looks at them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from hil_tests.simplc.wire.opcua_server import Certificates

A_YEAR = timedelta(days=365)
EXPIRED, NOT_YET = -A_YEAR, A_YEAR
"""How far the time of validity is moved."""


def moved(certificate: Path, key: Path, by: timedelta) -> bytes:
    """The same certificate, valid for a year that begins so much later than an hour ago (DER)."""
    old = x509.load_der_x509_certificate(certificate.read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, RSAPrivateKey)
    begin = datetime.now(UTC) - timedelta(hours=1) + by
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + A_YEAR - timedelta(days=1))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def of_controller(files: Certificates, by: timedelta, name: str) -> Certificates:
    """The controller's certificate with its validity moved, trusted by the server under that name."""
    path = files.client_certificate.with_name(f"{name}.der")
    path.write_bytes(moved(files.client_certificate, files.client_key, by))
    return replace(files, client_certificate=path)


def of_server(files: Certificates, by: timedelta) -> None:
    """Move the validity of the server's own certificate."""
    files.server_certificate.write_bytes(moved(files.server_certificate, files.server_key, by))
