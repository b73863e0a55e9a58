"""Any event in any state on any image: a decision, never an exception, and never one that a safety rule forbids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from station_ctl.core.custody import Custody, Ledger, Move
from station_ctl.core.modes import ORDERED_PHASES, Mode, Phase, State
from station_ctl.core.steps import Kept, OnLoss, OnResume
from station_ctl.engine.events import (
    Asked,
    Event,
    Issue,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    PacksLocked,
    ReleaseStop,
    RetreatAsked,
    RunAsked,
    Scanned,
    StopDevices,
    TaskStuck,
    Verb,
)
from station_ctl.engine.state import ORDERED, Run, StationState, StepState, StepStatus, Trip, Zone
from tests.bench.desk import ALL_SIGNALS, EPOCH, G01, G03, LEVEL, LINKS, Desk, done, ledger, step

STEPS = (
    step(10, "lift", admits=(("P-9", "vehicle"),)),
    step(
        20,
        "robot",
        moves=(Move("P-1", "A01", "handover"),),
        enters=("aisle",),
        leaves=("aisle",),
        background=True,
    ),
    step(30, "lift", Phase.EXTRACTION, on_resume=OnResume.ASK, start=LEVEL.is_off(), enters=("pit",)),
    step(40, None, Phase.EXTRACTION),
    step(50, "robot", Phase.RELEASE, releases=("P-9",), on_resume=OnResume.NEVER),
    step(60, "lift", Phase.PUT_AWAY, leaves=("pit",)),
)
SEVERITY = {State.EXECUTE: 0, State.STOPPING: 0, State.IDLE: 0, State.STOPPED: 0, State.HOLDING: 1, State.HELD: 1,
            State.ABORTING: 2, State.ABORTED: 2}  # fmt: skip

numbers = some.integers(96, 106)
statuses = some.sampled_from(StepStatus)
step_states = some.builds(
    StepState, statuses, some.sampled_from([0, 100, 101, 102]), some.sampled_from([0, EPOCH, EPOCH + 1]),
    some.just(1), some.sampled_from([0.0, 60.0, 99.0]), some.just(0.0), some.sampled_from([0.0, 990.0, 999.9]),
    some.sampled_from([0.0, 999.9, 1000.0]), some.sampled_from([0.0, 997.0, 999.99]), some.sampled_from([0.0, 999.9]),
    waits_since=some.sampled_from([-1.0, 20.0, 99.0]), continues=some.sampled_from([0, 99]),
    withdrawn=some.integers(0, 3),
)  # fmt: skip
trips = some.builds(
    Trip, some.sampled_from(["A101", "A501"]), some.just("x"), some.sampled_from(OnLoss),
    interlock=some.sampled_from(["", "T10", "G02"]), cause=some.sampled_from([None, LEVEL.is_on()]),
)  # fmt: skip
ledgers = some.sampled_from(
    [
        Ledger(),
        ledger(**{"P-1": "A01"}),
        ledger(**{"P-1": "A01", "P-9": "vehicle"}),
        Ledger({"P-1": Custody("A01", "handover", 101)}),
        ledger(**{"P-1": "handover", "P-9": "A02"}),
    ]
)


@some.composite
def states(draw: some.DrawFn) -> Any:
    """A desk in any state, sensible or not, on any image."""
    desk = Desk(*STEPS, always=(Kept(G01, OnLoss.ABORT), Kept(G03, OnLoss.ABORT)), safe=(G01, G03))
    runs = []
    for run_id in draw(some.sampled_from([(), ("S-1",), ("S-1", "S-2")])):
        phase = draw(some.sampled_from([p for p in Phase if p is not Phase.COMPLETE]))
        interrupted = draw(some.sampled_from([None, *ORDERED_PHASES[:-1]]))
        runs.append(
            Run(run_id, desk.sequence, None, phase, tuple(draw(step_states) for _ in STEPS), interrupted)
        )
    desk.state = StationState(
        mode=draw(some.sampled_from(Mode)), state=draw(some.sampled_from(State)), runs=tuple(runs),
        zones=draw(some.sampled_from([(), (Zone("pit", "S-1", "lift"),), (Zone("aisle", "S-2", "robot"),)])),
        trips=tuple(draw(some.lists(trips, max_size=2))), ledger=draw(ledgers), next_order=103,
        journal_writable=draw(some.booleans()), half_done=draw(some.sampled_from(["", "run S-0 was never closed"])),
        time=100.0, custody_checked=draw(some.sampled_from([0.0, 1000.0])),
    )  # fmt: skip
    _any_image(draw, desk)
    return desk


def _any_image(draw: some.DrawFn, desk: Desk) -> None:
    world = desk.world
    for c in desk.channels.values():
        world.set(c.ack_id, draw(numbers))
        world.set(c.ack_code, draw(some.integers(0, 11)))
        world.set(c.done_id, draw(numbers))
        world.set(c.result, draw(some.integers(0, 5)))
        world.set(c.state, draw(some.integers(0, 5)))
        world.set(c.epoch, draw(some.sampled_from([EPOCH, EPOCH, EPOCH + 1])))
    sensors = [*ALL_SIGNALS, *(done(s.no, LINKS[s.do.role] if s.do else "pit") for s in STEPS)]
    for signal in draw(some.lists(some.sampled_from(sensors), max_size=5)):
        world.set(signal, draw(some.booleans()))
    everything = [
        *sensors,
        *(s for c in desk.channels.values() for s in (c.ack_id, c.epoch, c.uptime_ms, c.done_id)),
    ]
    for signal in draw(some.lists(some.sampled_from(everything), max_size=2)):
        getattr(world, draw(some.sampled_from(["flag", "forget", "stale"])))(signal)
    for link in draw(some.sets(some.sampled_from(["pit", "rail"]), max_size=1)):
        getattr(world, draw(some.sampled_from(["lose", "silence"])))(link)


@some.composite
def events(draw: some.DrawFn) -> Any:
    """Any event, as a function of the desk's procedure."""
    now, number = draw(some.sampled_from([100.0, 100.01, 200.0])), draw(numbers)
    verb = draw(some.sampled_from(Verb))
    kinds: list[Any] = [
        lambda d: Scanned(now),
        lambda d: OrderSent(now, number, 1000.0),
        lambda d: OrderNotSent(now, number, "x", verb is Verb.HOLD),
        lambda d: OrderUnknown(now, number, 1000.0, "x"),
        lambda d: JournalFailed(now, "disk full"),
        lambda d: TaskStuck(now, ("gate",)),
        lambda d: PacksLocked(now, (("P-1", "hot"),)),
        lambda d: JournalReady(now, ledger(**{"P-1": "A01"}), 500, ""),
        lambda d: RunAsked(now, "S-2", d.sequence, None, "test", 1),
        lambda d: RetreatAsked(now, "S-1", "S-1-R", d.sequence, None, "test", 1),
        lambda d: Asked(now, verb, "test", 1, Mode.AUTOMATIC, number % 2 == 0, (("P-7", "B01"),)),
        lambda d: Asked(now, verb, "test", 1),
    ]
    return draw(some.sampled_from(kinds))


@settings(max_examples=300)
@given(states(), events())
def test_every_decision_is_a_decision_and_breaks_no_rule(desk: Desk, make: Any) -> None:
    before = desk.state
    event: Event = make(desk)
    effects = desk.feed(event)  # twice, and compared
    after = desk.state
    assert after.time == event.time and after.next_order >= before.next_order
    issued = [e for e in effects if isinstance(e, Issue)]
    assert [e.number for e in issued] == list(
        range(before.next_order, before.next_order + len(issued))
    ) or not issued
    if issued:
        assert after.next_order == issued[-1].number + 1
        assert State.EXECUTE in (before.state, after.state) or before.state is State.STOPPING
    _each_device_once(after, issued)
    _monotone(before, after, event, effects)
    _custody(before, after, event)


def _each_device_once(after: StationState, issued: list[Issue]) -> None:
    """S8 for what this decision began; what was impossible before may stay impossible."""
    roles = [e.command.role for e in issued]
    assert len(roles) == len(set(roles))


def _monotone(before: StationState, after: StationState, event: Event, effects: tuple[Any, ...]) -> None:
    """S14 and S15: only a person lowers severity, forgets a trip or releases a stop."""
    if isinstance(event, Asked | RetreatAsked | JournalReady):
        return
    worse = SEVERITY[after.state] >= SEVERITY[before.state]
    assert worse, f"{before.state} → {after.state} by {event}"
    assert after.trips[: len(before.trips)] == before.trips
    assert not any(isinstance(e, ReleaseStop) for e in effects)
    if before.state not in (State.EXECUTE, State.STOPPING):
        assert not any(isinstance(e, Issue) for e in effects), "an order in a state that does not act"
    active = {
        s.do.role for r in before.runs for s, st in r.pairs() if st.status in ORDERED and s.do is not None
    }
    if SEVERITY[after.state] > SEVERITY[before.state]:
        told = {role for e in effects if isinstance(e, StopDevices) for role in e.roles}
        assert active <= told or not active, f"{active - told} not told to stop"


def _custody(before: StationState, after: StationState, event: Event) -> None:
    """S11: packs come and go by admission and release alone."""
    if isinstance(event, JournalReady):
        return
    gone = {p for p, _ in before.ledger} - {p for p, _ in after.ledger}
    new = {p for p, _ in after.ledger} - {p for p, _ in before.ledger}
    assert gone <= {"P-9"} and new <= {"P-9", "P-7"}
    ends = [place for _, c in after.ledger for place in (c.place, c.to) if place is not None]
    assert len(ends) == len(set(ends))


@settings(max_examples=60)
@given(states(), some.lists(events(), min_size=2, max_size=12))
def test_any_history_of_events_leaves_a_state_that_decides_on(desk: Desk, makes: list[Any]) -> None:
    used: set[int] = set()
    for make in makes:
        event = make(desk)
        effects = desk.feed(replace(event, time=max(event.time, desk.state.time)))
        fresh = [e.number for e in effects if isinstance(e, Issue)]
        if isinstance(event, JournalReady):
            used.clear()
        assert not used & set(fresh), "an order number was given twice"
        used |= set(fresh)
        desk.pass_time(0.05)
