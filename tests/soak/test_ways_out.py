"""Stories that the soak has found, each by itself: after every one of them a person is offered a way that leads on."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from station_ctl.core.errors import StationError
from tests.bench.virtual_bench import run_virtually
from tests.soak.faults import Strike
from tests.soak.shift import SPEED, Findings, LeapSoakBench, Shift

CURTAIN = (("which", 1),)


def one_vehicle(*planned: Strike) -> tuple[Findings, list[str]]:
    """One vehicle struck by these faults."""
    story: list[str] = []

    async def main(folder: Path) -> Findings:
        async with LeapSoakBench(folder, speed=SPEED) as bench:
            work = Shift(bench, 1, story)
            await bench.make_ready()
            await work.serve(planned)
            work.check()
            return work.found

    with tempfile.TemporaryDirectory() as folder:
        return run_virtually(main(Path(folder))), story


def assert_ended(found: Findings, story: list[str]) -> None:
    """The vehicle has left, and nothing was unsafe or lost."""
    assert found.clean and sum(found.ended.values()) == 1, "\n".join(story)


@pytest.mark.parametrize("part", [0.0, 0.4, 0.98])
def test_bolts_that_were_loosened_by_hand_are_tightened_anew(part: float) -> None:
    """A bolt stuck while tightening: the others are tight already, and turn no more when the order is repeated."""
    found, story = one_vehicle(Strike("bolt-stuck", 120, part, (("bolt", 4),)))
    assert_ended(found, story)
    assert found.ended["swapped"] == 1
    assert any("by hand: bolts loosened" in line for line in story), "\n".join(story)
    assert any("move the machine by hand" in why or "says done, is not" in why for why in found.by_hand)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_plug_that_was_stopped_half_way_is_drawn_on(part: float) -> None:
    found, story = one_vehicle(Strike("plc-restart", 22, part, (("plc", "rack_a"), ("seconds", 0.5))))
    assert_ended(found, story)
    assert found.by_hand == [], "\n".join(story)


@pytest.mark.parametrize("no", [23, 190])
@pytest.mark.parametrize("part", [0.5, 0.8, 0.9, 0.98])
def test_a_stacker_that_was_stopped_anywhere_on_its_way_brings_the_pack(no: int, part: float) -> None:
    """Once the pack is set down and the stacker not yet parked, a person drives it there."""
    found, story = one_vehicle(Strike("curtain", no, part, CURTAIN))
    assert_ended(found, story)


@pytest.mark.parametrize("no", [80, 90, 100, 105, 110, 120])
def test_high_voltage_that_came_back_is_switched_off_and_the_swap_goes_on(no: int) -> None:
    found, story = one_vehicle(Strike("hv-on", no, 0.4))
    assert_ended(found, story)


def test_a_pack_under_a_false_code_can_be_put_right() -> None:
    """The vehicle tells a false code of its pack; the bay's BMS the true one; two persons correct it."""
    found, story = one_vehicle(Strike("wrong-pack", 10, 0.1, (("target", "vehicle"),)))
    assert_ended(found, story)
    assert found.ended["swapped"] == 1 and found.by_hand == [], "\n".join(story)
    assert sum(" holds " in line and ", not " in line for line in story) == 1, "\n".join(story)


def test_a_controller_that_dies_twice_in_one_swap_goes_on_from_its_journal() -> None:
    found, story = one_vehicle(
        Strike("kill", 80, 0.4, (("outage", 1.5),)), Strike("kill", 120, 0.8, (("outage", 0.05),))
    )
    assert_ended(found, story)


def test_nobody_is_left_without_an_answer() -> None:
    """A person who asks for what is not possible is refused in words, and nothing happens."""

    async def main(folder: Path) -> None:
        async with LeapSoakBench(folder, speed=SPEED) as bench:
            work = Shift(bench, 1, [])
            await asyncio.sleep(0.5)
            refusals = [await work.resume(), await bench_retreat(work)]
            assert all(len(why) > 20 for why in refusals), refusals

    async def bench_retreat(work: Shift) -> str:
        try:
            await work.bench.engine.retreat("S-0001", "S-0001-R", work.bench.built.procedures().reception(), None, "x")
        except StationError as refusal:
            return str(refusal)
        return ""

    with tempfile.TemporaryDirectory() as folder:
        run_virtually(main(Path(folder)))
