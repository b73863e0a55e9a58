"""The one gate: the only code that writes orders to a PLC.

Commits intent and custody first, checks the guards again on the newest scan, sends once, never repeats a write.
Does not decide what to order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import structlog

from station_ctl.core.custody import Ledger
from station_ctl.core.devices import Channel
from station_ctl.core.errors import JournalError
from station_ctl.core.links import Link, NotSent, OutcomeUnknown, WriteRefused
from station_ctl.core.modes import State
from station_ctl.core.orders import ORDER_TTL_MS, Order
from station_ctl.core.signals import Image
from station_ctl.engine.events import (
    Audit,
    Effect,
    Event,
    Issue,
    JournalFailed,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Record,
    ReleaseStop,
    SetLedger,
)
from station_ctl.engine.journal_thread import Committer
from station_ctl.engine.state import StationState, StepStatus
from station_ctl.engine.station import StationFacts
from station_ctl.engine.stop_levels import StopLevels

log = structlog.get_logger()

IDLE_BEAT = 0.2


class Gate:
    """Takes batches of effects in order; each batch is durable before anything of it is sent."""

    def __init__(
        self,
        facts: StationFacts,
        links: Mapping[str, Link],
        journal: Committer,
        stops: StopLevels,
        *,
        image: Callable[[], Image],
        state: Callable[[], StationState],
        report: Callable[[Callable[[float], Event]], None],
        beat: Callable[[], None],
    ) -> None:
        self._facts, self._links, self._journal, self._stops = facts, links, journal, stops
        self._image, self._state, self._report, self._beat = image, state, report, beat
        self._queue: asyncio.Queue[tuple[Effect, ...]] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()
        self._failed = ""
        self.commits = 0

    def submit(self, effects: tuple[Effect, ...]) -> None:
        """Hand over one decision's effects. Returns at once."""
        self._queue.put_nowait(effects)

    async def run(self) -> None:
        """Work off batches until cancelled; then wait for sends under way."""
        try:
            while True:
                self._beat()
                try:
                    async with asyncio.timeout(IDLE_BEAT):
                        first = await self._queue.get()
                except TimeoutError:
                    continue
                batches = (first, *self._queued())
                await self._work(tuple(effect for batch in batches for effect in batch))
                for _ in batches:
                    self._queue.task_done()
        finally:
            await asyncio.gather(*self._sending, return_exceptions=True)

    def _queued(self) -> Iterator[tuple[Effect, ...]]:
        """What came in meanwhile shares one commit: behind a slow disk an order waits for two of them at most."""
        while not self._queue.empty():
            yield self._queue.get_nowait()

    async def committed(self) -> None:
        """Wait until everything handed over is durable. Raises JournalError if it cannot be any more."""
        await self._queue.join()
        if self._failed:
            raise JournalError(self._failed)

    async def drain(self) -> None:
        """Wait until everything handed over has been committed and sent."""
        await self._queue.join()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _work(self, batch: tuple[Effect, ...]) -> None:
        records = [e for e in batch if isinstance(e, (Record, Audit))]
        ledgers = [e.ledger for e in batch if isinstance(e, SetLedger)]
        issues = [e for e in batch if isinstance(e, Issue)]
        if records or ledgers:
            await self._commit(records, ledgers[-1] if ledgers else None)
        # A stop level stays up, too: whoever asked to go on is not in the journal.
        if self._failed:
            for issue in issues:
                self._tell_not_sent(issue.number, self._failed)
            return
        if any(isinstance(e, ReleaseStop) for e in batch):
            await self._stops.lower_released()
        for issue in issues:
            task = asyncio.create_task(self._send(issue), name=f"order {issue.number}")
            self._sending.add(task)
            task.add_done_callback(partial(self._over, issue))

    async def _commit(self, records: list[Record | Audit], ledger: Ledger | None) -> None:
        """Make it durable. After the first failure nothing is committed any more, because a later commit could be told
        durable on top of rows that the disk has lost; only a restart, which reads the disk, is believed again.
        """
        if self._failed:
            return
        try:
            await self._journal.commit(records, ledger)
            self.commits += 1
        except JournalError as error:
            self._failed = why = str(error)
            # First the abort, so that what is taken back is not decided anew.
            self._report(lambda time: JournalFailed(time, why))

    async def _send(self, issue: Issue) -> None:
        channel = self._facts.channels[issue.command.role]
        if why := self._why_not(issue):
            self._tell_not_sent(issue.number, why)
            return
        expires = self._expires(channel)
        order = Order(issue.number, issue.epoch, issue.command.opcode, issue.command.params, expires)
        link = self._links[channel.link]
        sent_at = self._image().now
        try:
            await link.write(order.tags(channel.prefix, channel.lacks), commit=f"{channel.prefix}CMD_COMMIT")
        except NotSent as error:
            self._tell_not_sent(issue.number, str(error))
        except (WriteRefused, ValueError) as error:
            self._tell_not_sent(issue.number, str(error), refused=True)
        except OutcomeUnknown as error:
            why = str(error)
            self._report(lambda time: OrderUnknown(time, issue.number, sent_at, why))
        else:
            self._report(lambda time: OrderSent(time, issue.number, sent_at))

    def _expires(self, channel: Channel) -> int:
        """When the order is too old, by the PLC's own clock; 0 of a PLC without one."""
        if channel.uptime_ms is None:
            return 0
        uptime = channel.uptime_ms.read(self._image())
        assert isinstance(uptime.value, int)
        return (uptime.value + ORDER_TTL_MS) & 0xFFFFFFFF

    def _over(self, issue: Issue, task: asyncio.Task[None]) -> None:
        """A send has ended. One that broke as no link promises to may have left all the same: it is read back."""
        self._sending.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("send-broke", order=issue.number, device=issue.command.role, exc_info=error)
            at, why = self._image().now, f"{type(error).__name__}: {error}"
            self._report(lambda time: OrderUnknown(time, issue.number, at, why))

    def _tell_not_sent(self, number: int, why: str, *, refused: bool = False) -> None:
        self._report(lambda time: OrderNotSent(time, number, why, refused))

    def _why_not(self, issue: Issue) -> str:
        """Why the order may not leave now, judged on the newest scan; empty if it may."""
        state = self._state()
        run = state.run(issue.run_id)
        st = run.of(issue.step.no) if run is not None else None
        wanted = st is not None and st.order == issue.number and st.status is StepStatus.INTENT
        if not wanted or state.trips or state.state not in (State.EXECUTE, State.STOPPING):
            return f"withdrawn before it was sent: station {state.state}"
        if issue.command.role in self._stops.raised:
            return f"the stop level of {issue.command.role} is still raised"
        # Custody already shows the pack on its way under this order; the permissives speak of the time before it.
        own = replace(state.own, ledger=state.ledger.cancel(issue.number))
        image = self._image().with_own(own)
        for row in (*issue.step.permissives, *(k.interlock for k in issue.step.interlocks)):
            if not row.holds.proven(image):
                return f"{row.code} {row.text}: {row.holds.why_not(image)}"
        channel = self._facts.channels[issue.command.role]
        snapshot = image.links[channel.link]
        if snapshot.connection != issue.connection:
            return f"link {channel.link} was connected anew since the order was decided"
        same = channel.same_life(issue.epoch, 0)
        if not same.proven(image):
            return same.why_not(image)
        uptime = channel.uptime_ms.read(image) if channel.uptime_ms is not None else None
        return "" if uptime is None or uptime.good else f"uptime of {channel.link} {uptime}"
