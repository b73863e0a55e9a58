"""The day plan solved as a linear programme by HiGHS: cheapest energy with every pack ready when needed.

Knows the programme and the solver. Does not know bays, clocks, nor what is done without a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from station_ctl.charging.day_plan import SLOT_S, DayPlan, Need

TIME_LIMIT_S = 5.0
"""Longer is late: the allocator goes on alone. A day of 480 swaps takes a tenth of it."""

LATE_SLOTS = 16
"""So many slots after its due slot a pack may still get what it lacks, at a price; what does not fit is counted
as late.
"""

LATE_PRICE, LACK_PRICE = 20.0, 2000.0
"""A kWh that comes a slot late, and one that does not come at all, in multiples of the dearest price of the day."""

SWAY = 1e-4
"""Of two slots at the same price the earlier one if nothing is cheaper, else the later one: what is bought dear and
early is lost if the swap does not come. A share of the dearest price for each slot."""


@dataclass(slots=True)
class _Programme:
    """Columns (power of one need in one slot, kW; its lack, kWh) and the rows they stand in."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    rows: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    slot_of: list[int] = field(default_factory=list)

    def add(self, cost: float, upper: float, entries: Sequence[tuple[int, float]], slot: int) -> None:
        self.cost.append(cost)
        self.upper.append(upper)
        for row, value in entries:
            self.rows.append(row)
            self.values.append(value)
        self.starts.append(len(self.rows))
        self.slot_of.append(slot)


def solve(
    needs: Sequence[Need],
    prices: Sequence[float],
    limits_kw: Sequence[float],
    *,
    start: float = 0.0,
    needed_at: Sequence[float] = (),
    slot_s: float = SLOT_S,
    time_limit_s: float = TIME_LIMIT_S,
) -> DayPlan | None:
    """The cheapest plan, or None if there is none in time: then the allocator keeps the station right alone.

    `prices` (money a kWh into packs, may be negative) and `limits_kw` (for all packs together) of each slot;
    `start` is the monotonic time of the first. Runs up to `time_limit_s`, in a thread of its own if a loop must
    go on meanwhile. Raises ValueError if prices and limits differ in length or are no numbers.
    """
    slots = len(prices)
    if slots != len(limits_kw) or not all(abs(x) < 1e9 for x in (*prices, *limits_kw)):
        raise ValueError(
            f"needs a price and a limit for each slot; found {slots} and {len(limits_kw)}, or no numbers"
        )
    wanted = [n for n in needs if n.kwh > 0 and n.most_kw > 0 and n.first < slots]
    programme = _programme(wanted, prices, slot_s / 3600.0)
    if not wanted:
        return DayPlan(start, (0.0,) * slots, tuple(needed_at), slot_s)
    solved = _highs(programme, slots, limits_kw, [n.kwh for n in wanted], time_limit_s)
    if solved is None:
        return None
    values, seconds = solved
    kw = [0.0] * slots
    late, cost = 0.0, 0.0
    for column, value in enumerate(values):
        slot = programme.slot_of[column]
        if slot < 0:
            late += value
        else:
            kw[slot] += value
            cost += value * slot_s / 3600.0 * prices[slot]
    return DayPlan(start, tuple(kw), tuple(needed_at), slot_s, cost, late, seconds)


def _programme(needs: Sequence[Need], prices: Sequence[float], hours: float) -> _Programme:
    """Rows 0 … are the slots' limits, then one row a need: what it gets, and what it lacks, is what it needs."""
    slots = len(prices)
    dearest, cheapest = max(max(map(abs, prices), default=0.0), 0.01), min(prices, default=0.0)
    cheap = cheapest + SWAY * dearest
    sway = [SWAY * (slot if price <= cheap else slots - slot) for slot, price in enumerate(prices)]
    programme = _Programme()
    for no, need in enumerate(needs):
        due = min(need.due, slots - 1)
        for slot in range(max(need.first, 0), min(max(due, need.first) + LATE_SLOTS, slots - 1) + 1):
            late = max(slot - due, 0) * LATE_PRICE
            price = prices[slot] + dearest * (late + sway[slot])
            programme.add(price * hours, need.most_kw, ((slot, 1.0), (slots + no, hours)), slot)
        programme.add(dearest * LACK_PRICE, need.kwh, ((slots + no, 1.0),), -1)
    return programme


def _highs(
    programme: _Programme, slots: int, limits_kw: Sequence[float], kwh: Sequence[float], time_limit_s: float
) -> tuple[list[float], float] | None:
    """Values of the columns and the solver's seconds; None if it found no optimum in time."""
    # Here and not at the top: loading the solver takes longer than a command of the command line may.
    import highspy
    import numpy as np

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.cost), slots + len(kwh)
    lp.col_cost_ = np.array(programme.cost)
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.array(programme.upper)
    most = np.maximum(np.array(limits_kw), 0.0)
    lp.row_lower_ = np.concatenate([np.full(slots, -highspy.kHighsInf), np.array(kwh)])
    lp.row_upper_ = np.concatenate([most, np.array(kwh)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.array(programme.starts)
    lp.a_matrix_.index_ = np.array(programme.rows)
    lp.a_matrix_.value_ = np.array(programme.values)
    make: Any = highspy.Highs
    solver = make()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", time_limit_s)
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return list(solver.getSolution().col_value), float(solver.getRunTime())
