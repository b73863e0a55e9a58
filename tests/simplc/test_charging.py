"""Charging: the pack takes what its table allows, for as long as that takes, and never more than it was told."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import pytest

from hil_tests.simplc.plant import Plant
from hil_tests.simplc.truth.bay import CHARGING, FAULT, R_LINK, Bay
from hil_tests.simplc.truth.cells import PACK_70, PACK_75, PACK_100, amps_allowed
from hil_tests.simplc.truth.estimate import NO_END_MIN, minutes_to_full
from hil_tests.simplc.truth.modules import Modules

SOC = [0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95]
AMPS_25C = [150, 250, 350, 350, 350, 285, 230, 201, 179, 146, 131, 93, 28]
VOLTS = [(0, 336), (10, 346), (30, 352), (50, 362), (70, 380), (80, 392), (90, 402), (100, 406)]
MODULES = {20: 75, 30: 101, 40: 134, 60: 200, 80: 250}


def line(points, at):
    """Own interpolation, on purpose not the plant's."""
    for (low, first), (high, second) in pairwise(points):
        if at <= high:
            return first + (second - first) * (at - low) / (high - low)
    return points[-1][1]


def hours(kw: int, start: float, end: float) -> float:
    """How long 280 Ah take at 25 °C with one module of `kw`: the table, added up bit by bit."""
    total, step = 0.0, 0.05
    for k in range(round((end - start) / step)):
        soc = start + (k + 0.5) * step
        volts = line(VOLTS, soc)
        by_power = (sqrt(volts**2 + 4 * 0.03 * kw * 1000) - volts) / 0.06
        amps = min(by_power, MODULES[kw], 250, line(list(zip(SOC, AMPS_25C, strict=True)), soc))
        total += step / 100 * 280 / amps
    return total


def charging_bay(
    soc: float = 36.0, told: float = 500.0, pack_type: int = 100, celsius: float = 25.0, **modules
) -> tuple[Plant, Bay]:
    """A01 charges a pack as fast as it goes, and nobody else charges."""
    plant = Plant(1, 12, Modules(**modules))
    for bay in plant.bays.values():
        bay.state = 0
    bay = plant.bays[1]
    bay.pack.pack_type, bay.pack.soc, bay.pack.temperature = pack_type, soc, celsius
    bay.state, bay.ordered_kw, bay.level_kw = CHARGING, told, told
    return plant, bay


def charge_to(plant: Plant, bay: Bay, soc: float, dt: float = 1.0) -> float:
    """Plant hours until the pack has `soc` %."""
    seconds = 0.0
    while bay.pack.soc < soc:
        plant.charge(dt)
        seconds += dt
        assert seconds < 200_000
    return seconds / 3600


# ---- how long it takes -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kw", "start", "end", "published"),
    [(40, 36, 95, 1.66), (60, 36, 95, None), (40, 10, 90, 2.04), (60, 10, 90, 1.41), (80, 10, 90, 1.17)],
)
def test_a_pack_takes_the_hours_of_its_table(
    kw: int, start: float, end: float, published: float | None
) -> None:
    plant, bay = charging_bay(start, kw=kw)
    took = charge_to(plant, bay, end)
    assert took == pytest.approx(hours(kw, start, end), rel=0.03)
    assert published is None or took == pytest.approx(published, rel=0.03)
    assert 25.0 < bay.pack.temperature < 45.0


@pytest.mark.parametrize("soc", [2.0, 50.0, 88.0, 94.5, 98.0])
def test_one_long_step_is_as_right_as_many_short_ones(soc: float) -> None:
    (long, one), (short, many) = charging_bay(soc), charging_bay(soc)
    long.charge(60.0)
    for _ in range(600):
        short.charge(0.1)
    assert one.pack.soc - soc == pytest.approx(many.pack.soc - soc, rel=0.005)
    assert one.kwh == pytest.approx(many.kwh, rel=0.005)
    assert one.pack.temperature == pytest.approx(many.pack.temperature, abs=0.02)


def test_the_charger_counts_what_went_in() -> None:
    plant, bay = charging_bay(40.0, kw=40)
    counted = 0.0
    for _ in range(600):
        plant.charge(1.0)
        counted += bay.kilowatts / 3600
    assert bay.kwh == pytest.approx(counted) and bay.kwh == pytest.approx(40 / 6, rel=0.001)
    assert bay.volts * bay.amps == pytest.approx(40_000)


# ---- the smallest wins -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("soc", "ordered", "level", "module", "kw", "amps"),
    [
        (40.0, 30.0, 60.0, 60, 30.0, None), (40.0, 60.0, 12.3, 60, 12.3, None), (40.0, 60.0, 60.0, 20, 20.0, None),
        (96.0, 60.0, 60.0, 60, None, 28.0), (20.0, 500.0, 500.0, 80, 80.0, None), (40.0, 60.0, 0.0, 60, 0.0, 0.0),
        (40.0, 0.0, 60.0, 60, 0.0, 0.0),
    ],
)  # fmt: skip
def test_the_smallest_of_order_level_modules_and_table_flows(soc, ordered, level, module, kw, amps) -> None:
    plant, bay = charging_bay(soc, kw=module)
    bay.ordered_kw, bay.level_kw = ordered, level
    plant.charge(0.1)
    assert kw is None or bay.kilowatts == pytest.approx(kw)
    assert amps is None or bay.amps == pytest.approx(amps, abs=0.01)
    assert bay.state == CHARGING, "a level of 0 leaves the charge open"


def test_two_modules_of_80_kilowatts_give_no_more_than_the_cables_carry() -> None:
    plant, bay = charging_bay(20.0, kw=80, sharing=True)
    plant.charge(0.1)
    assert bay.modules == 2 and bay.amps == 250.0


@pytest.mark.parametrize(
    ("of", "soc", "celsius", "amps"),
    [
        (PACK_100, 20, 25, 350), (PACK_100, 20, 40, 350), (PACK_100, 75, 25, 162.5), (PACK_100, 20, 0, 135),
        (PACK_100, 20, 12.5, 242.5), (PACK_100, 20, -10, 54), (PACK_100, 20, -5, 94.5), (PACK_100, 20, -17.5, 27),
        (PACK_100, 20, -25, 0), (PACK_100, 20, 50, 175), (PACK_100, 20, 55, 0), (PACK_100, 99, 25, 28),
        (PACK_75, 50, 25, 254), (PACK_70, 80, 0, 40),
    ],
)  # fmt: skip
def test_the_table_over_charge_and_temperature(of, soc, celsius, amps) -> None:
    assert amps_allowed(of, soc, celsius) == pytest.approx(amps)


def test_a_cold_pack_takes_longer_and_a_smaller_one_shorter() -> None:
    cold, bay = charging_bay(30.0, celsius=-10.0)
    cold.weather(-10.0)
    frozen = charge_to(cold, bay, 50.0)
    assert frozen > 2 * charge_to(*charging_bay(30.0), 50.0)
    ratio = charge_to(*charging_bay(30.0, told=30.0, pack_type=75), 60.0) / charge_to(
        *charging_bay(30.0, told=30.0), 60.0
    )
    assert ratio == pytest.approx(195 / 280, rel=0.01)


# ---- modules -----------------------------------------------------------------------------------------------
def test_a_bay_borrows_the_module_of_its_idle_neighbour_until_that_wants_it_itself() -> None:
    plant, bay = charging_bay(20.0, kw=40, sharing=True)
    other, third = plant.bays[2], plant.bays[3]
    plant.charge(1.0)
    assert (bay.modules, bay.kilowatts) == (2, pytest.approx(80.0))
    other.pack.soc, other.state, other.ordered_kw = 20.0, CHARGING, 60.0
    plant.charge(1.0)
    assert bay.kilowatts == pytest.approx(80.0), "an open charge without power is idle"
    other.level_kw = 60.0
    plant.charge(1.0)
    assert (bay.kilowatts, other.kilowatts) == (pytest.approx(40.0), pytest.approx(40.0))
    third.pack.soc, third.state, third.ordered_kw, third.level_kw = 20.0, CHARGING, 500.0, 500.0
    plant.charge(1.0)
    assert third.modules == 2, "the next pair is its own"


def test_a_pair_with_one_module_charges_one_after_the_other() -> None:
    plant, bay = charging_bay(20.0, kw=60, pooled=True)
    other = plant.bays[2]
    other.pack.soc, other.state, other.ordered_kw, other.level_kw = 20.0, CHARGING, 60.0, 60.0
    plant.charge(1.0)
    assert (bay.kilowatts, other.kilowatts) == (pytest.approx(60.0), 0.0)
    bay.level_kw = 0.0
    plant.charge(1.0)
    assert (bay.kilowatts, other.kilowatts) == (0.0, pytest.approx(60.0))
    bay.level_kw = 60.0
    plant.charge(1.0)
    assert (bay.kilowatts, other.kilowatts) == (0.0, pytest.approx(60.0)), "who has it keeps it"


@pytest.mark.parametrize("wrong", [{"kw": 50}, {"sharing": True, "pooled": True}])
def test_modules_that_nobody_makes_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="module"):
        Modules(**wrong)


# ---- the charger's estimate --------------------------------------------------------------------------------
@pytest.mark.parametrize(("soc", "told"), [(36.4, 40.0), (80.0, 60.0), (93.2, 7.0), (99.5, 60.0)])
def test_the_estimate_is_what_it_then_takes(soc: float, told: float) -> None:
    plant, bay = charging_bay(soc, told)
    took = 0.0
    said = {took: minutes_to_full(bay)}
    while bay.pack.soc < 100.0:
        plant.charge(10.0)
        took += 10 / 60
        said[took] = minutes_to_full(bay)
    del said[took]
    assert said == {at: pytest.approx(took - at, rel=0.03, abs=1.1) for at in said}


def test_without_current_no_end_is_in_sight() -> None:
    plant, bay = charging_bay(40.0)
    assert 0 < minutes_to_full(bay) < 200
    bay.level_kw = 0.0
    assert minutes_to_full(bay) == NO_END_MIN
    bay.level_kw, bay.pack.refuses = 60.0, True
    assert minutes_to_full(bay) == NO_END_MIN
    plant.motions.start(bay.end(2), driven=False)
    plant.motions.run(5.0)
    assert minutes_to_full(bay) == 0


# ---- mains and meter ---------------------------------------------------------------------------------------
def test_without_mains_nothing_flows_and_with_them_it_flows_again() -> None:
    plant, bay = charging_bay(40.0, 60.0)
    plant.charge(1.0)
    assert plant.site_kw() == pytest.approx(60 / 0.955 + 9.5)
    plant.safety.grid = False
    plant.charge(1.0)
    assert (bay.kilowatts, bay.state, plant.site_kw()) == (0.0, CHARGING, 0.0)
    plant.safety.grid = True
    plant.charge(1.0)
    assert bay.kilowatts == pytest.approx(60.0)


def test_a_silent_charger_goes_on_as_told_and_gives_up_after_twenty_seconds() -> None:
    plant, bay = charging_bay(40.0, 60.0)
    bay.hush(True)
    bay.level_kw = 0.0
    plant.motions.start(bay.end(2), driven=False)
    plant.charge(19.0)
    assert bay.kilowatts == pytest.approx(60.0), "it hears neither the level nor the order"
    plant.charge(1.0)
    plant.motions.run(5.0)
    assert (bay.state, bay.reason, bay.kilowatts) == (FAULT, R_LINK, 0.0)
