"""The reviewed survivors: mutants that no test can kill, each with the reason why it changes nothing.

Knows the form of explained.txt. Does not judge a reason; a person who reviews the file does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutation.scope import ROOT

FILE = ROOT / "tests" / "mutation" / "explained.txt"
WHY = "    because "


@dataclass(frozen=True, slots=True)
class Explanation:
    """One mutant by its key, and why nobody can tell it from the program. `line` is its line in explained.txt."""

    key: str
    why: str
    line: int


def explanations() -> dict[str, Explanation]:
    """All of them by key. Raises ValueError for a line that is neither a key nor a reason, or a key without one."""
    found: dict[str, Explanation] = {}
    waiting: list[tuple[str, int]] = []
    for number, text in _lines():
        if text.startswith(WHY):
            if not waiting:
                raise ValueError(f"{FILE.name}:{number}: a reason without a mutant")
            for key, line in waiting:
                found[key] = Explanation(key, text.removeprefix(WHY), line)
            waiting = []
        elif text.count(" | ") >= 3:
            waiting.append((text, number))
        else:
            raise ValueError(f"{FILE.name}:{number}: needs `path | function | operator | before → after`")
    if waiting:
        raise ValueError(f"{FILE.name}:{waiting[0][1]}: a mutant without a reason")
    return found


def _lines() -> Iterator[tuple[int, str]]:
    for number, text in enumerate(FILE.read_text(encoding="utf-8").splitlines(), start=1):
        if text.strip() and not text.startswith("#"):
            yield number, text
