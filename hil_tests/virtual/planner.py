"""The day plan of a virtual station, made anew every quarter of an hour from recorded days and the tariff.

Knows when a plan is due. Does not know how one is made.
"""

from __future__ import annotations

from station_ctl.charging.day_plan import SLOT_S
from station_ctl.charging.demand import Demand
from station_ctl.charging.needs import plan_day
from station_ctl.charging.tariff import Tariff
from station_ctl.core.policy import SitePolicy
from station_ctl.service.charging_duty import ChargingDuty

EVERY_S = SLOT_S
"""As at a working station."""

SOLVE_S = 5.0
"""Wall seconds for one plan; virtual time stands still meanwhile."""


class Planner:
    """Gives charging a plan when one is due; `made` counts them, `late` those that did not come in time."""

    def __init__(self, demand: Demand, tariff: Tariff, policy: SitePolicy) -> None:
        self._demand, self._tariff, self._policy = demand, tariff, policy
        self._due = 0.0
        self.made = self.late = 0

    def plan(self, charging: ChargingDuty, second_of_day: float, now: float) -> None:
        """Make a plan if one is due. `now` is process time, s."""
        if second_of_day < self._due:
            return
        self._due += EVERY_S
        plan = plan_day(
            charging.views().values(), self._demand, self._tariff, self._policy,
            now=now, second_of_day=second_of_day, time_limit_s=SOLVE_S,
        )  # fmt: skip
        charging.plan = plan
        self.made += plan is not None
        self.late += plan is None
