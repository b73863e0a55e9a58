"""The tariff file that a station file names: read, judged, and part of the configuration's hash.

Knows where it lies. What a tariff may say is in charging/tariff.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from station_ctl.charging.tariff import Tariff, read_tariff
from station_ctl.config.yaml_positions import shown
from station_ctl.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class TariffFile:
    """One tariff as read: `lines` are findings, as `file:line:col: text`, and then there is no tariff."""

    file: str
    tariff: Tariff | None
    lines: tuple[str, ...] = ()
    digest: str = ""


def read_tariff_file(path: Path) -> TariffFile:
    """Read one file. What cannot be read is a finding, never an exception."""
    name = shown(path)
    try:
        raw = path.read_bytes()
        tariff = read_tariff(raw.decode("utf-8-sig"), name)
    except (OSError, UnicodeDecodeError) as error:
        return TariffFile(name, None, (f"{name}:1:1: cannot be read as text: {error}",))
    except ConfigurationError as error:
        return TariffFile(name, None, tuple(error.findings))
    return TariffFile(name, tariff, digest=hashlib.sha256(raw).hexdigest())
