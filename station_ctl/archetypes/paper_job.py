"""A job on paper: for whoever prints, checks or explores a procedure before any vehicle has come.

Knows bays and how many packs a vehicle has. Does not know any station type.
"""

from __future__ import annotations

from collections.abc import Sequence

from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Exchange, Job, Recipe


def paper_job(
    bays: Sequence[BaySignals],
    recipe: Recipe,
    vehicle: str = "vehicle",
    spent: str = "spent",
    fresh: str = "charged",
) -> Job:
    """Fresh packs come from the first bays, spent ones go into the last. `spent` and `fresh` stand for codes of packs,
    numbered from the second on. Raises ValueError if there are too few bays for the vehicle's packs.
    """
    if recipe.packs > 1 and len(bays) < 2 * recipe.packs:
        raise ValueError(f"its {recipe.packs} packs need {2 * recipe.packs} bays, and this station has {len(bays)}")
    numbers = ("", *(f" {seat + 1}" for seat in range(1, recipe.packs)))
    exchanges = (Exchange(spent + no, fresh + no, bays[k].name, bays[-1 - k].name) for k, no in enumerate(numbers))
    return Job(vehicle, recipe, "", "", "", "").with_exchanges(tuple(exchanges))
