"""Fleets: vehicles that belong together, who of them goes first, who alone is served when, and packs kept for them.

Pure. Knows VINs and minutes of the day. Does not know who stands at the entry, nor what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Fleet:
    """Vehicles that belong together. `patterns` of VINs: ? is one character, * any others.

    `priority` 0 to 9 is that of each of its vehicles, 9 first. `keeps` charged packs of `pack_type` are given to no
    vehicle of lower priority.
    """

    name: str
    text: str
    vins: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    priority: int = 0
    keeps: int = 0
    pack_type: int = 0

    def has(self, vin: str) -> bool:
        """Whether this vehicle is one of them."""
        return vin in self.vins or any(fnmatchcase(vin, pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class ServedOnly:
    """From `begin` until `end`, minutes of the station's day, only these fleets are served; over midnight if it ends
    before it begins, the whole day if both are the same."""

    fleets: tuple[str, ...]
    begin: int = 0
    end: int = 0

    def holds(self, minute: float) -> bool:
        """Whether it holds at this minute of the day."""
        if self.begin == self.end:
            return True
        return (minute - self.begin) % DAY_MIN < (self.end - self.begin) % DAY_MIN

    def __str__(self) -> str:
        if self.begin == self.end:
            return "at all times"
        return f"from {clock(self.begin)} to {clock(self.end)}"


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is served, and who goes first: a vehicle of higher priority, then who waits longer.

    Nobody waits for ever: who has waited `patience_s` is let in before whoever is announced with a higher priority.
    A vehicle that two fleets have is of the first.
    """

    fleets: tuple[Fleet, ...] = ()
    only: tuple[ServedOnly, ...] = ()
    patience_s: float = 1800.0

    def fleet_of(self, vin: str) -> Fleet | None:
        """The fleet of a vehicle; None for one that is of none."""
        return next((fleet for fleet in self.fleets if fleet.has(vin)), None)

    def priority_of(self, vin: str) -> int:
        """The priority that a vehicle has by its fleet; 0 without one."""
        fleet = self.fleet_of(vin)
        return fleet.priority if fleet is not None else 0

    def why_not_served(self, vin: str, minute: float) -> str:
        """Why this vehicle is not served at this minute of the day; empty if it is: every rule that holds allows it."""
        fleet = self.fleet_of(vin)
        for rule in self.only:
            if rule.holds(minute) and (fleet is None or fleet.name not in rule.fleets):
                mine = f"of fleet {fleet.name}" if fleet is not None else "of no fleet of this station"
                return f"vehicle {vin} is {mine}; {rule} only {', '.join(rule.fleets)} are served"
        return ""

    def kept_from(self, vin: str, pack_type: int) -> dict[str, int]:
        """Charged packs of this type that are kept from this vehicle, by the fleet that they are kept for."""
        priority = self.priority_of(vin)
        return {
            fleet.name: fleet.keeps
            for fleet in self.fleets
            if fleet.keeps and fleet.pack_type == pack_type and fleet.priority > priority
        }


EVERYBODY = Admission()
"""A station without fleets: whoever comes is served, in the order of their coming."""


def clock(minute: int) -> str:
    """Minutes of the day as people read them."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
