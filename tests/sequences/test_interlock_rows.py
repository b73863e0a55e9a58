"""The interlock table, signed a second time: what each row asks of the machine, and which kind of step has which row.

Written from the matrix, not from the code, so that whoever changes a row changes it here too and thinks twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from sequences.interlocks import CarInterlocks, Column
from sequences.site_interlocks import station_interlocks, watched_always
from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.modes import Mode
from station_ctl.core.roles import At
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Interlock, OnLoss
from tests.bench.world import World, signals
from tests.sequences.conftest import the_job, the_station

Needed = tuple[Iterable[Any], Iterable[Any]]
"""Values of one signal that prove its part of a row, and values that do not: at the limit and just beyond it."""

ON: Needed = ((True,), (False,))
OFF: Needed = ((False,), (True,))
TEN_BOLTS: Needed = ((0x3FF, 0x7FF), (0x3FE, 0x1FF, 0))


def is_(value: Any, *others: Any) -> Needed:
    return (value,), others


def at_most(limit: float, step: float = 0.1) -> Needed:
    return (limit, limit - step), (limit + step,)


def at_least(limit: float, step: float = 0.1) -> Needed:
    return (limit, limit + step), (limit - step,)


def band(low: float, high: float) -> Needed:
    return (low, high), (low - 0.1, high + 0.1)


def torques(low: float, high: float) -> Needed:
    def one(value: float) -> tuple[float, ...]:
        return (*(85.0,) * 9, value)

    return (one(low), one(high)), (one(low - 0.1), one(high + 0.1), (85.0,) * 9)


AUTOMATIC = OwnFacts(Mode.AUTOMATIC, True, locks=())

# Every signal of a row with all its values; each alone takes the row away.
ALL_NEEDED: dict[str, dict[str, Needed]] = {
    "G01": {"safety.estop_ok": ON, "safety.drives_enabled": ON, "safety.reset_not_needed": ON},
    "G03": {f"safety.door_{k}_locked": ON for k in (1, 2, 3)},
    "G04": {
        "safety.curtain_1_clear": ON, "safety.curtain_2_clear": ON, "safety.scanner_clear": ON, "safety.no_muting": ON,
    },
    "G04b": {"lift.bay_clear": ON, "robot.path_clear": ON},
    "G04a": {"stacker.aisle_clear": ON},
    "G05": {"safety.no_fire": ON},
    "G06": {"safety.no_water": ON},
    "G07": {},
    "G08": {
        **{f"{m}.{sign}": ON for m in ("lift", "robot", "stacker") for sign in ("homed", "no_fault")},
        "robot.brake_ok": ON, "stacker.brake_ok": ON,
    },
    "G09": {
        "vehicle.auth_ok": ON, "vehicle.vin": is_("V", "W", ""), "vehicle.model": is_("SIM-SEDAN", "SIM-VAN"),
        "vehicle.pack_type": is_(100, 101, 0),
    },
    "G10": {
        "lift.in_position": ON, "lift.x_err": band(-15, 15), "lift.y_err": band(-15, 15), "lift.yaw_err": band(-1, 1),
    },
    "G11": {
        f"vehicle.{sign}": ON for sign in ("link_ok", "gear_p", "epb_on", "doors_closed", "brake_released")
    },
    "G12": {"vehicle.hv_off": ON, "vehicle.hv_volts": at_most(60), "vehicle.port_closed": ON},
    "G13": {
        **{f"lift.{sign}": ON for sign in ("clamped", "at_work", "locked", "floor_open")}, "lift.sync_err": at_most(5),
    },
    "G14h": {
        "stacker.in_present": ON, "stacker.in_seated": ON, "reader.in_code": is_("P-new", "P-old", ""),
    },
    "G15": {"rack_b.B12.present": OFF, "rack_b.B12.plug_out": ON, "rack_b.B12.enabled": ON},
    "G16": {"robot.pin_1": ON, "robot.pin_2": ON, "robot.load_kg": at_least(1)},
    "G16w": {"robot.pack_present": ON, "robot.load_kg": band(504, 616)},
    "G17": {"robot.bolts_open": TEN_BOLTS, "vehicle.locks_open": TEN_BOLTS},
    "G18": {"vehicle.connector_apart": ON},
    "G19": {"stacker.in_present": OFF},
    "G19s": {"stacker.parked": ON, "stacker.pack_on_fork": OFF},
    "G19z": {"robot.at": ((At.HOME, At.UNDER_VEHICLE), (At.HANDOVER_IN, At.HANDOVER_OUT, At.BETWEEN))},
    "G20": {"robot.pack_seated": ON, "robot.float_dx": band(-3, 3), "robot.float_dy": band(-3, 3)},
    "G21": {
        "robot.bolts_closed": TEN_BOLTS, "vehicle.locks_closed": TEN_BOLTS, "robot.bolt_torque": torques(80, 90),
    },
    "G22": {"vehicle.pack_id": is_("P-new", "P-old", "")},
    "G24": {"vehicle.postcheck_ok": ON, "vehicle.hv_on": ON},
    "G27": {"safety.grid_ok": ON},
    "G29p": {},
    "G28": {},
    "G16t": {
        "robot.pack_present": ON, "robot.pin_1": ON, "robot.pin_2": ON, "robot.load_kg": band(504, 616),
        "robot.at": ((At.BETWEEN, At.UNDER_VEHICLE, At.HANDOVER_IN), ()), "stacker.out_present": ((False,), ()),
    },
    "G16u": {
        "robot.pack_present": OFF, "robot.load_kg": at_most(56), "robot.at": ((At.BETWEEN, At.HANDOVER_OUT), ()),
        "stacker.in_present": ((True,), ()),
    },
    "G30": {"stacker.not_overloaded": ON, "stacker.chain_tight": ON, "stacker.load_kg": at_most(700)},
    "G16f": {
        "stacker.fork_retracted": ((True,), ()), "stacker.pack_on_fork": ON, "stacker.load_kg": band(504, 616),
    },
    "G30r": {"robot.load_kg": at_most(700)},
}  # fmt: skip

HOME: Needed = ((At.HOME,), (At.UNDER_VEHICLE, At.BETWEEN))
G23: dict[str, dict[str, Needed]] = {
    "robot_home": {"robot.at": HOME, "robot.pack_present": OFF},
    "floor_closed": {"robot.at": HOME, "lift.floor_closed": ON},
    "on_ground": {"robot.at": HOME, "lift.floor_closed": ON, "lift.down": ON},
    "may_leave": {"robot.at": HOME, "lift.floor_closed": ON, "lift.down": ON, "lift.unclamped": ON},
}

READY: dict[str, Needed] = {
    "rack_a.A03.present": ON, "rack_a.A03.bms_link": ON, "rack_a.A03.pack_id": is_("P-new", "P-old"),
    "rack_a.A03.pack_type": is_(100, 101), "rack_a.A03.soc": at_least(90), "rack_a.A03.soh": at_least(70),
    "rack_a.A03.insulation": at_least(500, 1), "rack_a.A03.no_crash": ON,
}  # fmt: skip

QUIET: dict[str, Needed] = {"rack_a.A03.no_smoke": ON, "rack_a.A03.no_prealarm": ON}
WARM: dict[str, Needed] = {"rack_a.A03.bms_link": ON, "rack_a.A03.temp_max": at_most(45)}

# Columns:  EN CL UN EX TR IN LK VR RL FE CH, by row: X to begin, H held, S aborts.
COLUMNS: dict[str, dict[str, str]] = {
    "EN": {"X": "G29p G04b G05 G06 G27 G28 G07 G08 G09 G14 G15", "H": "", "S": "G03 G04 G01"},
    "CL": {"X": "G29p G05 G06 G27 G28 G08 G09 G10 G11 G15", "H": "G07", "S": "G03 G04 G04b G01"},
    "UN": {"X": "G29p G05 G06 G27 G28 G08 G09 G14h G15", "H": "G07 G10 G11 G13 G16", "S": "G03 G04 G04b G01 G12"},
    "EX": {"X": "G05 G06 G27 G28 G08 G15 G16 G17", "H": "G07 G10 G11 G13 G30r", "S": "G03 G04 G04b G01 G12"},
    "TR": {"X": "G05 G06 G27 G28 G08 G15 G18", "H": "G07 G13", "S": "G03 G04 G04b G01 G30r"},
    "IN": {"X": "G29p G05 G06 G28 G08 G09 G16w", "H": "G27 G07 G10 G11 G13 G30r", "S": "G03 G04 G04b G01 G12"},
    "LK": {"X": "G05 G06 G28 G08 G20", "H": "G27 G07 G10 G11 G13 G16", "S": "G03 G04 G04b G01 G12"},
    "VR": {"X": "G05 G28 G09 G21", "H": "G06 G07 G11", "S": "G03 G04 G04b G01"},
    "RL": {"X": "G28 G21 G22", "H": "", "S": "G03 G04 G04b G01"},
    "FE": {"X": "G05 G06 G27 G28 G08", "H": "G07 G16f", "S": "G03 G04 G01 G30"},
    "CH": {"X": "G28", "H": "G27", "S": "G05 G06"},
}


def table(**recipe: Any) -> CarInterlocks:
    """The table, made now, for the job of these tests."""
    job = the_job()
    return CarInterlocks(the_station().stand, replace(job, recipe=replace(job.recipe, **recipe)))


def row(code: str) -> Interlock:
    rows = table()
    extra = (
        rows.in_clear, rows.robot_away, rows.stacker_away, rows.aisle_clear, rows.self_check, rows.laden, rows.unladen,
    )  # fmt: skip
    (found,) = (r for r in (*(r.interlock for r in rows.rows), *extra) if r.code == code)
    return found


def judge(condition: Condition, needed: dict[str, Needed], own: OwnFacts) -> None:
    """Proven on every proving value, lost by every losing value of any signal, and about these signals alone."""
    by_name = {s.name: s for s in signals([condition])}
    assert by_name.keys() == needed.keys()
    world = World()
    for name, (good, _) in needed.items():
        world.set(by_name[name], next(iter(good)))
    assert condition.proven(world.image(own)), condition.why_not(world.image(own))
    for name, (good, bad) in needed.items():
        usual = world.value(by_name[name])
        for value in good:
            world.set(by_name[name], value)
            assert condition.proven(world.image(own)), f"{name} {value} is enough"
        for value in bad:
            world.set(by_name[name], value)
            assert not condition.proven(world.image(own)), f"{name} {value} is not enough"
        world.set(by_name[name], usual)


OWN = {
    "G14h": replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("handover_in")})),
}


@pytest.mark.parametrize("code", ALL_NEEDED)
def test_a_row_is_proven_by_these_values_and_lost_by_any_other(code: str) -> None:
    judge(row(code).holds, ALL_NEEDED[code], OWN.get(code, AUTOMATIC))


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ("G07", OwnFacts(Mode.MANUAL, True)),
        ("G07", OwnFacts(Mode.MAINTENANCE, True)),
        ("G28", OwnFacts(Mode.AUTOMATIC, False)),
        ("G14h", AUTOMATIC),
        ("G14h", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("handover_in")}))),
        ("G14h", replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("handover_out")}))),
        ("G15", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("B12")}))),
        ("G15", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("robot", "B12", 5)}))),
        ("G19", replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("handover_in")}))),
        ("G29p", replace(AUTOMATIC, locks=(("P-new", "hot"),))),
        ("G29p", replace(AUTOMATIC, locks=(("A03", "hot"),))),
        ("G29p", replace(AUTOMATIC, locks=None)),
    ],
)
def test_a_row_about_mode_journal_or_ledger_is_lost_by_them_alone(code: str, lost: OwnFacts) -> None:
    condition = row(code).holds
    world = World()
    for signal in signals([condition]):
        world.set(signal, next(iter(ALL_NEEDED[code][signal.name][0])))
    assert condition.proven(world.image(OWN.get(code, AUTOMATIC)))
    assert not condition.proven(world.image(lost))


@pytest.mark.parametrize(
    ("code", "there", "sensor", "handed_over"),
    [("G16t", At.HANDOVER_OUT, "stacker.out_present", True), ("G16u", At.HANDOVER_IN, "stacker.in_present", False)],
)
def test_what_the_robot_carries_may_change_at_the_end_of_its_way_and_only_there(
    code: str, there: At, sensor: str, handed_over: bool
) -> None:
    """The pack stands or is taken there, its sensors change one after the other, and then the robot may roll on."""
    condition = row(code).holds
    for at in At:
        for shown in (True, False):
            world = World()
            for signal in signals([condition]):
                lost = ALL_NEEDED[code][signal.name][1]
                world.set(signal, {"robot.at": at, sensor: shown}.get(signal.name, next(iter(lost), None)))
            assert condition.proven(world.image(AUTOMATIC)) == (at is there or shown is handed_over), (at, shown)


@pytest.mark.parametrize("fork_in", [True, False, None])
@pytest.mark.parametrize("on_fork", [True, False, None])
@pytest.mark.parametrize("load", [0.0, 56.0, 56.1, 503.9, 504.0, 616.0, 616.1, None])
def test_a_fork_that_is_in_carries_a_whole_pack_that_it_sees_or_nothing(
    fork_in: bool | None, on_fork: bool | None, load: float | None
) -> None:
    """While it is out beneath a pack, load and sensor change one after the other; what is not read proves nothing."""
    condition = row("G16f").holds
    world = World()
    shown = {"stacker.fork_retracted": fork_in, "stacker.pack_on_fork": on_fork, "stacker.load_kg": load}
    for signal in signals([condition]):
        if shown[signal.name] is not None:
            world.set(signal, shown[signal.name])
    empty = on_fork is False and load is not None and load <= 56
    laden = on_fork is True and load is not None and 504 <= load <= 616
    assert condition.proven(world.image(AUTOMATIC)) == (fork_in is False or empty or laden)


def test_a_locked_pack_is_neither_fetched_nor_taken_nor_put_back() -> None:
    known, job = the_station().procedures(), the_job()
    for step in (*known.swap(job).steps, *known.by_key("give-back-car:inside:fetched", job).steps):
        if step.no in (23, 105, 110, 300):
            assert "G29p" in {row.code for row in step.permissives}, step


def test_the_transfers_keep_what_the_robot_carries() -> None:
    steps = {step.no: step for step in the_station().procedures().swap(the_job()).steps}
    for no, code in ((100, "G16t"), (105, "G16u")):
        kept = {k.interlock.code: k.on_loss for k in steps[no].interlocks}
        assert kept[code] is OnLoss.HOLD and code in {row.code for row in steps[no].permissives}


@pytest.mark.parametrize("name", G23)
def test_the_robot_is_home_before_the_vehicle_is_let_go(name: str) -> None:
    found: Interlock = getattr(table(), name)
    assert found.code == "G23"
    judge(found.holds, G23[name], AUTOMATIC)


def test_a_charged_pack_in_its_bay_is_ready_by_ledger_bms_type_charge_health_and_insulation() -> None:
    here = replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03")}))
    judge(row("G14").holds, READY, here)
    world = World()
    for signal in signals([row("G14").holds]):
        world.set(signal, next(iter(READY[signal.name][0])))
    for elsewhere in ({}, {"P-new": Custody("A04")}, {"P-new": Custody("A03", "handover_out", 5)}):
        assert not row("G14").holds.proven(world.image(replace(AUTOMATIC, ledger=Ledger(elsewhere))))


@pytest.mark.parametrize("custody", [Custody("A03", "handover_in", 5), Custody("handover_in")])
def test_a_charged_pack_that_has_left_its_bay_for_the_handover_is_as_good_as_ready(custody: Custody) -> None:
    """Its bay is empty then, and nothing that its sensors show counts any more."""
    assert row("G14").holds.proven(World().image(replace(AUTOMATIC, ledger=Ledger({"P-new": custody}))))
    assert not row("G14").holds.proven(World().image(replace(AUTOMATIC, ledger=Ledger({"P-old": custody}))))


@pytest.mark.parametrize(("of_model", "limit"), [(80.0, 90.0), (95.0, 95.0)])
def test_of_the_model_and_the_site_the_higher_state_of_charge_is_needed(
    of_model: float, limit: float
) -> None:
    rows = table(soc_min_percent=of_model)
    (ready,) = (r.interlock.holds for r in rows.rows if r.interlock.code == "G14")
    needed = {**READY, "rack_a.A03.soc": at_least(limit)}
    judge(ready, needed, replace(AUTOMATIC, ledger=Ledger({"P-new": Custody("A03")})))


def test_the_weight_of_a_pack_is_judged_to_a_tenth_of_a_kilogram() -> None:
    rows = table(pack_kg=561.3)
    (weighs,) = (r.interlock.holds for r in rows.rows if r.interlock.code == "G16w")
    limits: Needed = ((505.2, 617.4), (505.18, 617.42))
    judge(weighs, {"robot.pack_present": ON, "robot.load_kg": limits}, AUTOMATIC)
    (lifts,) = (r.interlock.holds for r in rows.rows if r.interlock.code == "G30r")
    judge(lifts, {"robot.load_kg": at_most(701.6, 0.01)}, AUTOMATIC)
    empty: dict[str, Needed] = {
        **ALL_NEEDED["G16u"], "robot.pack_present": OFF, "robot.load_kg": at_most(56.1, 0.02),
    }  # fmt: skip
    judge(rows.unladen.holds, empty, AUTOMATIC)


def test_a_bay_is_uncharged_cool_and_quiet_by_its_own_signals() -> None:
    rows = table()
    bay = the_station().stand.bay("A03")
    charged: Needed = ((0, 6, 7), (1, 5, 8))
    dead = {"rack_a.A03.charge_state": charged, "rack_a.A03.socket_dead": ON}
    for made, code, needed in (
        (rows.not_charging(bay), "G25", dead),
        (rows.unplugged(bay), "G25", {**dead, "rack_a.A03.plug_out": ON}),
        (rows.cool(bay), "G29", {**QUIET, **WARM}),
        (rows.quiet(bay), "G29", QUIET),
    ):
        assert made.code == code and "A03" in made.text
        judge(made.holds, needed, AUTOMATIC)


def test_a_pack_whose_plug_is_apart_is_judged_by_the_detectors_of_its_bay_alone() -> None:
    made = table().cool_or_apart(the_station().stand.bay("A03"))
    plugged, apart = ((True,), ()), ((False,), (True,))
    assert made.code == "G29"
    judge(made.holds, {**QUIET, **WARM, "rack_a.A03.plug_in": plugged}, AUTOMATIC)
    silent = {"rack_a.A03.bms_link": is_(False), "rack_a.A03.temp_max": is_(99.0)}
    judge(made.holds, {**QUIET, **silent, "rack_a.A03.plug_in": apart}, AUTOMATIC)


def test_a_place_receives_when_its_sensor_and_the_ledger_say_that_it_is_empty() -> None:
    place = table().receiving("handover_out", the_station().stand.stacker.out_present.is_off())
    assert place.code == "G19" and "handover_out" in place.text
    judge(place.holds, {"stacker.out_present": OFF}, AUTOMATIC)
    world = World()
    world.prove(place.holds)
    taken = replace(AUTOMATIC, ledger=Ledger({"P-old": Custody("handover_out")}))
    assert not place.holds.proven(world.image(taken))


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
    assert len(kept) == len(rows.keeps(column))


def test_a_step_may_leave_rows_of_its_column_out_by_name_and_no_others() -> None:
    rows = table()
    all_needed = [i.code for i in rows.needs(Column.UNLOCK)]
    kept = [k.interlock.code for k in rows.keeps(Column.UNLOCK)]
    assert {"G14h", "G16"} <= set(all_needed) and "G16" in kept
    assert [i.code for i in rows.needs(Column.UNLOCK, without=("G14h", "G16"))] == [
        code for code in all_needed if code not in ("G14h", "G16")
    ]
    assert [k.interlock.code for k in rows.keeps(Column.UNLOCK, without=("G16",))] == [
        code for code in kept if code != "G16"
    ]


@pytest.mark.parametrize("name", ["needs", "keeps"])
@pytest.mark.parametrize("code", ["G99", "G22", "g16"])
def test_a_row_that_the_column_does_not_have_cannot_be_left_out_of_it(name: str, code: str) -> None:
    """A name that was mistyped, or whose row has moved, would otherwise leave the row in without a word."""
    with pytest.raises(AssertionError, match=f"column UN has no rows \\['{code}'\\]"):
        getattr(table(), name)(Column.UNLOCK, without=("G16", code))


def test_doors_curtains_and_chain_are_watched_always_and_the_chain_is_their_effect() -> None:
    stand = the_station().stand
    watched = watched_always(stand)
    assert {(k.interlock.code, k.on_loss) for k in watched} == {
        (c, OnLoss.ABORT) for c in ("G01", "G03", "G04")
    }
    rows = {r.code: r for r in station_interlocks(stand)}
    assert list(rows) == ["G03", "G04", "G01", "G05", "G06", "G27", "G28"]
    assert {code: r.follows for code, r in rows.items() if r.follows} == {"G01": ("G03", "G04")}
    assert {r.interlock.code for r in table().rows if r.interlock.follows} == {"G01"}


@pytest.mark.parametrize(
    ("signal", "value"),
    [("x_err", 31.0), ("x_err", -31.0), ("x_err", 300.0), ("entry_beam", False), ("in_position", False)],
)
def test_a_vehicle_that_still_rolls_has_not_arrived_though_the_switch_of_the_grooves_sticks(
    signal: str, value: object
) -> None:
    rows, lift = table(), the_station().stand.lift
    standing = World()
    standing.prove(rows.arrived)
    standing.set(lift.x_err, 29.0)
    assert rows.arrived.proven(standing.image()), "askew, and it stands"
    standing.set(getattr(lift, signal), value)
    assert not rows.arrived.proven(standing.image())
