"""Plans and refusals as they are told: in words, as data, and as a row of the audit chain.

Knows form and length. Does not judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from station_ctl.core.errors import StationError
from station_ctl.engine.events import Audit
from station_ctl.service.calls import Check, Decision, Envelope, Plan
from station_ctl.service.persons import Person

FOUND_MOST = 240
"""Characters of what was found that stand in the one line of a refusal."""

WHY_MOST = 2000
"""Characters of a reason that stand in an audit row."""


def refusal_row(audit: Audit, error: StationError) -> Audit:
    """The row of a refused request. It can be written whatever the error says."""
    why = f"{error.code} {error}".encode("utf-8", "backslashreplace").decode()
    return replace(audit, decision=str(Decision.REFUSED), why=why[:WHY_MOST])


def refusal_text(name: str, blocked: tuple[Check, ...]) -> str:
    """The refusal as one line: the first reason in full, how many more there are, and where to read them."""
    first = blocked[0]
    seen = f": {_cut(first.found)}" if first.found else ""
    found = f": needs {first.needed}, found {first.found}" if first.needed else seen
    source = f" [{first.source}]" if first.source else ""
    more = f" (and {len(blocked) - 1} more)" if len(blocked) > 1 else ""
    return f"{name} refused, nothing moved: {first.code} {first.text}{found}{source}{more}; see: station-ctl why {name}"


def _cut(text: str) -> str:
    """What fits into one line of a terminal's window: the beginning says what was found, the end what to do about it.

    All of it stands in the answer's data.
    """
    if len(text) <= FOUND_MOST:
        return text
    end = FOUND_MOST // 3
    return f"{text[: FOUND_MOST - end - 3]} … {text[-end:]}"


def check_data(c: Check) -> dict[str, Any]:
    """A check as data; what was never read has no age."""
    return {
        "code": c.code, "text": c.text, "holds": c.holds, "needed": c.needed, "found": c.found,
        "source": c.source, "age_s": round(c.age_s, 3) if c.age_s < 1e9 else None, "known": c.known,
        "follows": list(c.follows),
    }  # fmt: skip


def plan_data(plan: Plan) -> Mapping[str, Any]:
    """A plan as data for every surface."""
    return {
        "checks": [check_data(c) for c in plan.checks],
        "blocked_by": [c.code for c in plan.blocked_by],
        "steps": list(plan.steps),
        "moves": list(plan.moves),
        "seconds": round(plan.seconds, 1),
    }


def fingerprint(envelope: Envelope, person: Person) -> str:
    """What makes two requests the same: who asks for what, with which parameters, and whether they said yes."""
    said = dict(envelope.params), envelope.dry_run, envelope.confirmed, envelope.reason
    content = [str(person), envelope.action, *said]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
