"""The station on duty, as handlers see it: engine, procedures, control, operations, journal.

Knows where everything is that an action may need. Judges nothing.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from station_ctl.core.errors import NotFound
from station_ctl.core.interlock_table import InterlockTable
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image
from station_ctl.core.steps import Job, Recipe
from station_ctl.engine.events import Announce, Audit, Effect, Progress, Record, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.runner import Engine
from station_ctl.service.backup_duty import BackupDuty
from station_ctl.service.bay_locks import BayLocks
from station_ctl.service.charging_duty import ChargingDuty
from station_ctl.service.day_planner import DayPlanner
from station_ctl.service.desk import Call
from station_ctl.service.jog_button import JogButton
from station_ctl.service.lease import Control
from station_ctl.service.operations import Operations
from station_ctl.service.person_book import PersonBook
from station_ctl.service.persons import Person
from station_ctl.service.procedures import Procedures
from station_ctl.service.reception import Reception
from station_ctl.service.run_watch import RunWatch
from station_ctl.service.swap_times import second_of_day
from station_ctl.service.vehicle_queue import VehicleQueue, Waiting
from station_ctl.service.watchers import Watchers

T = TypeVar("T")


TURNED_AWAY_KEPT_S = 4 * 3600.0
"""A vehicle that comes again later than this after its first refusal begins to wait anew."""


class JournalReader(Protocol):
    """Whoever reads the journal in the thread that owns it."""

    async def ask(self, question: Callable[[Journal], T]) -> T:
        """What `question` reads from the journal."""
        ...


@dataclass(frozen=True)
class About:
    """What the station is: fixed while the service lives. `more` holds what a station type adds."""

    code: str
    name: str
    simulated: bool
    version: str
    config_path: str
    config_hash: str
    roles: Mapping[str, str]
    """Driver by role."""
    began: float = field(default_factory=time.time)


@dataclass
class Duty:
    """Everything an action may need. One for each life of the service."""

    about: About
    engine: Engine
    watch: RunWatch
    procedures: Procedures
    recipes: Mapping[str, Recipe]
    reception: Reception
    bays: tuple[BaySignals, ...]
    interlocks: Callable[[Job], InterlockTable]
    journal: JournalReader
    wall: Callable[[], float] = time.time
    mono: Callable[[], float] = time.monotonic
    control: Control = field(default_factory=Control)
    persons: PersonBook = field(default_factory=PersonBook)
    queue: VehicleQueue = field(default_factory=VehicleQueue)
    bay_locks: BayLocks = field(default_factory=BayLocks)
    version: int = 1
    """Rises with everything a person who looks should know before asking for motion."""
    operations: Operations = field(init=False)
    button: JogButton = field(init=False)
    maintenance_numbers: Iterator[int] = field(init=False)
    """Numbers of maintenance runs, M-0001 on; never one of an earlier life."""
    backups: BackupDuty | None = None
    charging: ChargingDuty | None = None
    """Without it (a bench) its actions are refused."""
    planner: DayPlanner | None = None
    """Without it (no tariff in the station file) nothing is planned."""
    watchers: Watchers | None = None
    """Alarm board, black box and trends; without them (a bench) their actions are refused."""
    _turned_away: dict[str, float] = field(default_factory=dict)
    """Since when (wall s) vehicles that nobody announced have been refused at the entry; forgotten at a restart."""
    _onlookers: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operations = Operations(self.changed, self.wall)
        self.button = JogButton(self.engine)
        self.maintenance_numbers = itertools.count(self.engine.last_run + 1)
        self.engine.listen(self._see)
        self.reception.why_not_bay = lambda bay: self.bay_locks.why_not(bay)
        self.reception.why_not_vehicle = self._turn_away
        self.reception.why_not_served = self.why_not_served

    def why_not_in(self, vehicle: str) -> str:
        """What persons, and the fleets of those who are announced, have against this vehicle now; empty if nothing."""
        admission, now = self.reception.admission, self.wall()
        since = self._turned_away.get(vehicle, now)
        unannounced = Waiting(vehicle, since, "", admission.priority_of(vehicle))
        return self.queue.why_not(vehicle, unannounced, now, admission.patience_s)

    def why_not_served(self, vehicle: str) -> str:
        """Why the site does not serve this vehicle at this time of day; empty if it does."""
        return self.reception.admission.why_not_served(vehicle, second_of_day(self.wall()) / 60)

    def _turn_away(self, vehicle: str) -> str:
        """As `why_not_in`, of a vehicle at the entry: its patience counts from when it was first refused."""
        if why := self.why_not_in(vehicle):
            now = self.wall()
            kept = {v: at for v, at in self._turned_away.items() if now - at < TURNED_AWAY_KEPT_S}
            self._turned_away = {**kept, vehicle: kept.get(vehicle, now)}
        return why

    def _see(self, effect: Effect) -> None:
        if isinstance(effect, (Progress, Announce)):
            self.changed()

    def changed(self) -> None:
        """Something changed that a person should see before asking for motion."""
        self.version += 1
        for onlooker in self._onlookers:
            onlooker()

    def on_change(self, onlooker: Callable[[], None]) -> None:
        """Call `onlooker` synchronously after every change of version; it must be quick and never fail."""
        self._onlookers.append(onlooker)

    @property
    def image(self) -> Image:
        """What is known now, with the controller's own facts."""
        return self.reception.image()

    @property
    def watch_room(self) -> Watchers:
        """Alarm board, black box and trends. Raises NotFound where the station runs without them."""
        if self.watchers is None:
            raise NotFound("this station runs without alarm board, black box and trends")
        return self.watchers

    @property
    def charge(self) -> ChargingDuty:
        """Charging. Raises NotFound where the station runs without it."""
        if self.charging is None:
            raise NotFound("this station runs without charging")
        return self.charging

    def use_control(self, person: Person) -> None:
        """Note that this person asked for motion: control is theirs for a while."""
        before = self.control.held(self.mono())
        self.control = self.control.used_by(person, self.mono())
        if before is None or before.holder != person:
            self.changed()

    async def ask(self, call: Call, verb: Verb, **more: Any) -> None:
        """Put a person's verb to the engine; the audit row travels with it. Raises Refused or NotAllowed."""
        await self.engine.ask(verb, call.person.name, audit=call.take_audit(), **more)

    async def record(self, *rows: Record | Audit) -> None:
        """Write rows that no decision of the machine brings about. Durable on return. Raises JournalError."""
        await self.engine.record(*rows)

    async def durable(self) -> None:
        """Wait until everything decided so far is on disk. Raises JournalError."""
        await self.engine.gate.committed()
