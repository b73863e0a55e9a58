"""`backup` on the command line: exit codes, JSON, and that a restore is asked for twice.

Knows words and exit codes. What a backup is, is tested in tests/service/test_backup.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.config import station_file
from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The station file of a simulated station that has run once; its journal lies beside it."""
    text = station_file("sim_passenger_car").read_text(encoding="utf-8")
    file = tmp_path / "station.yaml"
    file.write_text(text.replace("/tmp/station-ctl-sim/", f"{tmp_path}/"))
    journal = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    journal.commit([Record("admitted")], Ledger().admit("P-1", "A01"))
    journal.close()
    return file


def backup(*words: str | Path, given: str = "") -> Result:
    return CliRunner().invoke(main, ("backup", *map(str, words)), prog_name="station-ctl", input=given)


def data(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"].startswith("station.backup.") and document["ok"] is True
    found: dict[str, Any] = document["data"]
    return found


def test_backup_goes_beside_the_journal_is_listed_and_verified(site: Path) -> None:
    made = data(backup("create", "--station", site, "--json"))
    assert (made["rows"], made["packs"], made["last_order"], made["deleted"]) == (1, 1, 0, [])
    assert Path(made["path"]).parent == site.parent / "backup" and "io/stacker_st2.csv" in made["config"]
    listed = data(backup("list", "--station", site, "--json"))
    assert [b["path"] for b in listed["backups"]] == [made["path"]]
    assert data(backup("verify", made["path"], "--json"))["packs"] == 1
    assert "proven" in backup("verify", made["path"]).stdout


def test_without_a_journal_there_is_nothing_to_back_up(site: Path) -> None:
    (site.parent / "journal.sqlite").unlink()
    result = backup("create", "--station", site)
    assert result.exit_code == 9 and "has not run yet" in result.stderr
    assert backup("list", "--station", site).stdout.startswith("no backup of SIM-0001")


def test_service_that_runs_makes_its_backups_itself(site: Path) -> None:
    running = Journal(site.parent / "journal.sqlite", "SIM-0001")
    result = backup("create", "--station", site)
    running.close()
    assert result.exit_code == 1 and result.stderr.startswith("A503") and "makes its backups itself" in result.stderr
    assert not (site.parent / "backup").exists()


def test_as_many_stay_as_are_kept_and_a_file_of_its_own_name_deletes_none(site: Path) -> None:
    folder = site.parent / "backup"
    folder.mkdir()
    for day in range(1, 4):
        (folder / f"SIM-0001-2020010{day}T000000Z.zip").touch()
    backup("create", "--station", site, "-o", site.parent / "own.zip")
    assert len(list(folder.iterdir())) == 3 and (site.parent / "own.zip").is_file()
    made = data(backup("create", "--station", site, "--keep", "2", "--json"))
    assert len(made["deleted"]) == 2 and len(list(folder.iterdir())) == 2


def test_altered_backup_exits_1_with_its_code(site: Path) -> None:
    made = Path(data(backup("create", "--station", site, "--json"))["path"])
    made.write_bytes(made.read_bytes()[:-100])
    result = backup("verify", made)
    assert result.exit_code == 1 and result.stderr.startswith("A506")
    assert backup("verify", site.parent / "absent.zip").exit_code == 9


def test_restore_says_what_an_old_journal_means_and_asks(site: Path) -> None:
    made = data(backup("create", "--station", site, "--json"))["path"]
    before = (site.parent / "journal.sqlite").read_bytes()
    result = backup("restore", made, "--station", site)
    assert result.exit_code == 10 and "A505" in result.stderr and "--yes" in result.stderr
    assert (site.parent / "journal.sqlite").read_bytes() == before
    restored = data(backup("restore", made, "--station", site, "--yes", "--json"))
    assert Path(restored["set_aside"], "journal.sqlite").is_file()
    assert Journal(site.parent / "journal.sqlite", "SIM-0001").restore().ledger.at("A01") == "P-1"


def test_restore_under_a_running_service_is_refused(site: Path) -> None:
    made = data(backup("create", "--station", site, "--json"))["path"]
    running = Journal(site.parent / "journal.sqlite", "SIM-0001")
    result = backup("restore", made, "--station", site, "--yes")
    running.commit([Record("mode")], None)
    running.close()
    assert result.exit_code == 1 and "A503" in result.stderr
