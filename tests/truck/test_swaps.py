"""Whole swaps of trucks in virtual time: packs, ledger, monitor, time; stopped by a person and gone on with or back."""

from __future__ import annotations

from pathlib import Path

import pytest

from station_ctl.core.modes import State
from station_ctl.engine.events import Progress, Verb
from tests.bench.virtual_bench import run_virtually
from tests.bench.whole_swaps import begun, ledger_is_the_truth, proven
from tests.truck.truck_bench import LOOK, RESUME, RETREAT, TruckBench, stopped_anywhere, visited
from tests.truck.truck_paper import the_job, the_station

STEPS = tuple(step.no for step in the_station().procedures().swap(the_job()).steps if step.do is not None)
LOCKED = 155
"""Before this step is proven the truck can go back; after it, only forward."""


def test_two_trucks_get_charged_packs_and_every_pack_is_where_the_ledger_has_it(tmp_path: Path) -> None:
    async def swaps() -> None:
        async with TruckBench(tmp_path) as bench:
            await bench.make_ready()
            runs = [await bench.swap(), await bench.swap()]
            assert all(run.complete for run in runs)
            bench.safe()
            ledger_is_the_truth(bench)
            assert bench.state.trips == () and bench.state.zones == ()
            for run in runs:
                seconds = begun(bench.seen, run.run_id)
                assert proven(bench.seen, run.run_id)[200] - seconds[20] < 360, "GB/T 29772-2024 8.5.1"

    run_virtually(swaps())


def test_lanes_work_at_the_same_time(tmp_path: Path) -> None:
    """Crane above while the driver secures, high voltage off while it is scanned, scanned again while it is fetched."""

    async def one() -> None:
        async with TruckBench(tmp_path, seed=3) as bench:
            await bench.make_ready()
            run = await bench.swap()
            start, end = begun(bench.seen, run.run_id), proven(bench.seen, run.run_id)
            for a, b in ((40, 30), (60, 50), (22, 20), (140, 120), (175, 180)):
                assert start[a] < end[b] and start[b] < end[a], (a, b)

    run_virtually(one())


async def stopped_in(folder: Path, verb: Verb, no: int, part: float, *ways: str) -> TruckBench:
    """A swap held or aborted in this step, and brought to its end by the first of these ways that is granted."""
    async with visited(folder) as bench:
        await bench.at_step(no, part)
        old = bench.sim.plant.visitor()
        assert old is not None
        await bench.stopped(verb)
        gone = await bench.to_the_end(*ways)
        bench.safe()
        assert len(gone) == 1, gone
        back = gone == [RETREAT]
        assert (bench.left_with == old.arrival_code) == back, (
            "back with the old pack, or on with a charged one"
        )
        assert back == (RETREAT in ways and no <= LOCKED)
        assert bench.state.state is State.EXECUTE and bench.state.runs == () and bench.state.zones == ()
        return bench


FORWARD, BACK = (RESUME, LOOK), (RETREAT, RESUME, LOOK)
SHORT = [
    (Verb.HOLD, 90, FORWARD), (Verb.ABORT, 150, FORWARD), (Verb.HOLD, 70, BACK), (Verb.HOLD, 80, BACK),
    (Verb.HOLD, 95, BACK), (Verb.HOLD, 130, BACK), (Verb.HOLD, 145, BACK), (Verb.HOLD, 155, BACK),
]  # fmt: skip
"""Each way back once, and a pack half-way out of the truck and half-way in."""


@pytest.mark.parametrize(
    ("verb", "no", "ways"), SHORT, ids=lambda v: "-".join(v[:1]) if isinstance(v, tuple) else str(v)
)
def test_a_person_who_stopped_it_goes_on_or_back(
    tmp_path: Path, verb: Verb, no: int, ways: tuple[str, ...]
) -> None:
    run_virtually(stopped_in(tmp_path, verb, no, 0.4, *ways))


@pytest.mark.long
@pytest.mark.parametrize("ways", [FORWARD, BACK], ids=["forward", "back"])
@pytest.mark.parametrize("verb", [Verb.HOLD, Verb.ABORT])
@pytest.mark.parametrize("part", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("no", STEPS)
def test_a_person_who_stopped_it_in_any_step_goes_on_or_back(
    tmp_path: Path, no: int, part: float, verb: Verb, ways: tuple[str, ...]
) -> None:
    run_virtually(stopped_anywhere(tmp_path, no, part, verb, *ways))


async def died_in(folder: Path, no: int, part: float, *ways: str) -> None:
    """The controller dies in this step and is started again: nothing moves until a person says so."""
    async with visited(folder) as bench:
        await bench.at_step(no, part)
        await bench.crash_and_restart()
        orders = bench.report()["orders"]
        await bench.to_the_end(*ways)
        bench.safe()
        assert bench.report()["orders"] > orders or no >= STEPS[-1]


@pytest.mark.parametrize("no", [100])
def test_a_controller_that_died_is_started_again_and_finds_the_pack(tmp_path: Path, no: int) -> None:
    run_virtually(died_in(tmp_path, no, 0.4, *FORWARD))


@pytest.mark.long
@pytest.mark.parametrize("ways", [FORWARD, BACK], ids=["forward", "back"])
@pytest.mark.parametrize("no", STEPS)
def test_a_controller_that_died_in_any_step_finds_the_pack(
    tmp_path: Path, no: int, ways: tuple[str, ...]
) -> None:
    run_virtually(died_in(tmp_path, no, 0.5, *ways))


def test_a_hot_pack_is_carried_to_the_isolation_place_by_the_crane(tmp_path: Path) -> None:
    async def one() -> None:
        async with TruckBench(tmp_path, charging=True) as bench:
            await bench.make_ready()
            pack = bench.state.ledger.at("A02")
            bench.do(cmd="fault", name="hot-pack", on=True, bay="A02")
            await bench.until(
                lambda: bench.state.ledger.at("isolation") == pack and not bench.state.runs, 120.0
            )
            bench.safe()
            assert any(isinstance(e, Progress) and e.what == "run-closed" for e in bench.seen)

    run_virtually(one())
