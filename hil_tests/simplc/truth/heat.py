"""Heat of packs: what warms and cools them, and what a damaged one does from gas to fire.

Knows one pack and what surrounds it. Does not know chargers, detectors or who looks.
"""

from __future__ import annotations

from math import exp

from hil_tests.simplc.truth.packs import WEIGHT_KG, Pack

AMBIENT_C = 25.0
HEAT_KJ_PER_K = 400.0
AIR_KW_PER_K, WATER_KW_PER_K = 0.06, 20.0
"""Of a car's pack; those of a heavier one grow with its weight."""
STEP_S = 10.0
"""Longest step in which temperature and charge are taken as changing straight on."""

GAS_C, SELF_HEATING_C, SMOKE_C, FIRE_C = 60.0, 70.0, 90.0, 150.0
GAS_PPM, GAS_PPM_PER_K, MOST_PPM = 3.0, 60.0, 10000.0
FIRST_KW, DOUBLES_EVERY_K, MOST_KW = 4.0, 10.0, 300.0
HOT_C = 55.0
GAS_ALARM_PPM = 100.0


def bulk(pack: Pack) -> float:
    """How many car's packs it weighs: so much more heat it takes to warm it."""
    return pack.weight_kg / WEIGHT_KG


def warm(pack: Pack, inner_kw: float, dt: float, ambient: float = AMBIENT_C, *, water: bool = False) -> None:
    """`dt` plant seconds with `inner_kw` of heat of the current, in air or under water; exact if the heat is steady."""
    size = bulk(pack)
    cooling = (WATER_KW_PER_K if water else AIR_KW_PER_K) * size
    settled = ambient + (inner_kw + pack.heat_kw + self_heating_kw(pack)) / cooling
    pack.temperature = settled + (pack.temperature - settled) * exp(-dt * cooling / (HEAT_KJ_PER_K * size))


def rest(pack: Pack, dt: float, ambient: float = AMBIENT_C, *, water: bool = False) -> None:
    """`dt` plant seconds without current, of any length."""
    steps = max(1, -int(-dt // STEP_S)) if pack.heat_kw or pack.damage_kw else 1
    for _ in range(steps):
        warm(pack, 0.0, dt / steps, ambient, water=water)


def self_heating_kw(pack: Pack) -> float:
    """A damaged pack heats itself from 70 °C on, faster and faster; nothing but water stops it then."""
    if not pack.damage_kw or pack.temperature < SELF_HEATING_C:
        return 0.0
    return min(MOST_KW, FIRST_KW * 2.0 ** ((pack.temperature - SELF_HEATING_C) / DOUBLES_EVERY_K))


def gas_ppm(pack: Pack) -> float:
    """What a gas detector beside the pack sees."""
    return min(MOST_PPM, GAS_PPM + max(0.0, pack.temperature - GAS_C) * GAS_PPM_PER_K)


def smokes(pack: Pack) -> bool:
    return pack.temperature >= SMOKE_C


def burns(pack: Pack) -> bool:
    return pack.temperature >= FIRE_C
