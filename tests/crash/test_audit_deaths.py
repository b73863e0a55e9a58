"""A process that dies in a commit leaves effect and audit row both, or neither; and a chain that is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Audit, Record
from station_ctl.engine.journal import Journal
from tests.crash.disk_log import NoRecorder
from tests.crash.victim import STATION, Left, deaths_inside, killed

pytestmark = pytest.mark.timeout(900)

Found = tuple[int, tuple[str, ...], int]


def found(left: Left) -> Found:
    """Audit rows, kinds of effects and packs in custody that a start finds; the chain has to be whole."""
    journal = Journal(left.journal, STATION)
    try:
        assert not journal.verify_audit().faults, journal.verify_audit()
        ledger = journal.restore().ledger
        return len(journal.audit_rows(99)), tuple(row.kind for row in journal.rows()), len(list(ledger))
    finally:
        journal.close()


def test_effect_and_audit_row_are_both_there_or_neither_wherever_the_process_died(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    made = Journal.new(path, STATION)
    made.commit([Record("before"), Audit("li", "operator", "panel", "mode.set", (), "accepted")], None)
    made.close()

    def act(mine: Journal) -> None:
        ledger = Ledger()
        for number in (1, 2):
            ledger = ledger.admit(f"PACK-{number}", f"A0{number}")
            audit = Audit("wang", "technician", "cli", "bay.inventory", (("n", number),), "accepted")
            mine.commit([Record(f"effect-{number}"), audit], ledger)

    try:
        states = [found(left) for _, left in deaths_inside(lambda call: killed(path, tmp_path, act, call))]
    except NoRecorder as error:
        pytest.skip(str(error))
    whole: list[Found] = [
        (1, ("before",), 0), (2, ("before", "effect-1"), 1), (3, ("before", "effect-1", "effect-2"), 2)
    ]  # fmt: skip
    assert set(states) == set(whole), "every stage is met, and nothing in between"
