"""The mistakes of an integrator who maps a PLC, and what catches each: the table of docs/how-to/map-a-plc.md.

Knows how to make each mistake in a copy of the shipped configuration. test_mapping_mistakes.py proves every cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIFT, STACKER, ROBOT, SAFETY = "vehicle_lift_vl1", "stacker_st2", "swap_robot_sr3", "safety_plc_sp1"
STATION = "stations/sim_passenger_car.yaml"

CATCHERS: Mapping[str, str] = {
    "check": "`config check`, at the desk",
    "probe": "`device probe`, once the PLC is there",
    "link": "the link itself: identity, magic pattern; it orders nothing and says why",
    "bounds": "bounds of plausibility: the reading proves nothing",
    "interlock": "an interlock before the first motion is not met",
    "by hand": "`io check`: a person works the sensor and sees another value",
    "order": "the first order is not answered, nothing moves; `hil run --suite orders` finds it before",
}
"""What catches mistakes, from the earliest on."""

Spoil = Callable[[Path], None]


@dataclass(frozen=True)
class Mistake:
    """A mistake: how it is made in a copy of the configuration, and the words each catcher has for it.

    `plant`: what the machine shows then, by link.TAG. `row` is the interlock. `links` are probed.
    """

    title: str
    spoil: Spoil
    caught: Mapping[str, str]
    links: tuple[str, ...] = ("lift",)
    plant: Mapping[str, Any] = field(default_factory=dict)
    lists: Spoil | None = None
    """Changes of the lists that the PLC is served by, too: there the list is no mistake."""

    long: bool = False
    """Tried in the long form of the tests only: another one shows the same catcher."""


def rows(*changes: tuple[str, str, str, str]) -> Spoil:
    """Other cells in I/O lists: list, tag, column, text. A column that the list lacks is added."""

    def spoil(site: Path) -> None:
        for name, tag, column, text in changes:
            path = site / "io" / f"{name}.csv"
            table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            (row,) = (row for row in table if row["tag"] == tag)
            row[column] = text
            _write(path, table)

    return spoil


def added(name: str, tag: str, address: str, kind: str, scan: str = "fast") -> Spoil:
    """One row more at the end of a list."""

    def spoil(site: Path) -> None:
        path = site / "io" / f"{name}.csv"
        text = path.read_text(encoding="utf-8").rstrip("\n")
        path.write_text(f"{text}\n{tag},{address},{kind},r,{scan},,,,,\n", encoding="utf-8")

    return spoil


def without(name: str, tag: str) -> Spoil:
    """A list without one of its rows."""

    def spoil(site: Path) -> None:
        path = site / "io" / f"{name}.csv"
        table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        _write(path, [row for row in table if row["tag"] != tag])

    return spoil


def moved(name: str, by: int) -> Spoil:
    """Every address of a list some registers further."""

    def spoil(site: Path) -> None:
        path = site / "io" / f"{name}.csv"
        table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        for row in table:
            head, _, place = row["address"].partition(":")
            number, dot, bit = place.partition(".")
            row["address"] = f"{head}:{int(number) + by}{dot}{bit}"
        _write(path, table)

    return spoil


def said(old: str, new: str) -> Spoil:
    """Another text in the station file, where it stands once."""

    def spoil(site: Path) -> None:
        path = site / STATION
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the station file"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(site: Path) -> None:
        for each in spoils:
            each(site)

    return spoil


def _write(path: Path, table: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(column for row in table for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


_LIFT_HEAD = '    address: "127.0.0.1:15020"\n'
_LIST = "    io_list: vehicle_lift_vl1.csv\n"
_SIGNS = (("MAGIC", 0), ("PATTERN", 1), ("PATTERN32", 2), ("MAP_VERSION", 4))
_BLOCK = (
    ("CMD_ID", 2), ("CMD_EPOCH", 4), ("CMD_OPCODE", 5), ("CMD_P1", 6), ("CMD_P2", 8), ("CMD_P3", 10), ("CMD_P4", 12),
    ("CMD_EXPIRES", 14), ("CMD_CRC", 16), ("CMD_COMMIT", 17), ("STOP_REQ", 18),
)  # fmt: skip
_CLAMPS = rows((LIFT, "CLAMPED", "address", "ir:26.4"), (LIFT, "UNCLAMPED", "address", "ir:26.3"))
_OWN = both(added(LIFT, "PLC_ID", "ir:9", "u16"), added(STACKER, "PLC_ID", "ir:9", "u16"))
_NUMBERS = both(
    said(_LIFT_HEAD, f"{_LIFT_HEAD}    plc_id: 11\n"),
    said('    address: "127.0.0.1:15021"\n', '    address: "127.0.0.1:15021"\n    plc_id: 12\n'),
)

MISTAKES: tuple[Mistake, ...] = (
    # ---- addresses ---------------------------------------------------------------------------------------------
    Mistake(
        "every address is one too high (counted from 1)", moved(LIFT, 1),
        {"probe": "the addresses are moved", "link": "MAGIC is 4660, needs 23205"},
    ),
    Mistake(
        "every address is in the other table (hr for ir)",
        rows(*((SAFETY, tag, "address", f"hr:{at}") for tag, at in _SIGNS)),
        {"probe": "MAGIC", "link": "no such register"}, links=("safety",), long=True,
    ),
    Mistake(
        "one tag on the register of its neighbour", rows((LIFT, "LIFT_SYNC_ERR", "address", "ir:30")),
        {"check": "LIFT_SYNC_ERR: address overlaps LIFT_MM"}, long=True,
    ),
    Mistake(
        "one tag on a register that the PLC does not have", rows((LIFT, "CLAMP_FORCE", "address", "ir:900")),
        {"probe": "lift.CLAMP_FORCE", "link": "registers 900"},
    ),
    Mistake(
        "one bit on a free register, which reads 0", rows((SAFETY, "DOOR_1_LOCKED", "address", "ir:9.1")),
        {"interlock": "G03", "by hand": "safety.DOOR_1_LOCKED"}, links=("safety",), long=True,
    ),
    Mistake(
        "two bits exchanged: the end switches of one motion", _CLAMPS,
        {"interlock": "G10e", "by hand": "lift.CLAMPED"},
    ),
    Mistake(
        "the order block has a gap", rows((LIFT, "CMD_CRC", "address", "hr:20")),
        {"check": "CMD_CRC: lies at hr:20, the order block needs it at hr:14"}, long=True,
    ),
    Mistake(
        "the whole order block in another place", rows(*((LIFT, tag, "address", f"hr:{at}") for tag, at in _BLOCK)),
        {"order": "needs an answer to order"}, long=True,
    ),
    Mistake(
        "a wrong unit on Modbus", said(_LIFT_HEAD, f"{_LIFT_HEAD}    unit: 7\n"),
        {"probe": "unit 7", "link": "unit 7"}, long=True,
    ),
    # ---- bytes and words ----------------------------------------------------------------------------------------
    Mistake(
        "the words of 32-bit values are swapped", said(_LIFT_HEAD, f"{_LIFT_HEAD}    byte_order: CDAB\n"),
        {"probe": "words of 32-bit values are swapped", "link": "PATTERN32 is"}, long=True,
    ),
    Mistake(
        "the bytes of every word are swapped", said(_LIFT_HEAD, f"{_LIFT_HEAD}    byte_order: BADC\n"),
        {"probe": "bytes of each word are swapped", "link": "MAGIC is 42330"}, long=True,
    ),
    Mistake(
        "the words of one tag alone are swapped", rows((LIFT, "UPTIME_MS", "byte_order", "CDAB")),
        {"probe": "UPTIME_MS gained"}, long=True,
    ),
    # ---- sense, scale, unit, type -------------------------------------------------------------------------------
    Mistake(
        "wrong sense of a switch that is 1 when all is well", rows((SAFETY, "DOOR_1_LOCKED", "sense", "not")),
        {"interlock": "G03", "by hand": "safety.DOOR_1_LOCKED"}, links=("safety",), long=True,
    ),
    Mistake(
        "wrong sense of one of two end switches", rows((LIFT, "FLOOR_OPEN", "sense", "not")),
        {"probe": "FLOOR_OPEN and FLOOR_CLOSED", "interlock": "G23", "by hand": "lift.FLOOR_OPEN"},
        links=("lift", "robot"), long=True,
    ),
    Mistake(
        "a scale too small for the bounds", rows((LIFT, "LIFT_MM", "scale", "0.01")),
        {"check": "LIFT_MM: max 2000 cannot be shown: u16 × 0.01 ends at 655.35"}, long=True,
    ),
    Mistake(
        "a scale ten times too great", rows((LIFT, "LIFT_MM", "scale", "1")),
        {"bounds": "lift.LIFT_MM", "by hand": "lift.LIFT_MM"}, plant={"lift.LIFT_MM": 1200.0},
    ),
    Mistake(
        "a wrong offset", rows((LIFT, "LIFT_MM", "offset", "-100")),
        {"bounds": "lift.LIFT_MM", "by hand": "lift.LIFT_MM"}, long=True,
    ),
    Mistake(
        "another unit", rows((LIFT, "LIFT_MM", "unit", "cm")),
        {"check": "LIFT_MM: is in cm, needs mm (driver vehicle_lift_vl1)"}, long=True,
    ),
    Mistake(
        "a type that the driver cannot take",
        rows((LIFT, "LIFT_MM", "type", "str2"), *((LIFT, "LIFT_MM", column, "") for column in ("scale", "min", "max"))),
        {"check": "LIFT_MM: gives str, needs float"}, long=True,
    ),
    Mistake(
        "unsigned for signed", rows((LIFT, "X_ERR", "type", "u16"), (LIFT, "X_ERR", "min", "")),
        {"bounds": "lift.X_ERR", "by hand": "lift.X_ERR"}, plant={"lift.X_ERR": -4.0}, long=True,
    ),
    Mistake(
        "a node of another type",
        rows(
            (ROBOT, "PACK_PRESENT", "address", "nsu=urn:sr3:plc;s=X_MM"),
            (ROBOT, "X_MM", "address", "nsu=urn:sr3:plc;s=PACK_PRESENT"),
        ),
        {"probe": "wrong type", "link": "wrong type"}, links=("robot",), long=True,
    ),
    # ---- which PLC, which tag -----------------------------------------------------------------------------------
    Mistake(
        "a tag in the list of the wrong PLC", both(without(LIFT, "HOMED"), added(SAFETY, "HOMED", "ir:9.0", "bool")),
        {"check": "tag HOMED is missing"}, long=True,
    ),
    Mistake(
        "a tag twice", added(LIFT, "HOMED", "ir:95.1", "bool"),
        {"check": "HOMED: tag occurs twice, first in line"}, long=True,
    ),
    Mistake(
        "a node twice", rows((ROBOT, "Z_MM", "address", "nsu=urn:sr3:plc;s=X_MM")),
        {"check": "Z_MM: address is also that of X_MM"}, long=True,
    ),
    Mistake(
        "a node that is not there", rows((ROBOT, "X_MM", "address", "nsu=urn:sr3:plc;s=POS_X")),
        {"probe": "BadNodeIdUnknown", "link": "X_MM is BadNodeIdUnknown"}, links=("robot",), long=True,
    ),
    Mistake(
        "a namespace that is not there", rows((ROBOT, "X_MM", "address", "nsu=urn:sr4:plc;s=X_MM")),
        {"probe": "no namespace for nsu=urn:sr4:plc", "link": "no namespace for nsu=urn:sr4:plc"},
        links=("robot",), long=True,
    ),
    Mistake(
        "two PLCs exchanged (addresses or cables), each with a number of its own (PLC_ID)", _NUMBERS,
        {"probe": "addresses or cables of two PLCs are exchanged", "link": "PLC_ID is 11, needs 12"},
        links=("stacker",), plant={"lift.PLC_ID": 12, "stacker.PLC_ID": 11}, lists=_OWN,
    ),
    Mistake(
        "the list of another version of the program",
        said(f"{_LIST}    map_version: 2\n", f"{_LIST}    map_version: 3\n"),
        {"probe": "another version of the list", "link": "MAP_VERSION is 2, needs 3"}, long=True,
    ),
    # ---- bounds and scans ---------------------------------------------------------------------------------------
    Mistake(
        "min and max exchanged", rows((LIFT, "X_ERR", "min", "300"), (LIFT, "X_ERR", "max", "-300")),
        {"check": "X_ERR: max must be more than min, 300"}, long=True,
    ),
    Mistake(
        "bounds that no interlock can be met with", rows((LIFT, "X_ERR", "min", "100")),
        {"check": "X_ERR: G10 Vehicle in position within tolerance can never be proven"}, long=True,
    ),
    Mistake(
        "the identity is read more slowly than the rest", rows((LIFT, "MAGIC", "scan", "slow")),
        {"check": "is read faster than MAGIC, slow"}, long=True,
    ),
)  # fmt: skip


def table() -> str:
    """The table of the page, in Markdown."""
    head = "| mistake | " + " | ".join(CATCHERS) + " |"
    lines = [head, "|---" * (len(CATCHERS) + 1) + "|"]
    for mistake in MISTAKES:
        cells = ("✗" if name in mistake.caught else "" for name in CATCHERS)
        lines.append(f"| {mistake.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
