"""Maintenance procedures: parameters are complete, or the refusal names what is unknown, missing or not there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.maintenance import MaintenanceProcedure, Parameter, Takes, count, number
from station_ctl.core.steps import Sequence

MADE: list[dict[str, str]] = []


def made(args: Mapping[str, str]) -> Sequence:
    MADE.append(dict(args))
    return Sequence("move-pack", "Move a pack", ())


MOVE = MaintenanceProcedure(
    "move-pack",
    (
        Parameter("origin", Takes.BAY),
        Parameter("target", Takes.BAY, default="B12"),
        Parameter("pack", Takes.PACK, found_at="origin"),
        Parameter("waiting", Takes.PACK, found_at="handover_in"),
    ),
    made,
)
LEDGER = Ledger().admit("P-1", "A01").admit("P-2", "handover_in")


def test_what_is_left_out_comes_from_default_and_custody() -> None:
    assert MOVE.complete({"origin": "A01"}, LEDGER) == {
        "origin": "A01", "target": "B12", "pack": "P-1", "waiting": "P-2",
    }  # fmt: skip


def test_what_is_given_stands() -> None:
    given = {"origin": "A01", "target": "A02", "pack": "P-9", "waiting": "P-8"}
    assert MOVE.complete(given, Ledger()) == given


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"origin": "A01", "tarmac": "A02", "speed": "1"},
         r"^move-pack does not take speed, tarmac; it takes origin, target, pack, waiting$"),
        ({}, r"^move-pack needs origin \(a bay\)$"),
        ({"origin": ""}, r"^move-pack needs origin \(a bay\)$"),
        ({"origin": "A07"}, r"^custody has no pack at A07: .+"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_is_wrong(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        MOVE.complete(given, LEDGER)


def test_a_procedure_without_parameters_takes_nothing() -> None:
    home = MaintenanceProcedure("home", (), made)
    assert home.complete({}, Ledger()) == {}
    with pytest.raises(ValueError, match=r"^home does not take axis; it takes nothing$"):
        home.complete({"axis": "x"}, Ledger())


def test_the_specimen_goes_from_the_first_bay_to_the_last() -> None:
    MADE.clear()
    MOVE.specimen(["A01", "A02", "B12"], "SIM-SEDAN")
    assert MADE == [{"origin": "A01", "target": "B12", "pack": "<pack>", "waiting": "<pack>"}]


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("7", 7), ("20", 20)])
def test_a_count_is_a_whole_number_within_its_bounds(text: str, value: int) -> None:
    assert count({"times": text}, "times", 20) == value


@pytest.mark.parametrize("text", ["0", "21", "-1", "1.5", "", "one", "２", "²"])
def test_a_count_out_of_bounds_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^times is .*, needs a whole number from 1 to 20$"):
        count({"times": text}, "times", 20)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "", "1,5", "ten"])
def test_a_number_is_finite(text: str) -> None:
    assert number("mm", "-2.5") == -2.5
    with pytest.raises(ValueError, match=r"^mm is .*, needs a number$"):
        number("mm", text)
