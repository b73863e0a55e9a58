"""The figures of the soak, for the evidence table.

Knows how many shifts belong to a short and a long form, and that shifts do not know of each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.soak.shift import VEHICLES, Findings, shift

SHORT, LONG = 40 // VEHICLES, 10_000 // VEHICLES
"""Shifts at every push, and of the long form."""


def quiet_shift(seed: int, pacing: str = "leaps") -> Findings:
    """One shift without its log."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        return shift(seed, pacing=pacing)[0]


def shifts(seeds: Iterable[int], processes: int = 1, pacing: str = "leaps") -> Iterator[Findings]:
    """Shifts one after the other, or in so many processes at once."""
    one = partial(quiet_shift, pacing=pacing)
    if processes == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, seeds)


def soak(long: bool = False) -> dict[str, int]:
    """Vehicles served, what the plant's monitor saw, packs not where the ledger has them, swaps with no way on."""
    total = {"swaps": 0, "violations": 0, "custody_errors": 0, "stuck": 0}
    processes = (os.cpu_count() or 1) if long else 1
    for found in shifts(range(1, 1 + (LONG if long else SHORT)), processes):
        total["swaps"] += found.swaps
        total["violations"] += len(found.violations) + len(found.unasked)
        total["custody_errors"] += len(found.custody)
        total["stuck"] += len(found.stuck)
    return total
