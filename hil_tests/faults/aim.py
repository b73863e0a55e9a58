"""Which questions on a wire a fault strikes: by function, by place, from the n-th on, so many times.

Knows how to count. Does not know any protocol; the proxies say what a question asks for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

ALWAYS = 10**9

Places = range | frozenset[str]


@dataclass
class Aim:
    """Strikes questions with one of `functions` (None = any) that touch one of `places` (registers or names).

    The first `spared` of them pass, the next `times` are struck. `hits` counts on; one aim serves one strike.
    """

    functions: Collection[object] | None = None
    places: Places | None = None
    spared: int = 0
    times: int = ALWAYS
    struck: int = 0

    def hits(self, function: object, places: Places) -> bool:
        """Whether this question is struck."""
        if self.functions is not None and function not in self.functions:
            return False
        if self.places is not None and not _overlap(self.places, places):
            return False
        if self.spared > 0:
            self.spared -= 1
            return False
        if self.struck >= self.times:
            return False
        self.struck += 1
        return True


def _overlap(one: Places, other: Places) -> bool:
    if isinstance(one, range) and isinstance(other, range):
        return one.start < other.stop and other.start < one.stop
    return not set(one).isdisjoint(other)
