"""The alarm board: which alarms stand, who has seen them, which are put aside, and what was announced when.

Knows engine and levels: an alarm stands as long as its condition does, an announcement of the engine only makes the
board look soon. Does not know files, commands or the web.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from station_ctl.core.alarms import AlarmEntry, Language, Priority
from station_ctl.core.errors import NotFound
from station_ctl.engine.events import Announce, Audit, Effect, Progress, Record, Verb
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import Trip
from station_ctl.service import alarm_states
from station_ctl.service.alarm_book import AlarmBook
from station_ctl.service.alarm_levels import FILTERS, LINK_LOST, WatchedRow, key_of, levels, with_own_facts
from station_ctl.service.alarm_load import AlarmEvent, LoadFigures, figures
from station_ctl.service.alarm_roots import root_of
from station_ctl.service.alarm_states import AlarmRecord, Filter, Instant, Level
from station_ctl.service.alarm_store import AlarmStore
from station_ctl.service.alarm_views import AlarmView, in_order, view
from station_ctl.service.foreground import links_down
from station_ctl.service.history import TROUBLE

log = structlog.get_logger()

LOOK_EVERY = 0.2
"""Wall seconds between two looks at the levels."""

LOOK_AFTER = 0.02
"""Wall seconds from an announcement of the engine to the look that it brings about."""

SETTLING = 12.0
"""Wall seconds after the start in which links are still connecting: none is called lost, none counts as back."""

EVENT_LASTS = 90.0
"""Wall seconds that something of which only an event is known stands as a level; then it waits for its
acknowledgement. Longer than the engine's pause between two tellings of the same, so that both are one alarm."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an acknowledgement did: alarms now seen, trips reset in the engine, and why others still stand."""

    seen: tuple[str, ...]
    reset: tuple[str, ...]
    stays: tuple[str, ...]


class AlarmBoard:
    """All alarms of one station. Make it before the engine runs; `run` keeps it up to date.

    `rows` are watched besides the engine's own trips; `trouble` says what is wrong with the history, if anything.
    """

    def __init__(
        self,
        engine: Engine,
        catalogue: Mapping[str, AlarmEntry],
        rows: Iterable[WatchedRow] = (),
        *,
        store: AlarmStore | None = None,
        trouble: Callable[[], str] = str,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._engine, self._rows, self._trouble, self._wall = engine, tuple(rows), trouble, wall
        self._sources: list[Callable[[], Iterable[Level]]] = []
        self._began = engine.clock.monotonic()
        possible = [Level(LINK_LOST, link, "").key for link in engine.links]
        possible += [Level(row.code, row.subject, "").key for row in self._rows]
        self._book = AlarmBook(catalogue, store, self._now, possible)
        self._restored = {key for key, r in self._book.records.items() if r.active and not r.latching}
        self._told: dict[str, tuple[Level, float]] = {}
        self._epochs: dict[str, object] = {}
        self._silenced = float("-inf")
        self._reset_by = ""
        self._said = asyncio.Event()
        engine.listen(self._hear)

    def _now(self) -> Instant:
        return Instant(self._engine.clock.monotonic(), self._wall())

    def also(self, source: Callable[[], Iterable[Level]]) -> None:
        """Look at these levels, too, from now on; asked at every look, `source` must be quick and never fail."""
        self._sources.append(source)

    # ---- looking ----
    async def run(self) -> None:
        """Look at the levels until cancelled: as often as told, and soon after the engine has said something."""
        while True:
            self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._said.wait()
                    # First the stop that goes with it is to be on the wire.
                    await asyncio.sleep(LOOK_AFTER)
            self._said.clear()

    def look(self) -> None:
        """Bring every alarm up to date with what stands now."""
        now, book = self._now(), self._book
        shown = self._shown(now)
        for key in dict.fromkeys((*shown, *book.records)):
            level = shown.get(key)
            record = book.record_of(key, level)
            if record is None:
                continue
            if level is None and record.latching and record.active and self._reset_by:
                record = book.put(*alarm_states.acknowledged(record, self._reset_by, "", now))
            record = book.put(*alarm_states.unshelved(record, now))
            book.put(*alarm_states.observed(record, level, now, FILTERS.get(record.code, Filter())))
        self._reset_by = ""
        self._explain(shown)
        for record in tuple(book.records.values()):
            book.put(*alarm_states.announced(record, now))
        book.forget_normal()

    def _shown(self, now: Instant) -> dict[str, Level]:
        """Every level that stands now, causes first."""
        engine, settling = self._engine, now.mono - self._began < SETTLING
        connected = {name for name, link in engine.links.items() if link.snapshot.connection}
        down = {name: why for name, why in links_down(engine).items() if not settling or name in connected}
        self._notice_restarts()
        shown = levels(engine.state, engine.image(), down, self._rows)
        self._told = {key: (level, until) for key, (level, until) in self._told.items() if until > now.mono}
        for key, (level, _) in self._told.items():
            shown.setdefault(key, level)
        for level in (level for source in self._sources for level in source()):
            shown.setdefault(level.key, level)
        if trouble := self._trouble():
            level = Level(TROUBLE, "history", trouble, "history")
            shown[level.key] = level
        if settling:
            for record in (self._book.records[key] for key in self._restored & self._book.records.keys()):
                shown.setdefault(record.key, Level(record.code, record.subject, record.detail, record.source))
        return shown

    def _explain(self, shown: Mapping[str, Level]) -> None:
        """Find out which of the alarms that stand are consequences of others, causes first."""
        order = {key: place for place, key in enumerate(shown)}
        standing = {
            record.key: record
            for record in sorted(
                (r for r in self._book.records.values() if r.active),
                key=lambda r: (r.changed_mono, order.get(r.key, len(order))),
            )
        }
        for key, record in tuple(standing.items()):
            level, cause = shown.get(key), standing.get(record.root)
            if level is None or (cause is not None and cause.active):
                continue
            # Hidden while its cause stands; once it was announced for itself it is never hidden again.
            root = root_of(level, record, standing) if record.pending else ""
            standing[key] = self._book.put(*alarm_states.suppressed(record, root))

    def _notice_restarts(self) -> None:
        """A PLC whose boot counter has moved, also while nothing runs and no trip would tell."""
        image = self._engine.image()
        for channel in self._engine.facts.channels.values():
            if channel.epoch is None or not (epoch := channel.epoch.read(image)).good:
                continue
            before = self._epochs.get(channel.link, epoch.value)
            self._epochs[channel.link] = epoch.value
            if before != epoch.value:
                text = f"PLC of link {channel.link} has restarted: boot counter {before} → {epoch.value}"
                self.tell("A202", channel.link, text, f"{channel.link} {channel.epoch.tag}")

    def tell(self, code: str, subject: str, detail: str, source: str = "", lasts: float = EVENT_LASTS) -> None:
        """Something happened that has no level: it stands for `lasts` s and then waits for its acknowledgement."""
        by_design = {"A202": (f"{LINK_LOST}-{subject}",), "A702": ("A701-tasks",)}
        level = Level(code, subject, detail, source, explained_by=by_design.get(code, ()))
        self._told[level.key] = (level, self._now().mono + lasts)

    def _hear(self, effect: Effect) -> None:
        if isinstance(effect, Announce):
            state = self._engine.state
            # What neither a trip nor a conflict stands behind is only an event.
            if all(t.text != effect.text for t in state.trips) and effect.text not in state.announced:
                self.tell(effect.code, effect.source or "event", effect.text, effect.source)
            self._said.set()
        elif isinstance(effect, Record) and effect.kind == "acknowledged":
            self._reset_by = str(dict(effect.data).get("who", "")) or "unknown"
            self._said.set()
        elif isinstance(effect, Progress) and effect.what == "state":
            self._said.set()

    # ---- what a person sees ----
    def listen(self, listener: Callable[[AlarmEvent], None]) -> None:
        """Show every change to an onlooker. One that fails is dropped and logged."""
        self._book.listen(listener)

    def active(self, language: Language = Language.ENGLISH) -> tuple[AlarmView, ...]:
        """Every alarm that is not normal, what calls first; suppressed, shelved and out of service are among them."""
        return tuple(self._view(record, language) for record in in_order(self._book.listed()))

    def explain(self, alarm: str, language: Language = Language.ENGLISH) -> AlarmView:
        """One alarm that stands, or the row of a code. Raises NotFound."""
        try:
            record = self._book.named(alarm)
        except NotFound:
            entry = self._book.catalogue.get(alarm.partition("-")[0].upper())
            if entry is None:
                raise
            record = AlarmRecord(alarm, entry.code, entry.priority)
        return self._view(record, language)

    def _view(self, record: AlarmRecord, language: Language) -> AlarmView:
        return view(record, self._book.catalogue[record.code], language)

    def history(self, since: float = 0.0, alarm: str = "", limit: int = 200) -> tuple[AlarmEvent, ...]:
        """What happened since a wall time (s), the newest first; of one id or code if `alarm` names one."""
        named = alarm.upper()
        wanted = (
            event
            for event in reversed(self._book.events)
            if event.at >= since and (not named or named in (event.code, event.key.upper()))
        )
        return tuple(event for _, event in zip(range(limit), wanted, strict=False))

    def stats(self, since: float | None = None) -> LoadFigures:
        """The load figures since a wall time (s); of the last 24 h unless told."""
        now = self._wall()
        since = now - 86400 if since is None else since
        return figures(self._book.events, self._book.records.values(), now, since)

    @property
    def horn(self) -> bool:
        """True while the horn should sound: an alarm above low calls and was announced after the last silence."""
        return any(
            r.calls and not r.pending and r.priority is not Priority.LOW and r.announced_mono > self._silenced
            for r in self._book.records.values()
        )

    # ---- what a person does ----
    def silence(self, by: str) -> None:
        """The horn is quiet until the next announcement. Nothing is acknowledged by it."""
        self._silenced = self._now().mono
        log.info("horn-silenced", by=by)

    async def acknowledge(self, alarm: str, by: str, note: str = "", audit: Audit | None = None) -> Acknowledged:
        """A person has seen an alarm with its consequences, or `all`; trips whose cause is gone are reset.

        `audit` goes with the reset, or for itself and first if there is none. Raises NotFound, JournalError. What
        still stands is told in `stays`; that is no error, it has been seen.
        """
        self.look()
        keys = {r.key for r in self._book.with_consequences(alarm)}
        trips = tuple(t for t in self._engine.state.trips if key_of(t) in keys)
        stays = self._standing(trips)
        gone = tuple(t for t in trips if t not in stays)
        if audit is not None and not gone:
            await self._engine.record(audit)
        listed = [r for key, r in self._book.records.items() if key in keys]
        seen = tuple(r.key for r in listed if not r.seen)
        for record in listed:
            self._book.put(*alarm_states.acknowledged(record, by, note, self._now()))
        if gone:
            await self._engine.ask(Verb.ACKNOWLEDGE, by, trips=gone, audit=audit)
        self.look()
        return Acknowledged(seen, tuple(dict.fromkeys(map(key_of, gone))), tuple(stays.values()))

    def _standing(self, trips: Iterable[Trip]) -> dict[Trip, str]:
        image = with_own_facts(self._engine.state, self._engine.image())
        unproven = {t: t.cause for t in trips if t.cause is not None and not t.cause.proven(image)}
        return {trip: f"{key_of(trip)} stays: {cause.why_not(image)}" for trip, cause in unproven.items()}

    def may_shelve(self, alarm: str, lasts: float, by: str, reason: str) -> None:
        """Raises what `shelve` would raise now; changes nothing."""
        alarm_states.shelved(self._book.named(alarm), lasts, by, reason, self._now())

    def may_take_out(self, alarm: str, by: str, reason: str) -> None:
        """Raises what `take_out` would raise now; changes nothing."""
        alarm_states.taken_out(self._book.named(alarm), by, reason)

    def shelve(self, alarm: str, lasts: float, by: str, reason: str) -> float:
        """Put an alarm aside for `lasts` s, at most 8 h; returns until when (wall s).

        Raises NotFound, Refused or NotAllowed: never a critical one, one that holds the station, or without a reason.
        """
        record, changes = alarm_states.shelved(self._book.named(alarm), lasts, by, reason, self._now())
        self._book.put(record, changes, by, reason)
        assert record.shelving is not None
        return record.shelving.until

    def unshelve(self, alarm: str, by: str) -> None:
        """Take an alarm off the shelf; if it stands it is announced. Raises NotFound."""
        self._book.put(*alarm_states.unshelved(self._book.named(alarm), self._now(), at_once=True), by)
        self.look()

    def take_out(self, alarm: str, by: str, reason: str) -> None:
        """Take an alarm out of service until it is put back. Raises NotFound, Refused or NotAllowed."""
        self._book.put(*alarm_states.taken_out(self._book.named(alarm), by, reason), by, reason)

    def put_back(self, alarm: str, by: str) -> None:
        """Put an alarm back in service; if it stands it is announced. Raises NotFound."""
        self._book.put(*alarm_states.put_back(self._book.named(alarm)), by)
        self.look()
