"""Every procedure of a station on paper, made for one job.

Knows how to make them. Does not know what they must be.
"""

from __future__ import annotations

from collections.abc import Container

from station_ctl.build import PaperStation
from station_ctl.core.steps import Job, Sequence


def every_procedure(paper: PaperStation, job: Job, same_steps: Container[str]) -> tuple[Sequence, ...]:
    """Reception, swap, every way back, charging and maintenance, made anew.

    `same_steps` names procedures of maintenance whose steps stand in other ones: they are judged there, and not twice.
    """
    made, bays = paper.procedures(), [bay.name for bay in paper.stand.bays]
    swaps = (made.reception(), *(make(job) for make in made.by_job.values()))
    work = (p for name, p in made.maintenance.items() if name not in same_steps)
    return (*swaps, *(p.specimen(bays, job.recipe.model) for p in (*made.charging.values(), *work)))
