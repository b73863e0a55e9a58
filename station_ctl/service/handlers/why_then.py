"""Why it was: what was refused and what tripped in the hour before an instant, from the audit chain and the journal.

Knows where it stands written. Does not know the station as it is now.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from station_ctl.core.errors import Exit, RequestWrong
from station_ctl.engine.audit_chain import AuditRow
from station_ctl.engine.journal import Journal, JournalRow
from station_ctl.service.calls import Decision, Result
from station_ctl.service.duty import Duty

BACK = timedelta(hours=1)
"""How far back from the instant is looked."""

ROWS_MOST = 20_000
"""Newest audit rows that are looked through: months of requests by hand."""

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def instant(text: str, now: float) -> datetime:
    """The last moment that `text` names: HH:MM[:SS] of the last 24 hours, or RFC 3339; UTC. Raises RequestWrong."""
    found = _CLOCK.fullmatch(text)
    at_now = datetime.fromtimestamp(now, UTC)
    if found is None:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            needed = "HH:MM in UTC, or as 2026-01-31T03:12:00Z"
            raise RequestWrong(f"why: --at {text!r} is no time; needs {needed}") from None
        return at.replace(tzinfo=at.tzinfo or UTC)
    hour, minute, second = int(found[1]), int(found[2]), found[3]
    begins = at_now.replace(hour=hour, minute=minute, second=int(second or 0), microsecond=0)
    if begins > at_now:
        begins -= timedelta(days=1)
    return begins + timedelta(seconds=1 if second else 60, milliseconds=-1)


async def why_then(duty: Duty, subject: str, at: str) -> Result:
    """What was refused and what tripped in the hour before `at`, newest first. Raises RequestWrong."""
    until = instant(at, duty.wall())
    since = until - BACK

    def look(journal: Journal) -> tuple[list[AuditRow], list[JournalRow]]:
        inside = journal.each(since=since.astimezone(UTC).isoformat(timespec="milliseconds"))
        trips = [row for row in inside if row.kind == "tripped" and since <= _at(row.at) <= until]
        return [row for row in journal.audit_rows(ROWS_MOST) if since <= _at(row.at) <= until], trips

    audits, trips = await duty.journal.ask(look)
    refused = [
        {"at": row.at, "action": row.action, "state": row.state, "why": row.why}
        for row in reversed(audits)
        if row.decision == str(Decision.REFUSED) and _about(subject, row.action)
    ]
    tripped = [
        {"at": row.at, "run": row.run, "step": row.step, **{k: row.data.get(k) for k in ("code", "text", "first_out")}}
        for row in reversed(trips)
        if subject in ("", "station", "swap", row.run)
    ]
    data = {"subject": subject or "station", "since": since.isoformat(), "until": until.isoformat(),
            "refused": refused, "tripped": tripped}  # fmt: skip
    said = f"{len(refused)} refused, {len(tripped)} trips in the hour before {until.isoformat(timespec='seconds')}"
    return Result(data, said, exit=Exit.BLOCKED if refused or tripped else Exit.DONE)


def _about(subject: str, action: str) -> bool:
    return subject in ("", "station", action, action.partition(".")[0], action.partition(".")[2])


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
