"""The I/O lists are what PLC suppliers have signed: an address changes only together with the map version.

Our PLCs and our drivers read the same lists, so a wrong address would hide in both; this is what sees it.
"""

import csv
import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IO = ROOT / "config" / "io"
SIGNED = IO / "signed.txt"
WIRE = ("tag", "address", "type", "access", "scale")
"""Columns that a PLC program depends on; limits, scan classes and texts are ours to change."""

FOREIGN = ("offset", "byte_order", "sense", "codes")
"""Columns of the same kind that few lists have; they count where they say something."""


def fingerprint(path: Path) -> str:
    """Hash of what stands on the wire."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [_signed(row) for row in csv.DictReader(file)]
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()


def _signed(row: dict[str, str]) -> tuple[str, ...]:
    own = (f"{column}={row[column]}" for column in FOREIGN if row.get(column))
    return (*(row[column] or "" for column in WIRE), *own)


def map_versions() -> dict[str, int]:
    """Map version of each list by the table that suppliers sign; 0 = an instrument without one.

    That station files ask for the same is tested with the other tables of that page.
    """
    contract = (ROOT / "docs" / "plc_contract.md").read_text(encoding="utf-8")
    rows = contract.partition("<!-- table: map versions -->")[2].partition("\n\n")[0]
    signed = re.findall(r"^\| (\w+) \| (\d+) \|", rows, re.MULTILINE)
    return {path.name: 0 for path in IO.glob("*.csv")} | {f"{name}.csv": int(version) for name, version in signed}


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


def test_another_byte_order_is_seen_and_a_column_without_one_is_not(tmp_path: Path) -> None:
    plain, turned = tmp_path / "plain.csv", tmp_path / "turned.csv"
    head = "tag,address,type,access,scan,scale"
    plain.write_text(f"{head}\nA,hr:0,u32,r,fast,\n", encoding="utf-8")
    prints = []
    for order in ("", "CDAB"):
        turned.write_text(f"{head},byte_order\nA,hr:0,u32,r,fast,,{order}\n", encoding="utf-8")
        prints.append(fingerprint(turned))
    assert prints[0] == fingerprint(plain) != prints[1]
