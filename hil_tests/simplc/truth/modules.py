"""Charging modules of a rack: how many feed which bay, with or without lending between neighbours.

Knows power and current of the modules. Does not know packs, orders or registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

AMPS_BY_KW = {20: 75.0, 30: 101.0, 40: 134.0, 60: 200.0, 80: 250.0, 240: 400.0}
RACK_AMPS = 250.0
"""Most that cables and contactors of one bay carry, however many modules feed it."""


class Fed(Protocol):
    """What the modules see of a bay."""

    modules: int

    @property
    def draws(self) -> bool:
        """Whether current is wanted there now."""
        ...


@dataclass(frozen=True, slots=True)
class Modules:
    """Modules of one size. Bays are neighbours in pairs: the first and second of a rack, the third and fourth …

    `sharing`: a bay has one module and gets its idle neighbour's, too. `pooled`: a pair has one module between
    them; the bay that has it keeps it until it draws nothing more.
    """

    kw: int = 60
    sharing: bool = False
    pooled: bool = False
    cable_amps: float = RACK_AMPS

    def __post_init__(self) -> None:
        if self.kw not in AMPS_BY_KW:
            raise ValueError(f"a module has {', '.join(map(str, AMPS_BY_KW))} kW, not {self.kw}")
        if self.sharing and self.pooled:
            raise ValueError("modules are shared or pooled, not both")

    def allot(self, bays: Sequence[Fed]) -> None:
        """Give every bay of a rack its modules for what is drawn now."""
        if not self.sharing and not self.pooled:
            return
        for first, second in zip(bays[::2], bays[1::2], strict=False):
            if self.sharing:
                first.modules = 1 if second.draws else 2
                second.modules = 1 if first.draws else 2
                continue
            kept = second.draws and second.modules and not first.modules
            if first.draws and not kept:
                first.modules, second.modules = 1, 0
            elif second.draws:
                first.modules, second.modules = 0, 1

    def amps(self, count: int) -> float:
        return min(self.cable_amps, AMPS_BY_KW[self.kw] * count)

    def kilowatts(self, count: int) -> float:
        return float(self.kw * count)
