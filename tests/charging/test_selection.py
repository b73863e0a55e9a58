"""Which charged pack, which empty bay, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from sequences.interlocks import CarInterlocks
from station_ctl.charging.selection import (
    CHARGING,
    Standing,
    choose,
    next_ready,
    next_ready_pack,
    ready_count,
    why_not_free,
    why_not_ready,
)
from station_ctl.core.custody import Ledger, Move
from station_ctl.core.modes import Mode
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import Recipe
from tests.bench.world import WAYS, World
from tests.sequences.conftest import the_job, the_station

POLICY = SitePolicy()
NOBODY: frozenset[str] = frozenset()


@cache
def bays() -> tuple[BaySignals, ...]:
    """Three bays of the reference station: A01, A02, A03."""
    return the_station().stand.bays[:3]


def recipe() -> Recipe:
    return the_station().config.recipes["SIM-SEDAN"]


class Racks:
    """Bays with packs P-A01 …, full and cool, and empty ones."""

    def __init__(self, full: str = "A01 A02", **soc: float) -> None:
        self.world, self.ledger = World(), Ledger()
        for bay in bays():
            taken = bay.name in full.split()
            self.fill(bay, soc.get(bay.name, 95.0)) if taken else self.empty(bay)

    def fill(self, bay: BaySignals, soc: float) -> None:
        pack = f"P-{bay.name}"
        self.ledger = self.ledger.admit(pack, bay.name)
        values = {
            "present": True, "seated": True, "plug_out": False, "plug_in": True, "enabled": True, "no_smoke": True,
            "no_prealarm": True, "no_crash": True, "bms_link": True, "pack_id": pack, "pack_type": 100, "soc": soc,
            "soh": 92.0, "insulation": 1500, "temp_max": 28.0, "charge_state": 6, "remain_min": 0,
        }  # fmt: skip
        for name, value in values.items():
            self.world.set(getattr(bay, name), value)

    def empty(self, bay: BaySignals) -> None:
        for name, value in {
            "present": False, "plug_out": True, "enabled": True, "no_smoke": True, "charge_state": 0, "remain_min": 0,
            "soc": 0.0, "no_prealarm": True,
        }.items():  # fmt: skip
            self.world.set(getattr(bay, name), value)

    def charge(self, bay: BaySignals, soc: float, minutes: int) -> None:
        for name, value in {"charge_state": CHARGING, "soc": soc, "remain_min": minutes}.items():
            self.world.set(getattr(bay, name), value)

    def image(self) -> Image:
        return self.world.image(OwnFacts(Mode.AUTOMATIC, True, self.ledger))

    def choose(self, reserved: frozenset[str] = NOBODY):  # type: ignore[no-untyped-def]
        return choose(bays(), self.image(), recipe(), POLICY, reserved)


def test_the_fullest_pack_goes_first_and_of_equal_ones_the_lower_bay() -> None:
    assert Racks(A01=92.0, A02=96.0).choose().fresh == "P-A02"
    assert Racks(A01=96.0, A02=92.0).choose().fresh == "P-A01"
    found = Racks(A01=95.0, A02=95.0).choose()
    assert (found.fresh, found.fresh_bay, found.spent_bay, found.refused) == ("P-A01", "A01", "A03", "")


def test_what_an_open_run_counts_on_is_not_given_away_twice() -> None:
    racks = Racks(A01=95.0, A02=95.0)
    assert racks.choose(frozenset(("A01",))).fresh_bay == "A02"
    assert racks.choose(frozenset(("P-A01",))).fresh_bay == "A02"
    assert racks.choose(frozenset(("A01", "P-A02"))).code == "A303"
    assert racks.choose(frozenset(("A03",))).code == "A304"


UNREADY: dict[str, tuple[str, object]] = {
    "another type": ("pack_type", 101),
    "too little charge": ("soc", 89.9),
    "too old": ("soh", 69.9),
    "insulation": ("insulation", 499),
    "too warm": ("temp_max", 45.1),
    "crash signal": ("no_crash", False),
    "smoke": ("no_smoke", False),
    "pre-alarm": ("no_prealarm", False),
    "no pack seen": ("present", False),
    "another pack": ("pack_id", "P-X"),
}


@pytest.mark.parametrize("case", UNREADY)
def test_a_pack_that_is_not_fit_is_not_given_and_the_reason_is_named(case: str) -> None:
    name, value = UNREADY[case]
    racks, bay = Racks("A01"), bays()[0]
    assert why_not_ready(bay, racks.image(), recipe(), POLICY) == ""
    signal = getattr(bay, name)
    racks.world.set(signal, value)
    why = why_not_ready(bay, racks.image(), recipe(), POLICY)
    assert f"rack_a.A01.{name}" in why and "found" in why
    assert racks.choose().code == "A303"


@pytest.mark.parametrize("way", [way for way in WAYS if way != "wrong"])
@pytest.mark.parametrize("name", sorted({name for name, _ in UNREADY.values()}))
def test_a_pack_of_which_something_is_not_known_is_not_given(name: str, way: str) -> None:
    racks, bay = Racks("A01"), bays()[0]
    signal = getattr(bay, name)
    getattr(racks.world, way)(signal.link if way in ("lose", "silence") else signal)
    assert why_not_ready(bay, racks.image(), recipe(), POLICY) != ""
    assert racks.choose().code == "A303"


def test_a_pack_that_the_ledger_does_not_have_there_is_not_given() -> None:
    racks = Racks("A01")
    racks.ledger = Ledger()
    assert why_not_ready(bays()[0], racks.image(), recipe(), POLICY) == "ledger: empty"
    racks = Racks("A01")
    racks.ledger = racks.ledger.begin(Move("P-A01", "A01", "robot"), 3)
    assert "moving from A01" in why_not_ready(bays()[0], racks.image(), recipe(), POLICY)


UNFREE: dict[str, Callable[[Racks, BaySignals], object]] = {
    "a pack is seen": lambda r, b: r.world.set(b.present, True),
    "the plug is in": lambda r, b: r.world.set(b.plug_out, False),
    "the bay is out of service": lambda r, b: r.world.set(b.enabled, False),
    "smoke": lambda r, b: r.world.set(b.no_smoke, False),
    "the ledger has a pack there": lambda r, b: setattr(r, "ledger", r.ledger.admit("P-9", b.name)),
    "presence is not known": lambda r, b: r.world.flag(b.present),
    "the rack is silent": lambda r, b: r.world.lose("rack_a"),
}


@pytest.mark.parametrize("case", UNFREE)
def test_a_bay_that_is_not_surely_empty_gets_no_pack(case: str) -> None:
    racks, bay = Racks("A01 A02"), bays()[2]
    assert why_not_free(bay, racks.image()) == ""
    UNFREE[case](racks, bay)
    assert why_not_free(bay, racks.image()) != ""
    assert racks.choose().code in ("A304", "A303")


def test_the_bay_that_the_charged_pack_leaves_is_no_place_for_the_spent_one_yet() -> None:
    found = Racks("A01 A02 A03").choose()
    assert found.code == "A304" and "no empty bay" in found.refused


# ---- when there is none ----
def test_the_next_ready_pack_is_estimated_from_its_charger() -> None:
    racks = Racks("A01 A02", A01=50.0, A02=80.0)
    racks.charge(bays()[0], 50.0, 60)
    racks.charge(bays()[1], 80.0, 40)
    found = racks.choose()
    # A01: 60 min to 100 %, 40 of 50 % to go. A02: 40 min to 100 %, and the last 10 of 20 % take three times the first.
    assert found.refused == (
        "no charged pack of type 100 is ready; the next one will be ready in about 11 min (bay A02, now 80 %)"
    )


def test_a_pack_that_does_not_charge_is_no_hope() -> None:
    racks = Racks("A01", A01=50.0)
    assert racks.choose().refused.endswith("no pack is charging")
    racks.charge(bays()[0], 50.0, 60)
    racks.world.flag(bays()[0].remain_min)
    assert racks.choose().refused.endswith("no pack is charging")


@pytest.mark.parametrize("soc", [0.0, 89.0, 90.0, 100.0])
def test_an_estimate_is_never_negative_nor_longer_than_the_chargers(soc: float) -> None:
    racks = Racks("A01", A01=soc)
    racks.charge(bays()[0], soc, 30)
    minutes = int(next_ready(bays(), racks.image(), 90.0).partition("about ")[2].partition(" min")[0])
    assert 0 <= minutes <= 30


def test_a_pack_that_charges_above_the_limit_may_be_taken() -> None:
    racks = Racks("A01", A01=93.0)
    racks.charge(bays()[0], 93.0, 10)
    assert racks.choose().fresh == "P-A01"


def test_the_site_may_ask_for_more() -> None:
    racks = Racks("A01", A01=93.0)
    strict = replace(POLICY, swap_soc_min_percent=94.0)
    assert choose(bays(), racks.image(), recipe(), strict, NOBODY).code == "A303"


def test_the_vehicle_may_ask_for_more_than_the_site() -> None:
    racks = Racks("A01", A01=93.0)
    demanding = replace(recipe(), soc_min_percent=94.0)
    assert choose(bays(), racks.image(), demanding, POLICY, NOBODY).code == "A303"
    modest = replace(recipe(), soc_min_percent=50.0)
    assert (
        choose(bays(), racks.image(), modest, replace(POLICY, swap_soc_min_percent=94.0), NOBODY).code
        == "A303"
    )
    job = replace(the_job("A01", "A03"), recipe=demanding)
    (ready,) = (
        row.interlock for row in CarInterlocks(the_station().stand, job).rows if row.interlock.code == "G14"
    )
    assert "rack_a.A01.soc ≥ 94 %" in str(ready.holds)


# ---- what charging knows beyond the image ----
def test_of_equally_full_packs_the_one_that_waits_longest_goes_first() -> None:
    racks = Racks(A01=95.0, A02=95.0)
    known = Standing(full_since={"P-A01": 200.0, "P-A02": 100.0})
    assert choose(bays(), racks.image(), recipe(), POLICY, NOBODY, known).fresh == "P-A02"
    known = Standing(full_since={"P-A01": 200.0})
    assert choose(bays(), racks.image(), recipe(), POLICY, NOBODY, known).fresh == "P-A01", (
        "not full yet waits least"
    )
    racks = Racks(A01=95.0, A02=96.0)
    assert choose(bays(), racks.image(), recipe(), POLICY, NOBODY, known).fresh == "P-A02", (
        "charge before age"
    )


def test_a_suspect_is_not_given_away_and_a_stopped_bay_takes_no_pack() -> None:
    racks = Racks(A01=95.0, A02=95.0)
    known = Standing(against={"A01": "suspect: soc-jump"})
    assert choose(bays(), racks.image(), recipe(), POLICY, NOBODY, known).fresh == "P-A02"
    assert why_not_ready(bays()[0], racks.image(), recipe(), POLICY, known) == "suspect: soc-jump"
    assert ready_count(bays(), racks.image(), recipe(), POLICY, NOBODY, known) == 1
    known = Standing(against={"A03": "beside A02, which is hot"})
    assert choose(bays(), racks.image(), recipe(), POLICY, NOBODY, known).code == "A304"
    assert why_not_free(bays()[2], racks.image(), known) == "beside A02, which is hot"


def test_a_suspect_is_no_hope_either() -> None:
    racks = Racks("A01", A01=50.0)
    racks.charge(bays()[0], 50.0, 60)
    assert next_ready_pack(bays(), racks.image(), 90.0) is not None
    assert next_ready_pack(bays(), racks.image(), 90.0, Standing(against={"A01": "hot"})) is None


def test_two_packs_with_one_code_are_both_not_given() -> None:
    racks = Racks(A01=95.0, A02=95.0)
    racks.world.set(bays()[1].pack_id, "P-A01")
    assert why_not_ready(bays()[0], racks.image(), recipe(), POLICY) == ""
    assert racks.choose().code == "A303"


def test_ready_packs_are_counted_without_those_that_runs_count_on() -> None:
    racks = Racks(A01=95.0, A02=95.0)
    assert ready_count(bays(), racks.image(), recipe(), POLICY) == 2
    assert ready_count(bays(), racks.image(), recipe(), POLICY, frozenset({"P-A01"})) == 1
    assert ready_count(bays(), racks.image(), recipe(), POLICY, frozenset({"A01", "A02"})) == 0


def test_what_stops_every_bay_is_the_reason_that_is_told() -> None:
    """With a fire alarm nobody wants to read that packs are not charged yet."""
    racks = Racks(A01=95.0, A02=95.0)
    everywhere = Standing(against=dict.fromkeys((b.name for b in bays()), "fire panel not proven quiet"))
    found = choose(bays(), racks.image(), recipe(), POLICY, NOBODY, everywhere)
    assert (found.code, found.refused) == ("A303", "no charged pack may leave its bay: fire panel not proven quiet")
    one = Standing(against={"A01": "fire panel not proven quiet", "A02": "hot"})
    assert "no charged pack of type 100" in choose(bays(), racks.image(), recipe(), POLICY, NOBODY, one).refused
