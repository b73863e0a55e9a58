"""How each seeded defect is made: what it puts in the place of something of ours, or of the PLCs'.

Knows the insides of what it spoils. Does not know which invariant must see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import station_ctl.engine.decide as deciding
from drivers.stacker_st2 import StackerST2
from station_ctl.core.conditions import Compare, ModeIs
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import AckCode, Result
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnLoss
from station_ctl.engine import lanes, progress, requests, supervisor
from station_ctl.engine.events import (
    Answer,
    Asked,
    Effect,
    Event,
    Issue,
    JournalReady,
    OrderNotSent,
    OrderUnknown,
    Record,
    Verb,
)
from station_ctl.engine.gate import Gate
from station_ctl.engine.state import StationState, StepStatus
from station_ctl.engine.stop_levels import StopLevels
from station_ctl.service import recovery as restoring
from tests.explore.scene import Scene

Patch = tuple[Any, str, Any]
Decide = Callable[..., tuple[StationState, tuple[Effect, ...]]]


def decision(change: Callable[..., tuple[StationState, tuple[Effect, ...]]]) -> tuple[Patch, ...]:
    """A defect of the decision as a whole: `change(event, before, after, effects)` gives what comes out instead."""
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        after, effects = real(facts, state, image, event)
        return change(event, state, after, effects)

    return ((deciding, "decide", decide),)


def without(kind: type[Effect], which: Callable[[Any, tuple[Effect, ...]], bool] = lambda e, all_: True) -> Any:
    def change(event: Event, before: StationState, after: StationState, effects: tuple[Effect, ...]) -> Any:
        return after, tuple(e for e in effects if not (isinstance(e, kind) and which(e, effects)))

    return lambda: decision(change)


def orders(effect: Any, effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(e, Issue) for e in effects)


def wakes_up(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if isinstance(event, JournalReady):
        return replace(after, mode=Mode.AUTOMATIC, state=State.EXECUTE), effects
    return after, effects


def lets_go(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if after.state is State.ABORTING and before.state is not State.ABORTING and after.run("S-1") is not None:
        run = after.run("S-1")
        assert run is not None
        step = next((s for s in run.sequence.steps if s.do is not None and s.do.opcode == 16 and s.do.role == "lift"), None)
        if step is not None and step.do is not None and run.of(step.no).status is StepStatus.WAITING:
            return after, (*effects, Issue(after.next_order, "S-1", step, step.do, 5, 1))
    return after, effects


def gate_blind_for_unclamp() -> tuple[Patch, ...]:
    real = Gate._why_not

    def why_not(self: Gate, issue: Issue) -> str:
        return "" if issue.command.opcode == 16 else real(self, issue)

    return (*decision(lets_go), (Gate, "_why_not", why_not))


def clears_all(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if isinstance(event, Asked) and event.verb is Verb.ACKNOWLEDGE:
        return replace(after, trips=()), effects
    return after, effects


def retries_blindly() -> tuple[Patch, ...]:
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        if isinstance(event, OrderUnknown):
            event = OrderNotSent(event.time, event.number, event.why)
        return real(facts, state, image, event)

    return ((deciding, "decide", decide),)


def asks_who() -> tuple[Patch, ...]:
    real = requests.answer_request

    def answer(facts: Any, state: StationState, image: Image, asked: Asked, effects: list[Effect]) -> StationState:
        if asked.verb is Verb.ABORT and asked.who != "supervisor":
            why = "abort refused: not logged in"
            effects += [Record("refused", data=(("why", why),)), requests.Answer(asked.request, why, "A402")]
            return state
        return real(facts, state, image, asked, effects)

    return ((deciding, "answer_request", answer),)


def any_mode() -> tuple[Patch, ...]:
    real = requests._guards

    def guards(*args: Any, **more: Any) -> Any:
        return {**real(*args, **more), "mode_allows": lambda: "", "trips_cleared": lambda: ""}

    return (requests, "_guards", guards), (ModeIs, "proven", lambda self, image: True)


def masked() -> tuple[Patch, ...]:
    real = supervisor.trips

    def trips(facts: Any, state: StationState, image: Image) -> Any:
        return () if any(s.fault is not None for s in image.links.values()) else real(facts, state, image)

    return ((supervisor, "trips", trips),)


def always_true(*tags: str) -> Callable[[], tuple[Patch, ...]]:
    def patches() -> tuple[Patch, ...]:
        real = Compare.proven

        def proven(self: Compare, image: Image) -> bool:
            return self.signal.tag in tags or real(self, image)

        return ((Compare, "proven", proven),)

    return patches


def verdict(change: Callable[..., Any]) -> Callable[[], tuple[Patch, ...]]:
    def patches() -> tuple[Patch, ...]:
        real = progress.judge

        def judge(step: Any, st: Any, channel: Any, image: Image, time: float) -> Any:
            return change(step, st, channel, image, time, real(step, st, channel, image, time))

        return ((progress, "judge", judge),)

    return patches


def proof_alone(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.state.status is StepStatus.BUSY and step.done.proven(image):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def falls_through(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.code in ("A105", "A106"):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def success_on_timeout(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.code == "A104":
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def assumed() -> tuple[Patch, ...]:
    real = restoring._step

    def step(known: Any) -> Any:
        made = real(known)
        return replace(made, status=StepStatus.PROVEN) if made.status is StepStatus.STOPPED else made

    return ((restoring, "_step", step),)


def two_writers() -> tuple[Patch, ...]:
    real = lanes.ready

    def ready(state: StationState) -> Any:
        return real(Idle(state))  # type: ignore[arg-type]

    return (lanes, "ready", ready), (lanes, "zones_free", lambda state, run, step: True)


class Idle:
    """A state in which no device seems taken."""

    def __init__(self, state: StationState) -> None:
        self.runs = state.runs

    def active_steps(self) -> Iterator[Any]:
        return iter(())


def lacks(*codes: AckCode) -> Callable[[], tuple[Patch, ...]]:
    return lambda: ((Scene, "lacks", frozenset(codes)), (Scene, "remembers", True))


def forgets() -> tuple[Patch, ...]:
    real = Scene.restart_plc

    def restart(self: Scene, link: int) -> None:
        real(self, link)
        for i, role in enumerate(self.ground.roles):
            if self.ground.link_of[role] == link:
                self.chans[i] = self.chans[i]._replace(ack=0, last=0)

    return (*lacks(AckCode.WRONG_EPOCH, AckCode.EXPIRED)(), (Scene, "restart_plc", restart))


def holds_for_aborts() -> tuple[Patch, ...]:
    real = supervisor.trips
    return ((supervisor, "trips", lambda f, s, i: tuple(replace(t, reaction=OnLoss.HOLD) for t in real(f, s, i))),)


def wrong_bay() -> tuple[Patch, ...]:
    real = StackerST2.fetch
    return ((StackerST2, "fetch", lambda self, bay: real(self, bay + 1)),)


def any_done(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    """The result counts whoever's it is."""
    waits = said.state.status is StepStatus.BUSY and channel is not None and not said.code
    if waits and channel.result.read(image).value == Result.OK and step.done.proven(image):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def swallows_cancels() -> tuple[Patch, ...]:
    """An order that is at the gate when the station stops goes out, if only the machine would allow it."""
    real = Gate._why_not

    def why_not(self: Gate, issue: Issue) -> str:
        why = real(self, issue)
        return "" if why.startswith("withdrawn") else why

    return (Gate, "_why_not", why_not), (StopLevels, "raised", frozenset())


def deaf_to_the_lift() -> tuple[Patch, ...]:
    real = Image.link_fault
    return ((Image, "link_fault", lambda self, link: None if link == "lift" else real(self, link)),)


def never_clears() -> tuple[Patch, ...]:
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        if isinstance(event, Asked) and event.verb is Verb.CLEAR:
            return state, (Record("refused"), Answer(event.request, "not now", "A402"))
        return real(facts, state, image, event)

    return ((deciding, "decide", decide),)
