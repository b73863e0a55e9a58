"""A controller as a process of its own, to be killed: one swap, or what a person does with a half-done one.

    python -m hil_tests.controller_process begin|recover STATION_OVERRIDES_AS_JSON

Tells on stdout, one JSON object a line: steps as they begin, the offer after a restart, the end. Knows no test.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import structlog

from station_ctl.build import PARTS, BuiltStation, build
from station_ctl.config import load_station
from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode
from station_ctl.engine import recovery
from station_ctl.engine.events import Effect, Progress, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.paths import config_directory
from station_ctl.service.foreground import links_down
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.recovery import ways_out
from station_ctl.service.run_watch import RunWatch

WHO = "test"
LINKS_WITHIN = 30.0
MOVING_WITHIN = 60.0


def tell(**facts: Any) -> None:
    """One line for whoever watches."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _show(effect: Effect) -> None:
    if isinstance(effect, Progress) and effect.what == "step-begun":
        tell(step=effect.step, run=effect.run_id)


async def _run(what: str, overrides: dict[str, Any]) -> None:
    config = load_station(config_directory() / "stations" / "sim_passenger_car.yaml", overrides, PARTS)
    built = build(config)
    opened = Journal.new if what == "begin" else Journal
    journal = opened(config.journal, config.station.code)
    thread = JournalThread(journal)
    engine = built.engine(thread, journal.restore())
    engine.listen(_show)
    watch = RunWatch(engine)
    running = asyncio.create_task(engine.run(), name="engine")
    try:
        await engine.until(lambda: not links_down(engine), LINKS_WITHIN, lambda: str(links_down(engine)))
        if what == "begin":
            await _begin(built, engine, watch)
        else:
            await _recover(engine, watch)
        await engine.gate.drain()
        tell(end=True, custody={pack: str(place) for pack, place in engine.state.ledger})
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        thread.close()


async def _begin(built: BuiltStation, engine: Engine, watch: RunWatch) -> None:
    await engine.ask(Verb.ADMIT, WHO, admit=packs_in_bays(built.stand.bays, engine.image()))
    await engine.ask(Verb.MODE, WHO, mode=Mode.AUTOMATIC)
    await engine.ask(Verb.RESET, WHO)
    await engine.ask(Verb.START, WHO)
    tell(ready=True)
    run, _ = await built.reception(engine, watch).receive(WHO)
    await watch.until_closed(run)


async def _recover(engine: Engine, watch: RunWatch) -> None:
    def still_moving() -> bool:
        found = recovery.assess(engine.facts, engine.state, engine.image())
        return any(a.finding in (recovery.Finding.MOVING, recovery.Finding.UNKNOWN) for a in found)

    await engine.until(lambda: not still_moving(), MOVING_WITHIN, lambda: "a device that still moves")
    ways = ways_out(engine.facts, engine.state, engine.image())
    runs = [run.run_id for run in engine.state.runs]
    tell(offer=runs, findings=ways.findings, resume=ways.why_not_resume, looked=ways.why_not_resume_confirmed)
    # The person reads it; what was ordered by then, nobody asked for.
    await asyncio.sleep(1.0)
    await engine.ask(Verb.MODE, WHO, mode=Mode.AUTOMATIC)
    try:
        await engine.ask(Verb.RESUME, WHO)
    except Refused:
        await engine.ask(Verb.RESUME, WHO, confirmed=True)
    for run in runs:
        await watch.until_closed(run)


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(_run(sys.argv[1], json.loads(sys.argv[2])))
