"""Whole swaps in virtual time: the real engine and procedures on the simulated plant, judged by its safety monitor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.modes import Phase, State
from station_ctl.engine.custody_history import told_ledger
from station_ctl.engine.events import Effect, Progress, Record
from station_ctl.engine.journal import JournalRow, Restored
from station_ctl.engine.state import Run, StationState
from tests.bench.virtual_bench import run_virtually
from tests.bench.whole_swaps import begun, drive_in, in_use, ledger_is_the_truth, proven, ready, safe


@dataclass(frozen=True)
class Nominal:
    """One undisturbed swap: what was there before, what was seen, and what plant and journal say afterwards."""

    before: Ledger
    state: StationState
    run: Run
    seen: list[Effect]
    report: dict[str, Any]
    restored: Restored
    rows: list[JournalRow]


@pytest.fixture(scope="module")
def nominal(tmp_path_factory: pytest.TempPathFactory) -> Nominal:
    async def main() -> Nominal:
        async with ready(tmp_path_factory.mktemp("nominal")) as bench:
            before = bench.state.ledger
            run = await bench.swap()
            await bench.engine.gate.drain()
            ledger_is_the_truth(bench)
            report, journal = bench.do(cmd="report"), bench.journal
            return Nominal(before, bench.state, run, bench.seen, report, journal.restore(), journal.rows())

    return run_virtually(main())


def test_a_swap_runs_to_its_end_and_the_ledger_is_the_truth(nominal: Nominal) -> None:
    run, state = nominal.run, nominal.state
    assert nominal.report["violations"] == []
    assert run.phase is Phase.COMPLETE and run.complete and run.job is not None
    assert state.state is State.EXECUTE and state.trips == () and state.zones == () and state.runs == ()
    before, after = {pack for pack, _ in nominal.before}, {pack for pack, _ in state.ledger}
    assert before - after == {run.job.fresh} and after - before == {run.job.spent}
    assert state.ledger.at(run.job.spent_bay) == run.job.spent
    assert nominal.report["packs"][run.job.fresh] == f"left:{run.job.vehicle}"


def test_the_plant_was_given_exactly_the_orders_that_were_decided_each_once(nominal: Nominal) -> None:
    numbers = [number for _, _, number in in_use(nominal.seen)]
    assert nominal.report["orders"] == len(numbers) and numbers == sorted(set(numbers))
    given = [int(n) for orders in nominal.report["durations"].values() for n in orders]
    assert sorted(given) == numbers


def test_the_charged_pack_comes_while_the_vehicle_positions(nominal: Nominal) -> None:
    start, end = begun(nominal.seen, nominal.run.run_id), proven(nominal.seen, nominal.run.run_id)
    assert start[23] < end[20] and end[23] < end[60], "the fetch made somebody wait"
    assert start[50] < end[40], "clamped while high voltage goes off"


def test_the_journal_rebuilds_the_ledger_and_tells_the_whole_swap(nominal: Nominal) -> None:
    restored = nominal.restored
    assert restored.ledger == nominal.state.ledger == told_ledger(nominal.rows)
    assert restored.next_order == nominal.state.next_order
    assert restored.open_runs == ()
    rows = [row for row in nominal.rows if row.run == nominal.run.run_id]
    kinds = [row.kind for row in rows]
    assert kinds[0] == "run-opened" and kinds[-1] == "run-closed"
    assert kinds.count("step-proven") == len(nominal.run.sequence.steps)
    ordered = [row.order for row in rows if row.kind == "step-ordered"]
    assert ordered == sorted(ordered) and 0 not in ordered


def test_every_request_and_every_order_of_a_swap_is_in_the_journal(nominal: Nominal) -> None:
    """S9 and S18: what the plant was given, and who asked for it, stands in the journal under the same number."""
    ordered = {row.order for row in nominal.rows if row.kind == "step-ordered"}
    assert {int(n) for orders in nominal.report["durations"].values() for n in orders} == ordered
    asked = [row.data for row in nominal.rows if row.kind == "asked"]
    assert [data["verb"] for data in asked] == ["reset", "start"]
    assert all(data["who"] == "test" for data in asked)
    assert len([e for e in nominal.seen if isinstance(e, Record)]) == len(nominal.rows)


def test_the_next_vehicle_enters_while_the_spent_pack_is_put_away(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            before = len(bench.state.ledger)
            first = await drive_in(bench)
            await bench.watch.until_vehicle_left(first)
            second = await drive_in(bench)
            assert bench.state.run(first) is not None, "the first swap was over before the second began"
            one, two = await bench.watch.until_closed(first), await bench.watch.until_closed(second)
            assert begun(bench.seen, second)[20] < proven(bench.seen, first)[190], "no overlap"
            safe(bench)
            ledger_is_the_truth(bench)
            assert len(bench.state.ledger) == before and one.complete and two.complete
            gone = {one.job.fresh, two.job.fresh}
            assert not gone & {pack for pack, _ in bench.state.ledger} and len(gone) == 2
            assert bench.state.ledger.at(one.job.spent_bay) == one.job.spent
            assert bench.state.ledger.at(two.job.spent_bay) == two.job.spent

    run_virtually(main())


def test_the_same_plant_gives_the_same_swap(tmp_path: Path) -> None:
    """Nothing in the engine depends on anything but what it is shown."""

    async def swap(folder: Path) -> list[tuple[str, int, float]]:
        async with ready(folder, seed=7) as bench:
            await bench.swap()
            return [(e.what, e.step, round(e.time, 6)) for e in bench.seen if isinstance(e, Progress)]

    first, second = (run_virtually(swap(tmp_path / name)) for name in ("a", "b"))
    assert first == second
