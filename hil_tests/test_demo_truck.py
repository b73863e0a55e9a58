"""The demo of the truck station, from outside: a swap on the wire, a struck one that comes to rest, true exit codes."""

from __future__ import annotations

import pytest

from hil_tests.demo_process import Shown, assert_custody_exact, demo

STATION = ("--station", "sim_heavy_truck")
SPEED = 30
LIMIT_S = 360.0
"""GB/T 29772-2024 8.5.1, on the machine's clock. At this speed a busy PC is part of every step."""


@pytest.fixture(scope="module")
def one() -> Shown:
    """One swap."""
    return demo("--json", "--speed", str(SPEED), *STATION)


def test_a_truck_gets_a_charged_pack_on_the_wire(one: Shown) -> None:
    assert one.exit == 0, one.err
    (swap,) = one.data["swaps"]
    assert swap["result"] == "done" and swap["critical_path_s"] <= LIMIT_S
    assert [s for s in swap["steps"] if s["result"] != "proven"] == []
    assert one.data["monitor"]["violations"] == [] and one.data["custody_errors"] == []
    assert_custody_exact(one)


def test_it_was_planned_within_the_limit(one: Shown) -> None:
    """Every lane in its order, every step at its nominal time: what a swap takes when nothing waits for the PC."""
    (swap,) = one.data["swaps"]
    steps = {s["no"]: s for s in swap["steps"]}
    assert {s["lane"] for s in steps.values()} == {"stand", "vehicle", "crane", "rack"}
    crane_works = sum(s["planned_s"] for s in steps.values() if s["lane"] == "crane")
    assert crane_works < swap["critical_path_s"] <= LIMIT_S


@pytest.mark.parametrize(
    ("fault", "at", "exit_"), [("snag", 90, 8), pytest.param("person", 150, 8, marks=pytest.mark.long)]
)
def test_a_struck_swap_stands_and_says_so(fault: str, at: int, exit_: int) -> None:
    shown = demo("--json", "--speed", str(SPEED), *STATION, "--fault", fault, "--at", str(at))
    assert shown.exit == exit_, shown.err
    assert shown.data["trips"] and shown.data["monitor"]["violations"] == []
    assert shown.data["custody_errors"] == []
