"""The reference station on paper, and every procedure it has, for a job with plain names."""

from __future__ import annotations

from functools import cache

import pytest

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.config import load_station
from station_ctl.core.steps import Job, Sequence
from station_ctl.paths import config_directory

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
"""Procedures whose steps are those of another one; they are judged there, and not twice."""


def procedures(job: Job) -> tuple[Sequence, ...]:
    """Reception, swap, every way back and all of maintenance, made anew."""
    made, bays = the_station().procedures(), [bay.name for bay in the_station().stand.bays]
    swaps = (made.reception(), *(make(job) for make in made.by_job.values()))
    work = (p for name, p in made.maintenance.items() if name not in SAME_STEPS)
    return (*swaps, *(p.specimen(bays, job.recipe.model) for p in (*made.charging.values(), *work)))


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
