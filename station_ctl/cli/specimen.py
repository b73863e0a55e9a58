"""A specimen: a station on paper and a job with placeholders, for whatever prints procedures and interlocks.

Knows how to make both from a station file. Opens no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from station_ctl.cli.envelope import about_simulated
from station_ctl.core.errors import NotFound
from station_ctl.core.steps import Job, Sequence

if TYPE_CHECKING:
    from station_ctl.build import PaperStation

station_option = click.option(
    "--station",
    default="sim_passenger_car",
    show_default=True,
    metavar="FILE",
    help="A station file, or the name of one in config/stations.",
)
"""For every command that prints something of a station and moves nothing."""

model_option = click.option(
    "--model", default="", metavar="MODEL", help="A vehicle model of this station; its first one unless told."
)


@dataclass(frozen=True)
class Specimen:
    """A station on paper, and a job for it: its first vehicle model, its first and last bay, placeholders."""

    paper: PaperStation
    job: Job

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """Every procedure of the station, for this job."""
        procedures = self.paper.procedures()
        swaps = (procedures.reception(), *(make(self.job) for make in procedures.by_job.values()))
        bays, model = [bay.name for bay in self.paper.stand.bays], self.job.recipe.model
        others = (*procedures.charging.values(), *procedures.maintenance.values())
        return (*swaps, *(p.specimen(bays, model) for p in others))

    @property
    def of_more_packs(self) -> Specimen | None:
        """The same for the model that carries the most packs, if it carries more than this one."""
        recipes = self.paper.config.recipes
        most = max(recipes, key=lambda model: recipes[model].packs)
        if recipes[most].packs <= self.job.recipe.packs:
            return None
        return Specimen(self.paper, specimen_job(self.paper, most))

    def sequence(self, name: str) -> Sequence:
        """A procedure by its name or the beginning of it. Raises NotFound."""
        found = [s for s in self.sequences if s.key.startswith(name)]
        if len(found) != 1 and name not in [s.key for s in found]:
            known = ", ".join(s.key for s in self.sequences)
            raise NotFound(f"there is no sequence {name}; this station has {known}")
        return next((s for s in found if s.key == name), found[0])

    def __str__(self) -> str:
        job = self.job
        packs = (f"charged pack in bay {e.fresh_bay}, spent pack to bay {e.spent_bay}" for e in job.exchanges)
        return f"vehicle {job.recipe.model}, {'; '.join(packs)}"


def specimen(station: str, model: str = "") -> Specimen:
    """The specimen of a station file and a model, its first one unless told. Raises NotFound or ConfigurationError;
    nothing is connected.
    """
    from station_ctl.build import PARTS, put_together
    from station_ctl.config import load_station, station_file

    config = load_station(station_file(station), parts=PARTS)
    about_simulated(config.simulated)
    paper = put_together(config)
    return Specimen(paper, specimen_job(paper, model))


def specimen_job(paper: PaperStation, model: str = "") -> Job:
    """A job of a vehicle model, the first one unless told, between the first and the last bays, with placeholders for
    codes. Raises NotFound.
    """
    from station_ctl.archetypes.paper_job import paper_job

    recipes = paper.config.recipes
    if model and model not in recipes:
        raise NotFound(f"this station serves no model {model}; there are {', '.join(recipes)}")
    recipe = recipes[model] if model else next(iter(recipes.values()))
    return paper_job(paper.stand.bays, recipe, "<vehicle>", "<spent pack>", "<charged pack>")
