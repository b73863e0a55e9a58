"""The day plan of a working station: made anew every quarter of an hour from its own swaps and its tariff.

Knows when a plan is due and how long one is waited for. How it is made is in charging/needs.py; without one the
allocator keeps the station right alone.
"""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from station_ctl.charging.day_plan import SLOT_S, DayPlan
from station_ctl.charging.tariff import Tariff
from station_ctl.core.errors import JournalError
from station_ctl.core.policy import SitePolicy
from station_ctl.engine.events import Effect, Progress
from station_ctl.engine.journal import Journal
from station_ctl.engine.runner import Engine
from station_ctl.service.charging_duty import ChargingDuty
from station_ctl.service.plan_process import PlanFailed, PlanOrder, plan_elsewhere
from station_ctl.service.swap_times import DAYS_LEAST, demand_of, read_swaps, second_of_day

log = structlog.get_logger()
T = TypeVar("T")

EVERY = SLOT_S
"""Process seconds between two plans."""

FIRST = 30.0
"""Wall seconds before the first: a start has better things to do."""

LATE = 20.0
"""Wall seconds that a plan is waited for: the solver's own limit is 5 s, and a process has to start first."""


class Reader(Protocol):
    """Whoever reads the journal in the thread that owns it."""

    async def ask(self, question: Callable[[Journal], T]) -> T: ...


class DayPlanner:
    """Run it beside the engine. `said` is in words what became of the last plan."""

    def __init__(
        self, engine: Engine, charging: ChargingDuty, journal: Reader, tariff: Tariff, policy: SitePolicy,
        swap_key: str, *, wall: Callable[[], float] = time.time,
        solve: Callable[[PlanOrder], Awaitable[DayPlan | None]] = plan_elsewhere,
    ) -> None:  # fmt: skip
        self._engine, self._charging, self._journal = engine, charging, journal
        self._tariff, self._policy, self._key = tariff, policy, swap_key
        self._wall, self._solve = wall, solve
        self._swaps: list[float] = []
        self.said = "no plan yet"
        engine.listen(self._see)

    async def run(self) -> None:
        """Learn what the journal knows, then plan until cancelled."""
        try:
            self._swaps = sorted({*await self._journal.ask(lambda j: read_swaps(j, self._key)), *self._swaps})
        except JournalError as error:
            log.error("swaps-not-read", why=str(error))
        await asyncio.sleep(FIRST)
        while True:
            await self.make()
            await asyncio.sleep(EVERY / self._engine.clock.rate)

    def _see(self, effect: Effect) -> None:
        if isinstance(effect, Progress) and effect.what == "run-opened":
            run = self._engine.state.run(effect.run_id)
            if run is not None and run.sequence.key == self._key:
                for _ in range(len(run.job.exchanges) if run.job is not None else 1):
                    insort(self._swaps, self._wall())

    async def make(self) -> DayPlan | None:
        """Make a plan now, and charge by it; None: there is none, and `said` has the reason."""
        plan, why = None, ""
        order = self._order()
        if order is None:
            why = f"no plan: fewer than {DAYS_LEAST} whole days of swaps are known"
        else:
            try:
                async with asyncio.timeout(LATE):
                    plan = await self._solve(order)
                why = "" if plan is not None else "no plan: the solver has found none in time"
            except TimeoutError:
                why = f"no plan: none within {LATE:g} s"
            except (PlanFailed, OSError, ValueError) as error:
                why = f"no plan: {error}"
        if why and why != self.said:
            log.warning("no-day-plan", why=why, instead="the fullest pack is charged first, at full power")
        self.said = why or f"planned from {order.demand.days if order else 0} days of swaps"
        self._charging.plan = plan
        self._charging.wake()
        return plan

    def _order(self) -> PlanOrder | None:
        charging, wall = self._charging, self._wall()
        demand = demand_of(self._swaps, wall)
        if demand is None:
            return None
        site_kw = charging.decision.limit.grid_kw if charging.decision is not None else None
        return PlanOrder(
            tuple(charging.views().values()), demand, self._tariff, self._policy, self._engine.clock.process(),
            second_of_day(wall), site_kw,
        )  # fmt: skip
