"""Vehicle models as they are built: pack, bolts, and how high the pack hangs.

Knows measures. Does not know which model drives in, nor what any recipe says of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """`torque` in Nm is that of a sound bolt, within `band`; `turns` from open to closed. `underside` is how far the
    pack hangs above the platform, mm."""

    pack_type: int = 100
    bolts: int = 10
    torque: float = 85.0
    band: float = 5.0
    turns: tuple[float, float] = (7.7, 8.3)
    underside: float = 150.0


SEDAN = Build()
BUILDS = {
    "SIM-SUV": Build(torque=95.0, underside=190.0),
    "SIM-TAXI": Build(pack_type=70, bolts=8, torque=75.0, band=4.0, turns=(5.7, 6.3), underside=140.0),
    "SIM-VAN": Build(pack_type=75, bolts=8, torque=110.0, band=6.0, turns=(9.2, 9.8), underside=220.0),
}


def build_of(model: str) -> Build:
    """A model that is not known here is built like the sedan."""
    return BUILDS.get(model, SEDAN)
