"""Station types: what each needs, and how its sequences, rows and places come together.

Knows sequences. Does not know drivers, links or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station_ctl.archetypes.archetype import Archetype, Stand
from station_ctl.archetypes.heavy_truck import HEAVY_TRUCK
from station_ctl.archetypes.passenger_car import PASSENGER_CAR

ARCHETYPES: Mapping[str, Archetype[Any]] = {archetype.name: archetype for archetype in (PASSENGER_CAR, HEAVY_TRUCK)}
"""Station types by the name a station file uses. Each knows its own stand; who holds any of them does not."""

__all__ = ["ARCHETYPES", "Archetype", "Stand"]
