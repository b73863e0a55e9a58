"""Expected swaps through the day, from days that were recorded: the mean of each hour, and the busier side of it.

Knows times of past swaps. Does not know weather, holidays or weekdays, and claims no more than a mean and a spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from station_ctl.charging.tariff import DAY_S

HOURS = 24
HOUR_S = 3600.0
QUANTILE = 0.75
"""Packs are made ready for days as busy as three in four; a busier one is met by charging at any price."""

LEAD_S = 2 * HOUR_S
"""How long it takes to answer a busier day with more charging. Surprises beyond it are met by the next plan."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Mean swaps of each hour of a day, from `days` recorded days."""

    by_hour: tuple[float, ...]
    days: int = 0

    def __post_init__(self) -> None:
        if len(self.by_hour) != HOURS or not all(0 <= n < 1e6 for n in self.by_hour):
            raise ValueError(f"needs {HOURS} numbers of swaps, 0 or more; found {self.by_hour}")

    @property
    def per_day(self) -> float:
        """Mean swaps a day."""
        return sum(self.by_hour)

    def expected(self, begin: float, end: float) -> float:
        """Mean number of swaps between two seconds counted from a midnight; the day repeats."""
        total, at = 0.0, begin
        while at < end:
            until = min(end, (at // HOUR_S + 1) * HOUR_S)
            total += self.by_hour[int(at % DAY_S // HOUR_S) % HOURS] * (until - at) / HOUR_S
            at = until
        return total

    def times(
        self, begin: float, span_s: float, quantile: float = QUANTILE, step_s: float = 300.0
    ) -> tuple[float, ...]:
        """When the first, second, … swap comes at the latest on all but the busiest days, s after `begin`, up to
        `span_s`.

        The count up to a time is taken as a Poisson count: its `quantile` is mean + z·√mean. With 0.5 these are
        mean days.
        """
        z = NormalDist().inv_cdf(quantile)
        found: list[float] = []
        mean, most, at = 0.0, 0.0, 0.0
        while at < span_s:
            step = min(step_s, span_s - at)
            mean += self.expected(begin + at, begin + at + step)
            spread = min(mean, self.expected(begin + max(at + step - LEAD_S, 0.0), begin + at + step))
            upper = max(mean + z * sqrt(spread), most)
            count = int(upper + 1e-9)
            share = upper - most
            for k in range(len(found) + 1, count + 1):
                found.append(at + step * (min(max((k - most) / share, 0.0), 1.0) if share > 0 else 1.0))
            most, at = upper, at + step
        return tuple(found)


def learn(days: Iterable[Sequence[float]]) -> Demand:
    """The demand of recorded days, each the seconds of day (0 to 86,400) at which vehicles came; no day: no demand.

    Raises ValueError for a time that is not within a day.
    """
    counts, number = [0] * HOURS, 0
    for day in days:
        number += 1
        for second in day:
            if not 0 <= second < DAY_S:
                raise ValueError(f"needs a second of the day, 0 to {DAY_S}; found {second}")
            counts[int(second // HOUR_S)] += 1
    return Demand(tuple(n / number if number else 0.0 for n in counts), number)
