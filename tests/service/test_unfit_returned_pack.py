"""A returned pack that its own BMS calls unfit: it stays in its bay uncharged and locked, and the station goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hil_tests.simplc.truth.packs import Pack
from station_ctl.core.modes import Phase, State
from station_ctl.engine.state import Run
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench

UNFIT = {"crash": "A806", "insulation": "A806", "hot": "A807"}
"""What is wrong with the pack, and the alarm of its bay."""


def ail(pack: Pack, how: str) -> None:
    match how:
        case "crash":
            pack.crashed = True
        case "insulation":
            pack.insulation = 90
        case "hot":
            pack.temperature = 50.0


async def unfit(bench: DeskBench, how: str) -> Run:
    """A vehicle whose pack is unfit from the moment on at which the vehicle has left; what must hold in any case."""
    visit = asyncio.create_task(bench.swap())
    await bench.until(lambda: any(r.phase is Phase.PUT_AWAY and r.job is not None for r in bench.state.runs), 60.0)
    job = next(r.job for r in bench.state.runs if r.phase is Phase.PUT_AWAY)
    assert job is not None
    places = bench.sim.plant.places
    pack = places.at(places.by_code()[job.spent])
    assert pack is not None
    ail(pack, how)
    closed = await visit
    assert closed.phase is Phase.COMPLETE and not closed.complete
    await asyncio.sleep(1.0)
    assert (bench.state.state, bench.state.trips) == (State.EXECUTE, ())
    assert bench.state.ledger.at(job.spent_bay) == job.spent
    assert f"{UNFIT[how]}-{job.spent_bay}" in [level.key for level in bench.charging.alarms()]
    bay = next(b for b in bench.sim.plant.bays.values() if b.name == job.spent_bay)
    assert bay.plugged and (bay.kilowatts, bay.kwh) == (0.0, 0.0)
    assert (job.spent in dict(bench.state.locks)) is (UNFIT[how] == "A806")
    (row,) = [r for r in bench.journal.rows() if r.kind == "run-closed" and r.run == closed.run_id]
    assert row.data["result"] == "done"
    assert str(row.data["why"]).startswith("step 210 Look at the returned pack: needs ")
    return closed


def told(folder: Path, *ways: str) -> None:
    async def main() -> None:
        async with DeskBench(folder, charging=True) as bench:
            await bench.make_ready()
            await asyncio.sleep(2.0)
            for how in ways:
                closed = await unfit(bench, how)
            job = closed.job
            assert job is not None
            bay = next(b for b in bench.sim.plant.bays.values() if b.name == job.spent_bay)
            if ways[-1] == "hot":
                assert bay.pack is not None
                bay.pack.temperature, bay.changed = 30.0, True
                await bench.until(lambda: bay.kilowatts > 5.0, 20.0)
            assert bench.sim.monitor.verdicts == []

    run_virtually(main())


def test_unfit_packs_are_put_away_told_and_not_charged_and_one_that_was_only_warm_is_when_it_has_cooled(
    tmp_path: Path,
) -> None:
    """Two vehicles after each other: the second is served although the first one's pack was locked."""
    told(tmp_path, "crash", "hot")


@pytest.mark.long
def test_a_pack_with_an_isolation_fault_is_put_away_and_locked(tmp_path: Path) -> None:
    told(tmp_path, "insulation")
