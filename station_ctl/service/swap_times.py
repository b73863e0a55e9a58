"""When swaps were begun, from the station's own journal, and what that says of a day to come.

Knows rows and local days. Does not know packs, prices or what is planned with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from station_ctl.charging.demand import Demand, learn
from station_ctl.engine.journal import Journal
from station_ctl.engine.opening import also_told

ROWS_MOST = 20_000
"""Opened runs that are looked through at most: four weeks of a busy station."""

DAYS_MOST = 28
DAYS_LEAST = 3
"""Whole days with swaps that must be known first: of a station that nobody has used yet nobody knows who will come."""


def read_swaps(journal: Journal, swap_key: str) -> list[float]:
    """The instants (s since 1970) at which swaps were begun, rising, once for each charged pack that was asked for.
    Reads the whole journal once: at a start only.
    """
    rows = (r for r in journal.newest(ROWS_MOST, ("run-opened",)) if r.data.get("sequence") == swap_key)
    packs = (row.at for row in rows for _ in range(1 + len(also_told(row.data))))
    return sorted(datetime.fromisoformat(at).timestamp() for at in packs)


def demand_of(swaps: Sequence[float], now: float) -> Demand | None:
    """What whole days of this PC's clock have shown, the newest of them; None while there are too few.

    Neither the day that the first swap known falls into counts, which may have begun unseen, nor today. A day without
    any swap was no day of work.
    """
    by_day: dict[str, list[float]] = {}
    for at in swaps:
        local = datetime.fromtimestamp(at)
        by_day.setdefault(f"{local:%Y-%m-%d}", []).append(second_of_day(at))
    today, first = f"{datetime.fromtimestamp(now):%Y-%m-%d}", min(by_day, default="")
    oldest = f"{datetime.fromtimestamp(now) - timedelta(days=DAYS_MOST):%Y-%m-%d}"
    days = [seconds for day, seconds in by_day.items() if max(first, oldest) < day < today]
    return learn(days) if len(days) >= DAYS_LEAST else None


def second_of_day(at: float) -> float:
    """Seconds since midnight by this PC's clock, as a tariff counts them."""
    local = datetime.fromtimestamp(at)
    return local.hour * 3600.0 + local.minute * 60.0 + local.second + local.microsecond / 1e6
