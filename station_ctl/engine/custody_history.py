"""The custody ledger as the journal's rows tell it, from the first row on.

Pure. Knows what each row says became of the packs. Does not know the table that holds the ledger of now.
"""

from __future__ import annotations

from collections.abc import Iterable

from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.errors import DamagedJournal
from station_ctl.engine.journal import JournalRow
from station_ctl.engine.journal_file import BACKUP


def told_ledger(rows: Iterable[JournalRow]) -> Ledger:
    """The ledger after these rows, oldest first. Raises DamagedJournal naming a row that tells no custody."""
    held: dict[str, Custody] = {}
    for row in rows:
        said = row.data.get("custody", {})
        if not isinstance(said, dict):
            raise DamagedJournal(f"journal row {row.seq} ({row.kind}): custody is {said!r}; {BACKUP}")
        for pack, where in said.items():
            if where is None:
                held.pop(pack, None)
            else:
                held[pack] = _custody(row, pack, where)
    return Ledger(held)


def _custody(row: JournalRow, pack: str, where: object) -> Custody:
    """`[place, target, order]`; the last two are null for a pack at rest."""
    match where:
        case [str(place), None, None] if pack:
            return Custody(place)
        case [str(place), str(target), int(order)] if pack:
            return Custody(place, target, order)
    raise DamagedJournal(f"journal row {row.seq} ({row.kind}): custody of {pack!r} is {where!r}; {BACKUP}")
