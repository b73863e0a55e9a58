"""The audit chain: listed, checked, exported."""

from __future__ import annotations

from dataclasses import asdict

from station_ctl.core.errors import Exit, RequestWrong
from station_ctl.engine.audit_chain import Head, Verification
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.audit import Anchors, Piece
from station_ctl.service.catalogue.swap import HowMany
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

PIECE = 1000
"""Rows that are checked at once: some 20 ms of the thread that writes the journal."""

TOLD_MOST = 200
"""Faults that are told one by one."""


async def list_rows(duty: Duty, params: HowMany, call: Call) -> Result:
    """The newest rows."""
    rows = await duty.journal.ask(lambda journal: journal.audit_rows(params.most))
    return Result({"rows": [asdict(row) for row in rows]}, f"{len(rows)} rows")


async def export(duty: Duty, params: Piece, call: Call) -> Result:
    """Rows with their hash and the hash they are bound to; `next` says where the following piece begins."""
    rows = await duty.journal.ask(lambda journal: list(journal.audit_from(params.begin, params.most)))
    following = rows[-1].seq + 1 if len(rows) == params.most else None
    return Result({"rows": [asdict(row) for row in rows], "next": following}, f"{len(rows)} rows")


async def verify(duty: Duty, params: Anchors, call: Call) -> Result:
    """The chain checked, with what the check cannot find. Raises RequestWrong for an anchor that is none."""
    anchors = tuple(map(_anchor, params.anchors))
    checked = Verification(anchors)
    # Piece by piece: between two of them commits go on, which orders wait for.
    while await duty.journal.ask(lambda journal: checked.take(journal.audit_from(checked.next, PIECE))):
        pass
    found = checked.ended()
    data = {
        "rows": found.rows, "head": {"seq": found.head.seq, "hash": found.head.hash},
        "faults": list(found.faults[:TOLD_MOST]), "faults_found": len(found.faults),
        "anchors": found.anchors, "whole": not found.faults, "cannot_find": found.limits,
    }  # fmt: skip
    said = "every row is as it was written" if not found.faults else "; ".join(found.faults[:3])
    exit_ = Exit.FAILED if found.faults else Exit.DONE
    return Result(data, f"{found.rows} rows: {said}. {found.limits}", exit=exit_)


def _anchor(text: str) -> Head:
    seq, _, value = text.partition(":")
    if not seq.isdigit() or len(value) != 64:
        raise RequestWrong(f"audit.verify: anchor {text!r} is not SEQ:HASH with 64 hex digits")
    return Head(int(seq), value.lower())
