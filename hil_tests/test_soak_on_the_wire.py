"""Vehicle after vehicle on the wire while links flap and PLCs restart: nothing unsafe, nothing lost, nothing grows.

The short form shows that it works at all; memory is judged where there are minutes to judge it by, in the long one.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

import station_ctl

ROOT = Path(station_ctl.__file__).resolve().parent.parent
SHORT_S, LONG_S = 4.0, 1800.0
SILENT = 180.0
"""Wall seconds after which the process is taken for hung: this machine may stand still for seconds."""

MOST_GROWTH = 6 * 2**20
"""Bytes of resident memory that half an hour may add: what allocators keep varies by some MiB between two looks."""


async def soaked(folder: Path, *, seed: int, seconds: float, pause: float) -> list[dict[str, Any]]:
    """Everything the process has told. Fails with its words when it ends badly."""
    words = (str(folder), str(seed), str(seconds), str(pause))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hil_tests.soak_process", *words,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    told: list[dict[str, Any]] = []
    try:
        assert process.stdout is not None
        while True:
            async with asyncio.timeout(SILENT):
                line = await process.stdout.readline()
            if not line:
                break
            told.append(json.loads(line))
        assert await process.wait() == 0, told[-5:]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert told and told[-1].get("end"), told[-5:]
    return told


def judge(told: list[dict[str, Any]]) -> None:
    """Nothing unsafe was ordered, the ledger is right, and every shift ended or says why nobody found a way."""
    ends = [t for t in told if "violations" in t]
    assert ends and [v for end in ends for v in end["violations"]] == []
    for end in ends:
        for pack, (place, to) in end["ledger"].items():
            possible = {place, to, *(("stacker",) if to else ())}
            assert end["packs"][pack].replace("left:", "vehicle:") in possible, (
                pack,
                place,
                to,
                end["packs"][pack],
            )
        inside = {
            p for p, place in end["packs"].items() if not place.startswith(("left:", "queue:", "vehicle:"))
        }
        assert inside <= set(end["ledger"]), "a pack that the ledger does not know"


def told_of(told: list[dict[str, Any]], name: str) -> list[Any]:
    return [t[name] for t in told if name in t]


@pytest.mark.timeout(300)
async def test_links_that_flap_for_some_seconds_cost_nothing_but_time(tmp_path: Path) -> None:
    told = await soaked(tmp_path, seed=4, seconds=SHORT_S, pause=1.5)
    judge(told)
    assert told_of(told, "fault") and told_of(told, "orders")[0] > 0
    rested = [t for t in told if t.get("rested")]
    for ready, after in zip([t for t in told if t.get("ready")], rested, strict=False):
        assert after["fds"] <= ready["fds"], "descriptors are left open"


@pytest.mark.long
@pytest.mark.timeout(LONG_S + 900)
async def test_half_an_hour_of_flapping_links_and_restarting_plcs(tmp_path: Path) -> None:
    told = await soaked(tmp_path, seed=1, seconds=LONG_S, pause=6.0)
    judge(told)
    faults, rests, swaps = told_of(told, "fault"), told_of(told, "rest"), told_of(told, "swap")
    assert len(faults) > 100 and len(rests) > 20 and sum(swaps) > 20, (len(faults), len(rests), swaps)
    assert {fault["cmd"] for fault in faults} == {"wire", "fault"}
    assert len(told_of(told, "by_hand")) <= len(rests) / 5, "too often nobody finds a way out"
    looks = [t for t in told if "rss" in t]
    first, last = looks[len(looks) // 4 : len(looks) // 2], looks[-len(looks) // 4 :]
    grown = statistics.median(t["rss"] for t in last) - statistics.median(t["rss"] for t in first)
    assert grown <= MOST_GROWTH, f"{grown / 2**20:.1f} MiB more in the last quarter than in the second"
    ready = [t["fds"] for t in told if t.get("ready")]
    assert max(t["fds"] for t in told if t.get("rested") or t.get("ready")) <= ready[0], (
        "descriptors are left open"
    )
