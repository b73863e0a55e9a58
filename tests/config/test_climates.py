"""Climates: each limit of each shipped climate acts at a station that does not say its own; what a station says wins.

Knows who uses which limit. Wrong climate files stand in wrong_climates.txt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.charging.hot_packs import HotPack, heat, why_not_isolate
from station_ctl.charging.needs import needs_of
from station_ctl.charging.selection import soc_needed
from station_ctl.charging.site_power import SitePower, site_limit
from station_ctl.charging.suspects import clearance
from station_ctl.config import StationConfig, load_station
from station_ctl.config.climates import KEYS
from station_ctl.core.policy import SitePolicy
from station_ctl.core.steps import Job
from station_ctl.paths import config_directory
from tests.charging.yard import SITE, Yard, bay

CLIMATES = sorted(path.stem for path in (config_directory() / "climates").glob("*.yaml"))
STATION = (config_directory() / "stations" / "sim_passenger_car.yaml").read_text(encoding="utf-8")


def station_of(folder: Path, climate: str, policy: str = "") -> StationConfig:
    """The simulated station in this climate, with no limits of its own but those of `policy`."""
    path = folder / "stations" / "here.yaml"
    path.parent.mkdir(exist_ok=True)
    body = STATION.partition("policy:")[0]
    path.write_text(f"{body}climate: {climate}\n{policy}", encoding="utf-8")
    return load_station(path, parts=PARTS)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SitePolicy]:
    """The limits of a station in each climate."""
    return {climate: station_of(tmp_path_factory.mktemp(climate), climate).policy for climate in CLIMATES}


@cache
def _devices(name: str = "sim_passenger_car") -> PaperStation:
    return put_together(load_station(config_directory() / "stations" / f"{name}.yaml", parts=PARTS))


def _swap(policy: SitePolicy, station: str = "sim_passenger_car") -> str:
    """The whole swap in words: every order, proof, limit of time and interlock."""
    paper = _devices(station)
    recipe, *_ = paper.config.recipes.values()
    job = Job("V", recipe, "P-old", "P-new", "A03", "A07")
    return repr(paper.archetype.swap(replace(paper.stand, policy=policy), job).steps)


def _cleared(policy: SitePolicy, **seen: Any) -> str:
    yard = Yard.of(bay(1, **seen), policy=policy)
    yard.looks(40.0)
    return str(clearance(yard.bays["A01"], yard.state.histories["A01"], yard.now, policy))


def _hot(policy: SitePolicy, **seen: Any) -> object:
    yard = Yard.of(bay(1), policy=policy)
    yard.looks(10.0)
    return heat(bay(1, **seen), yard.state.histories["A01"], policy)


def _rising(policy: SitePolicy) -> bool:
    """Whether a pack that grows warmer by 2.4 °C a minute is found hot."""
    yard = Yard.of(bay(1), policy=policy)
    for look in range(60):
        yard.set("A01", temp_max=25.0 + 0.04 * 5 * look)
        yard.look(5.0)
    return bool(yard.state.hot)


ACTS: dict[str, Callable[[SitePolicy], object]] = {
    "swap_soc_min_percent": lambda p: soc_needed(_devices().config.recipes["SIM-SEDAN"], p),
    "pack_temp_max_c": _swap,
    "pack_insulation_min_kohm": lambda p: _cleared(p, insulation=700),
    "position_tolerance_mm": _swap,
    "driver_time_percent": _swap,
    "preheat_below_c": _swap,
    "wind_max_mps": lambda p: _swap(p, "sim_heavy_truck"),
    "charger_power_percent": lambda p: Yard.of(bay(1), policy=p).looks(200.0).state.told["A01"].level,
    "aux_power_kw": lambda p: site_limit(SITE, SitePower(), 0.0, p).chargers_kw,
    "charge_end_percent": lambda p: needs_of([bay(1)], [], p),
    "charge_temp_min_c": lambda p: _cleared(p, temp_max=-15.0),
    "hot_temp_c": lambda p: _hot(p, temp_max=57.0),
    "hot_rise_c_per_min": _rising,
    "hot_gas_ppm": lambda p: _hot(p, gas=250),
    "hot_move_max_c": lambda p: why_not_isolate(
        HotPack("A01", "P-A01", 1, "hot", 0.0), bay(1, temp_max=75.0), p, ready=True, quiet=True
    ),
    "quarantine_settle_s": _cleared,
}
"""For each limit something that the station does otherwise, or allows no more, by it."""

USED = [
    (climate, key)
    for climate in CLIMATES
    for key in KEYS
    if f"  {key}:" in (config_directory() / "climates" / f"{climate}.yaml").read_text(encoding="utf-8")
]


def test_every_limit_of_a_climate_is_used_by_one() -> None:
    assert {key for _, key in USED} == set(KEYS) == set(ACTS)


@pytest.mark.parametrize(("climate", "key"), USED)
def test_a_limit_of_a_climate_acts(policies: dict[str, SitePolicy], climate: str, key: str) -> None:
    told, usual = getattr(policies[climate], key), getattr(SitePolicy(), key)
    if climate == "temperate":
        assert told == usual, "temperate says what holds without a climate"
        return
    act = ACTS[key]
    assert act(replace(SitePolicy(), **{key: told})) != act(SitePolicy()), f"{key}: {told} does what {usual} does"


def test_what_the_station_says_itself_wins_and_the_rest_comes_from_the_climate(tmp_path: Path) -> None:
    config = station_of(tmp_path, "cold", "policy: {aux_power_kw: 22}\n")
    assert (config.climate, config.policy.aux_power_kw, config.policy.driver_time_percent) == ("cold", 22, 150)
    assert config.where("policy", "aux_power_kw").startswith(str(config.document.file))
    assert "climates/cold.yaml:" in config.where("policy", "driver_time_percent")
    assert any(path.name == "cold.yaml" for path in config.files)


def test_a_station_without_climate_has_the_defaults(tmp_path: Path) -> None:
    config = station_of(tmp_path, "temperate")
    assert [f.name for f in fields(SitePolicy) if getattr(config.policy, f.name) != getattr(SitePolicy(), f.name)] == []


def test_a_changed_climate_changes_the_hash(site: Any) -> None:
    site.edit("station.yaml", "vehicles: [car]", "vehicles: [car]\nclimate: mild")
    before = site.load()
    site.edit("climates/mild.yaml", "20", "21")
    after = site.load()
    assert (before.policy.aux_power_kw, after.policy.aux_power_kw) == (20, 21)
    assert before.config_hash != after.config_hash
