"""News of links for the log: which is lost, which is back; a link that comes and goes does not fill the log.

Pure but for the log. Knows levels and how often they are worth a line.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

log = structlog.get_logger()

LOST_TOLD_EVERY = 120.0
"""Seconds between two lines that the same link is lost: with the line that it is back, one a minute at most."""

STEADY = 5.0
"""Seconds that a link must be up to be called back."""


class LinkNews:
    """Look at the links as often as you like; time comes in as monotonic seconds."""

    def __init__(self) -> None:
        self._lost_at: dict[str, float] = {}
        self._up_since: dict[str, float] = {}
        self._open: set[str] = set()

    def look(self, down: Mapping[str, str], now: float) -> None:
        """`down` = links that cannot be believed now, and why."""
        for name, why in down.items():
            self._up_since.pop(name, None)
            if name not in self._open and now - self._lost_at.get(name, float("-inf")) >= LOST_TOLD_EVERY:
                self._open.add(name)
                self._lost_at[name] = now
                log.warning("link-lost", link=name, why=why)
        for name in sorted(self._open - down.keys()):
            if now - self._up_since.setdefault(name, now) >= STEADY:
                self._open.discard(name)
                del self._up_since[name]
                log.info("link-back", link=name)
