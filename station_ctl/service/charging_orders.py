"""What charging asks of the engine: sessions opened and closed, a hot pack carried away. One order at a time.

Knows when to ask and when to give up. Does not know why it is wanted, nor how the engine carries it out.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from station_ctl.charging.state import Decision, Wish
from station_ctl.core.errors import StationError
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.modes import Mode, State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Sequence
from station_ctl.engine.runner import Engine

log = structlog.get_logger()

WHO = "charging"
PROCEDURES = {"close": "charge-close", "isolate": "pack-isolate", "open": "charge-open"}
"""Procedure by the verb of a wish, the more urgent ones first."""

ATTEMPTS_MOST = 3
AGAIN_AFTER_S = 60.0
FORGOTTEN_AFTER_S = 600.0
"""Process seconds without the wish after which the attempts at it are forgotten."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something was asked of the engine for one pack; `at` and `wished_at` in process s."""

    wish: Wish
    count: int = 0
    at: float = float("-inf")
    wished_at: float = 0.0
    why: str = ""


class ChargingOrders:
    """Takes the wishes of every decision; `given_up` are those that were tried often enough."""

    def __init__(self, engine: Engine, procedures: Mapping[str, MaintenanceProcedure]) -> None:
        self._engine = engine
        self._makers = {verb: procedures[key] for verb, key in PROCEDURES.items() if key in procedures}
        self._numbers = itertools.count(engine.last_run + 1)
        self._attempts: dict[tuple[str, str], Attempts] = {}

    async def see(self, decision: Decision, image: Image) -> None:
        """Ask for the most urgent thing that is wished for and can be done now."""
        now = self._engine.clock.process()
        self._remember(decision.wishes, now)
        if self._why_not_now():
            return
        rank = list(PROCEDURES)
        for wish in sorted(decision.wishes, key=lambda w: rank.index(w.verb)):
            tried = self._attempts[wish.verb, wish.bay]
            if tried.count >= ATTEMPTS_MOST or now - tried.at < AGAIN_AFTER_S or not _obeys(decision, wish):
                continue
            sequence = self._makers[wish.verb].make({"bay": wish.bay, "pack": wish.pack})
            if not self._waits_for(sequence, image):
                await self._ask(wish, sequence, replace(tried, count=tried.count + 1, at=now))
                return

    def _why_not_now(self) -> str:
        state = self._engine.state
        if state.state is not State.EXECUTE or state.mode is not Mode.AUTOMATIC:
            return f"the station is {state.state} in {state.mode}"
        asked = [run.run_id for run in state.runs if run.sequence.key in PROCEDURES.values()]
        return f"run {asked[0]} is open" if asked else ""

    def _waits_for(self, sequence: Sequence, image: Image) -> str:
        """What the first step would wait for: a run is opened only where it can begin, so that it holds up nobody."""
        rows = sequence.steps[0].permissives
        return next((f"{row.code} {why}" for row in rows if (why := row.holds.why_not(image))), "")

    def _remember(self, wishes: tuple[Wish, ...], now: float) -> None:
        for wish in wishes:
            key = wish.verb, wish.bay
            before = self._attempts.get(key)
            same = before if before is not None and before.wish.pack == wish.pack else Attempts(wish)
            self._attempts[key] = replace(same, wish=wish, wished_at=now)
        self._attempts = {k: a for k, a in self._attempts.items() if now - a.wished_at < FORGOTTEN_AFTER_S}

    async def _ask(self, wish: Wish, sequence: Sequence, tried: Attempts) -> None:
        run_id = f"C-{next(self._numbers):04d}"
        log.info("charging-asks", verb=wish.verb, bay=wish.bay, pack=wish.pack, why=wish.why, run=run_id)
        try:
            await self._engine.begin(run_id, sequence, None, WHO)
        except StationError as error:
            tried = replace(tried, why=str(error))
            log.warning("charging-refused", verb=wish.verb, bay=wish.bay, run=run_id, why=str(error))
        self._attempts[wish.verb, wish.bay] = tried

    def forget(self, bay: str) -> None:
        """A person has looked at this bay: everything may be tried again."""
        self._attempts = {key: a for key, a in self._attempts.items() if a.wish.bay != bay}

    def given_up(self) -> tuple[Attempts, ...]:
        """What is still wished for, was tried often enough and has had its time."""
        now = self._engine.clock.process()
        return tuple(
            a for a in self._attempts.values()
            if a.count >= ATTEMPTS_MOST and now - a.at >= AGAIN_AFTER_S and now - a.wished_at < AGAIN_AFTER_S
        )  # fmt: skip


def _obeys(decision: Decision, wish: Wish) -> bool:
    """A session is closed once its current has followed the level down: a charger that does not obey is no case for an
    order, whose failure would hold up the whole station, but for a person."""
    told = decision.state.told.get(wish.bay)
    return wish.verb == "open" or (told is not None and told.sure and told.bound == 0.0)
