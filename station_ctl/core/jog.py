"""Jogging: one axis moved a little while a person holds a button.

Knows how far, how the button is proven to be held, and what an axis is. Does not know any machine, nor who holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from station_ctl.core.conditions import NOT_SAMPLED, Condition, Unmet
from station_ctl.core.signals import Signal

if TYPE_CHECKING:
    from station_ctl.core.signals import Image

REACH_MM = 100.0
"""The longest way of one jog."""

NEAR_MM = 1.5
"""How near to its target a jogged axis must be seen: half a millimetre of rounding, and a millimetre of the drive."""

LEASE = 0.25
"""Wall seconds without a renewal after which nobody holds the button; the PLC's own limit for its counter, too."""

COUNTER = "JOG_RENEW"
"""The level that the program moves while the button is held. A PLC whose I/O list lacks it has no jog."""


@dataclass(frozen=True, slots=True)
class Hand:
    """A person's hand on the button: `since` it is held without a gap and `at` which it was last seen, monotonic s."""

    who: str
    since: float
    at: float

    def holds(self, now: float) -> bool:
        """True while the button counts as held."""
        return 0.0 <= now - self.at <= LEASE


@dataclass(frozen=True, slots=True)
class ButtonHeld(Condition):
    """A person holds the jog button now."""

    def proven(self, image: Image) -> bool:
        return image.own.hand is not None and image.own.hand.holds(image.now)

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        if self.proven(image):
            return ()
        hand = image.own.hand
        found = f"let go by {hand.who}" if hand is not None else "nobody holds it"
        return (Unmet(str(self), found, "jog button", image.now - hand.at if hand is not None else 0.0),)

    def sampled_at(self, image: Image) -> float:
        return image.own.hand.at if image.own.hand is not None else NOT_SAMPLED

    def __str__(self) -> str:
        return f"jog button renewed within {LEASE * 1000:g} ms"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis that can be jogged: its number for the PLC, the sensor that shows where it stands, its ends in mm."""

    name: str
    number: int
    position: Signal[Any]
    low: float
    high: float
