"""The rows of a truck with two packs, signed a second time: what each exchange asks of its own pack and of the other.

Written from the matrix, not from the code. Where a row is not named here it is that of a truck with one pack.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sequences.crane_interlocks import CraneInterlocks
from sequences.truck_interlocks import Column, TruckInterlocks
from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Interlock, OnLoss
from tests.bench.world import World, compares, signals
from tests.sequences.test_interlock_rows import (
    AUTOMATIC,
    OFF,
    ON,
    Needed,
    at_least,
    at_most,
    band,
    is_,
    judge,
)
from tests.truck.test_rows import COLUMNS, TWO
from tests.truck.truck_paper import the_station, twin_job

EIGHT: Needed = ((0xFF,), (0xFE, 0x7F, 0xF0, 0x0F, 0))
FIRST: Needed = ((0x0F, 0xFF), (0x0E, 0xF0, 0))
SECOND: Needed = ((0xF0, 0xFF), (0x70, 0x0F, 0))
NONE: Needed = ((0,), (1, 0x10, 0xFF))

BOTH = replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03"), "P-new-2": Custody("A04")}))
LAST = replace(AUTOMATIC, ledger=Ledger({"P-new-2": Custody("A04")}))


def ready(bay: str, pack: str) -> dict[str, Needed]:
    """A charged pack that rests plugged in its bay."""
    return {
        f"rack_a.{bay}.present": ON, f"rack_a.{bay}.bms_link": ON, f"rack_a.{bay}.pack_id": is_(pack, "P-old"),
        f"rack_a.{bay}.pack_type": is_(282, 280), f"rack_a.{bay}.soc": at_least(90), f"rack_a.{bay}.soh": at_least(70),
        f"rack_a.{bay}.insulation": at_least(500, 1), f"rack_a.{bay}.no_crash": ON,
    }  # fmt: skip


def unplugged(bay: str) -> dict[str, Needed]:
    return {f"rack_a.{bay}.present": ON, f"rack_a.{bay}.plug_out": ON}


def takes(bay: str) -> dict[str, Needed]:
    return {f"rack_a.{bay}.present": OFF, f"rack_a.{bay}.plug_out": ON, f"rack_a.{bay}.enabled": ON}


HELD: dict[str, Needed] = {
    "vehicle.pack_latched": ON, "vehicle.pack_latched_2": ON, "vehicle.connector_mated": ON,
    "vehicle.connector_mated_2": ON, "vehicle.locks_closed": EIGHT, "vehicle.locks_open": NONE,
}  # fmt: skip

# By exchange: every row of this code in the order of the table, with all its signals.
NEEDED: dict[int, dict[str, tuple[dict[str, Needed], ...]]] = {
    0: {
        "G14": ({**ready("A03", "P-new"), **ready("A04", "P-new-2")},),
        "G14h": ({**unplugged("A03"), **unplugged("A04")},),
        "G29p": ({}, {}),
        "G15": (takes("A08"), takes("A07")),
        "G17": ({"vehicle.locks_open": FIRST},),
        "G18": ({"vehicle.connector_apart": ON},),
        "G18m": ({"vehicle.connector_mated": ON},),
        "G20": ({"vehicle.pack_latched": ON, "crane.ropes_tight": OFF, "crane.cones_seated": TWO},),
        "G21": (HELD,),
        "G21o": ({"vehicle.pack_latched_2": ON, "vehicle.connector_mated_2": ON, "vehicle.locks_closed": SECOND},),
        "G22": ({"vehicle.pack_id": is_("P-new", "P-old"), "vehicle.pack_id_2": is_("P-old-2", "P-new-2", "")},),
    },
    1: {
        "G14": (ready("A04", "P-new-2"),),
        "G14h": (unplugged("A04"),),
        "G29p": ({},),
        "G15": (takes("A07"),),
        "G17": ({"vehicle.locks_open": SECOND},),
        "G18": ({"vehicle.connector_apart_2": ON},),
        "G18m": ({"vehicle.connector_mated_2": ON},),
        "G20": ({"vehicle.pack_latched_2": ON, "crane.ropes_tight": OFF, "crane.cones_seated": TWO},),
        "G21": (HELD,),
        "G21o": ({"vehicle.pack_latched": ON, "vehicle.connector_mated": ON, "vehicle.locks_closed": FIRST},),
        "G22": ({"vehicle.pack_id": is_("P-new", "P-old"), "vehicle.pack_id_2": is_("P-new-2", "P-old-2", "")},),
    },
}  # fmt: skip

# What a column has beside the rows of one pack, by exchange: X to begin, H held.
ALSO: dict[int, dict[str, dict[str, str]]] = {
    0: {
        "EN": {"X": "G29p G15"}, "SC": {"X": "G29p G15"}, "GR": {"X": "G29p G15 G21o"}, "UN": {"X": "G29p G15 G21o"},
        "EX": {"H": "G21o"}, "IN": {"H": "G21o"}, "LK": {"H": "G21o"},
    },
    1: {
        "GR": {"X": "G21o"}, "UN": {"X": "G21o"}, "EX": {"H": "G21o"}, "IN": {"H": "G21o"}, "LK": {"H": "G21o"},
    },
}  # fmt: skip


def table(seat: int, spent_bay: str = "A07") -> TruckInterlocks:
    """The table of one exchange, made now."""
    return TruckInterlocks(the_station().stand, twin_job(spent_bay=spent_bay), seat)  # type: ignore[arg-type]


def rows(seat: int, code: str, spent_bay: str = "A07") -> list[Interlock]:
    return [r.interlock for r in table(seat, spent_bay).rows if r.interlock.code == code]


CASES = [(seat, code) for seat, needed in NEEDED.items() for code in needed]


@pytest.mark.parametrize(("seat", "code"), CASES)
def test_a_row_of_one_exchange_is_about_its_own_pack_its_own_locks_and_the_bays_it_still_needs(
    seat: int, code: str
) -> None:
    found, signed = rows(seat, code), NEEDED[seat][code]
    for row, needed in zip(found, signed, strict=True):
        judge(row.holds, needed, BOTH if seat == 0 else LAST)


@pytest.mark.parametrize("column", [*ALSO[0], "TR", "VR", "CL", "RL", "CH"])
@pytest.mark.parametrize("seat", [0, 1])
def test_each_kind_of_step_keeps_the_other_pack_in_the_truck_and_begins_nothing_that_the_next_exchange_cannot_end(
    seat: int, column: str
) -> None:
    signed = {c: f"{codes} {ALSO[seat].get(column, {}).get(c, '')}".split() for c, codes in COLUMNS[column].items()}
    made, kind = table(seat), Column(column)
    assert sorted(i.code for i in made.needs(kind)) == sorted([*signed["X"], *signed["H"], *signed["S"]])
    kept = {k.interlock.code: k.on_loss for k in made.keeps(kind)}
    assert {c for c, reaction in kept.items() if reaction is OnLoss.HOLD} == set(signed["H"])
    assert {c for c, reaction in kept.items() if reaction is OnLoss.ABORT} == set(signed["S"])


@pytest.mark.parametrize(
    ("seat", "code", "nth", "lost"),
    [
        (0, "G14", 0, replace(BOTH, ledger=Ledger({"P-new": Custody("A03")}))),
        (0, "G14", 0, LAST),
        (0, "G14h", 0, replace(BOTH, ledger=Ledger({"P-new": Custody("A03")}))),
        (0, "G14h", 0, LAST),
        (0, "G29p", 0, replace(BOTH, locks=(("P-new", "hot"),))),
        (0, "G29p", 1, replace(BOTH, locks=(("P-new-2", "hot"),))),
        (0, "G29p", 1, replace(BOTH, locks=(("A04", "hot"),))),
        (1, "G29p", 0, replace(BOTH, locks=(("P-new-2", "hot"),))),
        (0, "G15", 1, replace(BOTH, ledger=Ledger({"P-x": Custody("A07")}))),
    ],
)
def test_of_two_exchanges_none_is_begun_that_the_ledger_or_a_lock_forbids(
    seat: int, code: str, nth: int, lost: OwnFacts
) -> None:
    condition, needed, world = rows(seat, code)[nth].holds, NEEDED[seat][code][nth], World()
    for signal in signals([condition]):
        world.set(signal, next(iter(needed[signal.name][0])))
    assert condition.proven(world.image(BOTH))
    assert not condition.proven(world.image(lost))


@pytest.mark.parametrize("seat", [0, 1])
def test_a_row_that_is_lost_tells_each_sign_of_either_pack_once(seat: int) -> None:
    for row in (r.interlock for r in table(seat).rows):
        said = [c.signal.name for c in compares(row.holds)]
        assert len(said) == len(set(said)), f"{row.code}: {said}"


@pytest.mark.parametrize("seat", [0, 1])
def test_two_rows_of_one_code_are_told_apart_by_their_words(seat: int) -> None:
    """Or a technician would look at the pack at hand while the next one is meant."""
    said = [f"{r.interlock.code} {r.interlock.text}" for r in table(seat).rows]
    assert len(said) == len(set(said)), sorted(said)


def test_a_bay_that_the_first_charged_pack_leaves_need_not_be_empty_before() -> None:
    (first,) = rows(0, "G15", spent_bay="A03")
    judge(first.holds, takes("A08"), AUTOMATIC)
    (second,) = rows(1, "G15", spent_bay="A03")
    judge(second.holds, takes("A03"), AUTOMATIC)


def test_the_first_exchange_is_meant_where_none_is_named() -> None:
    """Reception and the ways back of a truck with one pack name no seat."""
    named, unnamed = table(0), TruckInterlocks(the_station().stand, twin_job())  # type: ignore[arg-type]
    assert [str(r.interlock.holds) for r in unnamed.rows] == [str(r.interlock.holds) for r in named.rows]


# ---- a crane for packs of several weights ------------------------------------------------------------------------
def crane(*pack_kg: float) -> CraneInterlocks:
    return CraneInterlocks(the_station().stand, *pack_kg)  # type: ignore[arg-type]


def test_a_crane_for_several_packs_weighs_from_the_lightest_to_the_heaviest_to_a_tenth_of_a_kilogram() -> None:
    both = crane(2211.3, 2501.3)
    world = World()
    world.prove(both.laden.holds, both.load.holds)
    load = the_station().stand.crane.load_kg  # type: ignore[attr-defined]
    for row, limits in ((both.laden, band(1990.2, 2751.4)), (both.load, at_most(3126.6, 0.02))):
        for value in limits[0]:
            world.set(load, value)
            assert row.holds.proven(world.image(AUTOMATIC)), f"{row.code} {value}"
        for value in (1990.18, 2751.42) if row is both.laden else limits[1]:
            world.set(load, value)
            assert not row.holds.proven(world.image(AUTOMATIC)), f"{row.code} {value}"
    empty = World()
    empty.prove(both.unladen.holds)
    for value, proven in ((221.1, True), (221.12, False)):
        empty.set(load, value)
        assert both.unladen.holds.proven(empty.image(AUTOMATIC)) is proven


def test_no_crane_lifts_more_than_it_may_carry_whatever_its_packs_weigh() -> None:
    assert crane(2000.0, 2400.0).most == 3000.0 and crane(3500.0).most == 3500.0
    with pytest.raises(ValueError, match=r"its pack weighs 3500.5 kg, and the crane of this station lifts 3500 kg"):
        crane(2000.0, 3500.5)


def test_the_row_of_the_bay_below_the_crane_has_the_name_by_which_lowering_asks_for_it() -> None:
    bay = the_station().stand.bays[2]
    assert table(0).over(bay).code == "G39"
