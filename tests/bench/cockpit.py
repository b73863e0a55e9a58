"""One step of a real procedure at a desk: everything it needs is proven, nothing else of the station matters.

Knows how to bring a step to the brink of beginning, or into the middle. Does not know plant, links or time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from station_ctl.core.conditions import AllOf, AnyOf, Condition, PlaceHolds
from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.jog import Hand
from station_ctl.core.modes import State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Interlock, Sequence, Step
from station_ctl.engine.decide import decide
from station_ctl.engine.events import Effect, Scanned
from station_ctl.engine.state import Run, StationState, StepState, StepStatus
from station_ctl.engine.station import StationFacts
from tests.bench.world import World

EPOCH, NUMBER = 7, 500
RUN = "S-0001"


@dataclass(frozen=True)
class Cockpit:
    """World and state in which `step` is about to begin, or is under way."""

    facts: StationFacts
    step: Step
    world: World
    state: StationState

    def scan(self, world: World | None = None, state: StationState | None = None) -> Outcome:
        """One decision on a scan of this world, or of another one."""
        shown = world or self.world
        before = state or self.state
        after, effects = decide(self.facts, before, shown.image(), Scanned(before.time))
        return Outcome(after, effects)

    def proven(self, row: Interlock, world: World, state: StationState | None = None) -> bool:
        """Whether a row holds in a world."""
        return row.holds.proven(self.image(world, state))

    def image(self, world: World, state: StationState | None = None) -> Image:
        """What the controller sees in a world."""
        now = state or self.state
        return world.image(now.own)


@dataclass(frozen=True)
class Outcome:
    """What a decision came to."""

    state: StationState
    effects: tuple[Effect, ...]


def waiting(facts: StationFacts, sequence: Sequence, step: Step) -> Cockpit:
    """The step is ready to begin: all others are done, all it needs is proven."""
    rows = needs(step)
    return _cockpit(facts, sequence, step, StepState(), rows)


def under_way(facts: StationFacts, sequence: Sequence, step: Step, status: StepStatus) -> Cockpit:
    """The step is ordered and as far as `status` says; all it keeps is proven, its own proof is missing."""
    world = World()
    st = StepState(status, NUMBER, EPOCH, 1, began=100.0, sent_at=world.now, acked_at=world.now)
    if step.do is None:
        st = replace(st, order=0)
    return _cockpit(facts, sequence, step, st, [kept.interlock for kept in step.interlocks], world)


def needs(step: Step) -> list[Interlock]:
    """Every row that must be proven before a step begins."""
    return [*step.permissives, *(kept.interlock for kept in step.interlocks)]


def _cockpit(
    facts: StationFacts,
    sequence: Sequence,
    step: Step,
    st: StepState,
    rows: list[Interlock],
    world: World | None = None,
) -> Cockpit:
    world = world or World()
    conditions = [row.holds for row in (*rows, *(kept.interlock for kept in facts.always))]
    world.prove(*conditions)
    for channel in facts.channels.values():
        for signal, value in (
            (channel.epoch, EPOCH), (channel.uptime_ms, 60_000), (channel.ack_id, 0), (channel.ack_code, 0),
            (channel.done_id, 0), (channel.result, 0), (channel.state, 0), (channel.fault, 0),
        ):  # fmt: skip
            world.set(signal, value)
    others = StepState(StepStatus.PROVEN)
    states = tuple(st if s.no == step.no else others for s in sequence.steps)
    run = Run(RUN, sequence, None, step.phase, states)
    hand = Hand("wang", world.now - 1.0, world.now) if step.by_hand else None
    state = StationState(
        mode=sequence.mode, state=State.EXECUTE, runs=(run,), ledger=_ledger(step, conditions, st), time=100.0,
        next_order=NUMBER + 1, journal_writable=True, custody_checked=world.now,
        hand=hand,
    )  # fmt: skip
    return Cockpit(facts, step, world, state)


def _ledger(step: Step, conditions: Iterable[Condition], st: StepState) -> Ledger:
    """Packs where the conditions and the step's own moves want them."""
    by_pack = {p.pack: Custody(p.place) for c in conditions for p in places(c) if p.pack}
    for move in step.moves:
        under = (move.target, st.order) if st.order else (None, None)
        by_pack[move.pack] = Custody(move.origin, *under)
    for pack in step.releases:
        by_pack.setdefault(pack, Custody(f"where {pack} is"))
    return Ledger(by_pack)


def places(condition: Condition) -> Iterable[PlaceHolds]:
    """What a condition says of the ledger; of an alternative, its first branch."""
    if isinstance(condition, PlaceHolds):
        yield condition
    elif isinstance(condition, AllOf):
        for part in condition.parts:
            yield from places(part)
    elif isinstance(condition, AnyOf):
        yield from places(condition.parts[0])
