"""What packs will need and by when: those in the bays now, and those that expected swaps will bring back.

Knows the queue of packs: the fullest is given away first, and each swap brings a spent one. Does not know prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from station_ctl.charging import day_solver
from station_ctl.charging.bay_view import BayView
from station_ctl.charging.day_plan import HORIZON_SLOTS, SLOT_S, DayPlan, Need
from station_ctl.charging.demand import Demand
from station_ctl.charging.pack_model import ANY_PACK, PackModel
from station_ctl.charging.site_power import MARGIN
from station_ctl.charging.tariff import Tariff
from station_ctl.core.policy import SitePolicy

SPENT_SOC = 36.0
"""Mean state of charge, %, of returned packs (recorded days of a passenger station)."""

PLANNED_QUANTILE, SURE_QUANTILE = 0.6, 0.95
"""Energy is planned for days somewhat busier than the mean. What is needed at once, whatever it costs, is told for days
as busy as nineteen in twenty: the plan buys dear energy as late as it can, and on less than that people wait longer."""

STORE_S = 180.0
"""From the swap until the returned pack is stored, plugged and cleared."""


def needs_of(
    views: Iterable[BayView],
    swaps: Sequence[float],
    policy: SitePolicy,
    models: Mapping[int, PackModel] | None = None,
    *,
    spent_soc: float = SPENT_SOC,
    slot_s: float = SLOT_S,
    slots: int = HORIZON_SLOTS,
) -> tuple[Need, ...]:
    """One need a pack. `swaps` are expected times of swaps, s from the plan's start.

    The packs form one queue: those here by their charge, then the returned ones as they come. The k-th swap takes
    the k-th of the queue, so that is when it has to be ready; whom no swap takes within the horizon is full by
    its end.
    """
    models = models or {}
    kw = policy.bay_kw
    here = sorted((v for v in views if v.present and v.soc is not None), key=lambda v: -(v.soc or 0.0))
    queue = [(v.soc or 0.0, 0.0, models.get(v.pack_type or 0, ANY_PACK)) for v in here]
    queue += [(spent_soc, at + STORE_S, ANY_PACK) for at in swaps] if queue else []
    found = []
    for k, (soc, back, model) in enumerate(queue):
        due = int(swaps[k] // slot_s) - 1 if k < len(swaps) else slots
        kwh = model.missing_kwh(soc, policy.charge_end_percent)
        minutes = model.minutes_to(soc, policy.charge_end_percent, kw)
        first = int(back // slot_s)
        if kwh > 0 and first < slots:
            found.append(Need(kwh, first, max(due, first), kwh / minutes * 60.0))
    return tuple(found)


def plan_day(
    views: Iterable[BayView],
    demand: Demand,
    tariff: Tariff,
    policy: SitePolicy,
    models: Mapping[int, PackModel] | None = None,
    *,
    now: float,
    second_of_day: float,
    site_kw: float | None = None,
    time_limit_s: float = day_solver.TIME_LIMIT_S,
) -> DayPlan | None:
    """The plan of the next 24 h from the quarter of an hour we are in; None if there is none in time.

    `now` is monotonic s and `second_of_day` the same instant on the station's clock; `site_kw` the limit for the
    whole site as far as it is known beyond the policy's. Takes up to `time_limit_s`: not for an event loop.
    """
    begin = second_of_day // SLOT_S * SLOT_S
    swaps = demand.times(begin, HORIZON_SLOTS * SLOT_S, PLANNED_QUANTILE)
    surely = demand.times(begin, HORIZON_SLOTS * SLOT_S, SURE_QUANTILE)
    efficiency = policy.charger_efficiency_percent / 100.0
    most = policy.site_power_max_kw if site_kw is None else min(max(site_kw, 0.0), policy.site_power_max_kw)
    limit = max(most * MARGIN - policy.aux_power_kw, 0.0) * efficiency
    prices = [price / efficiency for price in tariff.slots(begin, SLOT_S, HORIZON_SLOTS)]
    start = now - (second_of_day - begin)
    return day_solver.solve(
        needs_of(views, swaps, policy, models),
        prices,
        [limit] * HORIZON_SLOTS,
        start=start,
        needed_at=[start + at for at in surely],
        time_limit_s=time_limit_s,
    )
