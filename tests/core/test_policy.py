"""Limits of a site that follow from others: what a bay is given in this climate, how long people get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.policy import SitePolicy


@pytest.mark.parametrize(
    ("bay", "order", "percent", "given"), [(60, 40, 100, 40.0), (30, 40, 100, 30.0), (60, 40, 75, 30.0)]
)
def test_a_bay_is_given_the_least_of_its_limits_and_less_where_the_climate_says_so(
    bay: float, order: float, percent: int, given: float
) -> None:
    policy = replace(SitePolicy(), bay_power_max_kw=bay, charge_power_kw=order, charger_power_percent=percent)
    assert policy.bay_kw == given


def test_people_get_their_time_in_percent_of_the_usual() -> None:
    assert SitePolicy().people_s(120) == 120.0
    assert replace(SitePolicy(), driver_time_percent=150).people_s(120) == 180.0
