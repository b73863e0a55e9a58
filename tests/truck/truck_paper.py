"""The truck station on paper, and every procedure it has, for a job with plain names.

Knows how to make them. Does not know what they must be.
"""

from __future__ import annotations

from functools import cache

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.config import load_station
from station_ctl.core.steps import Exchange, Job, Sequence
from station_ctl.paths import config_directory
from tests.bench.every_procedure import every_procedure


@cache
def the_station() -> PaperStation:
    """The reference station; cached here, because tests are generated from it."""
    return put_together(load_station(config_directory() / "stations" / "sim_heavy_truck.yaml", parts=PARTS))


@cache
def the_job(fresh_bay: str = "A03", spent_bay: str = "A08") -> Job:
    """A job: truck V, spent pack P-old, charged pack P-new."""
    return Job("V", the_station().config.recipes["SIM-TRACTOR"], "P-old", "P-new", fresh_bay, spent_bay)


@cache
def twin_job(turn: int = 0, *, spent_bay: str = "A07") -> Job:
    """A job for a truck with two packs; `spent_bay` is where its second pack goes."""
    also = (Exchange("P-old-2", "P-new-2", "A04", spent_bay),)
    return Job("V", the_station().config.recipes["SIM-TWIN"], "P-old", "P-new", "A03", "A08", also, turn)


SAME_STEPS = ("crane.home", "stand.home", "bay.plug-out")


def procedures(job: Job) -> tuple[Sequence, ...]:
    """Reception, swap, every way back and all of maintenance, made anew."""
    return every_procedure(the_station(), job, SAME_STEPS)


@cache
def twin_sequences(turn: int) -> tuple[Sequence, ...]:
    """Swap and every way back of a truck with two packs: while the first is exchanged, or the second."""
    by_job = the_station().procedures().by_job
    return tuple(make(twin_job(turn)) for key, make in by_job.items() if not (turn and key == "swap-truck"))


@cache
def all_sequences() -> tuple[Sequence, ...]:
    """Reception, swap, every way back and all of maintenance."""
    return procedures(the_job())
