"""Days at a virtual station, which is a process of its own: its order, its answers, and what they come to.

Knows its form of question and answer. Does not know the station; nothing of it is imported.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from station_ctl.cli.arrivals import ArrivalDay
from station_ctl.cli.plant_process import LINE_LIMIT, PlantFailed


@dataclass(frozen=True, slots=True)
class DayOrder:
    """Which station serves which days. `tariff` is the text of a tariff file; `plan`: charge by a day plan."""

    station: Path
    days: tuple[ArrivalDay, ...]
    seed: int = 1
    tariff: str = ""
    plan: bool = False

    def text(self) -> str:
        """As it is handed to the process."""
        days = [{"name": day.name, "arrivals": day.seconds} for day in self.days]
        return json.dumps(
            {
                "station": str(self.station.absolute()), "seed": self.seed, "tariff": self.tariff, "plan": self.plan,
                "days": days, "history": days if self.plan else [],
            }
        )  # fmt: skip


@dataclass(slots=True)
class Days:
    """What the days came to, together and one by one."""

    site_limit_kw: float
    days: list[dict[str, Any]] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """The result of `station-ctl day --json`; with several days, each of them stands under `days`."""
        together = self._figures(self.days)
        if len(self.days) > 1:
            together["days"] = [{"name": day["name"], **self._figures([day])} for day in self.days]
        return together

    def _figures(self, days: Sequence[dict[str, Any]]) -> dict[str, Any]:
        waits = sorted(wait / 60 for day in days for wait in day["waits_s"])
        costs = [day["cost"] for day in days if day["cost"] is not None]
        return {
            "arrived": sum(day["arrived"] for day in days),
            "served": len(waits),
            "wait_mean_min": round(sum(waits) / len(waits), 2) if waits else None,
            "wait_p95_min": round(waits[math.ceil(0.95 * len(waits)) - 1], 2) if waits else None,
            "energy_kwh": round(sum(day["energy_kwh"] for day in days), 1),
            "cost": round(sum(costs), 2) if costs else None,
            "after_midnight_kwh": round(sum(day["after_kwh"] for day in days), 1),
            "lacking_kwh": round(sum(day["lacking_kwh"] for day in days), 1),
            "peak_kw": round(max(day["peak_kw"] for day in days), 1),
            "site_limit_kw": self.site_limit_kw,
            "starved_h": round(sum(day["starved_s"] for day in days) / 3600, 2),
            "custody_errors": sum(len(day["custody"]) for day in days),
            "monitor_violations": sum(len(day["violations"]) for day in days),
            "wall_s": round(sum(day["wall_s"] for day in days), 1),
        }

    @property
    def ok(self) -> bool:
        """Every pack is where the ledger has it, nothing unsafe was ordered, and no day came to a standstill."""
        return not any(day["custody"] or day["violations"] or day["stopped"] for day in self.days)


async def run_days(order: DayOrder, days: Days, tell: Callable[[dict[str, Any]], None]) -> None:
    """Run all days; `tell` is shown each as it ends. Raises PlantFailed when the process does not answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hil_tests.virtual",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(order.text().encode())
        process.stdin.write_eof()
        while line := await process.stdout.readline():
            day = json.loads(line)
            days.days.append(day)
            tell(day)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code or len(days.days) != len(order.days):
        missing = order.days[len(days.days)].name if len(days.days) < len(order.days) else "none"
        raise PlantFailed(f"the virtual station ended with exit code {code} at day {missing}; its message stands above")
