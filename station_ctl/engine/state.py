"""What the engine remembers between two decisions: station state, runs, steps, zones, trips. Immutable and hashable.

Knows its own shape. Does not decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from station_ctl.core.bypass import Bypass
from station_ctl.core.conditions import Condition
from station_ctl.core.custody import EMPTY_LEDGER, Ledger
from station_ctl.core.jog import Hand
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Job, OnLoss, Sequence, Step


class StepStatus(StrEnum):
    """How far one step is."""

    WAITING = "waiting"
    INTENT = "intent"  # order decided, on its way through journal and gate
    SENT = "sent"  # order on the wire, not yet acknowledged
    UNKNOWN = "unknown"  # the write may or may not have arrived: being read back
    BUSY = "busy"  # acknowledged, or nothing to order: proof awaited
    PROVEN = "proven"
    STOPPED = "stopped"  # interrupted by a stop; its proof is missing
    FAILED = "failed"


ORDERED = frozenset((StepStatus.INTENT, StepStatus.SENT, StepStatus.UNKNOWN, StepStatus.BUSY))
"""Statuses in which a step is active: its interlocks are on watch and its device is taken."""

INTERRUPTED = frozenset((StepStatus.STOPPED, StepStatus.FAILED))


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a run.

    Process seconds: `began` (0 = not known, as of a step found done), `ended`, `waits_since` (ready, but a permissive
    is missing; -1 = does not wait).
    Monotonic seconds: `sent_at`, the samples `acked_at` and `done_at` in which the PLC first said so, `stopped_at`
    when it was first seen to have stopped or refused by itself, `halting_at` when it was first watched coming to rest
    (0 = not yet).
    `continues` is the earlier order, stopped half-way, that this one takes up again (0 = none); `withdrawn` counts
    orders in a row that never left.
    """

    status: StepStatus = StepStatus.WAITING
    order: int = 0
    epoch: int = 0
    connection: int = 0
    began: float = 0.0
    ended: float = 0.0
    sent_at: float = 0.0
    acked_at: float = 0.0
    done_at: float = 0.0
    stopped_at: float = 0.0
    continues: int = 0
    withdrawn: int = 0
    waits_since: float = -1.0
    halting_at: float = 0.0

    @property
    def active(self) -> bool:
        """True while the step holds its device."""
        return self.status in ORDERED

    @property
    def interrupted(self) -> bool:
        """True when an order of the step has ended without its proof, also while it waits to be taken up again."""
        return self.status in INTERRUPTED or (self.status is StepStatus.WAITING and self.order > 0)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone token and who holds it."""

    name: str
    run_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a sequence."""

    run_id: str
    sequence: Sequence
    job: Job | None
    phase: Phase
    steps: tuple[StepState, ...]
    interrupted: Phase | None = None
    began: float = 0.0

    def pairs(self) -> Iterator[tuple[Step, StepState]]:
        """Steps with their states, in order."""
        return zip(self.sequence.steps, self.steps, strict=True)

    def of(self, no: int) -> StepState:
        """State of the step with this number."""
        return self.steps[self.sequence.index[no]]

    def with_step(self, no: int, **changes: object) -> Run:
        """The run with one step's state changed."""
        i = self.sequence.index[no]
        changed = replace(self.steps[i], **changes)  # type: ignore[arg-type]
        return replace(self, steps=(*self.steps[:i], changed, *self.steps[i + 1 :]))

    def zones(self) -> tuple[Zone, ...]:
        """Zone tokens that the run holds by what has been ordered and proven."""
        held: dict[str, Zone] = {}
        for step, st in self.pairs():
            if step.do is None or st.status is StepStatus.WAITING:
                continue
            held.update({name: Zone(name, self.run_id, step.do.role) for name in step.enters})
            if st.status is StepStatus.PROVEN:
                for name in step.leaves:
                    held.pop(name, None)
        return tuple(held.values())

    @property
    def complete(self) -> bool:
        """True when every step is proven."""
        return all(s.status is StepStatus.PROVEN for s in self.steps)

    @property
    def active(self) -> bool:
        """True while any step holds its device."""
        return any(s.active for s in self.steps)


@dataclass(frozen=True, slots=True)
class Trip:
    """One loss, latched until a person resets it. The first of a burst is the first-out: the cause."""

    code: str
    text: str
    reaction: OnLoss
    run_id: str = ""
    step: int = 0
    interlock: str = ""
    first_out: bool = False
    cause: Condition | None = None


@dataclass(frozen=True, slots=True)
class StationState:
    """The whole memory of the engine.

    `half_done` says which run was never closed; `conflicts` where ledger and sensors disagreed at `custody_checked`
    (monotonic s), `announced` those told to a person; `time` is the process time (s) of the last event.
    `bypasses` and `hand` live here alone: no journal brings them back. `locks` are charging's, which keeps them.
    """

    mode: Mode = Mode.MAINTENANCE
    state: State = State.STOPPED
    runs: tuple[Run, ...] = ()
    zones: tuple[Zone, ...] = ()
    trips: tuple[Trip, ...] = ()
    ledger: Ledger = EMPTY_LEDGER
    next_order: int = 1
    journal_writable: bool = False
    half_done: str = ""
    conflicts: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    custody_checked: float = 0.0
    time: float = 0.0
    bypasses: tuple[Bypass, ...] = ()
    hand: Hand | None = None
    locks: tuple[tuple[str, str], ...] = ()

    @property
    def own(self) -> OwnFacts:
        """What the engine's memory contributes to an image."""
        return OwnFacts(self.mode, self.journal_writable, self.ledger, self.bypasses, self.hand, self.locks)

    def run(self, run_id: str) -> Run | None:
        """An open run by its id."""
        return next((r for r in self.runs if r.run_id == run_id), None)

    def with_run(self, run: Run) -> StationState:
        """The state with one run replaced."""
        return replace(self, runs=tuple(run if r.run_id == run.run_id else r for r in self.runs))

    def holder(self, zone: str) -> Zone | None:
        """Who holds a zone token, if anyone."""
        return next((z for z in self.zones if z.name == zone), None)

    def active_steps(self) -> Iterator[tuple[Run, Step, StepState]]:
        """Every step that holds its device now, oldest run first."""
        for run in self.runs:
            for step, st in zip(run.sequence.steps, run.steps, strict=True):
                if st.status in ORDERED:
                    yield run, step, st
