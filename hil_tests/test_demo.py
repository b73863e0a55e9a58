"""The demo, from outside: swaps complete on the real wire, its document has its form, its exit codes are true."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import Any

import pytest

from hil_tests.demo_process import ROOT, Shown, assert_custody_exact, command, demo, environment

SPEED = 30

ENVELOPE = {"schema": str, "ok": bool, "simulated": bool, "at": str, "data": dict}
DATA = {"swaps": list, "custody": dict, "monitor": dict, "speed": float, "seed": int}
BESIDES = {"custody_errors": list, "trips": list, "refused": str}
"""What a document carries beyond its promised form."""

SWAP = {
    "id": str, "result": str, "swap_s": float, "critical_path_s": float, "controller_share": float, "steps": list,
    "spent_pack": str, "fresh_pack": str,
}  # fmt: skip
STEP = {"no": int, "text": str, "lane": str, "started_s": float, "ended_s": float, "result": str}
STEP_BESIDES = {"chapter": str, "planned_s": (int, float), "plant_s": (float, type(None))}

BAYS_FILLED = 22


@pytest.fixture(scope="module")
def one() -> Shown:
    """One swap."""
    return demo("--json", "--speed", str(SPEED), "--seed", "7")


@pytest.fixture(scope="module")
def three() -> Shown:
    """Three swaps, one after another."""
    return demo("--json", "--speed", str(SPEED), "--swaps", "3")


def of(swap: dict[str, Any], no: int) -> dict[str, Any]:
    (step,) = [s for s in swap["steps"] if s["no"] == no]
    return dict(step)


def assert_form(found: dict[str, Any], *forms: dict[str, Any]) -> None:
    """Exactly these keys, each of its type; a bool is no number."""
    form = {key: kind for part in forms for key, kind in part.items()}
    assert found.keys() == form.keys()
    wrong = {
        k: v
        for k, v in found.items()
        if not isinstance(v, form[k]) or isinstance(v, bool) != (form[k] is bool)
    }
    assert wrong == {}


# ---- one swap ----------------------------------------------------------------------------------------------
def test_one_swap_completes(one: Shown) -> None:
    assert one.exit == 0, one.err
    (swap,) = one.data["swaps"]
    assert swap["result"] == "done"
    assert [s for s in swap["steps"] if s["result"] != "proven"] == []


def test_the_document_has_exactly_its_form(one: Shown) -> None:
    assert_form(one.document, ENVELOPE)
    assert one.document["schema"] == "station.demo/1"
    assert (one.document["ok"], one.document["simulated"]) == (True, True)
    assert_form(one.data, DATA, BESIDES)
    assert_form(one.data["monitor"], {"orders": int, "violations": list})
    assert (one.data["speed"], one.data["seed"]) == (SPEED, 7)
    for swap in one.data["swaps"]:
        assert_form(swap, SWAP)
        for step in swap["steps"]:
            assert_form(step, STEP, STEP_BESIDES)


def test_the_monitor_judged_every_order_and_saw_nothing(one: Shown) -> None:
    monitor, (swap,) = one.data["monitor"], one.data["swaps"]
    ordered = [s for s in swap["steps"] if s["plant_s"] is not None]
    assert monitor["orders"] == len(ordered) == len(swap["steps"]) - 1, "one step only looks"
    assert monitor["violations"] == []


def test_the_charged_pack_is_fetched_while_the_vehicle_drives_in(one: Shown) -> None:
    (swap,) = one.data["swaps"]
    fetch, drive_in = of(swap, 23), of(swap, 20)
    assert fetch["started_s"] < drive_in["ended_s"]
    assert drive_in["started_s"] < fetch["ended_s"]


def test_packs_are_conserved(one: Shown) -> None:
    (swap,) = one.data["swaps"]
    assert_custody_exact(one)
    packs = set(one.data["custody"].values())
    assert len(packs) == BAYS_FILLED
    assert swap["spent_pack"] in packs
    assert swap["fresh_pack"] not in packs
    assert all(place[0] in "AB" and place[1:].isdigit() for place in one.data["custody"])


def test_times_and_shares_fit_together(one: Shown) -> None:
    (swap,) = one.data["swaps"]
    path = swap["critical_path_s"]
    assert 200 < path < 320
    assert swap["controller_share"] == pytest.approx((swap["swap_s"] - path) / path, abs=1e-4)
    assert swap["swap_s"] == of(swap, 180)["ended_s"]
    for step in swap["steps"]:
        assert 0 <= step["started_s"] < step["ended_s"]
        if step["plant_s"] is not None and step["planned_s"] >= 5:
            assert step["plant_s"] == pytest.approx(step["planned_s"], rel=0.25)


def test_progress_is_one_plain_line_when_a_step_begins_and_one_when_it_ends(one: Shown) -> None:
    (swap,) = one.data["swaps"]
    steps = [(s["no"], what) for s in swap["steps"] for what in ("begins", "proven")]
    assert sorted((line.no, line.what) for line in one.lines) == sorted(steps)
    assert "\x1b" not in one.err and "\r" not in one.err and "━" not in one.err


# ---- several swaps -----------------------------------------------------------------------------------------
def test_three_swaps_complete_and_no_pack_is_lost(three: Shown) -> None:
    assert three.exit == 0, three.err
    swaps, packs = three.data["swaps"], set(three.data["custody"].values())
    assert [s["result"] for s in swaps] == ["done"] * 3
    assert [s["id"] for s in swaps] == ["S-0001", "S-0002", "S-0003"]
    assert three.data["monitor"]["violations"] == []
    assert_custody_exact(three)
    assert len(packs) == BAYS_FILLED
    assert {s["spent_pack"] for s in swaps} <= packs
    assert not {s["fresh_pack"] for s in swaps} & packs
    assert len({s["spent_pack"] for s in swaps} | {s["fresh_pack"] for s in swaps}) == 6


def test_the_next_vehicle_drives_in_while_the_last_spent_pack_is_put_away(three: Shown) -> None:
    for before, after in (("S-0001", "S-0002"), ("S-0002", "S-0003")):
        assert three.at(after, 20, "begins") < three.at(before, 220, "proven")
        assert three.at(before, 180, "proven") < three.at(after, 20, "begins"), "one vehicle at a time"


# ---- on a terminal, and for a person -----------------------------------------------------------------------
def test_a_terminal_gets_bars() -> None:
    master, slave = pty.openpty()
    arguments = command("--speed", str(SPEED), "--fault", "e-stop", "--at", "20")
    with subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=environment() | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = read_all(master)
        os.close(master)
        assert process.wait(60) == 8
    assert "━" in shown
    assert "\x1b[" in shown, "bars are drawn over"
    assert "Let the vehicle drive in" in shown
    assert "begins" not in shown.split("Custody")[0].split("station aborting")[0], (
        "no plain lines beside the bars"
    )


def read_all(descriptor: int) -> str:
    """Everything a terminal shows until its last program has left it."""
    shown = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # how Linux says that the other side is closed
            return shown.decode(errors="replace")
        if not piece:
            return shown.decode(errors="replace")
        shown += piece


def test_a_person_reads_steps_custody_cause_and_monitor() -> None:
    shown = demo("--speed", str(SPEED), "--fault", "curtain", "--at", "20")
    assert shown.exit == 8, shown.err
    for words in (
        "Let the vehicle drive in",
        "Custody: 22 packs",
        "A01 CN-SIM-",
        "first-out: A102",
        "G04 Light curtains",
        "orders judged, 0 violations",
    ):
        assert words in shown.out, words


# ---- wrong calls -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["--swaps", "0"], 2, "1<=x<=1000"),
        (["--swaps", "some"], 2, "'some' is not a valid integer"),
        (["--speed", "61"], 2, "0.1<=x<=60"),
        (["--fault", "earthquake"], 2, "'e-stop', 'curtain', 'bolt-stuck'"),
        (["--at", "80"], 2, "--at needs --fault"),
        (["--sped", "20"], 2, "--speed"),
        (["more"], 2, "unexpected extra argument"),
        (["--station", "nowhere"], 9, "there is no station nowhere"),
        (["--fault", "e-stop", "--at", "81"], 9, "there is no step 81"),
        (["--station", "passenger_car"], 6, "only a simulated station takes overrides"),
    ],
)
def test_a_wrong_call_is_told_on_stderr(arguments: list[str], exit_code: int, words: str) -> None:
    shown = demo("--json", *arguments)
    assert (shown.exit, shown.out) == (exit_code, "")
    assert words in shown.err
    assert '"schema": "station.error/1"' in shown.err
