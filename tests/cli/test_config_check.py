"""`config check` and `config schema`: what integrators type after every edit.

Knows texts and exit codes. The rules themselves are tested in tests/config.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.config.schema import KINDS
from station_ctl.paths import config_directory


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="station-ctl")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped configuration, to be spoilt."""
    shutil.copytree(config_directory(), tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config"


def test_all_shipped_stations_are_right() -> None:
    result = run("config", "check")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    shipped = sorted(path.name for path in (config_directory() / "stations").glob("*.yaml"))
    assert [Path(line.split(":")[0]).name for line in lines] == shipped
    cars = [line for line in lines if "passenger_car" in line]
    assert len(cars) == 2 and all(" ok: 8 links, 9 roles, 24 bays, 1 vehicle, " in line for line in cars)


def test_summary_as_json() -> None:
    document = json.loads(run("config", "check", "sim_passenger_car", "--json").stdout)
    assert (document["schema"], document["ok"], document["simulated"]) == (
        "station.config.check/1",
        True,
        True,
    )
    (station,) = document["data"]["files"]
    assert (station["station"], station["archetype"], station["bays"]) == ("SIM-0001", "passenger_car", 24)
    assert len(station["config_hash"]) == 64


def test_every_error_of_every_file_is_listed_and_exits_6(site: Path) -> None:
    for name in ("passenger_car", "sim_passenger_car"):
        file = site / "stations" / f"{name}.yaml"
        file.write_text(
            file.read_text(encoding="utf-8").replace("swap_robot_sr3,", "swap_robot_sr9,"), encoding="utf-8"
        )
    io = site / "io" / "stacker_st2.csv"
    io.write_text(io.read_text(encoding="utf-8").replace("CMD_CRC,hr:14", "CMD_CRC,hr:13"), encoding="utf-8")
    files = [f"config/stations/{name}.yaml" for name in ("passenger_car", "sim_passenger_car")]
    text, as_json = run("config", "check", *files), run("config", "check", *files, "--json")
    assert text.exit_code == as_json.exit_code == 6
    assert text.stdout == as_json.stdout == ""
    found = json.loads(as_json.stderr)["data"]["detail"]
    assert [line.split(": ")[0].rpartition("/")[2] for line in found] == [
        "passenger_car.yaml:72:21",
        "stacker_st2.csv:47:9",
        "stacker_st2.csv:47:9",
        "sim_passenger_car.yaml:72:21",
    ]
    for line in found:
        assert f"  {line}\n" in text.stderr
    assert "remedy: Correct the lines named above" in text.stderr


def test_list_that_lacks_a_tag_of_its_driver_is_refused(site: Path) -> None:
    io = site / "io" / "stacker_st2.csv"
    rows = io.read_text(encoding="utf-8").splitlines(keepends=True)
    io.write_text("".join(row for row in rows if not row.startswith("FORK_RETRACTED")), encoding="utf-8")
    result = run("config", "check", "config/stations/sim_passenger_car.yaml")
    assert result.exit_code == 6
    assert "tag FORK_RETRACTED is missing" in result.stderr


def test_station_that_does_not_exist_exits_9() -> None:
    result = run("config", "check", "nowhere")
    assert result.exit_code == 9 and "passenger_car" in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_printed_as_it_is_checked_in(kind: str) -> None:
    written = (config_directory() / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    assert run("config", "schema", kind).stdout == written


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("count: 10", "count: 12", "bolt mask 0xfff: needs 0x1 to 0x3ff, of 10 bolts"),
        ("torque_nm: 85", "torque_nm: 350", "torque 350 Nm: needs 5 to 200 Nm"),
    ],
)
def test_a_vehicle_that_the_machines_cannot_swap_is_told_at_load(site: Path, key: str, value: str, why: str) -> None:
    """The recipe is right in itself; only together with the robot's runners it is not."""
    vehicle = site / "vehicles" / "sim_sedan.yaml"
    text = vehicle.read_text(encoding="utf-8")
    assert key in text
    vehicle.write_text(text.replace(key, value), encoding="utf-8")
    result = run("config", "check", "config/stations/sim_passenger_car.yaml")
    assert result.exit_code == 6
    assert f"vehicles[0]: no swap of model SIM-SEDAN with these machines: {why}" in result.stderr


def test_an_interlock_that_no_reading_can_meet_is_told_at_its_limit(site: Path) -> None:
    """A list that lets 100 to 300 mm through, and an interlock that asks for 15 mm at most."""
    io = site / "io" / "vehicle_lift_vl1.csv"
    text = io.read_text(encoding="utf-8")
    right = "X_ERR,ir:27,i16,r,fast,mm,0.1,-300,300,"
    assert right in text
    io.write_text(text.replace(right, "X_ERR,ir:27,i16,r,fast,mm,0.1,100,300,"), encoding="utf-8")
    result = run("config", "check", "config/stations/sim_passenger_car.yaml")
    assert result.exit_code == 6
    told = "vehicle_lift_vl1.csv:37:35: X_ERR: G10 Vehicle in position within tolerance can never be proven"
    assert told in result.stderr
    assert "needs lift.x_err -15 to 15 mm, the list lets only 100 to 300 mm through" in result.stderr


def test_a_list_in_another_unit_is_refused(site: Path) -> None:
    io = site / "io" / "vehicle_lift_vl1.csv"
    text = io.read_text(encoding="utf-8")
    io.write_text(text.replace("LIFT_MM,ir:30,u16,r,fast,mm,", "LIFT_MM,ir:30,u16,r,fast,cm,"), encoding="utf-8")
    result = run("config", "check", "config/stations/sim_passenger_car.yaml")
    assert result.exit_code == 6 and ":40:26: LIFT_MM: is in cm, needs mm (driver vehicle_lift_vl1)" in result.stderr


def test_what_does_not_fit_a_driver_is_told_together_with_everything_else(site: Path) -> None:
    io, file = site / "io" / "vehicle_lift_vl1.csv", site / "stations" / "sim_passenger_car.yaml"
    text = io.read_text(encoding="utf-8")
    text = text.replace("LIFT_MM,ir:30,u16,r,fast,mm,", "LIFT_MM,ir:30,u16,r,fast,cm,")
    rows = (row for row in text.splitlines(keepends=True) if not row.startswith("HOMED"))
    io.write_text("".join(rows), encoding="utf-8")
    station = file.read_text(encoding="utf-8").replace("pack_temp_max_c: 45", "pack_temp_max_c: 450")
    station = station.replace("bays: 12, first_bay: 13", "bays: 24, first_bay: 13")
    file.write_text(station, encoding="utf-8")
    result = run("config", "check", "config/stations/sim_passenger_car.yaml")
    assert result.exit_code == 6
    for told in ("LIFT_MM: is in cm, needs mm", "tag HOMED is missing", "pack_temp_max_c: ", "bays 24: needs 1 to 12"):
        assert told in result.stderr, told
