"""Our heartbeat is derived from our own tasks: who is dead, stuck or late silences it, and is named."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import Any

import pytest

from station_ctl.core.links import NotSent
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.engine.liveness import HEARTBEAT_PERIOD, LAG_LIMIT, Heartbeat, Liveness
from station_ctl.engine.virtual_time import VirtualLoop, run_virtually
from tests.bench.gate_bench import PaperLink, settled

BEATEN = IoList("plc", (Point("HB_CTL", "hr:0", PointType.parse("u16"), Access.WRITE, ScanClass.NONE),))


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_task_is_stuck_when_it_is_silent_longer_than_it_may_be() -> None:
    clock = Watch()
    liveness = Liveness(clock)
    beat = liveness.register("gate", 2.0)
    liveness.register("scan", 0.5)
    clock.now += 0.5
    assert liveness.stuck() == ()
    clock.now += 0.1
    assert liveness.stuck() == ("scan",)
    clock.now += 2.0
    assert liveness.stuck() == ("gate", "scan")
    beat()
    assert liveness.stuck() == ("scan",)


def test_a_task_that_ended_is_stuck_for_ever() -> None:
    clock = Watch()
    liveness = Liveness(clock)
    beat = liveness.register("gate", 2.0)
    beat()
    liveness.declare_dead("gate")
    liveness.declare_dead("link robot")
    assert liveness.stuck() == ("gate", "link robot")


class Beating:
    """Two PLCs and an instrument, a heartbeat, and what it reported."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        loop = asyncio.get_running_loop()
        self.links = {
            "pit": PaperLink("pit", self.log, BEATEN),
            "rail": PaperLink("rail", self.log, BEATEN),
            "meter": PaperLink("meter", self.log),
        }
        self.liveness = Liveness(loop.time)
        self.alive = self.liveness.register("gate", 2.0)
        self.stuck: list[tuple[str, ...]] = []
        self.heartbeat = Heartbeat(self.links, self.liveness, self.stuck.append)
        self.task = asyncio.create_task(self.heartbeat.run())

    async def __aenter__(self) -> Beating:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    def beats(self, link: str) -> list[int]:
        return [entry[2]["HB_CTL"] for entry in self.log if entry[:2] == ("write", link)]

    async def live(self, seconds: float) -> None:
        """Time passes with a gate that beats."""
        for _ in range(round(seconds * 10)):
            self.alive()
            await asyncio.sleep(0.1)


def test_every_plc_is_beaten_ten_times_a_second_and_an_instrument_never() -> None:
    async def main() -> None:
        async with Beating() as b:
            await b.live(3.0)
            assert 28 <= len(b.beats("pit")) <= 32 and b.beats("pit") == b.beats("rail")
            assert all(after == before + 1 for before, after in itertools.pairwise(b.beats("pit")))
            assert b.beats("meter") == [] and b.stuck == []

    run_virtually(main())


def test_a_stuck_task_silences_the_heartbeat_and_is_named_once() -> None:
    async def main() -> None:
        async with Beating() as b:
            await b.live(1.0)
            await asyncio.sleep(2.1)
            before = len(b.beats("pit"))
            await asyncio.sleep(5.0)
            assert len(b.beats("pit")) == before, "a heartbeat without a living gate"
            assert b.stuck == [("gate",)]

    run_virtually(main())


def test_a_task_that_goes_on_brings_the_heartbeat_back_and_its_next_silence_is_told_again() -> None:
    async def main() -> None:
        async with Beating() as b:
            await asyncio.sleep(3.0)
            silent = len(b.beats("pit"))
            await b.live(1.0)
            assert len(b.beats("pit")) > silent
            await asyncio.sleep(3.0)
            assert b.stuck == [("gate",), ("gate",)]

    run_virtually(main())


def test_a_loop_that_was_late_withholds_that_beat() -> None:
    """Whoever was held up for half a second is in no position to say that all is well."""

    async def main() -> None:
        async with Beating() as b:
            await b.live(1.0)
            before = len(b.beats("pit"))
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.clock += LAG_LIMIT + 2 * HEARTBEAT_PERIOD
            await settled()
            assert len(b.beats("pit")) == before
            await b.live(0.5)
            assert len(b.beats("pit")) > before, "the next one is in time again"

    run_virtually(main())


def test_a_loop_that_is_always_late_never_beats() -> None:
    async def main() -> None:
        async with Beating() as b:
            await b.live(1.0)
            before = len(b.beats("pit"))
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            for _ in range(20):
                loop.clock += LAG_LIMIT + 2 * HEARTBEAT_PERIOD
                b.alive()
                await settled()
            assert len(b.beats("pit")) == before

    run_virtually(main())


def test_a_plc_that_does_not_answer_gets_one_beat_at_a_time_and_holds_up_no_other() -> None:
    async def main() -> None:
        async with Beating() as b:
            b.links["pit"].waits = asyncio.Event()
            await b.live(2.0)
            assert len(b.beats("pit")) == 1 and len(b.beats("rail")) >= 18
            b.links["pit"].waits.set()
            b.links["pit"].waits = None
            await b.live(0.5)
            assert len(b.beats("pit")) >= 4 and b.beats("pit")[-1] == b.beats("rail")[-1]

    run_virtually(main())


def test_a_beat_that_cannot_be_delivered_ends_nothing() -> None:
    async def main() -> None:
        async with Beating() as b:
            b.links["pit"].fails = NotSent("not connected")
            await b.live(1.0)
            assert len(b.beats("pit")) >= 9 and not b.task.done()

    run_virtually(main())


@pytest.mark.parametrize("start", [0xFFFE, 0xFFFF])
def test_the_counter_wraps_and_never_stands_still(start: int) -> None:
    async def main() -> None:
        async with Beating() as b:
            b.heartbeat.count = start
            await b.live(0.5)
            beats = b.beats("pit")
            assert 0 in beats and all(0 <= x <= 0xFFFF for x in beats)
            assert all(a != c for a, c in itertools.pairwise(beats))

    run_virtually(main())
