"""`io check`: a person is led through the tags, the record keeps every verdict, a sitting goes on where it stopped."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import io, main


def tag(value: Any, quality: str, address: str, type_: str, **more: str) -> dict[str, Any]:
    return {"value": value, "quality": quality, "list": {"address": address, "type": type_, "access": "r", **more}}


TAGS: dict[str, dict[str, Any]] = {
    "lift.IN_POSITION": tag(True, "good", "ir:0.1", "bool", text="vehicle in position"),
    "lift.Z_MM": tag(12.5, "good", "ir:4", "i16", unit="mm"),
    "lift.ORDER_ID": tag(None, "never", "hr:0", "u32", access="w"),
    "meter.POWER": tag(None, "bad", "u1/ir:0", "f32"),
}


class Fake:
    """Stands where the service stands."""

    def command(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        if action == "io.list":
            found = [{"point": name} for name in TAGS if params["pattern"] in name]
            return {"simulated": True, "data": {"points": found}}
        return {"simulated": True, "data": {"point": params["point"], **TAGS[params["point"]]}}


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`io check` typed on a terminal, with these keys; without keys not on a terminal."""
    monkeypatch.setattr(io, "service", lambda host, token: Fake())

    def call(*words: str, keys: str | None = None) -> Result:
        class Stream:
            def __init__(self, real: Any) -> None:
                self.real = real

            def isatty(self) -> bool:
                return keys is not None

            def __getattr__(self, name: str) -> Any:
                return getattr(self.real, name)

        import sys

        def run() -> Result:
            return CliRunner().invoke(main, ["io", "check", *words], input=keys)

        with monkeypatch.context() as patched:
            patched.setattr(io, "sys", type("Sys", (), {"stdin": Stream(sys.stdin), "stdout": Stream(sys.stdout)}))
            return run()

    return call


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["point"]: row for row in csv.DictReader(file)}


def test_a_person_is_led_through_every_tag_and_the_record_has_each_verdict(typed: Any, tmp_path: Path) -> None:
    record = tmp_path / "check.csv"
    said = typed("lift.", "--record", str(record), keys="r\ny\nn\nshows cm\n")
    assert said.exit_code == 1, said.output
    assert said.output.count("vehicle in position") == 2, "read again when asked to"
    assert "ir:4, i16, mm" in said.output and "12.5 mm (good)" in said.output
    found = rows(record)
    assert [found[name]["verdict"] for name in ("lift.IN_POSITION", "lift.Z_MM", "lift.ORDER_ID")] == [
        "as it should be", "WRONG", "left out",
    ]  # fmt: skip
    assert found["lift.Z_MM"]["note"] == "shows cm" and found["lift.ORDER_ID"]["note"] == "written by the controller"
    assert "3 of 3 points" in said.output and "1 to put right" in said.output


def test_a_sitting_that_was_broken_off_goes_on_where_it_stopped(typed: Any, tmp_path: Path) -> None:
    record = tmp_path / "check.csv"
    broken_off = typed("lift.", "--record", str(record), keys="y\nq\n")
    assert broken_off.exit_code == 0 and "1 of 3 points" in broken_off.output
    went_on = typed("lift.", "--record", str(record), keys="y\n")
    assert went_on.exit_code == 0 and "vehicle in position" not in went_on.output, "asked twice"
    assert {row["verdict"] for row in rows(record).values()} == {"as it should be", "left out"}
    assert len(rows(record)) == 3


def test_nobody_is_asked_without_a_terminal_and_what_cannot_be_read_fails(typed: Any, tmp_path: Path) -> None:
    record = tmp_path / "check.csv"
    said = typed("--json", "--record", str(record))
    told = json.loads(said.stdout)
    assert (said.exit_code, told["ok"], told["simulated"], told["data"]["wrong"]) == (1, False, True, 1)
    assert rows(record)["meter.POWER"]["verdict"] == "read", "nobody has looked at it, so it is not called right"
    assert typed("lift.").exit_code == 0
    led = typed("lift.", "--record", str(record), keys="y\ny\n")
    assert led.exit_code == 0 and "2 as it should be" in led.output, "what was only read is still asked"


def test_no_such_tag_and_no_such_record_are_told(typed: Any, tmp_path: Path) -> None:
    assert typed("nonsense").exit_code == 9
    foreign, torn = tmp_path / "foreign.csv", tmp_path / "torn.csv"
    foreign.write_text("a,b\n1,2\n")
    torn.write_text(",".join(io.COLUMNS) + "\nlift.Z_MM,ir:4\n")
    for path in (foreign, torn):
        said = typed("lift.", "--record", str(path))
        assert said.exit_code == 2 and path.name in said.output, said.output
    assert foreign.read_text() == "a,b\n1,2\n"
