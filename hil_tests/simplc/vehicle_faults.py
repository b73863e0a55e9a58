"""Faults of the vehicle and its driver: doors, brakes, high voltage, identity, connector, radio link.

Knows the vehicle on the platform, or the next one. Does not know packs in bays or machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, seats_of
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truth.vehicle import Vehicle


class VehicleFaults:
    """What vehicle and driver do wrong."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant

    def acts(self) -> Acts:
        """By name."""
        return {
            "door-open": self._door_open,
            "gear-out": self._gear,
            "brake-off": self._parking_brake,
            "pedal": self._pedal,
            "hv-on": self._hv_on,
            "port-open": self._port,
            "creep": self._creep,
            "askew": self._askew,
            "other-vin": self._vin,
            "radio-lost": self._radio,
            "connector-bent": self._connector,
            "coolant-leak": self._coolant,
        }

    def _vehicle(self) -> Vehicle:
        vehicle = self.plant.visitor()
        if vehicle is None:
            raise UnknownFault("no vehicle in the station")
        return vehicle

    def _door_open(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().doors_closed = not on

    def _gear(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().gear_p = not on

    def _parking_brake(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().epb = not on

    def _pedal(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().brake_pressed = on

    def _hv_on(self, on: bool, args: Mapping[str, Any]) -> None:
        """The contactors close and stay closed; afterwards they can be opened again."""
        vehicle = self._vehicle()
        vehicle.welded = on
        if on:
            vehicle.close_contactors()

    def _port(self, on: bool, args: Mapping[str, Any]) -> None:
        """The charging port is open, a cable may be in it."""
        self._vehicle().port_closed = not on

    def _creep(self, on: bool, args: Mapping[str, Any]) -> None:
        """The vehicle creeps out of its grooves by `mm`."""
        self._vehicle().x_err = float(args.get("mm", 35.0)) if on else 0.8

    def _askew(self, on: bool, args: Mapping[str, Any]) -> None:
        """It stands `mm` beside the middle of its grooves, or will drive in like that."""
        vehicle, mm = self._vehicle(), float(args.get("mm", 30.0)) if on else 1.0
        vehicle.errors["y"] = vehicle.y_err = mm

    def _vin(self, on: bool, args: Mapping[str, Any]) -> None:
        """The radio link brings another vehicle's number."""
        self._vehicle().told_vin = "LSZSMA00199999999" if on else ""

    def _radio(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().radio = not on

    def _connector(self, on: bool, args: Mapping[str, Any]) -> None:
        """A bent pin: the next pack that is raised does not mate wholly. Straightened, a raised one mates."""
        for seat in seats_of(self.plant, on, args):
            seat.bent_connector = on
            if not on and 0.5 < seat.connector < 1.0:
                seat.connector = 1.0

    def _coolant(self, on: bool, args: Mapping[str, Any]) -> None:
        for seat in seats_of(self.plant, on, args):
            seat.coolant = not on
