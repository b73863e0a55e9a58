"""The day plan: how many kW go into packs in each quarter of an hour, cheapest with every pack ready when needed.

Knows prices, needs and the site's limit. Does not know bays; between two plans the allocator follows it or does
without.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

SLOT_S = 900.0
HORIZON_SLOTS = 96
"""A day of quarters of an hour."""


@dataclass(frozen=True, slots=True)
class Need:
    """One pack that will want energy: `kwh` into the pack, from slot `first` on, at most `most_kw`, ready by the
    end of slot `due` (slots from the plan's start, 0 the first; `due` may lie beyond the horizon: then by its
    end).
    """

    kwh: float
    first: int
    due: int
    most_kw: float


@dataclass(frozen=True, slots=True)
class DayPlan:
    """kW into all packs together for each slot from `start` (monotonic s). `needed_at`: when one more ready pack
    is needed.

    `late_kwh` is what cannot be had in time even with everything the site has; `cost` that of the energy planned.
    """

    start: float
    kw: tuple[float, ...]
    needed_at: tuple[float, ...] = ()
    slot_s: float = SLOT_S
    cost: float = 0.0
    late_kwh: float = 0.0
    solved_in_s: float = 0.0

    def kw_at(self, now: float) -> float | None:
        """kW planned at this time; None outside the plan."""
        slot = int((now - self.start) // self.slot_s) if now >= self.start else -1
        return self.kw[slot] if 0 <= slot < len(self.kw) else None

    def still_needed(self, now: float) -> tuple[float, ...]:
        """The times, from now on, at which one more ready pack is needed."""
        return self.needed_at[bisect_right(self.needed_at, now) :]
