"""Figures of the crash campaigns, for `./station evidence`: each campaign in a process of its own, because it forks.

Knows how to run them and to add them up. Does not know what they do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def told_by(module: str, *arguments: str) -> dict[str, Any]:
    """What a campaign prints. Raises CalledProcessError with its words on stderr if it fails itself."""
    command = [sys.executable, "-m", f"tests.crash.{module}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def crash(long: bool = False) -> dict[str, Any]:
    """Points of a swap and of two swaps that overlap; pairs of crashes; and whatever was wrong after any of them.

    `killed` are processes that got SIGKILL for real, `inside` those of them that died inside a commit. `violations`
    are unsafe or unasked orders, `stuck` are swaps that no way brought to an end, `by_hand` those that took a person
    at a device's panel.
    """
    form = ("--long",) if long else ()
    kills = told_by("sigkill", *form)
    parts = [*(told_by("campaign", *form, "--vehicles", vehicles) for vehicles in ("1", "2")), kills]
    wrong = {kind: sum(part["wrong"][kind] for part in parts) for kind in kills["wrong"]}
    for part in parts:
        sys.stderr.writelines(f"{example}\n" for example in part["examples"])
    return {
        **{name: sum(part[name] for part in parts) for name in ("points", "crashes", "pairs", "interruptions")},
        "killed": kills["killed"],
        "inside": kills["inside"],
        "by_hand": sum(len(part["by_hand"]) for part in parts),
        "lost": wrong["lost"],
        "repeated": wrong["repeated"],
        "custody_errors": wrong["custody"],
        "violations": wrong["unsafe"] + wrong["unasked"],
        "stuck": wrong["stuck"],
        **({"skipped": kills["skipped"]} if kills["skipped"] else {}),
    }


def power_cut(long: bool = False) -> dict[str, Any]:
    """Images of the disk after a power cut, and how many of the two weakened controls were caught losing rows.

    Without a recorder there is no figure and it says so: `images` is 0 and `skipped` says why.
    """
    told = told_by("power_cut", *(("--long",) if long else ()))
    if "skipped" in told:
        return {"images": 0, "corrupt": 0, "lost": 0, "controls_caught": 0, "skipped": told["skipped"]}
    sys.stderr.writelines(f"{example}\n" for example in told["examples"])
    return {name: told[name] for name in ("images", "corrupt", "lost", "controls_caught")}
