"""What the BMS of a pack says of it, and how it can lie.

Knows one pack. Does not know bays, chargers or registers.
"""

from __future__ import annotations

from typing import NamedTuple

from hil_tests.simplc.truth.packs import Pack

NOT_A_NUMBER = 0xFFFF


class Said(NamedTuple):
    """In the order of the rack's registers from SOC to INSULATION, then type, code and cycles."""

    soc: float
    soh: float
    temp_max: float
    temp_min: float
    cell_max: int
    cell_min: int
    insulation: int
    pack_type: int
    code: str
    cycles: int


def said_by(pack: Pack) -> Said:
    """What it says now, with the lie that a fault has put into its mouth."""
    if pack.frozen is not None:
        return Said(*pack.frozen)
    cell = round(3000 + 10 * pack.soc)
    soc = min(100.0, max(0.0, pack.soc + pack.soc_shift))
    told = Said(
        round(soc, 1), round(pack.soh, 1), round(pack.temperature, 1), round(pack.temperature - 1.5, 1),
        cell + 6, cell - 6, pack.insulation, pack.pack_type, pack.bms_code or pack.code, pack.cycles,
    )  # fmt: skip
    if not pack.nonsense:
        return told
    rail = NOT_A_NUMBER / 10
    return told._replace(
        soc=rail, soh=rail, temp_max=3276.7, temp_min=3276.7,
        cell_max=NOT_A_NUMBER, cell_min=NOT_A_NUMBER, insulation=NOT_A_NUMBER,
    )  # fmt: skip
