"""Swaps with random faults: nothing unsafe is ordered, no pack is lost, and a person always finds a way on."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from station_ctl.service.run_watch import KEPT
from tests.bench.virtual_bench import run_virtually
from tests.soak.evidence import LONG, SHORT, shifts
from tests.soak.faults import KINDS, Strike
from tests.soak.shift import VEHICLES, Findings, Shift, SoakBench, shift


def told(found: Findings, pacing: str = "leaps") -> str:
    """What was found, with the story of the vehicle that it was found with."""
    _, story = shift(found.seed, pacing=pacing)
    last = max(i for i, line in enumerate(story) if "---- vehicle" in line)
    wrong = (*found.violations, *found.custody, *found.unasked, *found.stuck)
    return "\n".join((f"seed {found.seed}, vehicle {found.swaps}:", *wrong, *story[last:]))


@pytest.mark.parametrize("seed", range(1, 1 + SHORT))
def test_a_shift_with_random_faults_ends_well(seed: int) -> None:
    pacing = ("cycles", "leaps")[seed % 2]
    (found,) = shifts([seed], pacing=pacing)
    assert found.clean, told(found, pacing)
    assert found.swaps == VEHICLES
    assert found.rests > 0, "nothing has ever struck"


@pytest.mark.parametrize("seed", [30, 148], ids=["order under way", "reception"])
def test_a_controller_that_dies_over_something_leaves_a_shift_that_goes_on(seed: int) -> None:
    """With an order decided and not yet sent, and with a vehicle half identified."""
    found, story = shift(seed)
    assert any("killed" in line for line in story)
    assert found.clean and found.swaps == VEHICLES, told(found)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_ten_thousand_swaps_with_random_faults() -> None:
    swaps, struck, ended = 0, Counter[str](), Counter[str]()
    for found in shifts(range(1, 1 + LONG), os.cpu_count() or 1):
        assert found.clean, told(found)
        swaps += found.swaps
        struck += found.struck
        ended += found.ended
    assert swaps == LONG * VEHICLES
    assert set(struck) == set(KINDS), "a fault that never struck"
    assert ended["swapped"] > swaps // 2


def test_the_same_seed_tells_the_same_story() -> None:
    assert shift(3, 2)[1] == shift(3, 2)[1]


def test_the_engine_does_not_grow() -> None:
    """What a station remembers of its swaps is bounded, or it would end with its memory."""

    async def main(folder: Path) -> None:
        async with SoakBench(folder, speed=600.0) as bench:
            work = Shift(bench, 1, [])
            await bench.make_ready()
            await work.serve(())
            for number in range(100):
                bench.watch.closed[f"old-{number}"] = next(iter(bench.watch.closed.values()))
            await work.serve(())
            assert 0 < len(bench.watch.closed) <= KEPT

    with tempfile.TemporaryDirectory() as folder:
        run_virtually(main(Path(folder)))


def test_a_fault_says_what_it_is() -> None:
    assert str(Strike("link-lost", 80, 0.4, (("plc", "robot"),))) == "link-lost (plc robot) at step 80 + 40%"
