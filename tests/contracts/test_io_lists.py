"""The I/O lists are what PLC suppliers have signed: an address changes only together with the map version.

Our PLCs and our drivers read the same lists, so a wrong address would hide in both; this is what sees it.
"""

import csv
import hashlib
from pathlib import Path

import pytest

from station_ctl.config import load_station, station_file

IO = Path(__file__).parents[2] / "config" / "io"
SIGNED = IO / "signed.txt"
WIRE = ("tag", "address", "type", "access", "scale")
"""Columns that a PLC program depends on; limits, scan classes and texts are ours to change."""


def fingerprint(path: Path) -> str:
    """Hash of what stands on the wire."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [tuple(row[column] or "" for column in WIRE) for row in csv.DictReader(file)]
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()


def map_versions() -> dict[str, int]:
    """Map version of each list as the shipped station files ask for it; 0 = an instrument without one."""
    config = load_station(station_file("passenger_car"))
    return {link.io_list: link.map_version or 0 for link in config.links.values() if hasattr(link, "io_list")}


@pytest.mark.parametrize("path", sorted(IO.glob("*.csv")), ids=lambda path: path.stem)
def test_a_changed_address_needs_a_new_map_version(path: Path) -> None:
    signed = SIGNED.read_text(encoding="utf-8").splitlines()
    line = f"{path.name} map {map_versions()[path.name]} {fingerprint(path)}"
    assert line in signed, (
        f"{path.name} is not the list that was signed. If its wire side really changes: raise MAP_VERSION in the PLC "
        "program and in the station files, have docs/plc_contract.md signed again, then write into "
        f"{SIGNED.name}: {line}"
    )


def test_a_moved_bit_is_seen(tmp_path: Path) -> None:
    text = (IO / "vehicle_lift_vl1.csv").read_text(encoding="utf-8")
    moved = tmp_path / "moved.csv"
    moved.write_text(text.replace("CLAMPED,ir:26.3,", "CLAMPED,ir:26.5,"), encoding="utf-8")
    assert fingerprint(moved) != fingerprint(IO / "vehicle_lift_vl1.csv")
