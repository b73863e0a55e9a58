"""Vehicle models as data: each shipped car is swapped with its own recipe; what a station cannot take is refused.

Knows the shipped vehicle files and the simulated passenger plant. Wrong vehicle files stand in wrong_vehicles.txt.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truth.models import build_of
from hil_tests.simplc.truth.packs import PACK_KG, WEIGHT_KG
from station_ctl.build import PARTS, put_together
from station_ctl.config import StationConfig, load_station
from station_ctl.core.errors import ConfigurationError
from station_ctl.paths import config_directory
from tests.bench.virtual_bench import ready_bench, run_virtually

SHIPPED = config_directory() / "stations" / "sim_passenger_car.yaml"
CARS = ["SIM-SUV", "SIM-TAXI", "SIM-VAN"]
"""The sedan is swapped everywhere else; in the short form a taxi is swapped by an example station."""
SPEED = 20.0


def station_with(folder: Path, *vehicles: str) -> StationConfig:
    """The simulated passenger station serving these models."""
    path = folder / "stations" / "here.yaml"
    path.parent.mkdir(exist_ok=True)
    body = SHIPPED.read_text(encoding="utf-8").replace("[sim_sedan]", f"[{', '.join(vehicles)}]")
    path.write_text(body, encoding="utf-8")
    return load_station(path, {"clock.process_rate": SPEED}, PARTS)


def plant_with_packs_of(pack_type: int) -> SimStation:
    """A plant whose racks hold packs of this type."""
    sim = SimStation(speed=SPEED)
    for pack in sim.plant.places:
        pack.pack_type, pack.weight_kg = pack_type, PACK_KG.get(pack_type, WEIGHT_KG)
    for plc in sim.plcs.values():
        plc.sensed_now()
    return sim


@pytest.mark.long
@pytest.mark.parametrize("model", CARS)
def test_each_car_is_swapped_by_its_recipe(tmp_path: Path, model: str) -> None:
    config = station_with(tmp_path, "sim_sedan", "sim_suv", "sim_taxi", "sim_van")

    async def swap() -> None:
        sim = plant_with_packs_of(build_of(model).pack_type)
        async with ready_bench(tmp_path, sim=sim, speed=SPEED, config=config) as bench:
            bench.do(cmd="vehicle", model=model)
            await asyncio.sleep(0.5)
            run_id, job = await bench.reception.receive("test")
            run = await bench.watch.until_closed(run_id)
            assert run.complete and job.recipe.model == model
            report = bench.do(cmd="report")
            assert report["violations"] == []
            assert not any(place.startswith("robot") for place in report["packs"].values())

    run_virtually(swap())


@pytest.mark.long
def test_a_recipe_with_another_torque_than_the_bolts_bear_is_seen_by_the_judge(tmp_path: Path) -> None:
    """The suv's bolts want 95 Nm: with the sedan's 85 the independent judge calls the release unsafe."""
    suv = (config_directory() / "vehicles" / "sim_suv.yaml").read_text(encoding="utf-8")
    (tmp_path / "vehicles").mkdir()
    (tmp_path / "vehicles" / "sim_suv.yaml").write_text(suv.replace("torque_nm: 95", "torque_nm: 85"), encoding="utf-8")
    config = station_with(tmp_path, "sim_suv")

    async def swap() -> None:
        async with ready_bench(tmp_path, sim=SimStation(speed=SPEED), speed=SPEED, config=config) as bench:
            bench.do(cmd="vehicle", model="SIM-SUV")
            await asyncio.sleep(0.5)
            run_id, _ = await bench.reception.receive("test")
            await bench.watch.until_closed(run_id)
            assert {v["rule"] for v in bench.do(cmd="report")["violations"]} == {"S6"}

    run_virtually(swap())


def findings(config: StationConfig) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        put_together(config)
    return refused.value.findings


def test_a_truck_is_refused_by_a_car_station(tmp_path: Path) -> None:
    (told,) = findings(station_with(tmp_path, "sim_sedan", "sim_mixer"))
    assert told.startswith(f"{tmp_path}/stations/here.yaml:82:23: vehicles[1]: no swap of model SIM-MIXER")
    assert "lifted out from above" in told and told.endswith("vehicles/sim_mixer.yaml or take it out of the list")


OUT_OF_RANGE = [
    ("count: 8", "count: 11", "bolt mask 0x7ff: needs 0x1 to 0x3ff, of 10 bolts"),
    ("torque_nm: 75", "torque_nm: 205", "torque 205 Nm: needs 5 to 200 Nm"),
    ("raise_mm: 490", "raise_mm: 2500", "raise height 2500 mm: needs 300 to 2000 mm"),
    ("work_mm: 580", "work_mm: 1900", "needs 100 to 1800"),
]


@pytest.mark.parametrize(("good", "bad", "words"), OUT_OF_RANGE, ids=[bad for _, bad, _ in OUT_OF_RANGE])
def test_what_the_machines_cannot_do_is_refused_at_the_start(tmp_path: Path, good: str, bad: str, words: str) -> None:
    taxi = (config_directory() / "vehicles" / "sim_taxi.yaml").read_text(encoding="utf-8")
    assert taxi.count(good) == 1
    (tmp_path / "vehicles").mkdir()
    (tmp_path / "vehicles" / "sim_taxi.yaml").write_text(taxi.replace(good, bad), encoding="utf-8")
    (told,) = findings(station_with(tmp_path, "sim_sedan", "sim_taxi"))
    assert "vehicles[1]: no swap of model SIM-TAXI" in told and words in told


def test_a_pack_too_heavy_for_the_crane_is_refused_at_the_start(tmp_path: Path) -> None:
    mixer = (config_directory() / "vehicles" / "sim_mixer.yaml").read_text(encoding="utf-8")
    (tmp_path / "vehicles").mkdir()
    (tmp_path / "vehicles" / "sim_mixer.yaml").write_text(mixer.replace("kg: 3200", "kg: 3600"), encoding="utf-8")
    example = (config_directory() / "stations" / "examples" / "windy_truck.yaml").read_text(encoding="utf-8")
    (tmp_path / "stations").mkdir()
    (tmp_path / "stations" / "here.yaml").write_text(example, encoding="utf-8")
    (told,) = findings(load_station(tmp_path / "stations" / "here.yaml", parts=PARTS))
    assert "vehicles[1]: no swap of model SIM-MIXER" in told and "weighs 3600 kg" in told and "lifts 3500 kg" in told


def test_a_car_is_refused_by_a_truck_station(tmp_path: Path) -> None:
    path = tmp_path / "stations" / "here.yaml"
    path.parent.mkdir()
    example = (config_directory() / "stations" / "examples" / "windy_truck.yaml").read_text(encoding="utf-8")
    path.write_text(example.replace("[sim_tractor, sim_mixer]", "[sim_tractor, sim_taxi]"), encoding="utf-8")
    (told,) = findings(load_station(path, parts=PARTS))
    assert "vehicles[1]: no swap of model SIM-TAXI" in told


def test_a_clip_car_is_refused_where_the_robot_turns_bolts(tmp_path: Path) -> None:
    (tmp_path / "vehicles").mkdir()
    clips = "model: CLIP-CAR\npack: {type: 100, weight_kg: 300}\nclips: {count: 4}\n"
    clips += "heights: {work_mm: 600, raise_mm: 520}\n"
    (tmp_path / "vehicles" / "clip_car.yaml").write_text(clips, encoding="utf-8")
    (told,) = findings(station_with(tmp_path, "clip_car"))
    assert "held by clips" in told


def test_one_pack_type_serves_two_models(tmp_path: Path) -> None:
    recipes: Any = station_with(tmp_path, "sim_sedan", "sim_suv").recipes
    assert recipes["SIM-SEDAN"].pack_type == recipes["SIM-SUV"].pack_type
    assert recipes["SIM-SEDAN"].raise_height_mm != recipes["SIM-SUV"].raise_height_mm
