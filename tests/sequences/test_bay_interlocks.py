"""What a rack says of a returned pack that ends its charging for good: signed a second time, value by value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sequences.bay_interlocks import BayInterlocks
from tests.bench.world import World, signals
from tests.sequences.conftest import the_station

FIT: dict[str, Any] = {"bms_link": True, "pack_id": "P-old", "no_crash": True, "insulation": 500, "temp_max": 45.0}


def unfit(shown: dict[str, Any], limit: float = 45.0) -> bool:
    """Whether a pack that the rack shows so is known to be unfit, at a site with this limit of temperature (°C)."""
    station = the_station()
    site = replace(station.config.policy, pack_temp_max_c=limit, pack_insulation_min_kohm=500)
    condition = BayInterlocks(site).unfit(station.stand.bay("A03"), "P-old")
    world = World()
    for signal in signals([condition]):
        world.set(signal, {**FIT, **shown}[signal.name.removeprefix("rack_a.A03.")])
    return condition.proven(world.image())


@pytest.mark.parametrize(
    "shown",
    [
        {"no_crash": False}, {"insulation": 499}, {"insulation": 0}, {"temp_max": 45.1}, {"temp_max": 80.0},
        {"no_crash": False, "insulation": 499, "temp_max": 45.1},
    ],
)  # fmt: skip
def test_a_pack_with_a_crash_a_leak_or_a_fever_stays_uncharged_if_its_own_bms_says_so(shown: dict[str, Any]) -> None:
    assert unfit(shown)
    assert not unfit({**shown, "bms_link": False}), "nobody tells"
    assert not unfit({**shown, "pack_id": "P-other"}), "it is told of another pack"


@pytest.mark.parametrize("shown", [{}, {"insulation": 501}, {"temp_max": 20.0}])
def test_a_pack_at_the_very_limit_is_charged_again(shown: dict[str, Any]) -> None:
    assert not unfit(shown)


@pytest.mark.parametrize(("limit", "hot"), [(45.0, 45.1), (44.7, 44.8), (45.05, 45.1), (45.25, 45.3)])
def test_the_next_tenth_of_a_degree_above_the_limit_is_too_hot(limit: float, hot: float) -> None:
    assert unfit({"temp_max": hot}, limit) and not unfit({"temp_max": round(hot - 0.1, 1)}, limit)
