"""The runner: scans become decisions, effects are carried out in order, and nothing of ours dies unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.errors import NotAllowed, Refused
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.modes import Mode, State
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.core.steps import Sequence
from station_ctl.engine.clock import Clock
from station_ctl.engine.events import Effect, Progress, Verb
from station_ctl.engine.journal import Restored
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import StepStatus
from station_ctl.engine.virtual_time import CREEP, NothingToWaitFor, VirtualLoop, run_virtually
from tests.bench.desk import G03, LEVEL, Desk, ledger, step
from tests.bench.gate_bench import PaperJournal, PaperLink, settled
from tests.bench.world import HEARTBEAT_LIMIT

BEATEN = IoList("plc", (Point("HB_CTL", "hr:0", PointType.parse("u16"), Access.WRITE, ScanClass.NONE),))


class ScannedLink(PaperLink):
    """A paper link that is scanned when the test says so, and lives until the test ends it."""

    def __init__(self, name: str, log: list[tuple[Any, ...]]) -> None:
        super().__init__(name, log, BEATEN)
        self.listeners: list[Callable[[LinkSnapshot], None]] = []
        self.dies = asyncio.Event()

    def on_scan(self, listener: Callable[[LinkSnapshot], None]) -> None:
        self.listeners.append(listener)

    async def run(self) -> None:
        await self.dies.wait()
        raise RuntimeError("the reader of this link has a defect")


class Running:
    """The real engine over a toy station."""

    def __init__(self, *steps: Any, restored: Restored | None = None, rate: float = 1.0, **desk: Any) -> None:
        self.desk = Desk(*steps, **desk)
        self.log: list[tuple[Any, ...]] = []
        self.links = {name: ScannedLink(name, self.log) for name in ("pit", "rail")}
        self.journal = PaperJournal(self.log)
        self.desk.world.now = asyncio.get_running_loop().time()
        self.engine = Engine(
            self.desk.facts, self.links, self.journal, restored or Restored(Ledger(), 1), Clock(rate),
            dict.fromkeys(self.links, HEARTBEAT_LIMIT),
        )  # fmt: skip
        self.seen: list[Effect] = []
        self.engine.listen(self.seen.append)

    def scan(self) -> None:
        """Every PLC has a newer scan."""
        world = self.desk.world
        world.advance(asyncio.get_running_loop().time() - world.now)
        for name, snapshot in world.image().links.items():
            self.links[name].snapshot = snapshot
            for listener in self.links[name].listeners:
                listener(snapshot)

    async def live(self, seconds: float) -> None:
        """Time passes with scans."""
        for _ in range(round(seconds * 100)):
            await asyncio.sleep(0.01)
            self.scan()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.engine.run())
        await settled()
        self.scan()
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def start(self) -> None:
        await self.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        await self.engine.ask(Verb.RESET, "test")
        await self.engine.ask(Verb.START, "test")

    def beats(self) -> int:
        return sum(1 for e in self.log if e[0] == "write" and "HB_CTL" in e[2])


def test_a_new_engine_remembers_its_journal_and_stands_still() -> None:
    async def main() -> None:
        r = Running(step(10), restored=Restored(ledger(**{"P-1": "A01"}), 4711))
        async with r.at_work():
            await r.live(2.0)
        state = r.engine.state
        assert (state.state, state.mode, state.next_order) == (State.STOPPED, Mode.MAINTENANCE, 4711)
        assert state.ledger.at("A01") == "P-1" and not [e for e in r.log if "CMD_ID" in str(e)]

    run_virtually(main())


def test_a_scan_that_shows_a_loss_has_the_stop_on_its_way_before_it_returns() -> None:
    async def main() -> None:
        r = Running(step(10))
        async with r.at_work():
            await r.start()
            await r.engine.begin("S-1", r.desk.sequence, None, "test")
            await settled()
            r.journal.waits = asyncio.Event()
            r.desk.world.set(LEVEL, False)
            r.scan()
            assert r.engine.stops.raised == {"lift"} and r.engine.state.state is State.HOLDING
            await settled(2)
            assert ("write", "pit", {"STOP_REQ": 1}, None, True) in r.log
            r.journal.waits.set()

    run_virtually(main())


def test_a_stop_is_repeated_on_every_scan_until_the_plc_obeys() -> None:
    async def main() -> None:
        r = Running(step(10))
        async with r.at_work():
            await r.start()
            await r.engine.begin("S-1", r.desk.sequence, None, "test")
            await settled()
            number = r.engine.state.next_order - 1
            r.desk.ack("lift", number)
            await r.live(0.05)
            await r.engine.ask(Verb.HOLD, "test")
            await r.live(0.1)
            stops = [e for e in r.log if e[0] == "write" and e[2] == {"STOP_REQ": 1}]
            assert 8 <= len(stops) <= 12
            r.desk.end("lift", number, 3)
            await r.live(0.5)
            assert len([e for e in r.log if e[0] == "write" and e[2] == {"STOP_REQ": 1}]) <= len(stops) + 2
            assert r.engine.state.state is State.HELD

    run_virtually(main())


def test_what_is_refused_is_raised_with_its_reason_and_what_is_accepted_returns() -> None:
    async def main() -> None:
        r = Running(step(10), safe=(G03,))
        async with r.at_work():
            with pytest.raises(NotAllowed, match="start is not possible in state stopped"):
                await r.engine.ask(Verb.START, "test")
            r.desk.world.set(LEVEL, False)
            await r.start()
            with pytest.raises(NotAllowed, match="step numbers do not rise"):
                await r.engine.begin("S-1", Sequence("x", "X", (step(20), step(10))), None, "test")
            with pytest.raises(NotAllowed, match="mode cannot change while the station is execute"):
                await r.engine.ask(Verb.MODE, "test", mode=Mode.MANUAL)
            await r.engine.ask(Verb.ABORT, "test")
            r.desk.world.lose("pit")
            r.scan()
            with pytest.raises(Refused, match="G03 Maintenance door locked"):
                await r.engine.ask(Verb.CLEAR, "test")

    run_virtually(main())


@pytest.mark.parametrize("victim", ["link pit", "gate", "heartbeat"])
def test_a_task_that_ends_is_named_aborts_and_silences_the_heartbeat(victim: str) -> None:
    async def main() -> None:
        r = Running(step(10))
        async with r.at_work():
            await r.start()
            await r.live(1.0)
            assert r.beats() >= 18
            if victim == "link pit":
                r.links["pit"].dies.set()
            else:
                next(t for t in asyncio.all_tasks() if t.get_name() == victim).cancel()
            await settled()
            before = r.beats()
            await r.live(2.0)
            assert r.beats() <= before + 2, "the PLCs are told that all is well"
            (trip,) = [t for t in r.engine.state.trips if t.code == "A701"][:1]
            assert victim in trip.text and r.engine.state.state in (State.ABORTING, State.ABORTED)

    run_virtually(main())


def test_an_onlooker_that_fails_is_dropped_and_control_goes_on() -> None:
    async def main() -> None:
        r = Running(step(10))
        told: list[Effect] = []

        def faulty(effect: Effect) -> None:
            told.append(effect)
            raise ZeroDivisionError

        r.engine.listen(faulty)
        async with r.at_work():
            await r.start()
        assert len(told) == 1 and r.engine.state.state is State.EXECUTE
        assert [e for e in r.seen if isinstance(e, Progress)], "the other onlooker still sees"

    run_virtually(main())


def test_waiting_for_something_says_what_was_awaited() -> None:
    async def main() -> None:
        r = Running(step(10))
        async with r.at_work():
            asyncio.get_running_loop().call_later(1.0, r.scan)
            await r.engine.until(lambda: r.engine.clock.monotonic() > 1001.0, 5.0, lambda: "a scan")
            with pytest.raises(TimeoutError, match=r"waited 2 s: lift at work height"):
                await r.engine.until(lambda: False, 2.0, lambda: "lift at work height")

    run_virtually(main())


def test_process_time_runs_at_its_rate_and_wall_time_does_not() -> None:
    async def main() -> None:
        clock = Clock(20.0)
        before = clock.monotonic()
        await asyncio.sleep(3.0)
        assert clock.process() == pytest.approx(60.0, abs=0.01)
        assert clock.monotonic() - before == pytest.approx(3.0, abs=0.001)

    run_virtually(main())


def test_a_limit_of_a_step_counts_in_process_seconds() -> None:
    async def main() -> None:
        r = Running(step(10, within=30), rate=10.0)
        async with r.at_work():
            await r.start()
            await r.engine.begin("S-1", r.desk.sequence, None, "test")
            await settled()
            r.desk.ack("lift", r.engine.state.next_order - 1)
            await r.live(2.8)
            assert r.engine.state.trips == ()
            await r.live(0.4)
            assert [t.code for t in r.engine.state.trips] == ["A104"]
            run = r.engine.state.run("S-1")
            assert run is not None and run.of(10).status is StepStatus.BUSY

    run_virtually(main())


# ---- virtual time ----
def test_virtual_time_jumps_to_the_next_timer_in_order() -> None:
    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        start = loop.time()

        async def note(name: str, after: float) -> None:
            await asyncio.sleep(after)
            seen.append((name, round(loop.time() - start, 3)))

        await asyncio.gather(note("hour", 3600.0), note("second", 1.0), note("now", 0.0))
        return seen

    assert run_virtually(main()) == [("now", 0.0), ("second", 1.0), ("hour", 3600.0)]


def test_virtual_time_says_when_everything_waits_for_nothing() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingToWaitFor):
        run_virtually(main())


def test_virtual_time_creeps_so_that_code_that_polls_the_clock_gets_there() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await settled(100)
        return loop.time() - start

    assert 50 * CREEP < run_virtually(main()) < 1e-3
