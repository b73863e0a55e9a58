"""One place of the PLC for two tags: a mistake, unless the list declares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from station_ctl.config.io_checks import check_together
from station_ctl.config.io_lists import read_io_list

HEAD = "tag,address,type,access,scan,same_as\n"


def findings(tmp_path: Path, rows: str, protocol: str = "modbus-tcp") -> list[str]:
    path = tmp_path / "plc.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    io = read_io_list(path, protocol)
    assert io.findings == []
    check_together(io, protocol)
    return [str(finding).split(": ", 1)[1] for finding in io.findings]


@pytest.mark.parametrize(
    ("address", "protocol"), [("ir:0.3", "modbus-tcp"), ("di:7", "modbus-tcp"), ("nsu=urn:x;s=READY", "opcua")]
)
def test_a_place_may_serve_two_tags_where_one_names_the_other(tmp_path: Path, address: str, protocol: str) -> None:
    rows = f"HOMED,{address},bool,r,fast,{{}}\nNO_FAULT,{address},bool,r,fast,{{}}\n"
    (told,) = findings(tmp_path, rows.format("", ""), protocol)
    assert told.startswith("NO_FAULT: address ")
    assert findings(tmp_path, rows.format("", "HOMED"), protocol) == []
    assert findings(tmp_path, rows.format("NO_FAULT", ""), protocol) == []


def test_a_declaration_covers_the_tag_that_it_names_and_no_other(tmp_path: Path) -> None:
    rows = "A,ir:0.3,bool,r,fast,\nB,ir:0.3,bool,r,fast,A\nC,ir:0.3,bool,r,fast,B\n"
    assert findings(tmp_path, rows) == ["C: address overlaps A (got 'ir:0.3')"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("A,ir:0.3,bool,r,fast,B\n", "A: names no other tag of this list (got 'B')"),
        ("A,ir:0.3,bool,r,fast,A\n", "A: names no other tag of this list (got 'A')"),
        ("A,ir:0.3,bool,r,fast,\nB,ir:0.4,bool,r,fast,A\n", "B: A is bool at ir:0.3, this tag bool at ir:0.4"),
        ("A,ir:2,u16,r,fast,\nB,ir:2,i16,r,fast,A\n", "B: A is u16 at ir:2, this tag i16 at ir:2"),
        ("A,hr:2,u16,w,-,\nB,hr:2,u16,w,-,A\n", "B: is for tags that are read: what is written has one meaning"),
    ],
)
def test_a_wrong_declaration_is_told(tmp_path: Path, rows: str, told: str) -> None:
    assert findings(tmp_path, rows) == [told]
