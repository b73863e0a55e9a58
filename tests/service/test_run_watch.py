"""Waiting for a run from outside: until it is closed, or until the station has come to rest with it open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from station_ctl.core.errors import Exit
from station_ctl.core.modes import Phase, State
from station_ctl.core.orders import Result
from station_ctl.engine.events import Effect, Event, Verb
from station_ctl.engine.virtual_time import run_virtually
from station_ctl.service.run_watch import Interrupted, RunWatch
from tests.bench.desk import LEVEL, Desk, step


class Watched(Desk):
    """A desk that tells its effects to listeners, as the engine does."""

    def __init__(self, *steps: Any, **state: Any) -> None:
        super().__init__(*steps, **state)
        self.listeners: list[Callable[[Effect], None]] = []

    def listen(self, listener: Callable[[Effect], None]) -> None:
        self.listeners.append(listener)

    def feed(self, event: Event) -> tuple[Effect, ...]:
        effects = super().feed(event)
        for effect in effects:
            for listener in self.listeners:
                listener(effect)
        return effects


def watched(*steps: Any) -> tuple[Watched, RunWatch]:
    desk = Watched(*steps)
    return desk, RunWatch(desk)  # type: ignore[arg-type]


def test_a_run_that_ends_well_is_handed_over_as_it_ended() -> None:
    async def main() -> None:
        desk, watch = watched(step(10))
        desk.begin()
        waiting = asyncio.create_task(watch.until_closed("S-1"))
        await asyncio.sleep(0)
        assert not waiting.done()
        desk.complete(10)
        run = await waiting
        assert run.run_id == "S-1" and run.phase is Phase.COMPLETE and run.complete
        assert await watch.until_closed("S-1") is run, "asked again, it is still known"

    run_virtually(main())


def test_a_run_that_is_interrupted_is_reported_when_the_station_is_at_rest_with_the_cause_first() -> None:
    async def main() -> None:
        desk, watch = watched(step(10))
        desk.begin()
        number = desk.under_way(10)
        waiting = asyncio.create_task(watch.until_closed("S-1"))
        desk.world.set(LEVEL, False)
        desk.scan()
        await asyncio.sleep(0)
        assert desk.state.state is State.HOLDING and not waiting.done(), "it still moves"
        desk.end("lift", number, Result.STOPPED)
        for _ in range(30):
            desk.scan()
        with pytest.raises(
            Interrupted, match=r"run S-1: station held: A101 step 10 .*T10 Lift level"
        ) as error:
            await waiting
        assert error.value.exit is Exit.RECOVERY_NEEDED and error.value.trips[0].interlock == "T10"

    run_virtually(main())


def test_a_run_that_was_held_by_a_person_says_so() -> None:
    async def main() -> None:
        desk, watch = watched(step(10, None))
        desk.begin()
        desk.ask(Verb.HOLD)
        with pytest.raises(Interrupted, match="run S-1: station held: by request"):
            await watch.until_closed("S-1")

    run_virtually(main())


def test_the_vehicle_has_left_when_the_put_away_begins() -> None:
    async def main() -> None:
        desk, watch = watched(step(10), step(20, "robot", Phase.PUT_AWAY))
        desk.begin()
        waiting = asyncio.create_task(watch.until_vehicle_left("S-1"))
        closing = asyncio.create_task(watch.until_closed("S-1"))
        await asyncio.sleep(0)
        desk.complete(10)
        assert (await waiting).phase is Phase.PUT_AWAY and not closing.done()
        desk.complete(20)
        assert (await closing).complete
        assert (await watch.until_vehicle_left("S-1")).complete

    run_virtually(main())
