"""The truck station's interlock table, signed a second time: what each row asks, and which kind of step has which row.

Written from the matrix, not from the code, so that whoever changes a row changes it here too and thinks twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sequences.truck_interlocks import Column, TruckInterlocks
from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.modes import Mode
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Interlock, OnLoss
from station_ctl.core.truck_roles import Over
from tests.bench.world import World, signals
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
from tests.truck.truck_paper import the_job, the_station

FOUR: Needed = ((0xF,), (0xE, 0x7, 0xB, 0xD, 0))
TWO: Needed = ((0x3,), (0x1, 0x2, 0))
NONE: Needed = ((0,), (1, 8, 0xF))

# Every signal of a row with all its values; each alone takes the row away.
ALL_NEEDED: dict[str, dict[str, Needed]] = {
    "G01": {"safety.estop_ok": ON, "safety.drives_enabled": ON, "safety.reset_not_needed": ON},
    "G03": {f"safety.door_{k}_locked": ON for k in (1, 2, 3)},
    "G04": {
        "safety.curtain_1_clear": ON, "safety.curtain_2_clear": ON, "safety.scanner_clear": ON, "safety.no_muting": ON,
    },
    "G04b": {"stand.bay_clear": ON, "crane.path_clear": ON},
    "G05": {"safety.no_fire": ON},
    "G06": {"safety.no_water": ON},
    "G08": {
        "crane.homed": ON, "crane.no_fault": ON, "crane.brake_ok": ON, "stand.homed": ON, "stand.no_fault": ON,
    },
    "G08c": {"crane.homed": ON, "crane.no_fault": ON, "crane.brake_ok": ON},
    "G09": {
        "vehicle.auth_ok": ON, "vehicle.vin": is_("V", "W", ""), "vehicle.model": is_("SIM-TRACTOR", "SIM-MIXER"),
        "vehicle.pack_type": is_(282, 280, 0),
    },
    "G10": {"stand.at_wheel_stop": ON},
    "G10p": {
        "stand.scanned": ON, "stand.quality": at_least(70), "stand.dx": band(-300, 300), "stand.dy": band(-300, 300),
        "stand.yaw": band(-4, 4), "stand.roll": band(-2, 2),
    },
    "G10s": {"stand.shift": at_most(15)},
    "G11": {
        f"vehicle.{sign}": ON for sign in ("link_ok", "gear_p", "epb_on", "doors_closed", "brake_released")
    },
    "G12": {"vehicle.hv_off": ON, "vehicle.hv_volts": at_most(60), "vehicle.port_closed": ON},
    "G14": {
        "rack_a.A03.present": ON, "rack_a.A03.bms_link": ON, "rack_a.A03.pack_id": is_("P-new", "P-old"),
        "rack_a.A03.pack_type": is_(282, 280), "rack_a.A03.soc": at_least(90), "rack_a.A03.soh": at_least(70),
        "rack_a.A03.insulation": at_least(500, 1), "rack_a.A03.no_crash": ON,
    },
    "G14h": {"rack_a.A03.present": ON, "rack_a.A03.plug_out": ON},
    "G15": {"rack_a.A08.present": OFF, "rack_a.A08.plug_out": ON, "rack_a.A08.enabled": ON},
    "G16": {"crane.gripper_closed": FOUR, "crane.gripper_open": NONE, "crane.landed": FOUR},
    "G16o": {"crane.gripper_open": FOUR, "crane.gripper_closed": NONE},
    "G16t": {
        "crane.gripper_closed": FOUR, "crane.gripper_open": NONE, "crane.landed": FOUR, "crane.ropes_tight": ON,
        "crane.load_kg": band(2520, 3080),
    },
    "G16u": {
        "crane.gripper_open": FOUR, "crane.gripper_closed": NONE, "crane.landed": NONE, "crane.load_kg": at_most(280),
    },
    "G17": {"vehicle.locks_open": FOUR},
    "G18": {"vehicle.connector_apart": ON},
    "G18m": {"vehicle.connector_mated": ON},
    "G20": {"vehicle.pack_latched": ON, "crane.ropes_tight": OFF, "crane.cones_seated": TWO},
    "G21": {
        "vehicle.pack_latched": ON, "vehicle.locks_closed": FOUR, "vehicle.locks_open": NONE,
        "vehicle.connector_mated": ON,
    },
    "G22": {"vehicle.pack_id": is_("P-new", "P-old", "")},
    "G23": {
        "crane.hoisted": ON, "crane.z": at_least(5900), "crane.gripper_open": FOUR, "crane.gripper_closed": NONE,
        "crane.landed": NONE, "crane.load_kg": at_most(280),
    },
    "G24": {"vehicle.postcheck_ok": ON, "vehicle.hv_on": ON},
    "G27": {"safety.grid_ok": ON},
    "G30": {"crane.not_overloaded": ON, "crane.load_kg": at_most(3500)},
    "G35": {"crane.sway": at_most(4)},
    "G35l": {"crane.sway": at_most(1)},
    "G35s": {"crane.sway": at_most(0.6)},
    "G36": {"crane.wind": at_most(12)},
    "G38": {"crane.hoisted": ON, "crane.z": at_least(5900)},
}  # fmt: skip

# Columns:  EN SC GR UN EX TR IN LK VR CL RL CH, by row: X to begin, H held, S aborts.
COLUMNS: dict[str, dict[str, str]] = {
    "EN": {"X": "G04b G05 G06 G27 G28 G07 G08 G09 G14 G29p G15 G23 G36", "H": "", "S": "G03 G04 G01"},
    "SC": {"X": "G05 G06 G27 G28 G08 G09 G10 G11 G29p G15", "H": "G07", "S": "G03 G04 G04b G01"},
    "GR": {
        "X": "G05 G06 G27 G28 G08 G09 G29p G15", "H": "G07 G10 G10p G10s G11 G30 G35 G36", "S": "G03 G04 G04b G01 G12",
    },
    "UN": {
        "X": "G05 G06 G27 G28 G08 G09 G14h G29p G15 G20", "H": "G07 G10 G10p G10s G11 G16", "S": "G03 G04 G04b G01 G12",
    },
    "EX": {
        "X": "G05 G06 G27 G28 G08 G15", "H": "G07 G10 G10p G10s G11 G17 G18 G35 G36",
        "S": "G03 G04 G04b G01 G12 G16 G30",
    },
    "TR": {"X": "G05 G06 G27 G28 G08", "H": "G07 G35 G36", "S": "G03 G04 G04b G01 G30"},
    "IN": {
        "X": "G05 G06 G28 G08 G09 G29p G17 G18", "H": "G27 G07 G10 G10p G10s G11 G35 G36",
        "S": "G03 G04 G04b G01 G12 G16 G30",
    },
    "LK": {"X": "G05 G06 G28 G08 G18m", "H": "G27 G07 G10 G10p G10s G11 G16 G20", "S": "G03 G04 G04b G01 G12"},
    "VR": {"X": "G05 G28 G09 G21", "H": "G06 G07 G10 G11 G16", "S": "G03 G04 G04b G01"},
    "CL": {"X": "G28 G08 G21 G22", "H": "G07 G10 G10s G11 G35", "S": "G03 G04 G04b G01 G12 G30"},
    "RL": {"X": "G28 G21 G22", "H": "G23", "S": "G03 G04 G04b G01"},
    "CH": {"X": "G28", "H": "G27", "S": "G05 G06"},
}  # fmt: skip


def table() -> TruckInterlocks:
    """The table, made now, for the job of these tests."""
    return TruckInterlocks(the_station().stand, the_job())  # type: ignore[arg-type]


def row(code: str) -> Interlock:
    rows = table()
    extra = (
        rows.crane_fit, rows.open, rows.laden, rows.unladen, rows.steady, rows.still, rows.hoisted, rows.self_check,
    )  # fmt: skip
    (found,) = (r for r in (*(r.interlock for r in rows.rows), *extra) if r.code == code)
    return found


OWN = {
    "G14": replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03")})),
    "G14h": replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03")})),
}


@pytest.mark.parametrize("code", ALL_NEEDED)
def test_a_row_is_proven_by_these_values_and_lost_by_any_other(code: str) -> None:
    judge(row(code).holds, ALL_NEEDED[code], OWN.get(code, AUTOMATIC))


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ("G07", OwnFacts(Mode.MAINTENANCE, True)),
        ("G28", OwnFacts(Mode.AUTOMATIC, False)),
        ("G14", AUTOMATIC),
        ("G14h", replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03", "crane", 5)}))),
        ("G15", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("A08")}))),
        ("G15", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("crane", "A08", 5)}))),
        ("G29p", replace(AUTOMATIC, locks=(("P-new", "hot"),))),
        ("G29p", replace(AUTOMATIC, locks=(("A03", "hot"),))),
        ("G29p", replace(AUTOMATIC, locks=None)),
    ],
)
def test_a_row_about_mode_journal_or_ledger_is_lost_by_them_alone(code: str, lost: OwnFacts) -> None:
    condition, world = row(code).holds, World()
    for signal in signals([condition]):
        world.set(signal, next(iter(ALL_NEEDED[code][signal.name][0])))
    assert condition.proven(world.image(OWN.get(code, AUTOMATIC)))
    assert not condition.proven(world.image(lost))


def test_a_kind_of_step_is_named_by_the_letters_of_its_column() -> None:
    assert [column.value for column in Column] == [*COLUMNS]


@pytest.mark.parametrize("column", Column)
def test_each_kind_of_step_needs_and_keeps_the_rows_of_its_column(column: Column) -> None:
    rows, signed = table(), {cell: codes.split() for cell, codes in COLUMNS[column].items()}
    kept = {k.interlock.code: k.on_loss for k in rows.keeps(column)}
    needed = [i.code for i in rows.needs(column)]
    assert sorted(needed) == sorted([*signed["X"], *signed["H"], *signed["S"]])
    assert {c for c, reaction in kept.items() if reaction is OnLoss.HOLD} == set(signed["H"])
    assert {c for c, reaction in kept.items() if reaction is OnLoss.ABORT} == set(signed["S"])


AIMED: dict[str, Needed] = {
    "crane.over": ((Over.TRUCK,), (Over.PARK, Over.BAY, Over.BETWEEN)), "crane.aim_x": band(-15, 15),
    "crane.aim_y": band(-15, 15), "crane.aim_turn": band(-0.5, 0.5),
}  # fmt: skip


def test_the_crane_is_over_the_truck_where_the_scanner_has_measured_it_and_over_no_other_bay() -> None:
    rows, bay = table(), the_station().stand.bays[2]
    judge(rows.aimed(0.0), AIMED, AUTOMATIC)
    judge(rows.aimed(1500.0), {**AIMED, "crane.aim_x": band(1485, 1515)}, AUTOMATIC)
    over: dict[str, Needed] = {"crane.over": is_(Over.BAY, Over.TRUCK, Over.BETWEEN), "crane.over_bay": is_(3, 2, 4, 0)}
    judge(rows.over(bay).holds, over, AUTOMATIC)


def test_a_truck_has_arrived_when_the_wheel_stop_the_bay_and_the_entry_say_so() -> None:
    signed: dict[str, Any] = {"stand.at_wheel_stop": ON, "stand.bay_empty": OFF, "stand.entry_beam": ON}
    judge(table().arrived, signed, AUTOMATIC)
