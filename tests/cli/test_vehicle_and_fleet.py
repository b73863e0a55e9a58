"""`vehicle` and `fleet`: what a station's files say of models and fleets, in words and as data."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from station_ctl.cli import main
from station_ctl.paths import config_directory

EXAMPLES = config_directory() / "stations" / "examples"
CITY, COLD, TRUCK = (str(EXAMPLES / f"{name}.yaml") for name in ("temperate_city", "cold_taxi", "windy_truck"))


def said(*words: str) -> list[str]:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def data(*words: str) -> Any:
    return json.loads("\n".join(said(*words, "--json")))["data"]


def test_the_models_are_listed_with_what_holds_and_takes_their_packs() -> None:
    lines = said("vehicle", "list", "--station", CITY)
    assert [line.split()[0] for line in lines] == ["SIM-SEDAN", "SIM-SUV", "SIM-TAXI", "SIM-VAN"]
    assert "8 bolts, 75 ± 4 N·m" in lines[2] and "table at 490 mm" in lines[2]
    (_, mixer) = said("vehicle", "list", "--station", TRUCK)
    assert "4 clips" in mixer and "from above: 1 pack, gripper at 3200 mm" in mixer
    listed = data("vehicle", "list", "--station", CITY)["vehicles"]
    assert [recipe["pack_type"] for recipe in listed] == [100, 100, 70, 75]


def test_one_model_is_shown_with_the_charge_that_holds_at_this_site() -> None:
    (charge,) = [line for line in said("vehicle", "show", "SIM-TAXI", "--station", COLD) if line.startswith("charge")]
    assert "at least 85 %" in charge and "80 % by the model" in charge
    assert data("vehicle", "show", "SIM-TAXI", "--station", COLD)["vehicle"]["bolts"] == 8
    assert CliRunner().invoke(main, ["vehicle", "show", "SIM-VAN", "--station", COLD]).exit_code == 9


def test_fleets_are_listed_with_their_rules() -> None:
    lines = said("fleet", "list", "--station", COLD)
    assert any(line.startswith("city_taxis") and "2 packs of type 70 kept" in line for line in lines)
    assert "from 05:30 to 08:00 only ambulances, city_taxis are served" in lines
    assert lines[-1] == "who has waited 20 min is let in, whoever else is announced"
    (nobody,) = said("fleet", "list", "--station", TRUCK)
    assert nobody == "no fleets: whoever comes is served, in the order of their coming"
    assert data("fleet", "list", "--station", COLD)["fleets"][0]["priority"] == 9


def test_whose_a_vehicle_is_and_whether_it_is_served() -> None:
    at_six = ("--at", "06:00", "--station", COLD)
    assert data("fleet", "who", "LTX00001", *at_six) == {
        "vehicle": "LTX00001", "fleet": "city_taxis", "priority": 5, "why_not": "",
    }  # fmt: skip
    assert "only ambulances, city_taxis are served" in said("fleet", "who", "LSZ00001", *at_six)[0]
    assert said("fleet", "who", "LSZ00001", "--at", "12:00", "--station", COLD) == [
        "LSZ00001 is of no fleet, priority 0; it is served"
    ]
    assert CliRunner().invoke(main, ["fleet", "who", "LSZ00001", "--at", "noon", "--station", COLD]).exit_code == 2
