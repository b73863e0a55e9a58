"""Positions: where a machine stands, in the words of the trade, as far as its sensors prove it.

Knows words and what proves them. Does not know any machine, nor why anybody asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from station_ctl.core.conditions import Condition
from station_ctl.core.signals import Image


@dataclass(frozen=True, slots=True)
class Position:
    """One thing to be said of a machine: `about` what, and the alternatives, each with what proves it."""

    about: str
    alternatives: tuple[tuple[str, Condition], ...]

    def in_words(self, image: Image) -> str:
        """The first alternative that is proven; if none is, that it is not known, and why."""
        for words, shows in self.alternatives:
            if shows.proven(image):
                return words
        unread = (unmet for _, shows in self.alternatives for unmet in shows.unmet(image) if not unmet.known)
        why = next(unread, None)
        return f"{self.about} not known" + (f" ({why})" if why is not None else "")
