"""The faults of the demo: each is one of its plant, and strikes at a step of its station's swap."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from hil_tests.simplc.kinds import KINDS
from station_ctl.build import ARCHETYPES
from station_ctl.cli import main
from station_ctl.cli.demo_faults import FAULTS, IN_THE_MIDDLE, NAMES
from station_ctl.cli.specimen import specimen

STATIONS = {"passenger_car": "sim_passenger_car", "heavy_truck": "sim_heavy_truck"}


def test_every_kind_of_station_has_a_plant_and_faults() -> None:
    assert set(FAULTS) == set(KINDS) == set(ARCHETYPES) == set(STATIONS)
    assert set(NAMES) >= IN_THE_MIDDLE


@pytest.mark.parametrize("archetype", list(FAULTS))
def test_a_fault_is_known_to_the_plant_and_strikes_at_a_step(archetype: str) -> None:
    plant = set(KINDS[archetype].make(seed=1).faults.names())
    example = specimen(STATIONS[archetype])
    steps = {step.no for step in example.paper.procedures().swap(example.job).steps}
    assert set(FAULTS[archetype]) <= plant
    assert set(FAULTS[archetype].values()) <= steps


def test_a_fault_of_another_kind_of_station_is_refused_with_those_that_there_are() -> None:
    words = ("demo", "--station", "sim_heavy_truck", "--fault", "bolt-stuck")
    result = CliRunner().invoke(main, words, prog_name="station-ctl")
    assert result.exit_code == 2 and "no fault bolt-stuck; there are e-stop" in result.stderr
