"""Days of virtual stations, each in a process of its own, on half the processors.

Knows where recorded days lie and how a day is ordered. Does not know what is compared.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_tests.virtual.__main__ import RATE, one_day
from hil_tests.virtual.day import DAY_S, DayReport
from station_ctl import logs
from station_ctl.build import PARTS
from station_ctl.cli.arrivals import ArrivalDay, read_arrivals
from station_ctl.config import load_station
from station_ctl.paths import config_directory

ARRIVALS = Path(__file__).resolve().parents[2] / "shared" / "data" / "arrivals"
PROCESSES = max(1, (os.cpu_count() or 1) // 2)
"""Half the processors: a bench that takes half an hour leaves room for whoever works there."""


@dataclass(frozen=True, slots=True)
class Case:
    """One day at one station. `changes` to its file by dotted name; `order` as the virtual station takes it."""

    station: str
    day: ArrivalDay
    order: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    until_s: float = DAY_S


def recorded(kind: str = "urban") -> list[ArrivalDay]:
    """The recorded days beside the checkout, none if there are none."""
    return read_arrivals(sorted(ARRIVALS.glob(f"{kind}_*.txt"))) if ARRIVALS.is_dir() else []


def run_case(case: Case) -> DayReport:
    """Run one."""
    logs.configure(level="critical")
    path = config_directory() / "stations" / "day" / f"{case.station}.yaml"
    config = load_station(path, {"clock.process_rate": RATE, **case.changes}, PARTS)
    order = {"seed": 1, **case.order}
    return one_day(config, order, case.day.name, list(case.day.seconds), until_s=case.until_s)


def run_cases(cases: Sequence[Case]) -> list[DayReport]:
    """Run all; the reports in the order of the cases."""
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(run_case, cases))


def unsafe(report: DayReport) -> int:
    """Packs that are not where the ledger has them, what the monitor has judged unsafe, and whether the day stopped."""
    return len(report.custody) + len(report.violations) + bool(report.stopped)


def p95(waits: Sequence[float]) -> float:
    """The wait that 95 % do not exceed; 0 if nobody was served."""
    ordered = sorted(waits)
    return ordered[-(-95 * len(ordered) // 100) - 1] if ordered else 0.0


def mean(waits: Sequence[float]) -> float:
    """Their mean; 0 if nobody was served."""
    return sum(waits) / len(waits) if waits else 0.0
