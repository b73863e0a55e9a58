"""The safety chain: its inputs, its latch, and the power of the drives.

Knows that an opened chain stays open until a reset. Does not know who looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class SafetyChain:
    """Inputs are True when healthy. `key` is the maintenance key switch, `enabling` the held device of its person."""

    estop: int = 0
    doors: list[bool] = field(default_factory=lambda: [True, True, True])
    curtains: list[bool] = field(default_factory=lambda: [True, True])
    scanner: bool = True
    no_fire: bool = True
    no_water: bool = True
    grid: bool = True
    no_prealarm: bool = True
    muted: bool = False
    key: bool = False
    enabling: bool = False
    latched: bool = False
    opened: list[Callable[[], None]] = field(default_factory=list)

    def healthy(self) -> bool:
        return self.estop == 0 and all(self.doors) and all(self.curtains) and self.scanner

    @property
    def drives_enabled(self) -> bool:
        return not self.latched

    def look(self) -> None:
        """Latches, and takes the drives' power at once, when an input has opened."""
        if not self.latched and not self.healthy():
            self.trip()

    def trip(self) -> None:
        self.latched = True
        for told in self.opened:
            told()

    def reset(self) -> bool:
        """The reset button; True when it took. Gives power back, moves nothing."""
        if self.healthy():
            self.latched = False
        return not self.latched
