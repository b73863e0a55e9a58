"""The size of a station: bays of each rack, packs that stand there at first, and the pace of its machines.

Knows numbers only. Does not know what stands in which bay later.
"""

from __future__ import annotations

from dataclasses import dataclass

RACKS = ("rack_a", "rack_b", "rack_c", "rack_d")
BAYS_MOST = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """`racks`: bays of rack A, B …, 2 to 12 each. `packs` stand in the first bays at `soc` %; None: in all but the last
    bay of each rack, three of them charging. `pace`: how much longer every motion takes than it does in the reference
    station.
    """

    racks: tuple[int, ...] = (BAYS_MOST, BAYS_MOST)
    packs: int | None = None
    soc: float = 95.0
    pace: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.racks) <= len(RACKS):
            raise ValueError(f"a station has 1 to {len(RACKS)} racks, not {len(self.racks)}")
        wrong = [bays for bays in self.racks if not 2 <= bays <= BAYS_MOST]
        if wrong:
            raise ValueError(f"bays_per_rack is 2 to {BAYS_MOST}, not {wrong[0]}")
        if self.packs is not None and not 1 <= self.packs < sum(self.racks):
            raise ValueError(f"{sum(self.racks)} bays hold 1 to {sum(self.racks) - 1} packs, not {self.packs}")
        if not 0.1 <= self.pace <= 10.0:
            raise ValueError(f"pace is 0.1 to 10, not {self.pace}")

    @property
    def by_rack(self) -> dict[str, int]:
        """Bays by rack, in order."""
        return dict(zip(RACKS, self.racks, strict=False))
