"""Each fault of the demo once on the real wire: exit code, first-out, nothing unsafe ordered, custody exact.

The whole matrix of faults and steps runs in virtual time, in tests/faults.
"""

from __future__ import annotations

import pytest

from hil_tests.demo_process import assert_custody_exact, demo

STOPPED_HALF_WAY = 8

CASES = [
    # fault, step, first-out code, at step, words of the cause
    # A step beside which no other lane is at work: every step under way is stopped by it.
    ("e-stop", 80, "A102", 80, ("G01", "safety.estop_ok on; found off")),
    ("curtain", 23, "A102", 0, ("G04", "safety.curtain")),
    ("bolt-stuck", 80, "A106", 80, ("robot.bolts_open", "fault code 3")),
    ("sensor-stuck", 50, "A106", 50, ("lift.clamped on; found off", "fault code 2")),
    ("link-lost", 70, "A201", 70, ("G02", "[robot EPOCH]")),
    ("plc-restart", 30, "A201", 30, ("G02", "[lift EPOCH]")),
    ("wrong-pack", 23, "A107", 23, ("reader.in_code = CN-SIM-",)),
]


@pytest.mark.parametrize(("fault", "at", "code", "step", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_fault_stops_the_swap_under_control(
    fault: str, at: int, code: str, step: int, words: tuple[str, ...]
) -> None:
    shown = demo("--json", "--speed", "30", "--fault", fault, "--at", str(at))
    assert shown.exit == STOPPED_HALF_WAY, shown.err
    assert shown.document["ok"] is False
    assert shown.data["monitor"]["violations"] == []
    assert_custody_exact(shown)
    assert len(shown.data["custody"]) >= 22
    first, *others = shown.data["trips"]
    assert first["first_out"] and not any(trip["first_out"] for trip in others)
    assert first["code"] == code, first["text"]
    if step:
        assert first["step"] == step, first["text"]
    for word in words:
        assert word in first["text"]
    (swap,) = shown.data["swaps"]
    assert swap["result"] in ("held", "aborted")
    assert (swap["swap_s"], swap["critical_path_s"], swap["controller_share"]) == (None, None, None)
    begun = [s for s in swap["steps"] if s["started_s"] is not None]
    assert any(s["result"] in ("stopped", "failed") for s in begun)
    assert all(s["result"] == "waiting" for s in swap["steps"] if s["started_s"] is None)
