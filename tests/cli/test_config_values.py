"""`config effective` and `config diff`: every value with its origin, and what two stations come to differently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from station_ctl.cli import main
from station_ctl.paths import config_directory

SHIPPED = config_directory() / "stations" / "sim_passenger_car.yaml"


def told(*words: str) -> tuple[int, dict[str, Any]]:
    said = CliRunner().invoke(main, ["config", *words, "--json"])
    return said.exit_code, json.loads(said.stdout)["data"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The shipped station with one limit changed and one left out."""
    path = tmp_path / "stations" / "other.yaml"
    path.parent.mkdir()
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    kept = [line.replace("pack_temp_max_c: 45", "pack_temp_max_c: 40") for line in lines if "yaw_tolerance" not in line]
    path.write_text("\n".join([*kept, "trends: [meter.POWER_KW]", ""]), encoding="utf-8")
    return path


def test_every_value_is_there_and_tells_where_it_comes_from(other: Path) -> None:
    code, data = told("effective", str(other))
    found = {row["name"]: row for row in data["values"]}
    assert code == 0 and found["policy.pack_temp_max_c"]["value"] == 40
    line = next(n for n, text in enumerate(other.read_text().splitlines(), 1) if "pack_temp_max_c" in text)
    assert found["policy.pack_temp_max_c"]["origin"].endswith(f"other.yaml:{line}:20")
    assert (found["policy.yaw_tolerance_deg"]["value"], found["policy.yaw_tolerance_deg"]["origin"]) == (1, "default")
    assert found["links.lift.address"]["value"] and found["trends"]["value"] == ["meter.POWER_KW"]
    assert any(name.startswith("vehicles.") for name in found)
    shown = CliRunner().invoke(main, ["config", "effective", str(other), "--origin"]).output
    assert "policy.yaw_tolerance_deg = 1   [default]" in shown.splitlines()


def test_two_stations_are_compared_by_what_they_come_to(other: Path) -> None:
    code, data = told("diff", str(SHIPPED), str(other))
    names = {row["name"]: (row["one"], row["other"]) for row in data["differences"]}
    assert (code == 1 and names.pop("journal.path", None) is not None) or "journal.path" not in names
    assert names == {"policy.pack_temp_max_c": (45, 40), "trends": (None, ["meter.POWER_KW"])}
    assert told("diff", str(SHIPPED), str(SHIPPED)) == (0, {"differences": []})


def test_lists_are_compared_by_what_they_mean(other: Path) -> None:
    """Another order, other words and 0.10 for 0.1 are the same; another scale, a tag more or less are not."""
    io = other.parent / "io"
    io.mkdir()
    head, *rows = (config_directory() / "io" / "vehicle_lift_vl1.csv").read_text(encoding="utf-8").splitlines()
    kept = [row for row in reversed(rows) if not row.startswith("EXIT_GREEN,")]
    text = "\n".join([head, *kept, "ROOF,ir:26.15,bool,r,fast,,,,,"])
    assert text.count("mm,0.1,0,500") == text.count("mm,0.1,0,2000") == 1
    text = text.replace("mm,0.1,0,500", "mm,0.2,0,500").replace("mm,0.1,0,2000", "mm,0.10,0,2000")
    text = text.replace("entry beam free", "free")
    (io / "vehicle_lift_vl1.csv").write_text(text, encoding="utf-8")
    before = {row["name"] for row in told("diff", str(SHIPPED), str(SHIPPED))[1]["differences"]}
    found = {row["name"]: (row["one"], row["other"]) for row in _differences(other) if row["name"].startswith("io.")}
    assert before == set()
    assert found == {
        "io.lift.LIFT_SYNC_ERR.scale": (0.1, 0.2), "io.lift.EXIT_GREEN": ("ir:26.15", None),
        "io.lift.ROOF": (None, "ir:26.15"),
    }  # fmt: skip


def _differences(other: Path) -> list[dict[str, Any]]:
    from station_ctl.cli.config_values import differences
    from station_ctl.config import load_station

    return [{"name": n, "one": a, "other": b} for n, a, b in differences(load_station(SHIPPED), load_station(other))]


def test_a_file_that_is_not_there_is_said() -> None:
    assert CliRunner().invoke(main, ["config", "diff", str(SHIPPED), "nonsense"]).exit_code == 9
