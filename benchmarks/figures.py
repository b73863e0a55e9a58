"""What a benchmark gives back, and how samples become figures.

Knows percentiles and the form of a result. Does not know what was measured.
"""

from __future__ import annotations

import importlib
import os
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict


class Target(TypedDict):
    """One figure to reach: what was found, what is wanted (with its unit), and whether it is met.

    `met` is None where this run cannot tell (a quick run, say).
    """

    figure: str
    found: str
    wanted: str
    met: bool | None


class Figures(TypedDict):
    """What `run` returns: a table with its title and column heads, targets, remarks, and everything measured."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    targets: list[Target]
    notes: list[str]
    data: dict[str, Any]


def measure(name: str, quick: bool) -> Figures:
    """Run one benchmark in this process. (Not in `__main__`, which a process of its own cannot import.)"""
    figures: Figures = importlib.import_module(f"benchmarks.{name}").run(quick=quick)
    return figures


def percentile(samples: Sequence[float], share: float) -> float:
    """The sample below which `share` (0–1) of all lie, by nearest rank: never a value that was not measured."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def spread(samples: Sequence[float]) -> dict[str, float]:
    """p50, p99, p99.9 and max of samples, and how many there were."""
    return {
        "n": len(samples),
        "p50": percentile(samples, 0.50),
        "p99": percentile(samples, 0.99),
        "p99_9": percentile(samples, 0.999),
        "max": max(samples),
    }


def median_of_blocks(blocks: Iterable[Sequence[float]], share: float) -> float:
    """The median over blocks of a percentile: one block that something else disturbed does not make the figure."""
    return statistics.median(percentile(block, share) for block in blocks)


def load() -> float:
    """Programs that wanted a processor in the last minute, on average."""
    return round(os.getloadavg()[0], 2)
