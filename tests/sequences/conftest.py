"""The reference station on paper, and every procedure it has, for a job with plain names."""

from __future__ import annotations

from functools import cache

import pytest

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.config import load_station
from station_ctl.core.steps import Job, Sequence
from station_ctl.paths import config_directory
from tests.bench.every_procedure import every_procedure

pytest.register_assert_rewrite("tests.bench.cockpit")


@cache
def the_station() -> PaperStation:
    """The reference station; cached here, because tests are generated from it."""
    return put_together(load_station(config_directory() / "stations" / "sim_passenger_car.yaml", parts=PARTS))


@cache
def the_job(fresh_bay: str = "A03", spent_bay: str = "B12") -> Job:
    """A job: vehicle V, spent pack P-old, charged pack P-new."""
    return Job("V", the_station().config.recipes["SIM-SEDAN"], "P-old", "P-new", fresh_bay, spent_bay)


SAME_STEPS = {
    "robot.home": "station.home", "stacker.home": "station.home", "lift.home": "station.home",
    "lock.exercise": "torque.test",
}  # fmt: skip


def procedures(job: Job) -> tuple[Sequence, ...]:
    """Reception, swap, every way back and all of maintenance, made anew."""
    return every_procedure(the_station(), job, SAME_STEPS)


@cache
def all_sequences() -> tuple[Sequence, ...]:
    """Reception, swap, every way back and all of maintenance."""
    return procedures(the_job())


EACH_STEP = [
    pytest.param(sequence, step, id=f"{sequence.key} {step.no} {step.text}")
    for sequence in all_sequences()
    for step in sequence.steps
]


@pytest.fixture(scope="session")
def station() -> PaperStation:
    return the_station()


@pytest.fixture(scope="session")
def job() -> Job:
    return the_job()
