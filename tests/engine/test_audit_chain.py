"""The audit chain: whatever is changed, removed, exchanged or put in is found; what cannot be found is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path

import pytest

from station_ctl.core.errors import JournalError
from station_ctl.engine import audit_chain
from station_ctl.engine.audit_chain import COLUMNS, AuditRow, Head, Verification, Verified, verify
from station_ctl.engine.events import Audit, Record
from station_ctl.engine.journal import Journal

ASKED = (
    Audit("li", "operator", "panel", "mode.set", (("mode", "manual"),), "accepted", "", "", "manual/stopped", "k1"),
    Audit("guest", "viewer", "remote", "station.reset", (), "refused", "A404 needs role operator", "", "x/y", "k2"),
    Audit("王", "technician", "cli", "battery.is-at", (("pack", "P1"), ("place", "A01")), "accepted", "", "看见了", ""),
    Audit("li", "operator", "panel", "station.hold", (), "accepted"),
    Audit("li", "operator", "panel", "station.abort", (), "accepted", reason="\ufffd"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    for audit in ASKED:
        made.commit([audit], None)
    yield made
    made.close()


@pytest.fixture
def chain(journal: Journal) -> list[AuditRow]:
    return list(audit_chain.rows(journal._db))


def bound(row: AuditRow) -> AuditRow:
    """The row with the hash that whoever forges it would write."""
    return replace(row, hash=row.bound())


def test_a_chain_as_it_was_written_is_whole(journal: Journal, chain: list[AuditRow]) -> None:
    found = journal.verify_audit([Head(3, chain[2].hash)])
    assert found == Verified(5, Head(5, chain[-1].hash), (), 1) and journal.audit_head == found.head
    assert [row.seq for row in chain] == [1, 2, 3, 4, 5] and chain[0].prev == audit_chain.BEGINNING
    assert journal.audit_rows(2) == chain[-2:] and journal.audit_rows(99) == chain


def flips(row: AuditRow) -> Iterator[AuditRow]:
    """The row with any one bit of any one byte of any column flipped."""
    for name in COLUMNS[1:]:
        text = getattr(row, name).encode()
        for at in range(len(text)):
            for bit in range(8):
                changed = bytes((*text[:at], text[at] ^ (1 << bit), *text[at + 1 :]))
                yield replace(row, **{name: changed.decode("utf-8", "surrogateescape")})
    for bit in range(63):
        yield replace(row, seq=row.seq ^ (1 << bit))


def test_any_flipped_bit_of_any_column_of_any_row_is_found(chain: list[AuditRow]) -> None:
    tried = 0
    for at, row in enumerate(chain):
        for flipped in flips(row):
            tried += 1
            faults = verify([*chain[:at], flipped, *chain[at + 1 :]]).faults
            assert faults and any(str(flipped.seq) in fault for fault in faults), (row, flipped)
    assert tried > 8_000


@pytest.mark.parametrize("column", COLUMNS[1:])
@pytest.mark.parametrize(
    "what", ["x'00'", "x'ff'", "'x'", "''", "upper({0}) || 'X'", "{0} || x'00'", "{0} || ' '"]
)
def test_a_column_changed_in_the_file_is_found(journal: Journal, column: str, what: str) -> None:
    for row in range(1, 6):
        journal._db.execute("BEGIN")
        journal._db.execute(f"UPDATE audit SET {column} = CAST({what.format(column)} AS TEXT) WHERE seq = {row}")
        changed = [r for r in audit_chain.rows(journal._db) if r.seq == row]
        faults = journal.verify_audit().faults
        journal._db.execute("ROLLBACK")
        (before,) = [r for r in audit_chain.rows(journal._db) if r.seq == row]
        assert bool(faults) == (changed != [before]), (row, column, faults)
        assert faults or getattr(before, column) == "", "only what was empty can be made so"


def test_any_rows_removed_are_found_unless_they_are_the_last_ones(chain: list[AuditRow]) -> None:
    numbers = range(len(chain))
    for many in range(1, len(chain)):
        for gone in combinations(numbers, many):
            left = [row for n, row in enumerate(chain) if n not in gone]
            cut = gone == tuple(numbers[-many:])
            assert bool(verify(left).faults) != cut, gone
            # Whatever was anchored is missed, wherever it stood.
            assert verify(left, [Head(chain[-1].seq, chain[-1].hash)]).faults, gone
            assert "cut off" in verify(left).limits


def test_a_row_removed_is_found_by_its_number_though_the_others_are_bound_anew(chain: list[AuditRow]) -> None:
    for gone in range(len(chain) - 1):
        left = chain[:gone]
        for row in chain[gone + 1 :]:
            left.append(bound(replace(row, prev=left[-1].hash if left else audit_chain.BEGINNING)))
        (fault,) = verify(left).faults
        assert f"row {gone + 2}: the row before it is {gone}" in fault


def test_rows_exchanged_are_found(chain: list[AuditRow]) -> None:
    for a, b in combinations(range(len(chain)), 2):
        order = list(chain)
        order[a], order[b] = order[b], order[a]
        assert verify(order).faults, "in another order"
        numbered = list(chain)
        numbered[a], numbered[b] = replace(chain[b], seq=chain[a].seq), replace(chain[a], seq=chain[b].seq)
        assert verify(numbered).faults, "under each other's number"
        forged = list(numbered)
        for at in (a, b):
            forged[at] = bound(replace(numbered[at], prev=chain[at].prev))
        if b < len(chain) - 1:
            assert verify(forged).faults, "with hashes of their own"
        else:
            assert verify(forged, [Head(chain[b].seq, chain[b].hash)]).faults, "the last one only by its anchor"


def test_a_row_put_in_anywhere_is_found(journal: Journal, chain: list[AuditRow]) -> None:
    """Also one whose own hash is right, and one whose number is before the first."""
    for at in range(len(chain)):
        before = chain[at - 1] if at else replace(chain[0], seq=0, hash=audit_chain.BEGINNING)
        forged = bound(replace(chain[at], seq=before.seq + 1, prev=before.hash, actor="nobody"))
        shifted = [*chain[:at], forged, *(replace(r, seq=r.seq + 1) for r in chain[at:])]
        assert verify(shifted).faults, at
        assert verify([*chain[:at], forged, *chain[at:]]).faults, at
    for number in (0, -1, -(2**62)):
        forged = bound(replace(chain[0], seq=number, actor="nobody"))
        values = [getattr(forged, f.name) for f in fields(forged)]
        journal._db.execute("BEGIN")
        journal._db.execute(f"INSERT INTO audit VALUES ({', '.join('?' * len(values))})", values)
        faults = journal.verify_audit().faults
        journal._db.execute("ROLLBACK")
        assert faults, number


FORGERIES: dict[str, Callable[[list[AuditRow]], list[AuditRow]]] = {
    "the end cut off": lambda chain: chain[:-2],
    "a row added": lambda chain: [*chain, bound(replace(chain[-1], seq=6, prev=chain[-1].hash))],
    "written anew from the third row": lambda chain: _anew(chain, 2),
    "written anew from the first row": lambda chain: _anew(chain, 0),
    "nothing left": lambda chain: [],
}


def _anew(chain: list[AuditRow], at: int) -> list[AuditRow]:
    """The chain with one row changed and all that follow bound to it again."""
    made = chain[:at]
    for row in chain[at:]:
        before = made[-1].hash if made else audit_chain.BEGINNING
        actor = "nobody" if row is chain[at] else row.actor
        made.append(bound(replace(row, actor=actor, prev=before)))
    return made


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_the_file_alone_cannot_show_is_said_and_an_anchor_shows_it(chain: list[AuditRow], forgery: str) -> None:
    forged = FORGERIES[forgery](chain)
    alone = verify(forged)
    assert not alone.faults and "cut off or added" in alone.limits and "written anew" in alone.limits
    if forgery == "a row added":
        later = Head(6, "0" * 64)  # the row that the service itself wrote under this number
        assert verify(forged, [later]).faults
    else:
        assert verify(forged, [Head(5, chain[4].hash)]).faults


def test_an_audit_row_and_its_effect_are_written_together_or_not_at_all(journal: Journal) -> None:
    """An effect that cannot be written takes its audit row back, and an audit row that cannot takes the effect back."""
    kinds = [row.kind for row in journal.rows()]
    unwritable = replace(ASKED[0], key="\ud800")
    for bad in ([Record("effect", data=(("x", object()),)), ASKED[0]], [Record("effect"), unwritable]):
        with pytest.raises(JournalError):
            journal.commit(bad, None)
        assert [row.kind for row in journal.rows()] == kinds and journal.audit_head.seq == 5
        assert not journal.verify_audit().faults
    journal.commit([Record("effect"), ASKED[0]], None)
    assert journal.audit_head.seq == 6 and journal.rows()[-1].kind == "effect" and not journal.verify_audit().faults


def test_a_chain_checked_piece_by_piece_is_checked_as_one(chain: list[AuditRow], journal: Journal) -> None:
    for size in (1, 2, 5, 9):
        for changed in (None, 0, 2, 4):
            rows = [replace(row, why="x") if at == changed else row for at, row in enumerate(chain)]
            checked = Verification([Head(5, chain[4].hash)])
            for at in range(0, 5, size):
                assert checked.take(rows[at : at + size]) == len(rows[at : at + size])
            assert checked.ended() == verify(rows, [Head(5, chain[4].hash)])
    checked = Verification()
    while checked.take(journal.audit_from(checked.next, 2)):
        pass
    assert checked.ended() == journal.verify_audit()
