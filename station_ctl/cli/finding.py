"""What an examination of this PC has found: one line each, with a grade and what to do.

Knows the form. Does not know what is examined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Grade(StrEnum):
    """How a finding is to be taken: as it should be; works, and somebody should look; the station cannot be trusted."""

    OK = "OK"
    WARN = "WARN"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, `found` is what is there, `do` is what a person does about it (empty for OK)."""

    what: str
    grade: Grade
    found: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.grade:<4} {self.what}: {self.found}" + (f" — {self.do}" if self.do else "")


def ok(what: str, found: str) -> Finding:
    """As it should be."""
    return Finding(what, Grade.OK, found)


def warn(what: str, found: str, do: str) -> Finding:
    """The station works; somebody should look."""
    return Finding(what, Grade.WARN, found, do)


def bad(what: str, found: str, do: str) -> Finding:
    """The station cannot work like this, or cannot be trusted."""
    return Finding(what, Grade.BAD, found, do)


def worst(findings: Iterable[Finding]) -> Grade:
    """The worst grade among them; OK if there are none."""
    order = list(Grade)
    return max((f.grade for f in findings), key=order.index, default=Grade.OK)


def plain(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """As data for `--json` and the support bundle."""
    return [asdict(f) for f in findings]
