"""`bundle`: everything support asks for is in it, and nothing that must stay on site; what is missing is said."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.cli.bundle import blacked_out
from station_ctl.config import station_file
from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A simulated station with its files below one folder, which is also where we stand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "no tools"))
    text = station_file("sim_passenger_car").read_text(encoding="utf-8")
    (tmp_path / "state").mkdir()
    (tmp_path / "station.yaml").write_text(text.replace("/tmp/station-ctl-sim/", f"{tmp_path}/state/"))
    return tmp_path


def journal_of(site: Path) -> Journal:
    journal = Journal.new(site / "state" / "journal.sqlite", "SIM-0001")
    journal.commit([Record("admitted", data=(("who", "anna"),))], Ledger().admit("P-1", "A01"))
    return journal


def bundle(*words: str) -> Result:
    return CliRunner().invoke(main, ("bundle", "--station", "station.yaml", *words), prog_name="station-ctl")


def packed(site: Path, *words: str) -> dict[str, str]:
    result = bundle("-o", "b.zip", *words)
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(site / "b.zip") as box:
        return {name: box.read(name).decode(errors="replace") for name in box.namelist()}


def test_everything_of_a_standing_station_is_in_it(site: Path) -> None:
    journal_of(site).close()
    boxes = site / "state" / "black_box"
    boxes.mkdir()
    (boxes / "trip-new.jsonl.gz").write_bytes(b"new")
    (boxes / "trip-old.jsonl.gz").write_bytes(b"old")
    os.utime(boxes / "trip-old.jsonl.gz", (0, 0))
    history = sqlite3.connect(site / "state" / "history.db")
    history.execute("CREATE TABLE alarm (code)")
    history.close()
    (site / "service.log").write_text('{"event": "ready"}\n')
    files = packed(site, "--logs", "service.log")
    assert "station-ctl " in files["versions.txt"] and "pymodbus==" in files["versions.txt"]
    assert "WARN" in files["doctor.txt"] and json.loads(files["doctor.json"])["schema"] == "station.doctor/1"
    assert "SIM-0001" in files[f"config/{site.name}/station.yaml"] and "config/io/stacker_st2.csv" in files
    (row,) = [json.loads(line) for line in files["journal/rows.jsonl"].splitlines()]
    assert row["kind"] == "admitted" and json.loads(files["journal/custody.json"]) == {"P-1": "A01"}
    assert files["black_box/trip-new.jsonl.gz"] == "new" and "black_box/trip-old.jsonl.gz" not in files
    assert files["history.db"].startswith("SQLite format 3") and files["logs/service.log"] == '{"event": "ready"}\n'
    assert files["notes.txt"] == "nothing was left out\n"


def test_rows_before_the_span_stay_away(site: Path) -> None:
    journal = journal_of(site)
    journal._db.execute("UPDATE row SET at='2020-01-01T00:00:00.000+00:00'")
    journal.commit([Record("mode")], None)
    journal.close()
    kinds = [json.loads(line)["kind"] for line in packed(site, "--since", "30m")["journal/rows.jsonl"].splitlines()]
    assert kinds == ["mode"]


def test_while_the_service_runs_the_newest_backup_stands_for_its_journal(site: Path) -> None:
    running = journal_of(site)
    folder = site / "state" / "backup"
    folder.mkdir()
    for day in (1, 2):
        (folder / f"SIM-0001-2026110{day}T000000Z.zip").write_bytes(b"backup %d" % day)
    files = packed(site)
    running.close()
    assert files["journal/SIM-0001-20261102T000000Z.zip"] == "backup 2"
    assert not [name for name in files if "rows" in name or "20261101" in name]
    assert "the service holds the journal" in files["notes.txt"]


def test_damaged_journal_goes_along_as_it_is(site: Path) -> None:
    (site / "state" / "journal.sqlite").write_bytes(b"no journal" * 1000)
    files = packed(site)
    assert files["journal/as-it-is.sqlite"].startswith("no journal") and "no journal: " in files["notes.txt"]
    assert "BAD  journal" in files["doctor.txt"]


def test_broken_station_file_is_a_note_and_a_finding(site: Path) -> None:
    (site / "station.yaml").write_text("station: [")
    files = packed(site)
    assert "no configuration" in files["notes.txt"] and "BAD  station file" in files["doctor.txt"]


def test_bundle_is_never_written_over_a_file(site: Path) -> None:
    (site / "b.zip").write_text("mine")
    assert bundle("-o", "b.zip").exit_code == 1 and (site / "b.zip").read_text() == "mine"


@pytest.mark.parametrize("span", ["2", "h", "2w", "-1h", ""])
def test_span_that_is_none_is_wrong_usage(site: Path, span: str) -> None:
    assert bundle("--since", span).exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2", "  api_token: hunter2  # do not tell", '{"token": "hunter2", "x": 1}', "SECRET=hunter2",
        "user: x, password: 'hunter2'", 'event="login" client_secret="hunter2"', "passphrase = hunter2",
        "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nhunter2",
    ],
)  # fmt: skip
def test_secret_is_blacked_out_wherever_it_stands(text: str) -> None:
    assert "hunter2" not in blacked_out(text) and "left out>" in blacked_out(text)


@pytest.mark.parametrize(
    "text", ["private_key: /etc/station-ctl/pki/station.pem", "password_file: /etc/x", 'token: "./here"', "bays: 12"]
)
def test_names_of_files_and_everything_else_stay(text: str) -> None:
    assert blacked_out(text) == text
