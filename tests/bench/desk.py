"""The decision function at a desk: a toy station of two devices whose PLCs say what the test wants them to say.

Knows events, effects and the order handshake. Does not know a real procedure, a link or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Ledger
from station_ctl.core.devices import Channel, Command
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.orders import AckCode, OrderState, Result
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Signal
from station_ctl.core.steps import Interlock, Kept, OnLoss, Sequence, Step
from station_ctl.engine.decide import decide
from station_ctl.engine.events import (
    Answer,
    Asked,
    Effect,
    Event,
    Issue,
    OrderSent,
    Progress,
    Record,
    RunAsked,
    Scanned,
    StopDevices,
    Verb,
)
from station_ctl.engine.state import Run, StationState, StepState
from station_ctl.engine.station import StationFacts
from tests.bench.world import World

EPOCH = 5
SCAN = 0.01
LINKS = {"lift": "pit", "robot": "rail"}


def flag(name: str, link: str = "pit") -> Signal[bool]:
    """A bool of the toy station."""
    return Signal(name, link, name.upper().replace(".", "_"), ScanClass.FAST, 0.15)


def channel(role: str) -> Channel:
    """The order channel of a toy device."""
    tags = ("EPOCH", "UPTIME_MS", "ACK_ID", "ACK_CODE", "DONE_ID", "RESULT", "ORDER_STATE", "FAULT")
    signals: list[Signal[int]] = [
        Signal(f"{role}.{tag.lower()}", LINKS[role], tag, ScanClass.FAST, 0.15) for tag in tags
    ]
    return Channel(role, LINKS[role], "", *signals)


ESTOP = flag("safety.estop_ok")
DOOR = flag("safety.door_locked")
CLAMPED = flag("lift.clamped")
LEVEL = flag("lift.level")
READY = flag("lift.ready")
G01 = Interlock("G01", "Safety chain closed", ESTOP.is_on(), follows=("G03",))
G03 = Interlock("G03", "Maintenance door locked", DOOR.is_on())
HOLDS = Kept(Interlock("T10", "Lift level", LEVEL.is_on()), OnLoss.HOLD)
ABORTS = Kept(Interlock("T13", "Wheels clamped", CLAMPED.is_on()), OnLoss.ABORT)
PERMITS = Interlock("T08", "Lift ready", READY.is_on())
ALL_SIGNALS = (ESTOP, DOOR, CLAMPED, LEVEL, READY)


def done(no: int, link: str = "pit") -> Signal[bool]:
    """The sensor that proves step `no`."""
    return flag(f"sensor.done_{no}", link)


def step(no: int, role: str | None = "lift", phase: Phase = Phase.POSITIONING, **changes: Any) -> Step:
    """A toy step: ordered of `role` (None = awaited only), proven by `done(no)`."""
    link = LINKS[role] if role is not None else "pit"
    order = Command(role, no, (no, -no), f"{role}.go({no})") if role is not None else None
    made = Step(
        no, f"Toy step {no}", role or "person", phase, done(no, link).is_on(), within=30, nominal=5, do=order,
        permissives=(PERMITS,), interlocks=(HOLDS, ABORTS),
    )  # fmt: skip
    return replace(made, **changes)


class Desk:
    """State, world and facts; every decision is taken twice and must come out the same."""

    def __init__(
        self, *steps: Step, always: Iterable[Kept] = (), safe: Iterable[Interlock] = (), **state: Any
    ) -> None:
        self.world = World()
        self.channels = {role: channel(role) for role in LINKS}
        for c in self.channels.values():
            for signal in (c.ack_id, c.ack_code, c.done_id, c.result, c.state, c.fault):
                self.world.set(signal, 0)
            self.world.set(c.epoch, EPOCH)
            self.world.set(c.uptime_ms, 60_000)
        for signal in ALL_SIGNALS:
            self.world.set(signal, True)
        for s in steps:
            self.world.set(done(s.no, LINKS[s.do.role] if s.do else "pit"), False)
        self.facts = StationFacts("TOY", self.channels, tuple(always), tuple(safe))
        self.sequence = Sequence("toy", "Toy procedure", steps)
        self.time = 100.0
        defaults = {
            "mode": Mode.AUTOMATIC, "state": State.EXECUTE, "journal_writable": True, "next_order": 100,
        }  # fmt: skip
        self.state = StationState(**{**defaults, **state})

    # ---- what happens ----
    def feed(self, event: Event) -> tuple[Effect, ...]:
        """One decision."""
        before, image = self.state, self.world.image()
        kept = (hash(before.ledger), repr(before))
        first = decide(self.facts, before, image, event)
        assert decide(self.facts, before, image, event) == first, "the same input gave another decision"
        assert (hash(before.ledger), repr(before)) == kept, "the decision changed its input"
        self.state, effects = first
        return effects

    def scan(self, seconds: float = SCAN) -> tuple[Effect, ...]:
        """Time passes and every link brings a newer scan."""
        self.pass_time(seconds)
        return self.feed(Scanned(self.time))

    def pass_time(self, seconds: float = SCAN) -> None:
        """Time passes and nothing is decided."""
        self.world.advance(seconds)
        self.time += seconds

    def ask(self, verb: Verb, **more: Any) -> str:
        """A person asks; returns the refusal, empty if accepted."""
        effects = self.feed(Asked(self.time, verb, "test", 1, **more))
        (answer,) = [e for e in effects if isinstance(e, Answer)]
        return answer.refused

    def begin(self, run_id: str = "S-1", sequence: Sequence | None = None) -> tuple[Effect, ...]:
        """Open a run of the toy procedure."""
        return self.feed(RunAsked(self.time, run_id, sequence or self.sequence, None, "test", 1))

    # ---- what the gate and the PLCs say ----
    def sent(self, number: int) -> tuple[Effect, ...]:
        """The gate has sent the order."""
        return self.feed(OrderSent(self.time, number, self.world.now))

    def ack(self, role: str, number: int, code: int = AckCode.ACCEPTED) -> None:
        """The PLC answers an order."""
        c = self.channels[role]
        self.world.set(c.ack_id, number)
        self.world.set(c.ack_code, int(code))
        if code == AckCode.ACCEPTED:
            self.world.set(c.state, int(OrderState.BUSY))

    def end(self, role: str, number: int, result: int = Result.OK) -> None:
        """The PLC has ended an order."""
        c = self.channels[role]
        self.world.set(c.done_id, number)
        self.world.set(c.result, int(result))
        self.world.set(c.state, int({Result.OK: OrderState.DONE, Result.STOPPED: OrderState.STOPPED}.get(
            Result(result) if result in list(Result) else Result.FAILED, OrderState.ERROR)))  # fmt: skip

    def under_way(self, no: int, run_id: str = "S-1") -> int:
        """Bring a step that has just been ordered to "acknowledged, moving"; returns its order number."""
        st = self.of(no, run_id)
        role = self.role(no, run_id)
        self.sent(st.order)
        self.ack(role, st.order)
        self.scan()
        return st.order

    def complete(self, no: int, run_id: str = "S-1") -> tuple[Effect, ...]:
        """Bring a step that has just been ordered to its proof."""
        number = self.under_way(no, run_id)
        self.end(self.role(no, run_id), number)
        self.world.set(done(no, LINKS[self.role(no, run_id)]), True)
        return self.scan()

    # ---- looking ----
    def run(self, run_id: str = "S-1") -> Run:
        """The open run."""
        run = self.state.run(run_id)
        assert run is not None
        return run

    def of(self, no: int, run_id: str = "S-1") -> StepState:
        """The state of one step."""
        return self.run(run_id).of(no)

    def role(self, no: int, run_id: str = "S-1") -> str:
        """The role that a step orders."""
        command = self.run(run_id).sequence.by_no[no].do
        assert command is not None
        return command.role

    def proven(self, condition: Condition) -> bool:
        """Whether a condition is proven now."""
        own = self.state.own
        return condition.proven(self.world.image(own))


def issues(effects: Iterable[Effect]) -> list[Issue]:
    """The orders among the effects."""
    return [e for e in effects if isinstance(e, Issue)]


def stopped(effects: Iterable[Effect]) -> tuple[str, ...]:
    """The roles told to stop."""
    return tuple(role for e in effects if isinstance(e, StopDevices) for role in e.roles)


def records(effects: Iterable[Effect]) -> list[str]:
    """The kinds of journal rows among the effects."""
    return [e.kind for e in effects if isinstance(e, Record)]


def progress(effects: Iterable[Effect]) -> list[str]:
    """What an onlooker is told."""
    return [e.what for e in effects if isinstance(e, Progress)]


def ledger(**packs: str) -> Ledger:
    """A ledger from pack=place."""
    made = Ledger()
    for pack, place in packs.items():
        made = made.admit(pack, place)
    return made
