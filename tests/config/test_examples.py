"""Example station files for kinds of pilot site: short, right, and each swaps a vehicle of its models.

Knows which plant each needs. Does not know limits; those of the climates stand in test_climates.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.packs import PACK_KG, WEIGHT_KG
from station_ctl.build import PARTS
from station_ctl.config import Clock, load_station
from station_ctl.config.climates import KEYS
from station_ctl.paths import config_directory
from tests.bench.virtual_bench import ready_bench, run_virtually

EXAMPLES = config_directory() / "stations" / "examples"
LINES_MOST = 60
SPEED = 20.0


@dataclass(frozen=True)
class Site:
    """A kind of site: its file, the bays of its racks, the model that drives in, its VIN, and the air in °C."""

    file: str
    racks: tuple[int, ...]
    model: str
    vin: str = "LSZSMA00100000001"
    celsius: float = 25.0

    def plant(self) -> RunningStation:
        """Its machines, with packs of the model in all racks."""
        truck = "truck" in self.file
        made = TruckSimStation(speed=SPEED) if truck else SimStation(speed=SPEED, layout=Layout(self.racks))
        kind = made.plant.pack_type_of(self.model)
        for pack in made.plant.places:
            pack.pack_type, pack.weight_kg = kind, PACK_KG.get(kind, WEIGHT_KG)
        made.plant.weather(self.celsius)
        for plc in made.plcs.values():
            plc.sensed_now()
        return made


SITES = [
    Site("cold_taxi", (10, 10), "SIM-TAXI", "LTX00000000000001", -20.0),
    Site("hot_humid_mixed", (12, 12), "SIM-SUV", "LAMBSM00100000001", 38.0),
    Site("temperate_city", (12, 12, 12, 12), "SIM-VAN"),
    Site("windy_truck", (8,), "SIM-MIXER"),
]
SHORT = ("cold_taxi", "windy_truck")
EACH = [
    pytest.param(site, id=site.file, marks=() if site.file in SHORT else pytest.mark.long) for site in SITES
]


def test_each_example_is_one_of_these() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {site.file for site in SITES}


@pytest.mark.parametrize("site", SITES, ids=[site.file for site in SITES])
def test_an_example_is_short_and_takes_its_weather_from_its_climate(site: Site) -> None:
    path = EXAMPLES / f"{site.file}.yaml"
    assert len(path.read_text(encoding="utf-8").splitlines()) < LINES_MOST
    config = load_station(path, parts=PARTS)
    assert not config.simulated and site.model in config.recipes
    assert tuple(len(role.bay_numbers) for role in config.roles.values() if role.bays) == site.racks
    lent = [key for key in KEYS if f"climates/{config.climate}.yaml" in config.where("policy", key)]
    assert len(lent) >= 4, "an example that says everything itself shows nothing"


@pytest.mark.parametrize("site", EACH)
def test_an_example_swaps_a_vehicle(tmp_path: Path, site: Site) -> None:
    config = replace(load_station(EXAMPLES / f"{site.file}.yaml", parts=PARTS), clock=Clock(process_rate=SPEED))

    async def swap() -> None:
        async with ready_bench(tmp_path, sim=site.plant(), speed=SPEED, config=config) as bench:
            bench.do(cmd="vehicle", model=site.model, vin=site.vin)
            await asyncio.sleep(0.5)
            run_id, job = await bench.reception.receive("test")
            assert (job.vehicle, job.recipe.model) == (site.vin, site.model)
            assert (await bench.watch.until_closed(run_id)).complete
            assert bench.do(cmd="report")["violations"] == []

    run_virtually(swap())
