"""Words and numbers that stand outside the program too: in journals, I/O lists, PLC programs, scripts and on paper.

They may be added to. One that changes makes an old journal unreadable or a PLC misunderstand us.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from enum import Enum

import pytest

from station_ctl.core import bypass, errors, fleets, jog
from station_ctl.core.alarms import Priority
from station_ctl.core.errors import Exit, StationError
from station_ctl.core.interlock_table import CELLS
from station_ctl.core.levels import MAY_LACK, TOGETHER, Level
from station_ctl.core.maintenance import Takes
from station_ctl.core.modes import ORDERED_PHASES, Mode, Phase, State
from station_ctl.core.orders import (
    ACK_TEXT,
    BIT_PATTERNS,
    MAGIC,
    ORDER_TTL_MS,
    PARAMETERS,
    RESULT_TEXT,
    AckCode,
    OrderState,
    Result,
)
from station_ctl.core.points import BYTE_ORDERS, FLOATS, NUMBERS, WHOLE, Access, BaseType, ScanClass
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import At
from station_ctl.core.signals import Quality
from station_ctl.core.steps import OnLoss, OnResume
from station_ctl.core.truck_roles import Over
from station_ctl.paths import config_directory

WORDS: dict[type[Enum], str] = {
    Mode: "automatic,manual,maintenance",
    State: "stopped,idle,execute,holding,held,stopping,aborting,aborted",
    Phase: "positioning,lock release,extraction,insertion,verification,release,put-away,complete,"
    "held,aborted,recovering",
    Access: "r,w",
    ScanClass: "fast,normal,slow,-",
    BaseType: "bool,u8,u16,i16,u32,i32,i64,f32,f64,str",
    Quality: "good,stale,bad,never read",
    Priority: "critical,high,medium,low",
    OnLoss: "hold,abort",
    OnResume: "repeat,ask,never",
    Level: "A,B,C",
    Takes: "bay,pack,vehicle model,count,axis,target in mm",
}

ENUMERATED: dict[type[Enum], str] = {
    At: "BETWEEN,HOME,UNDER_VEHICLE,HANDOVER_OUT,HANDOVER_IN",
    AckCode: "NONE,ACCEPTED,BAD_CRC,EXPIRED,WRONG_EPOCH,OLD_NUMBER,INTERLOCK,BUSY,UNKNOWN_ORDER,"
    "STOP_REQUESTED,DRIVES_OFF",
    OrderState: "IDLE,BUSY,DONE,STOPPED,ERROR",
    Result: "NONE,OK,FAILED,STOPPED,TIMEOUT",
    Over: "BETWEEN,PARK,TRUCK,BAY,ISOLATION",
}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_word_is_written_as_it_always_was(kind: type[Enum]) -> None:
    assert [member.value for member in kind] == WORDS[kind].split(",")


@pytest.mark.parametrize("kind", ENUMERATED, ids=lambda kind: kind.__name__)
def test_a_number_means_what_it_always_meant(kind: type[Enum]) -> None:
    assert {member.name: member.value for member in kind} == {
        name: number for number, name in enumerate(ENUMERATED[kind].split(","))
    }


@pytest.mark.parametrize(("texts", "kind"), [(ACK_TEXT, AckCode), (RESULT_TEXT, Result)])
def test_every_answer_of_a_plc_has_a_text_of_its_own(texts: dict[Enum, str], kind: type[Enum]) -> None:
    assert set(texts) == set(kind) and len(set(texts.values())) == len(texts)
    assert all(text.strip() == text and text for text in texts.values())


def test_a_technician_reads_how_an_order_went_in_these_words() -> None:
    assert ACK_TEXT[AckCode.ACCEPTED] == "accepted"
    assert list(RESULT_TEXT.values()) == ["no result", "done", "failed", "stopped", "time-out in the PLC"]


def test_a_plc_that_may_be_believed_shows_the_patterns_of_the_contract() -> None:
    assert MAGIC == {"MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678}
    assert BIT_PATTERNS == {"PATTERN_DI": "di", "PATTERN_CO": "co"}
    assert ORDER_TTL_MS == 1000 and PARAMETERS == 4


def test_a_plc_of_level_b_may_lack_these_tags_and_no_other_and_of_a_pair_both() -> None:
    assert list(MAY_LACK) == ["EPOCH", "CMD_EPOCH", "UPTIME_MS", "CMD_EXPIRES", "CMD_CRC"]
    assert TOGETHER == (("EPOCH", "CMD_EPOCH"), ("UPTIME_MS", "CMD_EXPIRES"))


def test_an_io_list_orders_bytes_by_these_words_and_counts_or_measures_in_these_types() -> None:
    assert BYTE_ORDERS == ("ABCD", "CDAB", "BADC", "DCBA")
    assert {*FLOATS} == {BaseType.F32, BaseType.F64}
    assert {*BaseType} - NUMBERS == {BaseType.BOOL, BaseType.STR} and WHOLE | FLOATS == NUMBERS


def test_a_bypass_a_jog_and_a_wait_last_no_longer_than_two_persons_or_a_plc_were_told() -> None:
    assert bypass.LONGEST == 1800 and fleets.Admission().patience_s == 1800 and fleets.DAY_MIN == 1440
    assert (jog.REACH_MM, jog.NEAR_MM, jog.LEASE) == (100, 1.5, 0.25)


def test_an_exit_code_is_what_scripts_were_told() -> None:
    assert {e.name: e.value for e in Exit} == {
        "DONE": 0, "FAILED": 1, "USAGE": 2, "UNREACHABLE": 3, "BLOCKED": 4, "NOT_ALLOWED": 5, "CONFIGURATION": 6,
        "TIMEOUT": 7, "RECOVERY_NEEDED": 8, "NOT_FOUND": 9, "CONFIRMATION_NEEDED": 10, "INTERNAL": 70,
    }  # fmt: skip


CODES = {
    "StationError": "A900",
    "ConfigurationError": "A601",
    "JournalError": "A501",
    "ForeignJournal": "A502",
    "AlreadyRunning": "A503",
    "JournalMissing": "A504",
    "DamagedJournal": "A506",
    "JournalExists": "A507",
    "Refused": "A401",
    "OldJournal": "A505",
    "NotAllowed": "A402",
    "NotFound": "A901",
    "NotYourRole": "A404",
    "ControlHeld": "A405",
    "RequestStale": "A406",
    "ViewStale": "A407",
    "SecondPersonNeeded": "A408",
    "RequestWrong": "A410",
    "ConfirmationNeeded": "A412",
    "NotReachable": "A413",
    "StillGoingOn": "A414",
    "Defect": "A990",
}


@pytest.mark.parametrize("name", CODES)
def test_an_error_has_the_code_of_the_catalogue(name: str) -> None:
    assert getattr(errors, name).code == CODES[name]


@pytest.mark.parametrize(
    ("kind", "exit_"),
    [
        (StationError, Exit.FAILED),
        (errors.ConfigurationError, Exit.CONFIGURATION),
        (errors.JournalError, Exit.FAILED),
        (errors.AlreadyRunning, Exit.FAILED),
        (errors.Refused, Exit.BLOCKED),
        (errors.NotAllowed, Exit.NOT_ALLOWED),
        (errors.NotFound, Exit.NOT_FOUND),
    ],
)
def test_an_error_ends_the_program_with_the_exit_code_of_its_kind(
    kind: type[StationError], exit_: Exit
) -> None:
    assert kind.exit == exit_


def _kinds(kind: type[StationError]) -> list[type[StationError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _kinds(child))]


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _kinds(StationError) if kind.__module__ == errors.__name__]
    assert len(set(codes)) == len(codes) > 5, codes


def test_the_findings_of_a_configuration_error_stand_one_a_line() -> None:
    error = errors.ConfigurationError(["station.yaml:3:1: a", "io.csv:4:2: b"])
    assert error.findings == ["station.yaml:3:1: a", "io.csv:4:2: b"]
    assert str(error) == "station.yaml:3:1: a\nio.csv:4:2: b"


def test_a_site_that_sets_no_number_has_those_of_the_schema() -> None:
    schema = json.loads((config_directory() / "schema" / "station.json").read_text(encoding="utf-8"))
    written = schema["$defs"]["Policy"]["properties"]
    assert asdict(SitePolicy()) == {
        field.name: written[field.name]["default"] for field in fields(SitePolicy)
    }
    assert asdict(SitePolicy()) == {
        "swap_soc_min_percent": 90, "pack_soh_min_percent": 70, "pack_temp_max_c": 45, "pack_insulation_min_kohm": 500,
        "pack_weight_tolerance_percent": 10, "charge_power_kw": 40, "position_tolerance_mm": 15,
        "yaw_tolerance_deg": 1, "lift_sync_tolerance_mm": 5, "float_tolerance_mm": 3, "site_power_max_kw": 600,
        "site_power_safe_kw": 200, "rack_power_max_kw": 600, "bay_power_max_kw": 60, "pair_power_max_kw": 0,
        "bay_power_min_kw": 3, "charger_efficiency_percent": 94, "aux_power_kw": 15, "charge_end_percent": 95,
        "charge_temp_min_c": -20, "hot_temp_c": 60, "hot_rise_c_per_min": 3, "hot_gas_ppm": 300, "hot_move_max_c": 80,
        "isolation_allowed": True, "quarantine_settle_s": 30, "quarantine_frozen_percent": 3,
        "quarantine_no_gain_min": 20, "charger_silent_s": 20, "driver_time_percent": 100, "preheat_below_c": None,
        "wind_max_mps": 12, "charger_power_percent": 100,
    }  # fmt: skip


def test_the_phases_of_a_swap_come_in_this_order() -> None:
    assert [str(phase) for phase in ORDERED_PHASES] == [
        "positioning", "lock release", "extraction", "insertion", "verification", "release", "put-away", "complete",
    ]  # fmt: skip


def test_a_cell_of_the_interlock_table_is_one_of_four() -> None:
    assert set(CELLS) == {"X", "H", "S", "-"} and len(set(CELLS.values())) == 4
