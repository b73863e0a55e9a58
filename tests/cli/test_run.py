"""`run` and `sim serve` before anything is opened: what stops a start, and how the two find each other.

Knows words and exit codes. The running service is tested in hil_tests/test_run_service.py.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from station_ctl import logs
from station_ctl.build import PARTS
from station_ctl.cli import main
from station_ctl.cli.run import setting
from station_ctl.cli.sim import FOLDER, KEYS, STATION, first_port, settings
from station_ctl.config import load_station, station_file
from station_ctl.engine.journal import Journal


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logs.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ("run", *words), prog_name="station-ctl")


def with_journal(path: Path) -> tuple[str, ...]:
    return ("--station", STATION, "--set", f"journal.path={path}")


def last_line(result: Result) -> dict[str, object]:
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_station_has_to_be_named() -> None:
    result = run()
    assert result.exit_code == 2 and "--station" in result.stderr


def test_unknown_station_exits_9() -> None:
    assert run("--station", "nowhere").exit_code == 9


def test_folder_of_the_journal_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    result = run(*with_journal(tmp_path / "absent" / "journal.sqlite"))
    assert result.exit_code == 6
    assert f"journal.path: there is no folder {tmp_path / 'absent'}" in result.stderr
    assert not (tmp_path / "absent").exists()


def test_real_station_takes_no_other_values() -> None:
    result = run("--station", "passenger_car", "--set", "clock.process_rate=20")
    assert result.exit_code == 6 and "only a simulated station takes overrides" in result.stderr


def test_damaged_journal_stops_the_start_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a journal" * 500)
    result = run(*with_journal(path))
    assert result.exit_code == 1 and result.stderr.startswith("A506: Journal is damaged")
    assert path.read_bytes() == b"not a journal" * 500
    assert (last_line(result)["event"], last_line(result)["code"]) == ("ended", "A506")


def test_without_a_journal_the_start_is_refused_and_names_the_flag_for_a_new_one(tmp_path: Path) -> None:
    result = run(*with_journal(tmp_path / "journal.sqlite"))
    assert result.exit_code == 1 and result.stderr.startswith("A504: Journal is missing or empty")
    assert "restore the newest backup" in result.stderr and "station-ctl run --new-journal" in result.stderr
    assert list(tmp_path.iterdir()) == [] and last_line(result)["code"] == "A504"


def test_empty_journal_left_by_a_crash_is_refused_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").touch()
    result = run(*with_journal(tmp_path / "journal.sqlite"))
    assert result.exit_code == 1 and result.stderr.startswith("A504: Journal is missing or empty")
    assert "was interrupted" in result.stderr and "station-ctl run --new-journal" in result.stderr


def test_new_journal_is_refused_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.new(path, "SIM-0001").close()
    before = path.read_bytes()
    result = run("--new-journal", *with_journal(path))
    assert result.exit_code == 1 and result.stderr.startswith("A507: There is a journal already")
    assert "Start without `--new-journal`" in result.stderr
    assert path.read_bytes() == before and last_line(result)["code"] == "A507"


def _newer(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()


@pytest.mark.parametrize(
    ("owner", "spoil", "words"),
    [("SIM-0001", _newer, "has schema 99"), ("OTHER-1", lambda path: None, "belongs to station OTHER-1")],
)
def test_journal_that_is_not_this_stations_is_refused(
    owner: str, spoil: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    Journal.new(tmp_path / "journal.sqlite", owner).close()
    spoil(tmp_path / "journal.sqlite")
    result = run(*with_journal(tmp_path / "journal.sqlite"))
    assert result.exit_code == 1 and result.stderr.startswith("A502: ") and words in result.stderr
    assert "remedy: " in result.stderr and last_line(result)["code"] == "A502"


def test_second_instance_is_told_that_the_first_runs(tmp_path: Path) -> None:
    first = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    try:
        result = run(*with_journal(tmp_path / "journal.sqlite"))
    finally:
        first.close()
    assert result.exit_code == 1 and result.stderr.startswith("A503: Station runs already")
    assert last_line(result)["code"] == "A503"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=20", 20),
        ("a.b=2.5", 2.5),
        ("a.b=true", True),
        ("a.b=127.0.0.1:502", "127.0.0.1:502"),
        ("a.b=/tmp/x=y", "/tmp/x=y"),
        ("a.b=null", "null"),
        ("a.b=[1]", "[1]"),
        ("a.b=", ""),
    ],
)
def test_value_of_a_setting_is_what_it_looks_like(text: str, value: object) -> None:
    assert setting(text) == ("a.b", value)
    assert type(setting(text)[1]) is type(value)


@pytest.mark.parametrize("text", ["nonsense", "=5"])
def test_setting_without_a_name_is_wrong_usage(text: str) -> None:
    result = run("--station", STATION, "--set", text)
    assert result.exit_code == 2 and "NAME=VALUE" in result.stderr


# ---- sim serve ---------------------------------------------------------------------------------------------------


PLCS = {
    STATION: ("lift", "stacker", "rack_a", "rack_b", "safety", "robot", "meter", "reader"),
    "sim_heavy_truck": ("crane", "stand", "rack_a", "safety", "meter"),
}
OPCUA, SERIAL = ("robot", "crane"), ("meter", "reader")


def endpoints(station: str, port: int, folder: Path | str) -> dict[str, str]:
    def where(name: str, offset: int) -> str:
        if name in SERIAL:
            return f"serial://{folder}/{name}"
        return f"{'opc.tcp' if name in OPCUA else 'tcp'}://127.0.0.1:{port + offset}"

    return {name: where(name, offset) for offset, name in enumerate(PLCS[station])}


@pytest.mark.parametrize("station", list(PLCS))
def test_with_its_defaults_the_plant_is_where_the_station_file_says(station: str) -> None:
    config = load_station(station_file(station), parts=PARTS)
    folder = config.journal.parent
    assert folder == Path(FOLDER) or station != STATION
    ends = endpoints(station, first_port(config), folder)
    assert settings(ends, folder, config, speed=1.0, secure=False) == []


@pytest.mark.parametrize(
    ("station", "ciphered", "port"), [(STATION, "robot", 17005), ("sim_heavy_truck", "crane", 17000)]
)
def test_whatever_differs_is_told_and_is_a_right_configuration(
    tmp_path: Path, station: str, ciphered: str, port: int
) -> None:
    shipped = load_station(station_file(station), parts=PARTS)
    told = settings(endpoints(station, 17000, tmp_path), tmp_path, shipped, speed=20.0, secure=True)
    assert f"links.{ciphered}.address=opc.tcp://127.0.0.1:{port}" in told and "clock.process_rate=20.0" in told
    config = load_station(station_file(station), dict(map(setting, told)), PARTS)
    assert config.clock.process_rate == 20 and config.journal == tmp_path / "journal.sqlite"
    security = config.links[ciphered].security  # type: ignore[union-attr]
    assert security is not None and security.private_key == tmp_path / KEYS["private_key"]


def test_a_plant_is_served_for_simulated_stations_only() -> None:
    result = CliRunner().invoke(main, ("sim", "serve", "--station", "passenger_car"), prog_name="station-ctl")
    assert result.exit_code == 2 and "real machines" in result.stderr


def test_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station_ctl.cli.sim.is_free", lambda port: False)
    result = CliRunner().invoke(main, ("sim", "serve", "--port-base", "17000"), prog_name="station-ctl")
    assert result.exit_code == 1 and "port 17000 is taken" in result.stderr
