"""Swaps that people interrupt: held, aborted, stopped, and after an emergency stop; nothing goes on by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from station_ctl.core.errors import NotAllowed, Refused
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.steps import OnResume
from station_ctl.engine.events import Verb
from station_ctl.engine.state import INTERRUPTED, Run
from tests.bench.virtual_bench import VirtualBench, run_virtually
from tests.bench.whole_swaps import drive_in, held, in_use, ledger_is_the_truth, ready, safe

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
