"""The runner: the thin shell around `decide`. Feeds it scans and requests, carries its effects out.

Knows asyncio and the order of effects. Decides nothing.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable, Mapping

import structlog

from station_ctl.core.bypass import Bypass
from station_ctl.core.errors import NotAllowed, OldJournal, Refused, StationError
from station_ctl.core.links import Link, LinkSnapshot
from station_ctl.core.modes import Mode
from station_ctl.core.signals import Image
from station_ctl.core.steps import Job, Sequence
from station_ctl.engine.clock import Clock
from station_ctl.engine.decide import decide
from station_ctl.engine.events import (
    Announce,
    Answer,
    Asked,
    Audit,
    ButtonPressed,
    Effect,
    Event,
    Issue,
    JournalReady,
    Progress,
    RecodeAsked,
    Record,
    ReleaseStop,
    RetreatAsked,
    RunAsked,
    Scanned,
    SetLedger,
    StopDevices,
    TaskStuck,
    Verb,
)
from station_ctl.engine.gate import Gate
from station_ctl.engine.jog_counter import JogCounter
from station_ctl.engine.journal import Restored
from station_ctl.engine.journal_thread import Committer
from station_ctl.engine.liveness import LAG_DEAD, Heartbeat, Liveness
from station_ctl.engine.state import Run, StationState, Trip
from station_ctl.engine.station import StationFacts
from station_ctl.engine.stop_levels import StopLevels

log = structlog.get_logger()

Listener = Callable[[Effect], None]

LATE_TOLD_EVERY = 60.0
"""Wall seconds between two alarms that the program is late: an overloaded PC is told, not written full."""

ALARM_LOGGED_EVERY = 60.0
"""Wall seconds between two lines of log that say the same alarm."""

_REFUSALS: dict[str, type[StationError]] = {"A401": Refused, "A505": OldJournal}


class Engine:
    """One running station: state, newest image, gate, stop levels, heartbeat."""

    def __init__(
        self,
        facts: StationFacts,
        links: Mapping[str, Link],
        journal: Committer,
        restored: Restored,
        clock: Clock,
        heartbeat_limits: Mapping[str, float],
        *,
        runs: tuple[Run, ...] = (),
        half_done: str = "",
    ) -> None:
        self.facts, self.links, self.clock = facts, dict(links), clock
        self.state = StationState()
        self.last_run = restored.last_run
        self._limits = dict(heartbeat_limits)
        self._listeners: list[Listener] = []
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._request_numbers = itertools.count(1)
        self._moved = asyncio.Event()
        self.liveness = Liveness(clock.monotonic)
        self.stops = StopLevels(facts, links, self.image)
        if restored.next_order > 1:
            self.stops.inherit()
        self.gate = Gate(
            facts,
            links,
            journal,
            self.stops,
            image=self.image,
            state=lambda: self.state,
            report=lambda make: self.handle(make(self.clock.process())),
            beat=self.liveness.register("gate", 2.0),
        )
        self.heartbeat = Heartbeat(links, self.liveness, self._stuck, self._late)
        self.jog_counter = JogCounter(links, self.liveness, lambda: self.image().with_own(self.state.own))
        self._late_told = -LATE_TOLD_EVERY
        self._said: dict[tuple[str, str], float] = {}
        self.handle(JournalReady(clock.process(), restored.ledger, restored.next_order, half_done, runs))
        for link in links.values():
            link.on_scan(self._scanned)

    def image(self) -> Image:
        """Everything known now: of every link the newest scan, whichever of them has just told."""
        return Image(self.clock.monotonic(), {name: link.snapshot for name, link in self.links.items()}, self._limits)

    def listen(self, listener: Listener) -> None:
        """Show every effect to an onlooker. An onlooker that fails is dropped and logged; control goes on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Show an onlooker nothing more; one that was dropped already is no error."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def run(self) -> None:
        """Run links, gate and heartbeats until cancelled. A task that ends is named and stops the heartbeat."""
        # A full collection takes tens of ms once protocol libraries are loaded: what stands now is never garbage.
        gc.collect()
        gc.freeze()
        tasks = {
            asyncio.create_task(work, name=name)
            for name, work in (
                *((f"link {name}", link.run()) for name, link in self.links.items()),
                ("gate", self.gate.run()),
                ("heartbeat", self.heartbeat.run()),
                ("jog counter", self.jog_counter.run()),
            )
        }
        try:
            while tasks:
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    why = repr(task.exception()) if not task.cancelled() else "cancelled"
                    log.error("task-ended", task=task.get_name(), why=why)
                    self.liveness.declare_dead(task.get_name())
                    self._stuck((f"{task.get_name()}: {why}",))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def handle(self, event: Event) -> None:
        """Decide on one event and carry the effects out. Synchronous: a stop is on its way before this returns."""
        self.state, effects = decide(self.facts, self.state, self.image(), event)
        self._moved.set()
        if not effects:
            return
        for effect in effects:
            if isinstance(effect, StopDevices):
                self.stops.raise_(effect.roles)
            elif isinstance(effect, ReleaseStop):
                self.stops.release()
        durable = tuple(e for e in effects if isinstance(e, (Record, Audit, SetLedger, Issue, ReleaseStop)))
        if durable:
            self.gate.submit(durable)
        for effect in effects:
            self._show(effect)

    async def until(self, happened: Callable[[], bool], within: float, awaited: Callable[[], str]) -> None:
        """Wait until something is true of state or image. Raises TimeoutError saying what was awaited."""
        try:
            async with asyncio.timeout(within):
                while not happened():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {within:g} s: {awaited()}") from None

    async def ask(
        self,
        verb: Verb,
        who: str,
        *,
        mode: Mode | None = None,
        confirmed: bool = False,
        admit: tuple[tuple[str, str], ...] = (),
        trips: tuple[Trip, ...] = (),
        audit: Audit | None = None,
        bypass: Bypass | None = None,
        restore: tuple[str, ...] = (),
    ) -> None:
        """Put a person's request. Raises Refused or NotAllowed with the reason; then nothing has moved."""
        number, time = next(self._request_numbers), self.clock.process()
        await self._answered(
            number, Asked(time, verb, who, number, mode, confirmed, admit, trips, audit, bypass, restore)
        )

    def press(self, who: str) -> None:
        """This person holds the jog button now; said again before the lease is over, as long as it is held."""
        self.handle(ButtonPressed(self.clock.process(), who))

    async def begin(
        self, run_id: str, sequence: Sequence, job: Job | None, who: str, audit: Audit | None = None
    ) -> None:
        """Open a run. Raises NotAllowed or Refused with the reason."""
        number = next(self._request_numbers)
        await self._answered(number, RunAsked(self.clock.process(), run_id, sequence, job, who, number, audit))

    async def retreat(
        self, run_id: str, retreat_id: str, sequence: Sequence, job: Job | None, who: str, audit: Audit | None = None
    ) -> None:
        """Give a run up for a retreat. Raises NotAllowed or Refused with the reason."""
        number = next(self._request_numbers)
        asked = RetreatAsked(self.clock.process(), run_id, retreat_id, sequence, job, who, number, audit)
        await self._answered(number, asked)

    async def recode(
        self, place: str, code: str, runs: tuple[tuple[str, Sequence, Job], ...], who: str, audit: Audit | None = None
    ) -> None:
        """Give the pack at a place its true code, in the ledger and in these runs. Raises Refused with the reason."""
        number = next(self._request_numbers)
        await self._answered(number, RecodeAsked(self.clock.process(), place, code, runs, who, number, audit))

    async def record(self, *rows: Record | Audit) -> None:
        """Write rows that no decision of the machine brings about. Durable on return. Raises JournalError."""
        self.gate.submit(rows)
        await self.gate.committed()

    async def _answered(self, number: int, event: Event) -> None:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self.handle(event)
        answer = await future
        if answer.refused:
            raise _REFUSALS.get(answer.code, NotAllowed)(answer.refused)

    def _scanned(self, snapshot: LinkSnapshot) -> None:
        self.handle(Scanned(self.clock.process()))
        if self.stops.raised:
            self.stops.repeat(snapshot.link)

    def _show(self, effect: Effect) -> None:
        if isinstance(effect, Answer) and (future := self._answers.pop(effect.request, None)) is not None:
            future.set_result(effect)
        elif isinstance(effect, Announce):
            self._log_alarm(effect)
        elif isinstance(effect, Progress):
            log.info(effect.what, run=effect.run_id, step=effect.step, text=effect.text)
        for listener in tuple(self._listeners):
            try:
                listener(effect)
            except Exception:
                self._listeners.remove(listener)
                log.exception("listener-failed", listener=repr(listener))

    def _log_alarm(self, alarm: Announce) -> None:
        """One line of log, unless the same was said within the last minute: what repeats itself fills a disk."""
        now = self.clock.monotonic()
        said = alarm.code, alarm.text
        if now - self._said.get(said, float("-inf")) < ALARM_LOGGED_EVERY:
            return
        self._said = {key: at for key, at in self._said.items() if now - at < ALARM_LOGGED_EVERY}
        self._said[said] = now
        log.warning("alarm", code=alarm.code, text=alarm.text, source=alarm.source)

    def _late(self, seconds: float) -> None:
        """The event loop was late. Standing still as long as the PLCs' dead-man time is a fault of its own."""
        if seconds >= LAG_DEAD:
            self._stuck((f"event loop: stood still for {seconds:.1f} s",))
        elif self.clock.monotonic() - self._late_told >= LATE_TOLD_EVERY:
            self._late_told = self.clock.monotonic()
            self._show(Announce("A702", f"event loop was {seconds * 1000:.0f} ms late", "event loop"))

    def _stuck(self, names: tuple[str, ...]) -> None:
        log.error("task-stuck", tasks=names)
        self.handle(TaskStuck(self.clock.process(), names))
