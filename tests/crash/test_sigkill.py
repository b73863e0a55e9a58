"""Processes killed with SIGKILL at the operations of a swap, inside commits too; then a start on what they left.

Kills inside a commit need strace, which is a tool of the system; without it the test says so and is skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from tests.crash.disk_log import NoRecorder
from tests.crash.evidence import told_by
from tests.crash.sigkill import _whole
from tests.crash.test_crashes import nothing_wrong
from tests.crash.victim import STATION, Left, deaths_inside, killed

pytestmark = pytest.mark.timeout(900)


def all_right(told: dict[str, Any]) -> None:
    if told["skipped"]:
        pytest.skip(told["skipped"])
    nothing_wrong(told)
    assert told["ways"]["resume"] > 0 and told["ways"]["retreat"] > 0


def test_whatever_a_killed_process_leaves_leads_to_an_end() -> None:
    told = told_by("sigkill")
    all_right(told)
    assert told["operations"] >= 70 and told["killed"] >= 20 and told["inside"] >= 6


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_operation_of_a_swap_is_struck_at_every_call() -> None:
    told = told_by("sigkill", "--long")
    all_right(told)
    assert told["killed"] >= 250 and told["inside"] >= 100


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A closed journal with one row."""
    path = tmp_path / "journal.sqlite"
    made = Journal.new(path, STATION)
    made.commit([Record("before")], None)
    made.close()
    return path


def rows(left: Left) -> list[str]:
    found = Journal(left.journal, STATION)
    kinds = [row.kind for row in found.rows()]
    found.close()
    return kinds


def test_what_a_killed_process_had_acknowledged_is_there(journal: Path, tmp_path: Path) -> None:
    left = killed(journal, tmp_path, lambda mine: mine.commit([Record("a"), Record("b")], None))
    assert left.acknowledged and rows(left) == ["before", "a", "b"]


def test_a_commit_is_there_as_a_whole_or_not_at_all_whichever_call_it_died_in(journal: Path, tmp_path: Path) -> None:
    def commit(mine: Journal) -> None:
        mine.commit([Record("a"), Record("b")], None)

    try:
        found = {call: rows(left) for call, left in deaths_inside(lambda call: killed(journal, tmp_path, commit, call))}
    except NoRecorder as error:
        pytest.skip(str(error))
    before, after = ["before"], ["before", "a", "b"]
    # The last call makes durable what is written; where the process alone dies, nothing of it is lost.
    assert found["pwrite64", 1] == before and list(found.values())[-1] == after
    assert all(kinds in (before, after) for kinds in found.values())


def test_a_journal_in_two_transactions_would_be_noticed(journal: Path, tmp_path: Path) -> None:
    def in_two(mine: Journal) -> None:
        mine.commit([Record("a")], None)
        mine.commit([Record("b")], None)

    wrong = []
    try:
        for _, left in deaths_inside(lambda call: killed(journal, tmp_path, in_two, call)):
            wrong += _whole(left.journal, tmp_path, (1, 3))["lost"]
    except NoRecorder as error:
        pytest.skip(str(error))
    assert "2 rows, must be one of (1, 3)" in wrong


def test_a_journal_that_acknowledges_too_early_would_be_noticed(journal: Path, tmp_path: Path) -> None:
    left = killed(journal, tmp_path, lambda mine: None)
    assert left.acknowledged and _whole(left.journal, tmp_path, (2, 2))["lost"]
