"""Custody against sensors: every place of the ledger that a sensor contradicts.

Pure. Judges levels on one image; a place whose sensor is not good is not judged. Corrects nothing: a person does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from station_ctl.core.conditions import Condition
from station_ctl.core.signals import Image, Signal


@dataclass(frozen=True, slots=True)
class WatchedPlace:
    """A place of the ledger and the sensors that see it: presence, and the pack's code where one is read.

    `speaks` is when the sensors speak of this place at all; None = always.
    """

    place: str
    present: Signal[bool]
    code: Signal[str] | None = None
    speaks: Condition | None = None


def conflicts(places: Iterable[WatchedPlace], image: Image) -> tuple[str, ...]:
    """One sentence for each place where ledger and sensor disagree. Places with a pack on the move are skipped."""
    ledger = image.own.ledger
    moving = {p for _, c in ledger if c.moving for p in (c.place, c.to)}
    found = []
    for watched in places:
        if watched.place in moving or (watched.speaks is not None and not watched.speaks.proven(image)):
            continue
        pack, present = ledger.at(watched.place), watched.present.read(image)
        if present.good and bool(present.value) != (pack is not None):
            sensed = "a pack" if present.value else "no pack"
            found.append(f"{watched.place}: ledger {pack or 'empty'}, sensor {watched.present.name} sees {sensed}")
            continue
        if pack is None or watched.code is None:
            continue
        code = watched.code.read(image)
        if code.good and code.value and code.value != pack:
            found.append(f"{watched.place}: ledger {pack}, {watched.code.name} reads {code.value}")
    return tuple(found)
