"""The audit chain: listed, checked, exported."""

from __future__ import annotations

from dataclasses import asdict

from station_ctl.core.errors import Exit, RequestWrong
from station_ctl.engine.audit_chain import Head
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.audit import Anchors
from station_ctl.service.catalogue.swap import HowMany
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

EVERYTHING = 1 << 40


async def list_rows(duty: Duty, params: HowMany, call: Call) -> Result:
    """The newest rows."""
    rows = await duty.journal.ask(lambda journal: journal.audit_rows(params.most))
    return Result({"rows": [asdict(row) for row in rows]}, f"{len(rows)} rows")


async def export(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every row, with its hash and the hash it is bound to."""
    rows = await duty.journal.ask(lambda journal: journal.audit_rows(EVERYTHING))
    return Result({"rows": [asdict(row) for row in rows]}, f"{len(rows)} rows")


async def verify(duty: Duty, params: Anchors, call: Call) -> Result:
    """The chain checked, with what the check cannot find. Raises RequestWrong for an anchor that is none."""
    anchors = tuple(map(_anchor, params.anchors))
    found = await duty.journal.ask(lambda journal: journal.verify_audit(anchors))
    data = {
        "rows": found.rows, "head": {"seq": found.head.seq, "hash": found.head.hash}, "faults": list(found.faults),
        "anchors": found.anchors, "whole": not found.faults, "cannot_find": found.limits,
    }  # fmt: skip
    said = "every row is as it was written" if not found.faults else "; ".join(found.faults)
    exit_ = Exit.FAILED if found.faults else Exit.DONE
    return Result(data, f"{found.rows} rows: {said}. {found.limits}", exit=exit_)


def _anchor(text: str) -> Head:
    seq, _, value = text.partition(":")
    if not seq.isdigit() or len(value) != 64:
        raise RequestWrong(f"audit.verify: anchor {text!r} is not SEQ:HASH with 64 hex digits")
    return Head(int(seq), value.lower())
