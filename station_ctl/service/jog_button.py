"""The jog button: renewals that only a program can send which has just heard from the station.

Every answer carries a stamp, and the next renewal must bring it back within the lease. So no clocks are compared, and
what waited in a network, was repeated or was recorded holds nothing. Does not know what moves.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from station_ctl.core.jog import LEASE
from station_ctl.engine.runner import Engine


@dataclass
class JogButton:
    """Who was given which stamp when (monotonic s); each counts once."""

    engine: Engine
    _given: dict[str, tuple[str, float]] = field(default_factory=dict)

    def press(self, who: str, stamp: str) -> tuple[str, bool]:
        """Renew for this person; returns the next stamp, and whether the button counts as held by them now."""
        now = self.engine.clock.monotonic()
        before, at = self._given.get(who, ("", 0.0))
        fresh = secrets.token_hex(8)
        self._given[who] = (fresh, now)
        if stamp and stamp == before and now - at <= LEASE:
            self.engine.press(who)
        hand = self.engine.state.hand
        # Asked after the press: a hand of a later instant than the question would be none.
        return fresh, hand is not None and hand.who == who and hand.holds(self.engine.clock.monotonic())
