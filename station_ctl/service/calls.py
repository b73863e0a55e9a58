"""One request as it comes in, and the verdict that goes out.

Knows their form and the exit code that every verdict has. Does not judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from station_ctl.core.errors import Exit


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
    """What a handler gives back: data, words for a person, and the operation that goes on, if one does."""

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    operation: str = ""


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
