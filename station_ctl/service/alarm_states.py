"""The life of one alarm (ISA-18.2, IEC 62682): raised, seen, gone, latched, shelved, suppressed, out of service.

Pure: time comes in as an argument. Knows no station and no text; does not decide what is a consequence of what.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from station_ctl.core.alarms import Priority
from station_ctl.core.errors import NotAllowed, Refused

SHELF_MOST = 8 * 3600.0
"""Seconds that an alarm may stand on the shelf; then it is announced again, because shifts end."""

REALARM_AFTER = 60.0
"""Seconds that must lie between two announcements of the same alarm; what comes back sooner is counted."""


class AlarmState(StrEnum):
    """What a person has to do about an alarm."""

    NORMAL = "normal"
    UNACK = "unacknowledged"
    ACKED = "acknowledged"
    RTN_UNACK = "gone, unacknowledged"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out of service"


CALLING = frozenset((AlarmState.UNACK, AlarmState.LATCHED))
"""States in which an alarm that nobody has seen calls for a person."""


class Change(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    ANNOUNCED = "announced"
    SUPPRESSED = "suppressed"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    TAKEN_OUT = "taken out of service"
    PUT_BACK = "put back in service"


@dataclass(frozen=True, slots=True)
class Instant:
    """`mono` (s) measures durations; `wall` (s since 1970, UTC) is written down, and moves when the clock is set."""

    mono: float
    wall: float


@dataclass(frozen=True, slots=True)
class Filter:
    """How long (s) a condition must hold to count, and be gone to count as gone."""

    on: float = 0.0
    off: float = 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """One alarm condition as it stands now. What gives only an event is held as a level for a while.

    `latching`: stays until a person acknowledges it after its cause is gone (`cause_gone`). `subject` is what the
    alarm is about: a link, an interlock, a place, a step. `explained_by` are keys of alarms of which this one is a
    consequence by design, if they stand.
    """

    code: str
    subject: str
    detail: str
    source: str = ""
    latching: bool = False
    cause_gone: bool = False
    first_out: bool = False
    explained_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What a person types to name this alarm."""
        return f"{self.code}-{self.subject}".replace(" ", "_")


@dataclass(frozen=True, slots=True)
class Shelving:
    """An alarm put aside: until when (`until` wall, s; `ends` monotonic, s), by whom and why."""

    until: float
    ends: float
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """All that is known of one alarm. Times in wall seconds unless they are called `_mono`."""

    key: str
    code: str
    priority: Priority
    detail: str = ""
    source: str = ""
    level: bool = False
    changed_mono: float = float("-inf")
    active: bool = False
    latching: bool = False
    cause_gone: bool = False
    first_out: bool = False
    seen: bool = True
    pending: bool = False
    announced_mono: float = float("-inf")
    raised_at: float = 0.0
    announced_at: float = 0.0
    ended_at: float = 0.0
    repeats: int = 0
    root: str = ""
    seen_by: str = ""
    seen_at: float = 0.0
    note: str = ""
    shelving: Shelving | None = None
    out_by: str = ""
    out_reason: str = ""

    @property
    def subject(self) -> str:
        """What the alarm is about."""
        return self.key.removeprefix(f"{self.code}-")

    @property
    def state(self) -> AlarmState:
        """The state as the list shows it."""
        if self.out_by:
            return AlarmState.OUT_OF_SERVICE
        if self.shelving is not None:
            return AlarmState.SHELVED
        if self.active and self.root:
            return AlarmState.SUPPRESSED
        if not self.active:
            return AlarmState.NORMAL if self.seen else AlarmState.RTN_UNACK
        if self.latching and self.cause_gone:
            return AlarmState.LATCHED
        return AlarmState.ACKED if self.seen else AlarmState.UNACK

    @property
    def calls(self) -> bool:
        """True while it waits for a person to look."""
        return self.state in CALLING and not self.seen


Changed = tuple[AlarmRecord, tuple[Change, ...]]


def observed(record: AlarmRecord, level: Level | None, now: Instant, wait: Filter) -> Changed:
    """The record after a look at the condition; `level` None = it does not hold now."""
    held = level is not None
    if held != record.level:
        # Back before it counted as gone: it chatters.
        repeats = record.repeats + (held and record.active)
        record = replace(record, level=held, changed_mono=now.mono, repeats=repeats)
    if level is not None:
        record = replace(record, detail=level.detail, source=level.source, latching=level.latching)
        record = replace(record, cause_gone=level.cause_gone, first_out=level.first_out)
    lasted = now.mono - record.changed_mono
    if held and not record.active and (lasted >= wait.on or record.latching):
        return _raised(record, now), (Change.RAISED,)
    if not held and record.active and (lasted >= wait.off or record.latching):
        # What was never announced was nobody's to see.
        seen = record.seen or record.pending
        gone = replace(record, active=False, seen=seen, pending=False, root="", cause_gone=False, ended_at=now.wall)
        return gone, (Change.RETURNED,)
    return record, ()


def _raised(record: AlarmRecord, now: Instant) -> AlarmRecord:
    again = record.state is AlarmState.RTN_UNACK
    return replace(
        record,
        active=True,
        seen=False,
        pending=True,
        raised_at=record.raised_at if again else now.wall,
        repeats=record.repeats + 1 if again else 0,
        ended_at=0.0,
        seen_by="",
        seen_at=0.0,
        note="",
    )


def announced(record: AlarmRecord, now: Instant) -> Changed:
    """The record after it was shown and sounded, if that is due: at most once a minute, for a latched one each time."""
    due = now.mono - record.announced_mono >= REALARM_AFTER or record.latching
    if not (record.pending and record.calls and due):
        return record, ()
    return replace(record, pending=False, announced_mono=now.mono, announced_at=now.wall), (Change.ANNOUNCED,)


def suppressed(record: AlarmRecord, root: str) -> Changed:
    """A consequence of `root`, not to be announced while that stands. Empty = on its own again."""
    if root == record.root:
        return record, ()
    return replace(record, root=root), (Change.SUPPRESSED,) if root else ()


def acknowledged(record: AlarmRecord, by: str, note: str, now: Instant) -> Changed:
    """The record after a person said: seen. A latched one still stands until the engine has reset it."""
    if record.seen:
        return record, ()
    seen = replace(record, seen=True, pending=False, seen_by=by, seen_at=now.wall, note=note)
    return seen, (Change.ACKNOWLEDGED,)


def shelved(record: AlarmRecord, lasts: float, by: str, reason: str, now: Instant) -> Changed:
    """The record on the shelf for `lasts` seconds, at most 8 h. Raises Refused or NotAllowed."""
    _may_be_silenced(record, "shelved", reason)
    if not 0 < lasts <= SHELF_MOST:
        raise Refused(f"{record.key}: an alarm is shelved for more than 0 and at most 8 h; asked {lasts / 3600:g} h")
    shelf = Shelving(now.wall + lasts, now.mono + lasts, by, reason.strip())
    return replace(record, shelving=shelf), (Change.SHELVED,)


def unshelved(record: AlarmRecord, now: Instant, *, at_once: bool = False) -> Changed:
    """The record off the shelf once its time is over, or `at_once`. An alarm that still stands is announced anew."""
    shelf = record.shelving
    # Whichever clock is first: a wall clock set back must not keep an alarm away.
    if shelf is None or not (at_once or now.wall >= shelf.until or now.mono >= shelf.ends):
        return record, ()
    return _afresh(replace(record, shelving=None)), (Change.UNSHELVED,)


def taken_out(record: AlarmRecord, by: str, reason: str) -> Changed:
    """The record out of service, until it is put back. Raises Refused or NotAllowed."""
    _may_be_silenced(record, "taken out of service", reason)
    return replace(record, out_by=by, out_reason=reason.strip(), shelving=None), (Change.TAKEN_OUT,)


def put_back(record: AlarmRecord) -> Changed:
    """The record in service again; an alarm that stands is announced."""
    if not record.out_by:
        return record, ()
    return _afresh(replace(record, out_by="", out_reason="")), (Change.PUT_BACK,)


def _afresh(record: AlarmRecord) -> AlarmRecord:
    if not record.active:
        return record
    return replace(record, seen=False, pending=True, announced_mono=float("-inf"))


def _may_be_silenced(record: AlarmRecord, how: str, reason: str) -> None:
    if record.priority is Priority.CRITICAL:
        raise NotAllowed(f"{record.key} is critical and is never {how}")
    if record.latching and record.active:
        raise NotAllowed(f"{record.key} holds the station and cannot be {how}; acknowledge it once its cause is gone")
    if not reason.strip():
        raise Refused(f"{record.key} cannot be {how} without a reason")
