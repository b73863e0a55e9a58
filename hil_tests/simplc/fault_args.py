"""What a fault is told: which bolt, which PLC, which of several; a wrong one is refused in words.

Knows the form of the arguments. Does not know any fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.bay import Bay
from hil_tests.simplc.truth.vehicle import Seat

Acts = dict[str, Callable[[bool, Mapping[str, Any]], None]]


class UnknownFault(Exception):
    """The fault, or what it should act on, does not exist."""


def plc_of(plcs: Mapping[str, Plc], name: str) -> Plc:
    """Raises UnknownFault with what exists."""
    plc = plcs.get(name)
    if plc is None:
        raise UnknownFault(f"no PLC {name!r}; there are {', '.join(plcs)}")
    return plc


def bay_of(plant: Hall, args: Mapping[str, Any]) -> Bay:
    """The bay that `bay` names, A01 unless told. Raises UnknownFault."""
    name = str(args.get("bay", "A01"))
    bay = plant.bays.get(plant.bay_number(name))
    if bay is None:
        raise UnknownFault(f"no bay {name!r}")
    return bay


def bolts_of(args: Mapping[str, Any]) -> list[int]:
    """Indices of `bolts` (a list), else of `bolt` (3 unless told); bolts are 1 to 10."""
    told = args.get("bolts", [args.get("bolt", 3)])
    bolts = [int(bolt) for bolt in told]
    if not bolts or not all(1 <= bolt <= 10 for bolt in bolts):
        raise UnknownFault("bolt is 1 to 10")
    return [bolt - 1 for bolt in bolts]


def one_of(args: Mapping[str, Any], key: str, count: int) -> int:
    """Index of one of `count`, which people count from 1."""
    which = int(args.get(key, 1))
    if not 1 <= which <= count:
        raise UnknownFault(f"{key} is 1 to {count}")
    return which - 1


def seats_of(plant: Hall, on: bool, args: Mapping[str, Any]) -> list[Seat]:
    """The seat of the vehicle that `seat` names, else the one at hand, or all of them when a fault goes.

    Raises UnknownFault without a vehicle, or for a seat that it does not have.
    """
    vehicle = plant.visitor()
    if vehicle is None:
        raise UnknownFault("no vehicle in the station")
    if "seat" in args:
        return [vehicle.seats[one_of(args, "seat", len(vehicle.seats))]]
    return [plant.at_hand(vehicle)] if on else list(vehicle.seats)


def switch(chosen: set[Any], member: Any, on: bool) -> None:
    """Into the set, or out of it."""
    if on:
        chosen.add(member)
    else:
        chosen.discard(member)
