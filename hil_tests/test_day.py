"""`station-ctl day` as it is typed: a process of its own for the station, one JSON document at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def day(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "station_ctl", "day", *words), capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.long
def test_a_made_up_day_is_served_and_told_as_json(tmp_path: Path) -> None:
    tariff, plot = tmp_path / "flat.csv", tmp_path / "day.svg"
    tariff.write_text("from,to,price\n00:00,24:00,0.5\n", encoding="utf-8")
    done = day("--swaps", "20", "--seed", "3", "--tariff", str(tariff), "--plot", str(plot), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["schema"], told["ok"], told["simulated"]) == ("station.day/1", True, True)
    data = told["data"]
    assert (data["arrived"], data["served"], data["custody_errors"], data["monitor_violations"]) == (20, 20, 0, 0)
    assert data["cost"] == pytest.approx(0.5 * data["energy_kwh"], rel=0.001)
    assert data["peak_kw"] <= data["site_limit_kw"] == 600.0
    assert plot.read_text(encoding="utf-8").count("<rect") == 1 + 2 * 96


@pytest.mark.long
def test_several_files_are_several_days(tmp_path: Path) -> None:
    files = []
    for number in (1, 2):
        files.append(tmp_path / f"day_{number}.txt")
        stamps = (f"2026-1-{number} {hour}:00:0{number}\n" for hour in range(8, 12))
        files[-1].write_text("".join(stamps), encoding="utf-8")
    done = day(*(word for file in files for word in ("--arrivals", str(file))), "--json")
    data = json.loads(done.stdout)["data"]
    assert [each["name"] for each in data["days"]] == ["day_1", "day_2"]
    assert data["served"] == 8 and data["wait_mean_min"] < 1.0 and data["cost"] is None
