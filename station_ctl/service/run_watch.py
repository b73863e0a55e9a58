"""Watching runs from outside: wait until a run is closed, or learn why it was interrupted.

Knows the engine's progress effects. Changes nothing.
"""

from __future__ import annotations

import asyncio

from station_ctl.core.errors import Exit, StationError
from station_ctl.core.modes import Phase, State
from station_ctl.engine.events import Effect, Progress
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import Run, Trip

KEPT = 64
"""Closed runs that are remembered: a station serves for years, and each run holds its whole procedure."""

RESTING = frozenset((State.HELD, State.ABORTED, State.STOPPED))


class Interrupted(StationError):
    """The station came to rest before the run was closed. `trips` are in first-out order."""

    code = "A403"
    exit = Exit.RECOVERY_NEEDED

    def __init__(self, run_id: str, state: State, trips: tuple[Trip, ...]) -> None:
        self.run_id, self.state, self.trips = run_id, state, trips
        cause = f"{trips[0].code} {trips[0].text}" if trips else "by request"
        super().__init__(f"run {run_id}: station {state}: {cause}")


class RunWatch:
    """The newest closed runs by id, and waiting for them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.closed: dict[str, Run] = {}
        self._changed = asyncio.Event()
        engine.listen(self._see)

    async def until_closed(self, run_id: str) -> Run:
        """The run as it ended. Raises Interrupted when the station comes to rest with the run open."""
        return await self._until(run_id, lambda: self.closed.get(run_id))

    async def until_vehicle_left(self, run_id: str) -> Run:
        """The run once its vehicle has left (put-away may still go on). Raises Interrupted likewise."""

        def left() -> Run | None:
            run = self._engine.state.run(run_id) or self.closed.get(run_id)
            return run if run is not None and run.phase in (Phase.PUT_AWAY, Phase.COMPLETE) else None

        return await self._until(run_id, left)

    async def _until(self, run_id: str, found: object) -> Run:
        assert callable(found)
        while (run := found()) is None:
            state = self._engine.state
            if state.state in RESTING:
                raise Interrupted(run_id, state.state, state.trips)
            self._changed.clear()
            await self._changed.wait()
        assert isinstance(run, Run)
        return run

    def _see(self, effect: Effect) -> None:
        if not isinstance(effect, Progress):
            return
        if effect.what == "run-closed":
            run = dict(effect.facts)["run"]
            assert isinstance(run, Run)
            self.closed[effect.run_id] = run
            while len(self.closed) > KEPT:
                del self.closed[next(iter(self.closed))]
        if effect.what in ("run-closed", "phase", "state"):
            self._changed.set()
