"""A battery-swap station as a queue: one lane, packs that charge, nothing that moves. A month takes a second.

Knows what a pack takes by its charge, and who of a group of packs gets a module. Does not know our engine or charging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from hil_tests.simplc.truth.bay import flowing_amps
from hil_tests.simplc.truth.cells import PACK_100
from hil_tests.simplc.truth.modules import AMPS_BY_KW
from hil_tests.virtual.day import ARRIVAL_SOC, DAY_S, SPILL_S
from station_ctl.cli.arrivals import ArrivalDay

STEP_S = 15.0
PACK_C = 27.0
GIVEN_FROM, CHARGED_TO, MORNING = 90.0, 95.0, 95.0
"""State of charge, %: from which on a pack is given away, to which it is charged, and at midnight."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """One station. `groups`: how many bays have how many modules of `kw` between them.

    The spent pack charges from `back_s` after the begin of its swap on. `ready_last`: who could be given away gets a
    module after those that could not; else the fullest always comes first.
    """

    packs: int
    kw: int
    swap_s: float
    groups: tuple[tuple[int, int], ...]
    back_s: float = 0.0
    ready_last: bool = False


@dataclass
class Waits:
    """Minutes each vehicle waited, and hours in which one waited for a pack."""

    minutes: list[float]
    starved_h: float = 0.0


def month(station: Capacity, days: Sequence[ArrivalDay], seed: int = 1) -> Waits:
    """All these days, each begun with full packs; `starved_h` is the mean of a day."""
    found = Waits([])
    for day in days:
        one = _Day(station, Random(f"{seed}/arrivals/{day.name}")).run(sorted(day.seconds))
        found.minutes += one.minutes
        found.starved_h += one.starved_h / len(days)
    return found


class _Day:
    def __init__(self, station: Capacity, rng: Random) -> None:
        self._station, self._rng = station, rng
        bays = sum(bays for bays, _ in station.groups)
        self._soc: dict[int, float] = dict.fromkeys(range(station.packs), MORNING)
        self._empty = list(range(station.packs, bays))
        self._back: list[tuple[float, int, float]] = []
        self._groups: list[tuple[range, int]] = []
        self._charging: set[int] = set()
        first = 0
        for size, modules in station.groups:
            self._groups.append((range(first, first + size), modules))
            first += size
        self._gain = _gain(station.kw)
        self._now = 0.0

    def run(self, arrivals: Sequence[float]) -> Waits:
        found, free_at = Waits([]), 0.0
        for came in arrivals:
            self._until(max(came, free_at))
            lane_free = self._now
            while (best := self._fullest()) is None and self._now < DAY_S + SPILL_S:
                self._until(self._now + STEP_S)
            if best is None:
                break
            found.starved_h += (self._now - lane_free) / 3600.0
            found.minutes.append((self._now - came) / 60.0)
            free_at = self._now + self._station.swap_s
            self._swap(best)
        return found

    def _fullest(self) -> int | None:
        best = max(self._soc, key=lambda bay: self._soc[bay], default=None)
        return best if best is not None and self._soc[best] >= GIVEN_FROM else None

    def _swap(self, best: int) -> None:
        """The fullest pack leaves, a spent one will be in an empty bay."""
        del self._soc[best]
        self._charging.discard(best)
        self._empty.append(best)
        soc = min(max(self._rng.gammavariate(*ARRIVAL_SOC), 5.0), 85.0)
        self._back.append((self._now + self._station.back_s, self._empty.pop(0), soc))

    def _until(self, then: float) -> None:
        while self._now < then:
            while self._back and self._back[0][0] <= self._now:
                _, bay, soc = self._back.pop(0)
                self._soc[bay] = soc
                self._charging.add(bay)
            step = min(STEP_S, then - self._now)
            for bay in self._fed():
                self._soc[bay] += self._gain[int(self._soc[bay] * 10.0)] * step
                if self._soc[bay] >= CHARGED_TO:
                    self._charging.discard(bay)
            self._now += step

    def _fed(self) -> list[int]:
        """The bays that have a module now."""
        fed: list[int] = []
        for bays, modules in self._groups:
            here = self._charging.intersection(bays)
            if len(here) > modules:
                here = set(sorted(here, key=self._rank)[:modules])
            fed += here
        return fed

    def _rank(self, bay: int) -> tuple[bool, float]:
        return self._station.ready_last and self._soc[bay] >= GIVEN_FROM, -self._soc[bay]


@lru_cache
def _gain(kw: int) -> Mapping[int, float]:
    """Per cent a second from a module of so many kW, by tenths of a per cent."""
    amps = (flowing_amps(PACK_100, tenth / 10.0, PACK_C, kw, AMPS_BY_KW[kw]) for tenth in range(1001))
    return {tenth: 100.0 * a / 3600.0 / PACK_100.amp_hours for tenth, a in enumerate(amps)}
