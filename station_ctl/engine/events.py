"""Events that go into a decision and effects that come out of it. Plain frozen data.

Knows their shape only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from station_ctl.core.bypass import Bypass
from station_ctl.core.custody import Ledger
from station_ctl.core.devices import Command
from station_ctl.core.modes import Mode
from station_ctl.core.steps import Job, Sequence, Step
from station_ctl.engine.state import Run, Trip


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened at process time `time` (s)."""

    time: float


@dataclass(frozen=True, slots=True)
class Scanned(Event):
    """The image moved: some link has a newer scan."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done by the shell, in the order given."""


@dataclass(frozen=True, slots=True)
class Audit(Effect):
    """One row of the audit chain: who asked for what from where, what was decided, and why not.

    Written in the transaction of whatever the request brings about. `why` is the reason of a refusal, `reason` what the
    person gave as theirs; `state` is mode/state when it was asked; `key` names the request.
    """

    actor: str
    role: str
    origin: str
    action: str
    args: tuple[tuple[str, object], ...] = ()
    decision: str = ""
    why: str = ""
    reason: str = ""
    state: str = ""
    key: str = ""


class Verb(StrEnum):
    """What a person may ask of the station."""

    RESET = "reset"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    ABORT = "abort"
    CLEAR = "clear"
    MODE = "mode"
    RETREAT = "retreat"
    ACKNOWLEDGE = "acknowledge"
    ADMIT = "admit"
    STATE = "state"
    BYPASS = "bypass"


@dataclass(frozen=True, slots=True)
class Asked(Event):
    """A person asks. `confirmed` = the person has looked at half-done steps and says they may be repeated.

    `trips` are those that the person acknowledges; none = all of them. `bypass` is one to begin; without it `restore`
    names those to end, none = all of them.
    """

    verb: Verb
    who: str
    request: int = 0
    mode: Mode | None = None
    confirmed: bool = False
    admit: tuple[tuple[str, str], ...] = ()
    trips: tuple[Trip, ...] = ()
    audit: Audit | None = None
    bypass: Bypass | None = None
    restore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ButtonPressed(Event):
    """A person holds the jog button and has just said so."""

    who: str


@dataclass(frozen=True, slots=True)
class RunAsked(Event):
    """A run of `sequence` is asked for."""

    run_id: str
    sequence: Sequence
    job: Job | None
    who: str
    request: int = 0
    audit: Audit | None = None


@dataclass(frozen=True, slots=True)
class RetreatAsked(Event):
    """A run is to be given up for a retreat: `sequence` under the new run id `retreat_id`."""

    run_id: str
    retreat_id: str
    sequence: Sequence
    job: Job | None
    who: str
    request: int = 0
    audit: Audit | None = None


@dataclass(frozen=True, slots=True)
class RecodeAsked(Event):
    """The pack at `place` is to get its true code. `runs`: each open run that names it, made anew with that code."""

    place: str
    code: str
    runs: tuple[tuple[str, Sequence, Job], ...]
    who: str
    request: int = 0
    audit: Audit | None = None


@dataclass(frozen=True, slots=True)
class OrderSent(Event):
    """The order left through the gate and the PLC's connection took it."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class OrderNotSent(Event):
    """The order surely did not reach the PLC; `why` says what stopped it.

    `refused`: it cannot be given as it is, so that it must not be given again by itself.
    """

    number: int
    why: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class OrderUnknown(Event):
    """The order may have reached the PLC: it must be read back."""

    number: int
    at: float
    why: str


@dataclass(frozen=True, slots=True)
class JournalFailed(Event):
    """A commit failed: nothing more may be ordered."""

    why: str


@dataclass(frozen=True, slots=True)
class TaskStuck(Event):
    """A task of ours is dead, stuck or slow; `names` says which."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PacksLocked(Event):
    """All packs that are locked from now on, hot or in quarantine, each with the reason."""

    locks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class JournalReady(Event):
    """The journal is open and writable; memory restored from it."""

    ledger: Ledger
    next_order: int
    half_done: str
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Record(Effect):
    """One journal row; durable before any later effect of the same decision."""

    kind: str
    run_id: str = ""
    step: int = 0
    order: int = 0
    data: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class SetLedger(Effect):
    """The custody ledger after this decision; written in the same transaction as its records."""

    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Issue(Effect):
    """Send one order through the gate, if its guards still hold on the newest scan after the commit."""

    number: int
    run_id: str
    step: Step
    command: Command
    epoch: int
    connection: int


@dataclass(frozen=True, slots=True)
class StopDevices(Effect):
    """Raise the stop level of these roles now, and keep it raised."""

    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseStop(Effect):
    """Lower every stop level that is raised: a person has started or resumed."""


@dataclass(frozen=True, slots=True)
class Announce(Effect):
    """An alarm a person must see."""

    code: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Effect):
    """Answer to request number `request`; `refused` empty = accepted."""

    request: int
    refused: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Progress(Effect):
    """Something an onlooker may show: step begun, proven, run ended, state changed."""

    what: str
    run_id: str = ""
    step: int = 0
    text: str = ""
    time: float = 0.0
    facts: tuple[tuple[str, object], ...] = field(default=())
