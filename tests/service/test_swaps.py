"""Whole swaps in virtual time: the real engine and procedures on the simulated plant, judged by its safety monitor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.errors import NotAllowed, Refused
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.steps import OnResume
from station_ctl.engine.events import Effect, Issue, Progress, Record, Verb
from station_ctl.engine.state import INTERRUPTED, Run
from tests.bench.virtual_bench import VirtualBench, ready_bench, run_virtually

SPEED = 40.0


def ledger_is_the_truth(bench: VirtualBench) -> None:
    """Every pack that the ledger has rests where the plant has it, and no pack in the station is missing."""
    truth = bench.do(cmd="report")["packs"]
    here = {code: place for code, place in truth.items() if not place.startswith(("left:", "vehicle:"))}
    assert {pack: custody.place for pack, custody in bench.state.ledger} == here
    assert not [c for _, c in bench.state.ledger if c.moving]


def safe(bench: VirtualBench) -> None:
    """The monitor has seen no unsafe order and no unsafe instant."""
    assert bench.do(cmd="report")["violations"] == []


def begun(effects: list[Effect], run_id: str) -> dict[int, float]:
    """When each step of a run began (process s), the last time if it was resumed."""
    return {
        e.step: e.time
        for e in effects
        if isinstance(e, Progress) and e.what == "step-begun" and e.run_id == run_id
    }


def proven(effects: list[Effect], run_id: str) -> dict[int, float]:
    """When each step of a run was proven (process s)."""
    return {
        e.step: e.time
        for e in effects
        if isinstance(e, Progress) and e.what == "step-proven" and e.run_id == run_id
    }


def in_use(effects: list[Effect]) -> list[tuple[str, int, int]]:
    """Every order: run, step, number."""
    return [(e.run_id, e.step.no, e.number) for e in effects if isinstance(e, Issue)]


async def drive_in(bench: VirtualBench) -> str:
    """The next vehicle is received; returns the id of its swap."""
    bench.do(cmd="vehicle")
    await asyncio.sleep(0.5)
    run_id, _ = await bench.reception.receive("test")
    return run_id


async def held(bench: VirtualBench, no: int, delay: float) -> None:
    """Hold `delay` wall seconds after a step has begun, and wait until everything stands."""
    await bench.until_step(no)
    await asyncio.sleep(delay)
    await bench.engine.ask(Verb.HOLD, "test")
    await bench.until_state(State.HELD)


def ready(tmp_path: Path, **options: Any) -> Any:
    return ready_bench(tmp_path, speed=SPEED, **options)


# ---- nominal ----
def test_a_swap_runs_to_its_end_and_the_ledger_is_the_truth(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            packs = {pack for pack, _ in bench.state.ledger}
            run = await bench.swap()
            safe(bench)
            ledger_is_the_truth(bench)
            assert run.phase is Phase.COMPLETE and run.complete
            assert bench.state.state is State.EXECUTE and bench.state.trips == () and bench.state.zones == ()
            after = {pack for pack, _ in bench.state.ledger}
            assert packs - after == {run.job.fresh} and after - packs == {run.job.spent}
            assert bench.state.ledger.at(run.job.spent_bay) == run.job.spent
            report = bench.do(cmd="report")
            assert report["packs"][run.job.fresh] == f"left:{run.job.vehicle}"
            orders = in_use(bench.seen)
            assert report["orders"] == len(orders), "the plant was given other orders than were decided"
            numbers = [number for _, _, number in orders]
            assert numbers == sorted(set(numbers))

    run_virtually(main())


def test_the_charged_pack_comes_while_the_vehicle_positions(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run = await bench.swap()
            start, end = begun(bench.seen, run.run_id), proven(bench.seen, run.run_id)
            assert start[23] < end[20] and end[23] < end[60], "the fetch made somebody wait"
            assert start[50] < end[40], "clamped while high voltage goes off"

    run_virtually(main())


def test_the_journal_rebuilds_the_ledger_and_tells_the_whole_swap(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run = await bench.swap()
            await bench.engine.gate.drain()
            restored = bench.journal.restore()
            assert restored.ledger == bench.state.ledger and restored.next_order == bench.state.next_order
            assert restored.open_runs == ()
            rows = bench.journal.rows(run.run_id)
            kinds = [row.kind for row in rows]
            assert kinds[0] == "run-opened" and kinds[-1] == "run-closed"
            assert kinds.count("step-proven") == len(run.sequence.steps)
            ordered = [row.order for row in rows if row.kind == "step-ordered"]
            assert ordered == sorted(ordered) and 0 not in ordered

    run_virtually(main())


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


# ---- hold and resume ----
# Steps of every lane and machine, and how many wall seconds after their beginning the hold comes.
HOLDS = [
    (20, 0.3),
    (22, 0.06),
    (23, 0.3),
    (60, 0.2),
    (80, 0.2),
    (100, 0.25),
    (105, 0.33),
    (120, 0.2),
    (160, 0.3),
    (190, 0.4),
]


@pytest.mark.parametrize(("no", "delay"), HOLDS)
def test_a_swap_that_was_held_goes_on_and_ends_well(no: int, delay: float, tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await held(bench, no, delay)
            state = bench.state
            run = state.run(run_id)
            assert run is not None and run.phase is Phase.HELD and not run.active
            stopped = [(s, st) for s, st in run.pairs() if st.status in INTERRUPTED]
            old = state.next_order
            at_rest = len(in_use(bench.seen))
            await asyncio.sleep(0.5)
            assert len(in_use(bench.seen)) == at_rest and bench.state.state is State.HELD, (
                "something moved by itself"
            )
            await _resume(bench, asks=any(s.on_resume is OnResume.ASK for s, _ in stopped))
            ended = await bench.watch.until_closed(run_id)
            safe(bench)
            ledger_is_the_truth(bench)
            assert ended.complete
            for step, st in stopped:
                again = ended.of(step.no).order
                assert again == st.order or again >= old, "an old number was used for a new order"

    run_virtually(main())


async def _resume(bench: VirtualBench, *, asks: bool) -> None:
    """As a person does it: without a confirmation first; where the machine stands half-way, that is refused."""
    try:
        await bench.engine.ask(Verb.RESUME, "test")
    except Refused as refused:
        assert asks and "confirmation" in str(refused)
        assert bench.state.state is State.HELD
        await bench.engine.ask(Verb.RESUME, "test", confirmed=True)


def test_a_step_that_stopped_half_way_needs_a_look_before_it_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await held(bench, 80, 0.2)
            with pytest.raises(Refused, match=r"step 80 .*half-way.*confirmation"):
                await bench.engine.ask(Verb.RESUME, "test")
            assert bench.state.state is State.HELD
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            assert (await bench.watch.until_closed(run_id)).complete
            safe(bench)

    run_virtually(main())


# ---- abort, mode, emergency stop ----
@pytest.mark.parametrize("no", [20, 80, 110])
def test_an_aborted_swap_stops_where_it_is_and_only_recovery_leads_on(no: int, tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await bench.until_step(no)
            await asyncio.sleep(0.15)
            await bench.engine.ask(Verb.ABORT, "test")
            await bench.until_state(State.ABORTED)
            ordered = len(in_use(bench.seen))
            await asyncio.sleep(5.0)
            assert len(in_use(bench.seen)) == ordered
            _nearly_the_truth(bench)
            safe(bench)
            with pytest.raises(NotAllowed, match="resume is not possible in state aborted"):
                await bench.engine.ask(Verb.RESUME, "test")
            await bench.engine.ask(Verb.CLEAR, "test")
            with pytest.raises(Refused, match=f"run {run_id} is half done"):
                await bench.engine.ask(Verb.RESET, "test")
            assert len(in_use(bench.seen)) == ordered

    run_virtually(main())


def _nearly_the_truth(bench: VirtualBench) -> None:
    """A pack is where the ledger has it, or between the two places that the ledger names."""
    truth: dict[str, str] = bench.do(cmd="report")["packs"]
    for pack, custody in bench.state.ledger:
        allowed = {custody.place, custody.to} if custody.moving else {custody.place}
        between = {"robot", "stacker"} if custody.moving else set()
        assert truth[pack] in allowed | between, (pack, truth[pack], str(custody))
    inside = {code for code, place in truth.items() if not place.startswith(("left:", "vehicle:"))}
    assert inside <= {pack for pack, _ in bench.state.ledger}


def test_the_mode_is_not_changed_while_a_swap_runs(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await bench.until_step(80)
            for mode in (Mode.MANUAL, Mode.MAINTENANCE):
                with pytest.raises(NotAllowed, match="mode cannot change while the station is execute"):
                    await bench.engine.ask(Verb.MODE, "test", mode=mode)
            assert bench.state.mode is Mode.AUTOMATIC
            assert (await bench.watch.until_closed(run_id)).complete
            safe(bench)

    run_virtually(main())


def test_nothing_starts_by_itself_after_an_emergency_stop(tmp_path: Path) -> None:
    """S14: button out, chain reset, trip acknowledged, station cleared: none of it moves anything."""

    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await bench.until_step(100)
            await asyncio.sleep(0.2)
            bench.do(cmd="fault", name="e-stop")
            await bench.until_state(State.ABORTED)
            assert bench.state.trips[0].interlock == "G01" and bench.state.trips[0].first_out
            ordered, plant = len(in_use(bench.seen)), bench.do(cmd="report")["orders"]
            with pytest.raises(Refused, match=r"A102 stays: needs safety\.estop_ok on"):
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            for act in ("out", "reset", "acknowledge", "clear"):
                await _back_to_safe(bench, act)
                await asyncio.sleep(5.0)
                assert len(in_use(bench.seen)) == ordered and bench.do(cmd="report")["orders"] == plant, act
            assert bench.state.state is State.STOPPED
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            assert (await bench.watch.until_closed(run_id)).complete
            safe(bench)
            ledger_is_the_truth(bench)

    run_virtually(main())


async def _back_to_safe(bench: VirtualBench, act: str) -> None:
    match act:
        case "out":
            bench.do(cmd="fault", name="e-stop", on=False)
        case "reset":
            bench.do(cmd="safety-reset")
        case "acknowledge":
            await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
        case "clear":
            await bench.engine.ask(Verb.CLEAR, "test")


def test_a_station_that_is_stopped_ends_its_swap_and_takes_no_other(tmp_path: Path) -> None:
    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await bench.until_step(60)
            await bench.engine.ask(Verb.STOP, "test")
            bench.do(cmd="vehicle")
            with pytest.raises(NotAllowed, match="a run needs the station in execute; it is stopping"):
                await bench.reception.receive("test")
            run = await bench.watch.until_closed(run_id)
            assert isinstance(run, Run) and run.complete
            await bench.until_state(State.STOPPED)
            safe(bench)
            ledger_is_the_truth(bench)

    run_virtually(main())


def test_a_held_station_can_be_left_half_done_and_is_taken_up_later(tmp_path: Path) -> None:
    """Stopped for the night: the mode may change now, and the swap goes on in the morning."""

    async def main() -> None:
        async with ready(tmp_path) as bench:
            run_id = await drive_in(bench)
            await held(bench, 60, 0.1)
            await bench.engine.ask(Verb.STOP, "test")
            assert bench.state.state is State.STOPPED
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.MANUAL)
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
            with pytest.raises(Refused, match=f"run {run_id} is half done"):
                await bench.engine.ask(Verb.RESET, "test")
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
            assert (await bench.watch.until_closed(run_id)).complete
            safe(bench)
            ledger_is_the_truth(bench)

    run_virtually(main())


def test_every_request_and_every_order_of_a_swap_is_in_the_journal(tmp_path: Path) -> None:
    """S9 and S18: what the plant was given, and who asked for it, stands in the journal under the same number."""

    async def main() -> None:
        async with ready(tmp_path) as bench:
            await bench.swap()
            await bench.engine.gate.drain()
            rows = bench.journal.rows()
            ordered = {row.order for row in rows if row.kind == "step-ordered"}
            given = {int(n) for numbers in bench.do(cmd="report")["durations"].values() for n in numbers}
            assert given == ordered
            asked = [row.data["verb"] for row in rows if row.kind == "asked"]
            assert asked == ["reset", "start"] and all(
                row.data["who"] == "test" for row in rows if row.kind == "asked"
            )
            assert isinstance(bench.state.ledger, Ledger)
            assert len([e for e in bench.seen if isinstance(e, Record)]) == len(rows)

    run_virtually(main())
