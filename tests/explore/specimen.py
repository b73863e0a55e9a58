"""The station under exploration: real facts, procedures and jobs, put together from the shipped files without a link.

Knows the composition root. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.charging import bay_view
from station_ctl.config import load_station
from station_ctl.core.conditions import Condition
from station_ctl.core.points import ScanClass
from station_ctl.core.steps import Interlock, Job, Sequence
from station_ctl.paths import config_directory
from station_ctl.service.procedures import Procedures
from tests.bench.world import compares
from tests.explore.plant import EARLIER, FRESH, SPENT
from tests.explore.sensing import CODES, EARLIER_VIN, MODEL, VIN


class Specimen:
    """One station on paper. Procedures are made once for each key and job, because runs compare them by identity."""

    station, model, bays = "sim_passenger_car.yaml", MODEL, ("A01", "B01", "A02")
    own_bays = ("A01", "B01")
    """Where the charged pack stands, and where the spent one goes."""

    def __init__(self) -> None:
        config = load_station(config_directory() / "stations" / self.station, {}, PARTS)
        self.paper: PaperStation = put_together(config)
        self.facts = self.paper.facts
        self.recipes = config.recipes
        recipe = self.recipes[self.model]
        self.job = Job(VIN, recipe, CODES[SPENT], CODES[FRESH], *self.own_bays)
        self.earlier = Job(EARLIER_VIN, recipe, CODES[EARLIER], "G" * 24, "A03", "A02")
        bound = self.paper.procedures()
        made = {key: cache(make) for key, make in bound.by_job.items()}
        charging = {name: replace(p, make=_kept(p.make)) for name, p in bound.charging.items()}
        self.procedures: Procedures = replace(bound, by_job=made, charging=charging)
        self.scans = {(s.link, s.tag): s.scan for s in self._signals()}

    def sequences(self) -> Iterator[Sequence]:
        """Every procedure of the station that works on a job."""
        return (self.procedures.by_key(key, self.job) for key in self.procedures.by_job)

    def _signals(self) -> Iterator[_HasScan]:
        earlier = self.procedures.swap(self.earlier)
        bays = [self.paper.stand.bay(name) for name in self.bays]
        asked = [p.make({"bay": bay.name, "pack": CODES[FRESH]}) for p in self.procedures.charging.values() for bay in bays]
        for bay in bays:
            yield from (getattr(bay, name) for _, name, _ in bay_view._SIGNALS)
        for condition in conditions((*self.sequences(), earlier, *asked), (*self.facts.safe, *(k.interlock for k in self.facts.always))):
            for compare in compares(condition):
                yield compare.signal
        for c in self.facts.channels.values():
            yield from (c.epoch, c.uptime_ms, c.ack_id, c.ack_code, c.done_id, c.result, c.state, c.fault)


def _kept(make: Callable[[Mapping[str, str]], Sequence]) -> Callable[[Mapping[str, str]], Sequence]:
    made = cache(lambda args: make(dict(args)))
    return lambda args: made(tuple(sorted(args.items())))


class _HasScan:
    link: str
    tag: str
    scan: ScanClass


def conditions(sequences: Iterable[Sequence], rows: tuple[Interlock, ...]) -> Iterator[Condition]:
    """Every condition that any step or row judges by."""
    yield from (row.holds for row in rows)
    for sequence in sequences:
        for step in sequence.steps:
            yield step.done
            yield from (step.start,) if step.start is not None else ()
            yield from (row.holds for row in step.permissives)
            yield from (kept.interlock.holds for kept in step.interlocks)


@cache
def specimen() -> Specimen:
    """The one station of all explorations in a process."""
    return Specimen()
