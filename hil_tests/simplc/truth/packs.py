"""Packs as objects, and the places they stand at: a pack is at exactly one place, a place holds one at most.

Knows where every pack really is. Does not know what any ledger or sensor believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

ROBOT, STACKER, HANDOVER_IN, HANDOVER_OUT, ISOLATION = (
    "robot",
    "stacker",
    "handover_in",
    "handover_out",
    "isolation",
)
WEIGHT_KG = 560.0
PACK_KG = {70: 490.0, 75: 520.0, 141: 2500.0, 280: 3200.0, 282: 2900.0}
"""Weight by pack type, where it is not that of a car's pack of 100 kWh."""


class Collision(Exception):
    """Two bodies were driven into one place; nothing moved."""


@dataclass(slots=True, eq=False)
class Pack:
    """One traction battery. SoC and SoH in %, temperature in °C, insulation in kΩ.

    `code` is its identity; `label` is what readers and vehicles read, and differs only under a fault. A pack that
    `refuses` takes no current. `heat_kw` heats it whatever is done, `damage_kw` while current flows. From
    `soc_shift` to `frozen` stand lies of its BMS: SoC shifted by so many %, nothing but rails, another code, and what
    it said once and for ever. One that is `askew` stands in its place on an edge.
    """

    code: str
    label: str
    pack_type: int
    soc: float
    soh: float
    temperature: float
    insulation: int
    cycles: int
    place: str = ""
    crashed: bool = False
    bms_silent: bool = False
    refuses: bool = False
    heat_kw: float = 0.0
    damage_kw: float = 0.0
    soc_shift: float = 0.0
    nonsense: bool = False
    bms_code: str = ""
    frozen: tuple[Any, ...] | None = None
    weight_kg: float = WEIGHT_KG
    askew: bool = False


class Places:
    """Which pack is where."""

    def __init__(self) -> None:
        self._at: dict[str, Pack] = {}
        self.moved: list[Callable[[Pack, str, str], None]] = []

    def put(self, pack: Pack, place: str) -> None:
        """A new pack comes into the world at `place`. Raises Collision when the place is taken."""
        if place in self._at:
            raise Collision(f"{place} already holds {self._at[place].code}")
        self._at[place] = pack
        pack.place = place

    def move(self, pack: Pack, place: str) -> None:
        """Raises Collision when the place is taken; then the pack stays where it was."""
        if place in self._at:
            raise Collision(f"{pack.code} driven into {place}, which holds {self._at[place].code}")
        source = pack.place
        del self._at[source]
        self._at[place] = pack
        pack.place = place
        for told in self.moved:
            told(pack, source, place)

    def at(self, place: str) -> Pack | None:
        return self._at.get(place)

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._at.values())

    def by_code(self) -> dict[str, str]:
        return {pack.code: pack.place for pack in self._at.values()}
