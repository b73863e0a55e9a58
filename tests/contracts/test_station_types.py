"""A station type is data to the house: what decides, charges, serves and keeps the journal names no type and no crane.

Knows folders and words. Does not know any station type.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from station_ctl.archetypes import ARCHETYPES

ROOT = Path(__file__).parents[2] / "station_ctl"
WORDS = re.compile(r"\b(crane|gantry|truck|trucks|heavy_truck|passenger_car|CarStation|TruckStation)\b", re.IGNORECASE)

NAMES_IT = {
    "core/truck_roles.py": "the roles themselves",
    "core/steps.py": "how a crane takes a model's packs is part of its recipe",
    "core/policy.py": "the wind up to which a crane travels",
    "service/catalogue/truck_station.py": "words that people type, as those of robot, lift and stacker beside it",
}
"""Files that name them, each with its reason; a new one is a decision."""


@pytest.mark.parametrize("folder", ["core", "engine", "charging", "service"])
def test_no_file_names_a_station_type_or_a_machine_of_the_second_one(folder: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*.py")
        if WORDS.search(path.read_text(encoding="utf-8"))
    }
    assert found == {name for name in NAMES_IT if name.startswith(f"{folder}/")}


def test_every_type_has_a_page_of_its_own_in_the_manual_and_a_simulated_station() -> None:
    config = ROOT.parent / "config" / "stations"
    for name in ARCHETYPES:
        for file in (f"{name}.yaml", f"sim_{name}.yaml"):
            assert f"archetype: {name}\n" in (config / file).read_text(encoding="utf-8")
