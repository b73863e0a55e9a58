"""One day of a small station as arithmetic: vehicles come, take the fullest pack, leave a spent one; packs charge.

The real decision and plan, a look a minute; no engine, no wire. `station-ctl day` does it with all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from station_ctl.charging.decide import after_write, decide_charging
from station_ctl.charging.demand import Demand
from station_ctl.charging.needs import plan_day
from station_ctl.charging.pack_model import ANY_PACK
from station_ctl.charging.state import ChargingState
from station_ctl.charging.tariff import Tariff
from station_ctl.core.policy import SitePolicy
from tests.charging.yard import SITE, bay

UNTIL_S = 31 * 3600
"""The day and the night after it: until then no vehicle comes any more, and packs may wait for the cheap hours."""


@dataclass
class DayFigures:
    """What a day came to: energy from the grid, its cost with all packs full again, waits in min, peak power."""

    served: int
    cost: float
    kwh: float
    waits: list[float]
    peak_kw: float

    @property
    def mean_wait(self) -> float:
        return sum(self.waits) / len(self.waits)


def run_day(
    arrivals: Sequence[float], bays: int, policy: SitePolicy, tariff: Tariff, demand: Demand | None, *,
    swap_min: int = 5, look_s: int = 60, replan_s: int = 7200, seed: int = 1,
) -> DayFigures:  # fmt: skip
    """The day with a plan (`demand` known) or without. What packs lack at the end is bought at the dearest price."""
    random = Random(seed)
    packs = {f"A{k + 1:02d}": (bay(k + 1), f"P-{k}") for k in range(bays)}
    soc = dict.fromkeys(packs, 95.0)
    power = dict.fromkeys(packs, 0.0)
    efficiency = policy.charger_efficiency_percent / 100.0
    state, plan, number = ChargingState(), None, bays
    queue, coming = deque[float](), deque(arrivals)
    figures, free_at = DayFigures(0, 0.0, 0.0, [], 0.0), 0.0
    for now in range(0, UNTIL_S, look_s):
        while coming and coming[0] <= now:
            queue.append(coming.popleft())
        best = max(soc, key=lambda name: soc[name])
        if queue and now >= free_at and soc[best] >= policy.swap_soc_min_percent:
            figures.waits.append((now - queue.popleft()) / 60.0)
            figures.served, free_at, number = figures.served + 1, now + swap_min * 60, number + 1
            soc[best] = min(random.gammavariate(3, 12), 85.0)
            packs[best], power[best] = (packs[best][0], f"P-{number}"), 0.0
        views = {
            name: replace(seen, custody=code, pack_id=code, soc=soc[name], power_kw=power[name])
            for name, (seen, code) in packs.items()
        }
        if demand is not None and now % replan_s == 0:
            plan = plan_day(views.values(), demand, tariff, policy, now=now, second_of_day=now % 86_400)
        site = replace(SITE, meter_kw=sum(power.values()) / efficiency + 10.0)
        decision = decide_charging(state, views, site, float(now), plan, policy)
        state = after_write(decision.state, decision.levels, float(now))
        for name, level in decision.levels.items():
            power[name] = min(level, ANY_PACK.acceptance_kw(soc[name], 25.0))
            soc[name] = min(soc[name] + power[name] * look_s / 3600.0, 100.0)
        drawn = sum(power.values()) / efficiency
        figures.peak_kw = max(figures.peak_kw, drawn)
        figures.kwh += drawn * look_s / 3600.0
        figures.cost += drawn * look_s / 3600.0 * tariff.price_at(now)
    lacking = sum(max(policy.charge_end_percent - s, 0.0) for s in soc.values()) / efficiency
    figures.cost += lacking * max(price for _, _, price in tariff.spans)
    figures.kwh += lacking
    return figures


def random_day(by_hour: Sequence[float], seed: int) -> list[float]:
    """Times of vehicles of one day with this mean demand."""
    random, found = Random(seed), []
    for hour, mean in enumerate(by_hour):
        at = random.expovariate(mean / 3600.0) if mean else 3601.0
        while at < 3600:
            found.append(hour * 3600.0 + at)
            at += random.expovariate(mean / 3600.0)
    return found
