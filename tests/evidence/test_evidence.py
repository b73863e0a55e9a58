"""The evidence says what it is: whole, failed or interrupted, with every figure it owes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.__main__ import BY_NAME, LONGEST_FIRST, document, keep, line
from tests.evidence.campaigns import CAMPAIGNS, Campaign, Figures
from tests.evidence.running import one, run_all

GOOD: dict[str, Figures] = {
    "explorer": {"states": 100, "transitions": 300, "faults": 2, "violations": 0, "l1_percent": 100.0, "seconds": 2.0},
    "mutants": {"killed": 20, "total": 20},
    "mutation": {
        "killed": 38, "total": 40, "equivalent": 2, "guards_killed": 19, "guards_total": 20, "guards_equivalent": 1,
    },
    "guards": {"proved": 5, "total": 5},
    "crash": {"points": 9, "pairs": 4, "lost": 0, "repeated": 0, "custody_errors": 0, "violations": 0, "stuck": 0},
    "power_cut": {"images": 10, "corrupt": 0, "lost": 0, "controls_caught": 2},
    "faults": {"cases": 7, "as_expected": 7, "unsafe_orders": 0},
    "fuzz": {"frames": 9, "uncaught": 0, "wrong_accepts": 0},
    "soak": {"swaps": 3, "violations": 0, "custody_errors": 0, "stuck": 0},
}


def says(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def ran(**commands: list[str]) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    assert run_all(dict(commands), 2, found.__setitem__)
    return found


def test_every_campaign_is_of_the_form_that_is_promised() -> None:
    assert {c.name: set(c.owes) <= set(GOOD[c.name]) for c in CAMPAIGNS} == dict.fromkeys(GOOD, True)
    assert set(LONGEST_FIRST) <= set(BY_NAME)
    told = document(GOOD, long=False, complete=True)
    assert told["schema"] == "station.evidence/1" and told["ok"] and told["data"] == GOOD


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda c: c.name)
def test_a_figure_that_is_bad_or_missing_spoils_the_whole(campaign: Campaign) -> None:
    good = GOOD[campaign.name]
    assert campaign.why_bad(good) == ""
    for name in campaign.owes:
        without = {n: v for n, v in good.items() if n != name}
        assert f"no figure for {name}" in campaign.why_bad(without)
    for name, wrong in _wrong(campaign.name):
        bad = {**GOOD, campaign.name: {**good, name: wrong}}
        assert not document(bad, long=False, complete=True)["ok"], f"{name} {wrong} passes"
        assert line(campaign, bad[campaign.name]).startswith("BAD")


def _wrong(name: str) -> list[tuple[str, Any]]:
    counts = (
        "violations", "lost", "repeated", "custody_errors", "corrupt", "unsafe_orders", "uncaught", "wrong_accepts",
    )  # fmt: skip
    least = {"guards_killed": 18, "l1_percent": 99.9, "killed": 19, "proved": 4, "controls_caught": 1, "as_expected": 6}
    nothing = ("states", "points", "pairs", "images", "cases", "frames", "swaps")
    found: list[tuple[str, Any]] = [(n, 1) for n in counts if n in GOOD[name]]
    found += [(n, v) for n, v in least.items() if n in GOOD[name]]
    return [*found, *((n, 0) for n in nothing if n in GOOD[name])]


def test_counter_examples_stand_below_the_line_of_a_bad_campaign() -> None:
    bad = {**GOOD["crash"], "lost": 1, "said": "commit of x before, resume: lost: P-1"}
    assert line(BY_NAME["crash"], bad).endswith("\n    commit of x before, resume: lost: P-1")


def test_the_line_tells_states_per_second() -> None:
    assert "50 states/s" in line(BY_NAME["explorer"], {**GOOD["explorer"], "took_s": 3.0})


def test_what_a_campaign_found_is_its_last_line() -> None:
    found = ran(fuzz=says("import sys; print('log'); print('seed 7', file=sys.stderr); print('{\"frames\": 3}')"))
    assert found["fuzz"]["frames"] == 3 and "failed" not in found["fuzz"] and found["fuzz"]["said"] == "seed 7"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('out of memory')", "ended with 1: out of memory"),
        ("import os; os.kill(os.getpid(), 9)", "ended with -9"),
        ("print('nothing to tell')", "said no figures"),
        ("pass", "said no figures"),
    ],
)
def test_a_campaign_that_dies_says_so_and_the_others_go_on(code: str, words: str) -> None:
    found = ran(soak=says(code), fuzz=says("print('{\"frames\": 3}')"))
    assert words in found["soak"]["failed"] and found["fuzz"]["frames"] == 3
    assert words in BY_NAME["soak"].why_bad(found["soak"])
    assert not document({**GOOD, **found}, long=False, complete=True)["ok"]


def test_an_interrupted_run_names_what_is_missing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    found, child = dict[str, Figures](), tmp_path / "child"
    code = f"import os, time; open({str(child)!r}, 'w').write(str(os.getpid())); time.sleep(600)"

    def interrupt() -> None:
        while not (child.exists() and child.read_text()):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    # Started in the background of a shell, a program inherits an ignored Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        assert not run_all({"soak": says(code), "fuzz": says("pass")}, 1, found.__setitem__)
    finally:
        signal.signal(signal.SIGINT, before)
    assert found["soak"]["failed"] == "interrupted" and found["fuzz"]["failed"] == "interrupted before it began"
    assert not document({**GOOD, **found}, long=False, complete=False)["ok"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(child.read_text()), 0)


def test_the_figures_of_a_long_run_are_kept_with_versions(tmp_path: Path) -> None:
    keep({"fuzz": GOOD["fuzz"]}, 12.0, complete=True, results=tmp_path)
    path = keep({"soak": GOOD["soak"]}, 30.0, complete=True, results=tmp_path)
    kept = json.loads(path.read_text())
    on = {"commit": kept["machine"]["commit"]}
    assert kept["data"] == {"fuzz": {**GOOD["fuzz"], **on}, "soak": {**GOOD["soak"], **on}}
    assert not kept["ok"] and not kept["complete"], "half of the evidence is none"
    whole = json.loads(keep(GOOD, 50.0, complete=True, results=tmp_path).read_text())
    assert whole["ok"] and whole["complete"]
    assert whole["data"] == {name: {**figures, **on} for name, figures in GOOD.items()}
    assert kept["form"] == "long" and {"python", "sqlite", "commit"} <= set(kept["machine"])


def test_one_campaign_runs_as_the_command_runs_it() -> None:
    ended = subprocess.run(one("guards", long=False), capture_output=True, text=True, check=True)
    figures = json.loads(ended.stdout.splitlines()[-1])
    assert BY_NAME["guards"].why_bad(figures) == ""
