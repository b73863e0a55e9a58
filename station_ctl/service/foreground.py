"""The station on duty: engine on, links watched, and a controlled stop when the process is to end.

Knows the order of start and end. Begins no motion. Does not know files, drivers or signals of the system.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import structlog

from station_ctl.core.errors import StationError
from station_ctl.core.modes import State
from station_ctl.core.points import Access, ScanClass
from station_ctl.engine.events import Verb
from station_ctl.engine.requests import why_journal_old
from station_ctl.engine.runner import Engine
from station_ctl.service.link_news import LinkNews
from station_ctl.service.notify import ServiceManager, keep_told
from station_ctl.service.recovery import ways_out

log = structlog.get_logger()

WHO = "service"
READY_WITHIN = 10.0
"""Wall seconds after which links that are not scanned yet are named."""

REST_WITHIN = 10.0
"""Wall seconds that the end of the process waits for machines to stand; a PLC without our heartbeat stops in 1 s."""

LOOK = 0.1
ACTING = frozenset((State.EXECUTE, State.HOLDING, State.STOPPING, State.ABORTING))


class EngineEnded(StationError):
    """The engine ended although nobody asked it to."""

    code = "A701"


async def serve(
    engine: Engine,
    leave: asyncio.Event,
    manager: ServiceManager | None = None,
    watchers: Iterable[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> None:
    """Run the engine until `leave` is set, then bring whatever moves to rest. Raises EngineEnded.

    `manager` is told ready at once: a PLC that is switched off must not look like a service that does not start.
    `watchers` run beside the engine; none of them can end the station, and they see its end.
    """
    manager = ServiceManager() if manager is None else manager
    working = {
        asyncio.create_task(engine.run(), name="engine"),
        asyncio.create_task(watch_links(engine), name="watch of the links"),
        asyncio.create_task(keep_told(engine, manager, lambda: links_down(engine)), name="word to the service manager"),
    }
    looking = {asyncio.create_task(watch(), name=getattr(watch, "__qualname__", "watcher")) for watch in watchers}
    for onlooker in looking:
        onlooker.add_done_callback(_tell_end)
    leaving = asyncio.create_task(leave.wait(), name="leave")
    manager.tell(READY=1)
    try:
        await asyncio.wait((*working, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in working:
            if task.done():
                raise EngineEnded(f"the {task.get_name()} ended by itself: {task.exception()!r}") from task.exception()
        manager.tell(STOPPING=1)
        await come_to_rest(engine)
    finally:
        for ours in (*working, *looking, leaving):
            ours.cancel()
        await asyncio.gather(*working, *looking, leaving, return_exceptions=True)


def _tell_end(watcher: asyncio.Task[None]) -> None:
    """A watcher that ends by itself leaves the station without its eyes, or without its API: that must be read."""
    if not watcher.cancelled():
        log.error("watcher-ended", watcher=watcher.get_name(), why=repr(watcher.exception()), do="restart the service")


async def watch_links(engine: Engine) -> None:
    """Say when every link is scanned, or which are not; later say which are lost and which are back."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    ready = told = False
    news = LinkNews()
    while True:
        down = links_down(engine)
        if ready:
            news.look(down, loop.time())
        elif not down:
            ready = True
            # The one long pause of the memory's housekeeping is taken now, before anything can move.
            gc.collect()
            gc.freeze()
            log.info("ready", links=len(engine.links), after_s=round(loop.time() - began, 2))
            if why := why_journal_old(engine.facts, engine.state, engine.image()):
                log.error("alarm", code="A505", text=why, source="journal")
            if engine.state.runs:
                _tell_ways_out(engine)
        elif not told and loop.time() - began > READY_WITHIN:
            told = True
            log.warning("not-ready", after_s=READY_WITHIN, links=down)
        await asyncio.sleep(LOOK)


def _tell_ways_out(engine: Engine) -> None:
    """What the machine shows of an interrupted swap, and which ways lead on; a person chooses one."""
    ways = ways_out(engine.facts, engine.state, engine.image())
    log.warning(
        "resume-or-retreat",
        findings=ways.findings,
        custody=ways.custody,
        machines=ways.machines,
        resume=ways.why_not_resume or "open",
        resume_when_looked=ways.why_not_resume_confirmed or "open",
        retreat={run: why or "open" for run, why in ways.why_not_retreat.items()},
        by_hand=ways.by_hand,
    )


def links_down(engine: Engine) -> dict[str, str]:
    """Every link that cannot be believed now, and why."""
    image = engine.image()
    faults = {name: image.link_fault(name) or _unscanned(engine, name) for name in engine.links}
    return {name: fault.removeprefix(f"link {name}: ") for name, fault in faults.items() if fault}


def _unscanned(engine: Engine, name: str) -> str:
    points = engine.links[name].io.values()
    wanted = {p.scan for p in points if p.access is Access.READ and p.scan is not ScanClass.NONE}
    missing = wanted - set(engine.links[name].snapshot.blocks)
    return f"not scanned yet: {', '.join(sorted(missing))}" if missing else ""


async def come_to_rest(engine: Engine, within: float = REST_WITHIN) -> bool:
    """Hold what can be resumed, abort what cannot, wait until every device stands. False if that was not seen."""
    changed = asyncio.Event()
    engine.listen(lambda _effect: changed.set())
    state = engine.state.state
    log.info("ending", state=str(state), runs=[run.run_id for run in engine.state.runs])
    if state is State.EXECUTE:
        await engine.ask(Verb.HOLD, WHO)
    elif state is State.STOPPING:
        # Stopping would finish the swap, which takes minutes; whoever ends the process does not wait for them.
        await engine.ask(Verb.ABORT, WHO)
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while engine.state.state in ACTING:
                changed.clear()
                await changed.wait()
            await engine.gate.drain()
    at_rest = engine.state.state not in ACTING
    if not at_rest:
        steps = [f"{run.run_id} step {step.no}" for run, step, _ in engine.state.active_steps()]
        log.error("not-seen-at-rest", within_s=within, state=str(engine.state.state), steps=steps)
    for run in engine.state.runs:
        log.warning("run-half-done", run=run.run_id, phase=str(run.phase), interrupted=str(run.interrupted))
    return at_rest
