"""How long a link waits before it tries again.

Knows delays only. Does not know what failed; the link tells it when something succeeded.
"""

from __future__ import annotations

import random

_LEAST = 0.02


class BackOff:
    """Delays (s) doubling from `first` to `cap`, each ± `jitter` (share); after `patience` s to `long_cap`.

    The cap is short because a station stands still until its PLC is scanned again; only a PLC that stays
    away for minutes is asked seldom. The jitter keeps the links of one station from knocking together.
    """

    def __init__(
        self,
        first: float = 0.05,
        cap: float = 0.2,
        *,
        jitter: float = 0.2,
        patience: float = 120.0,
        long_cap: float = 2.0,
    ) -> None:
        self._first, self._cap, self._jitter = first, cap, jitter
        self._patience, self._long_cap = patience, long_cap
        self._next, self._waited = first, 0.0

    def next(self, took: float = 0.0) -> float:
        """The next delay in s, counted from the beginning of an attempt that `took` so many s."""
        delay = self._next
        self._waited += delay
        cap = self._cap if self._waited < self._patience else self._long_cap
        self._next = min(2 * delay, cap)
        return max(_LEAST, delay * random.uniform(1 - self._jitter, 1 + self._jitter) - took)

    def reset(self) -> None:
        """The link works: the next failure starts with the first delay again."""
        self._next, self._waited = self._first, 0.0
