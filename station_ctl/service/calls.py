"""One request as it comes in, and the verdict that goes out.

Knows their form and the exit code that every verdict has. Does not judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from station_ctl.core.errors import Exit

WRITTEN_MOST = 8 * 1024
"""Bytes of what a person said that one audit row takes: the journal's disk belongs to the machines."""

DEEPEST = 16
"""Lists and objects in one another. No parameter needs more than two; thousands break whoever walks through them."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One request.

    `issued_at` is wall time (s since 1970, UTC) at which the person asked. `key` names the request: the same key again
    gets the same verdict and no second effect. `seen` is the version of the station's state that the person saw
    (None: asked without a view, as a script does; then what moves is judged by its preconditions alone).
    """

    action: str
    params: Mapping[str, Any] = field(default_factory=dict)
    issued_at: float = 0.0
    key: str = ""
    seen: int | None = None
    dry_run: bool = False
    confirmed: bool = False
    reason: str = ""

    def why_unwritable(self) -> str:
        """Why this cannot stand in an audit row as it is; empty if it can.

        Asked before anything else: a row that cannot be written would be a fault of the journal, and that aborts.
        """
        said = [dict(self.params), self.key, self.reason]
        if _deeper(said, DEEPEST):
            return f"parameters are nested more than {DEEPEST} deep"
        try:
            written = json.dumps(said, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError) as error:
            return f"parameters, key or reason cannot be written down: {error}"
        return f"parameters, key and reason have more than {WRITTEN_MOST} bytes" if len(written) > WRITTEN_MOST else ""


def _deeper(value: Any, levels: int) -> bool:
    """True if lists and objects are nested deeper than so many levels."""
    if not isinstance(value, (dict, list, tuple)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(v, levels - 1) for v in inner)


class Decision(StrEnum):
    """What became of a request; stands in its audit row."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAITING = "waiting for a second person"
    PLANNED = "planned only"


@dataclass(frozen=True, slots=True)
class Check:
    """One precondition as looked at now: what it needs, what was found, from where, how old (s), if it can be known."""

    code: str
    text: str
    holds: bool
    needed: str = ""
    found: str = ""
    source: str = ""
    age_s: float = 0.0
    known: bool = True
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do now: what stands against it, what would move, in how many seconds of the machine."""

    checks: tuple[Check, ...] = ()
    steps: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def blocked_by(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if not check.holds)


@dataclass(frozen=True, slots=True)
class Result:
    """What a handler gives back: data, words for a person, and the operation that goes on, if one does.

    `exit` is what a look has found, for the shell: a blocked station, a broken chain. What changes the station is
    done or refused, and has no third end.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    operation: str = ""
    exit: Exit = Exit.DONE


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one request, the same on every surface."""

    action: str
    decision: Decision
    exit: Exit = Exit.DONE
    code: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""
    version: int = 0

    @property
    def ok(self) -> bool:
        """True unless the request was refused."""
        return self.decision is not Decision.REFUSED
