"""The day plan in a process of its own: solving takes a second of a core, and a stop must never wait for that.

Knows how the question gets there and the answer back. Does not know when a plan is due.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.day_plan import DayPlan
from station_ctl.charging.demand import Demand
from station_ctl.charging.needs import plan_day
from station_ctl.charging.tariff import Tariff
from station_ctl.core.policy import SitePolicy

NICE = 10
"""The station's own process goes first."""


class PlanFailed(Exception):
    """The process that should have made a plan has not; the text says why."""


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """All that a plan is made from; units as in `needs.plan_day`."""

    views: tuple[BayView, ...]
    demand: Demand
    tariff: Tariff
    policy: SitePolicy
    now: float
    second_of_day: float
    site_kw: float | None

    def text(self) -> str:
        """As it is handed to the process: of bays only what a plan needs."""
        bays = [(v.name, v.number, v.rack, v.present, v.soc, v.pack_type) for v in self.views]
        rest = {key: getattr(self, key) for key in ("now", "second_of_day", "site_kw")}
        return json.dumps({
            "bays": bays, "by_hour": self.demand.by_hour, "days": self.demand.days, "spans": self.tariff.spans,
            "policy": asdict(self.policy), **rest,
        })  # fmt: skip


def plan(order: PlanOrder) -> DayPlan | None:
    """The plan, in this process; None if there is none in time."""
    return plan_day(
        order.views, order.demand, order.tariff, order.policy, now=order.now,
        second_of_day=order.second_of_day, site_kw=order.site_kw,
    )  # fmt: skip


async def plan_elsewhere(order: PlanOrder) -> DayPlan | None:
    """The plan, from a process that ends with it; killed when the caller waits no longer. Raises PlanFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, wrong = await process.communicate(order.text().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = (wrong.decode(errors="replace").strip().splitlines() or ["nothing said"])[-1]
        raise PlanFailed(f"exit code {process.returncode}: {last}")
    return _answered(json.loads(said))


def _answered(found: dict[str, Any] | None) -> DayPlan | None:
    return None if found is None else DayPlan(**{**found, **{k: tuple(found[k]) for k in ("kw", "needed_at")}})


def _asked(given: dict[str, Any]) -> PlanOrder:
    bays: Iterable[list[Any]] = given["bays"]
    views = tuple(
        BayView(name, number, rack, present=present, soc=soc, pack_type=kind)
        for name, number, rack, present, soc, kind in bays
    )
    return PlanOrder(
        views, Demand(tuple(given["by_hour"]), given["days"]), Tariff(tuple(map(tuple, given["spans"]))),
        SitePolicy(**given["policy"]), given["now"], given["second_of_day"], given["site_kw"],
    )  # fmt: skip


def main() -> None:
    """One order on stdin, one plan (or null) on stdout."""
    os.nice(NICE)
    found = plan(_asked(json.load(sys.stdin)))
    sys.stdout.write(json.dumps(asdict(found) if found is not None else None))


if __name__ == "__main__":
    main()
