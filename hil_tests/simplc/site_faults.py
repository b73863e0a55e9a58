"""Faults of the site: safety chain, fire, water, mains, people.

Knows the inputs of the safety chain and the bay. Does not know machines, vehicles or packs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil_tests.simplc.fault_args import Acts, one_of
from hil_tests.simplc.hall import Hall


class SiteFaults:
    """What happens around the machines."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant

    def acts(self) -> Acts:
        """By name."""
        return {
            "e-stop": self._estop,
            "curtain": self._curtain,
            "maintenance-door": self._maintenance_door,
            "scanner": self._scanner,
            "muting": self._muting,
            "fire": self._fire,
            "prealarm": self._prealarm,
            "water": self._water,
            "grid-lost": self._grid,
            "person": self._person,
        }

    def _estop(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.estop = int(args.get("id", 1)) if on else 0
        self.plant.safety.look()

    def _curtain(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.curtains[one_of(args, "which", 2)] = not on
        self.plant.safety.look()

    def _maintenance_door(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.doors[one_of(args, "which", 3)] = not on
        self.plant.safety.look()

    def _scanner(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.scanner = not on
        self.plant.see_intruder(on)
        self.plant.safety.look()

    def _muting(self, on: bool, args: Mapping[str, Any]) -> None:
        """The bypass key of the safety PLC: curtains count no more, and the chain stays closed."""
        self.plant.safety.muted = self.plant.safety.key = on

    def _fire(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.no_fire = not on

    def _prealarm(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.no_prealarm = not on

    def _water(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.no_water = not on

    def _grid(self, on: bool, args: Mapping[str, Any]) -> None:
        """The mains are away, the UPS carries controllers and PLCs."""
        self.plant.safety.grid = not on

    def _person(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.see_person(on)
