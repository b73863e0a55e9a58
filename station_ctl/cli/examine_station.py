"""Examination of what a station file names: ports and PLCs, certificates, journal, backups. Nothing is changed.

Knows configuration and addresses. Opens a journal only while no service holds it, and a PLC's port only for a moment.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from station_ctl.cli.finding import Finding, bad, ok, warn
from station_ctl.config import (
    LinkSettings,
    ModbusTcpLink,
    OpcUaLink,
    OpcUaSecurity,
    StationConfig,
    absent_files,
)
from station_ctl.core.errors import JournalError

CONNECT_WITHIN = 1.0
"""Seconds that a PLC's port may take to answer."""

BACKUP_AGE = timedelta(days=2)
EXPIRY_SOON, EXPIRY_NOW = timedelta(days=60), timedelta(days=14)
"""Before a certificate ends: somebody should order a new one; it has to be replaced now."""


def examine_station(config: StationConfig) -> Iterator[Finding]:
    """Everything that the station file names."""
    from station_ctl.service.backup import is_held

    yield _file(config)
    for text in absent_files(config):
        if ": journal.path: " in text:
            continue  # told with the disk
        yield bad("files", text, "put the file there, or correct the station file")
    for name, link in config.links.items():
        if isinstance(link, OpcUaLink) and link.security is not None:
            yield from _certificates(name, link.security)
    held = is_held(config.journal)
    yield from _links(config, in_use=held)
    yield journal(config, held=held)
    yield backups(config)


def _file(config: StationConfig) -> Finding:
    text = f"{config.path}, station {config.station.code}, hash {config.config_hash[:12]}"
    if config.simulated:
        text += ", simulated"
    elif os.getuid() and os.access(config.path, os.W_OK):
        do = "chown root:station, chmod 0640: the service must not be able to change its own limits"
        return warn("station file", f"{config.path} can be written by this user", do)
    return ok("station file", text)


def _certificates(name: str, security: OpcUaSecurity) -> Iterator[Finding]:
    what = f"certificate of {name}"
    key = security.private_key
    if key.is_file() and key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        yield bad(f"key of {name}", f"{key} can be read by everybody, or changed", f"chmod 0640 {key}")
    for path in (security.certificate, security.server_certificate):
        if path.is_file():
            yield _certificate(what, path)


def _certificate(what: str, path: Path) -> Finding:
    from cryptography import x509

    content = path.read_bytes()
    try:
        pem = content.startswith(b"-----BEGIN")
        certificate = x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
    except ValueError as error:
        return bad(what, f"{path} is none: {error}", "export it again from the PLC or the key folder")
    until = certificate.not_valid_after_utc
    left, text = until - datetime.now(UTC), f"{path} is valid until {until:%Y-%m-%d}"
    if certificate.not_valid_before_utc > datetime.now(UTC):
        return bad(what, f"{path} is not valid yet", "look at the clock of this PC")
    if left < EXPIRY_NOW:
        return bad(what, text, "replace it on both sides now: without it the link does not come up")
    if left < EXPIRY_SOON:
        return warn(what, text, "make a new one and have it trusted on the other side")
    return ok(what, text)


def _links(config: StationConfig, *, in_use: bool) -> Iterator[Finding]:
    """Every link at once: five PLCs that do not answer cost one second, not five."""
    with ThreadPoolExecutor(max_workers=max(1, len(config.links))) as at_once:
        yield from at_once.map(lambda item: _link(*item, in_use=in_use), config.links.items())


def _link(name: str, link: LinkSettings, *, in_use: bool) -> Finding:
    what = f"link {name}"
    if not isinstance(link, (ModbusTcpLink, OpcUaLink)):
        return serial_port(what, Path(link.address))
    if in_use:
        return ok(what, f"{link.address}, in use by the service, which says more about it")
    if isinstance(link, ModbusTcpLink):
        host, port = link.host_and_port
    else:
        address = urlsplit(link.address)
        host, port = address.hostname or "", address.port or 4840
    try:
        with socket.create_connection((host, port), CONNECT_WITHIN):
            return ok(what, f"{link.address} answers")
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        return bad(what, f"{link.address}: {why}", "power, cable and address of the PLC; ping it from this PC")


def serial_port(what: str, path: Path) -> Finding:
    """A serial port by its name: there, a device, ours to use, and named so that it is the same after every start."""
    if not path.exists():
        return bad(what, f"there is no {path}", "plug it in; /etc/udev/rules.d/70-station.rules gives it its name")
    if not stat.S_ISCHR(path.stat().st_mode):
        return bad(what, f"{path} is no device", "name a serial port in the station file")
    if not os.access(path, os.R_OK | os.W_OK):
        return bad(what, f"{path} may not be used by this user", "its udev rule says GROUP: station on a station PC")
    if path.name.startswith(("ttyUSB", "ttyACM")):
        do = "such names change places when somebody replugs: name it in /etc/udev/rules.d/70-station.rules"
        return warn(what, f"{path} is there", do)
    return ok(what, f"{path} is there" + (f", it is {path.resolve()}" if path.is_symlink() else ""))


def journal(config: StationConfig, *, held: bool) -> Finding:
    """The journal, read whole while no service holds it."""
    from station_ctl.service.journal_proof import examine

    path = config.journal
    if held:
        return ok("journal", f"{path} is in use by the service; its newest backup proves what it is worth")
    if not path.is_file():
        do = "at the first installation start once with run --new-journal; otherwise find it, or restore a backup"
        return warn("journal", f"there is no {path}", do)
    began = time.monotonic()
    try:
        found = examine(path, config.station.code)
    except JournalError as error:
        return bad("journal", str(error), "keep the file for whoever looks into it; restore the newest verified backup")
    took = time.monotonic() - began
    text = f"{path}: {found.rows} rows, {found.packs} packs, last order {found.last_order}, read whole in {took:.1f} s"
    if found.open_runs:
        return warn("journal", f"{text}, {found.open_runs} runs not closed", "start the service: it names the ways out")
    return ok("journal", text)


def backups(config: StationConfig) -> Finding:
    """How old the newest backup is; it is not opened."""
    from station_ctl.service.backup import listed

    folder = config.journal.parent / "backup"
    found = listed(folder, config.station.code)
    if not found:
        return warn("backup", f"there is none in {folder}", "station-ctl backup create; copy it to another disk")
    age = datetime.now(UTC) - datetime.fromtimestamp(found[0].stat().st_mtime, UTC)
    text = f"{len(found)} in {folder}, the newest {age.total_seconds() / 3600:.0f} h old"
    if age > BACKUP_AGE:
        return warn("backup", text, "station-ctl backup create; find out why none is made any more")
    return ok("backup", text)
