"""Seeded safety defects, each switched on only here, each with the invariant that must find it.

Those named a to i are the defects of a real station controller (a manual's fix log), as they would look in this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import station_ctl.engine.decide as deciding
from drivers.stacker_st2 import StackerST2
from station_ctl.core.conditions import Compare, ModeIs
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import AckCode, Result
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnLoss
from station_ctl.engine import lanes, progress, recovery, requests, supervisor
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
    SetLedger,
    StopDevices,
    Verb,
)
from station_ctl.engine.gate import Gate
from station_ctl.engine.state import StationState, StepStatus
from station_ctl.engine.stop_levels import StopLevels
from station_ctl.service import recovery as restoring
from tests.explore.scene import Scene

Patch = tuple[Any, str, Any]
Decide = Callable[..., tuple[StationState, tuple[Effect, ...]]]


@dataclass(frozen=True)
class Mutant:
    """A defect: what it is, which invariant must see it, how many faults that may need, where to begin."""

    name: str
    text: str
    invariant: str
    patches: Callable[[], tuple[Patch, ...]]
    faults: int = 1
    start: str = "fetched_first"


class Planting(Protocol):
    """Whatever carries a defect."""

    @property
    def patches(self) -> Callable[[], tuple[Patch, ...]]:
        """Where it sits."""
        ...


@contextmanager
def planted(mutant: Planting) -> Iterator[None]:
    """The defect is there, and gone again afterwards."""
    patches = mutant.patches()
    kept = [(where, name, getattr(where, name)) for where, name, _ in patches]
    for where, name, what in patches:
        setattr(where, name, what)
    try:
        yield
    finally:
        for where, name, what in kept:
            setattr(where, name, what)


def _decision(change: Callable[..., tuple[StationState, tuple[Effect, ...]]]) -> tuple[Patch, ...]:
    """A defect of the decision as a whole: `change(event, before, after, effects)` gives what comes out instead."""
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        after, effects = real(facts, state, image, event)
        return change(event, state, after, effects)

    return ((deciding, "decide", decide),)


def _without(kind: type[Effect], which: Callable[[Any, tuple[Effect, ...]], bool] = lambda e, all_: True) -> Any:
    def change(event: Event, before: StationState, after: StationState, effects: tuple[Effect, ...]) -> Any:
        return after, tuple(e for e in effects if not (isinstance(e, kind) and which(e, effects)))

    return lambda: _decision(change)


def _orders(effect: Any, effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(e, Issue) for e in effects)


def _wakes_up(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if isinstance(event, JournalReady):
        return replace(after, mode=Mode.AUTOMATIC, state=State.EXECUTE), effects
    return after, effects


def _lets_go(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if after.state is State.ABORTING and before.state is not State.ABORTING and after.run("S-1") is not None:
        run = after.run("S-1")
        assert run is not None
        step = next((s for s in run.sequence.steps if s.do is not None and s.do.opcode == 16 and s.do.role == "lift"), None)
        if step is not None and step.do is not None and run.of(step.no).status is StepStatus.WAITING:
            return after, (*effects, Issue(after.next_order, "S-1", step, step.do, 5, 1))
    return after, effects


def _gate_blind_for_unclamp() -> tuple[Patch, ...]:
    real = Gate._why_not

    def why_not(self: Gate, issue: Issue) -> str:
        return "" if issue.command.opcode == 16 else real(self, issue)

    return (*_decision(_lets_go), (Gate, "_why_not", why_not))


def _clears_all(event: Event, before: StationState, after: StationState, effects: Any) -> Any:
    if isinstance(event, Asked) and event.verb is Verb.ACKNOWLEDGE:
        return replace(after, trips=()), effects
    return after, effects


def _retries_blindly() -> tuple[Patch, ...]:
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        if isinstance(event, OrderUnknown):
            event = OrderNotSent(event.time, event.number, event.why)
        return real(facts, state, image, event)

    return ((deciding, "decide", decide),)


def _asks_who() -> tuple[Patch, ...]:
    real = requests.answer_request

    def answer(facts: Any, state: StationState, image: Image, asked: Asked, effects: list[Effect]) -> StationState:
        if asked.verb is Verb.ABORT and asked.who != "supervisor":
            why = "abort refused: not logged in"
            effects += [Record("refused", data=(("why", why),)), requests.Answer(asked.request, why, "A402")]
            return state
        return real(facts, state, image, asked, effects)

    return ((deciding, "answer_request", answer),)


def _any_mode() -> tuple[Patch, ...]:
    real = requests._guards

    def guards(*args: Any, **more: Any) -> Any:
        return {**real(*args, **more), "mode_allows": lambda: "", "trips_cleared": lambda: ""}

    return (requests, "_guards", guards), (ModeIs, "proven", lambda self, image: True)


def _masked() -> tuple[Patch, ...]:
    real = supervisor.trips

    def trips(facts: Any, state: StationState, image: Image) -> Any:
        return () if any(s.fault is not None for s in image.links.values()) else real(facts, state, image)

    return ((supervisor, "trips", trips),)


def _always_true(*tags: str) -> Callable[[], tuple[Patch, ...]]:
    def patches() -> tuple[Patch, ...]:
        real = Compare.proven

        def proven(self: Compare, image: Image) -> bool:
            return self.signal.tag in tags or real(self, image)

        return ((Compare, "proven", proven),)

    return patches


def _verdict(change: Callable[..., Any]) -> Callable[[], tuple[Patch, ...]]:
    def patches() -> tuple[Patch, ...]:
        real = progress.judge

        def judge(step: Any, st: Any, channel: Any, image: Image, time: float) -> Any:
            return change(step, st, channel, image, time, real(step, st, channel, image, time))

        return ((progress, "judge", judge),)

    return patches


def _proof_alone(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.state.status is StepStatus.BUSY and step.done.proven(image):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def _falls_through(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.code in ("A105", "A106"):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def _success_on_timeout(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    if said.code == "A104":
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def _assumed() -> tuple[Patch, ...]:
    real = restoring._step

    def step(known: Any) -> Any:
        made = real(known)
        return replace(made, status=StepStatus.PROVEN) if made.status is StepStatus.STOPPED else made

    return ((restoring, "_step", step),)


def _two_writers() -> tuple[Patch, ...]:
    real = lanes.ready

    def ready(state: StationState) -> Any:
        return real(_Idle(state))  # type: ignore[arg-type]

    return (lanes, "ready", ready), (lanes, "zones_free", lambda state, run, step: True)


class _Idle:
    """A state in which no device seems taken."""

    def __init__(self, state: StationState) -> None:
        self.runs = state.runs

    def active_steps(self) -> Iterator[Any]:
        return iter(())


def _lacks(*codes: AckCode) -> Callable[[], tuple[Patch, ...]]:
    return lambda: ((Scene, "lacks", frozenset(codes)), (Scene, "remembers", True))


def _forgets() -> tuple[Patch, ...]:
    real = Scene.restart_plc

    def restart(self: Scene, link: int) -> None:
        real(self, link)
        for i, role in enumerate(self.ground.roles):
            if self.ground.link_of[role] == link:
                self.chans[i] = self.chans[i]._replace(ack=0, last=0)

    return (*_lacks(AckCode.WRONG_EPOCH, AckCode.EXPIRED)(), (Scene, "restart_plc", restart))


def _holds_for_aborts() -> tuple[Patch, ...]:
    real = supervisor.trips
    return ((supervisor, "trips", lambda f, s, i: tuple(replace(t, reaction=OnLoss.HOLD) for t in real(f, s, i))),)


def _wrong_bay() -> tuple[Patch, ...]:
    real = StackerST2.fetch
    return ((StackerST2, "fetch", lambda self, bay: real(self, bay + 1)),)


def _any_done(step: Any, st: Any, channel: Any, image: Image, time: float, said: Any) -> Any:
    """The result counts whoever's it is."""
    waits = said.state.status is StepStatus.BUSY and channel is not None and not said.code
    if waits and channel.result.read(image).value == Result.OK and step.done.proven(image):
        return progress.Verdict(replace(said.state, status=StepStatus.PROVEN, ended=time))
    return said


def _swallows_cancels() -> tuple[Patch, ...]:
    """An order that is at the gate when the station stops goes out, if only the machine would allow it."""
    real = Gate._why_not

    def why_not(self: Gate, issue: Issue) -> str:
        why = real(self, issue)
        return "" if why.startswith("withdrawn") else why

    return (Gate, "_why_not", why_not), (StopLevels, "raised", frozenset())


def _deaf_to_the_lift() -> tuple[Patch, ...]:
    real = Image.link_fault
    return ((Image, "link_fault", lambda self, link: None if link == "lift" else real(self, link)),)


def _never_clears() -> tuple[Patch, ...]:
    real: Decide = deciding.decide

    def decide(facts: Any, state: StationState, image: Image, event: Event) -> Any:
        if isinstance(event, Asked) and event.verb is Verb.CLEAR:
            return state, (Record("refused"), Answer(event.request, "not now", "A402"))
        return real(facts, state, image, event)

    return ((deciding, "decide", decide),)


def _list(*mutants: Mutant) -> Mapping[str, Mutant]:
    return {m.name: m for m in mutants}


MUTANTS: Mapping[str, Mutant] = _list(
    Mutant("no-intent", "orders leave without their row in the journal", "S9", _without(Record, lambda e, a: e.kind == "step-ordered"), 0, "whole"),
    Mutant("no-second-look", "the gate does not look again before it sends", "S2",
           lambda: ((Gate, "_why_not", lambda self, issue: ""),)),
    Mutant("stale-is-good", "a standing heartbeat is not noticed", "S1", lambda: ((Image, "link_fault", lambda self, link: None),)),
    Mutant("proof-alone", "the sensors' proof counts before the PLC has said done", "S17", _verdict(_proof_alone), 0),
    Mutant("done-alone", "the PLC's done counts without sensors", "S17", lambda: ((progress, "_proven", lambda *a: True),)),
    Mutant("assumed-done", "what was under way at a crash counts as done", "S17", _assumed),
    Mutant("late-ledger", "custody is written after the motion", "S11", _without(SetLedger, _orders)),
    Mutant("wakes-up", "the station goes on by itself after a start", "S14", lambda: _decision(_wakes_up)),
    Mutant("edge-guard", "interlocks are looked at when a step begins and never again", "S2", lambda: ((supervisor, "trips", lambda *a: ()),)),
    Mutant("pause-without-stop", "a hold tells no device to stop", "S15", _without(StopDevices)),
    Mutant("abort-opens-clamps", "an abort releases the wheels", "S4", _gate_blind_for_unclamp),
    Mutant("wrong-bay", "the stacker is sent to the next bay", "S12", _wrong_bay, 0, "whole"),
    Mutant("blind-retry", "no reply counts as not sent", "S8", _retries_blindly),
    Mutant("two-writers", "devices and zones are not exclusive", "S8", _two_writers, 0, "two_runs"),
    Mutant("abort-needs-login", "abort is refused to strangers", "S13", _asks_who),
    Mutant("any-mode", "mode and latched trips do not matter for going on", "S13", _any_mode),
    Mutant("no-audit", "refusals leave no row", "S18", _without(Record, lambda e, a: e.kind == "refused")),
    Mutant("soft-abort", "every loss only holds", "S15", _holds_for_aborts),
    Mutant("plc-no-numbers", "a PLC takes an order twice", "S8", _lacks(AckCode.OLD_NUMBER, AckCode.EXPIRED)),
    Mutant("plc-no-epoch", "a PLC forgets numbers and epoch at its start", "S8", _forgets, 2, "fetched_first"),
    Mutant("plc-no-expiry", "a PLC takes an order however late", "S8", _lacks(AckCode.EXPIRED)),
    Mutant("plc-no-interlock", "the robot's PLC has no interlock of its own", "S3", _lacks(AckCode.INTERLOCK), 1, "fetched_last"),
    Mutant("any-done", "a done counts, whichever order it belongs to", "S17", _verdict(_any_done), 0),
    Mutant("swallowed-cancel", "what waits at the gate when the station stops is sent all the same", "S15", _swallows_cancels),
    Mutant("one-sign", "high voltage counts as off by one sign alone", "S3", _always_true("VEH_HV_OFF"), 2, "before_tightening"),
    Mutant("lift-unheard", "the robot works although the lift's PLC stands still", "S1", _deaf_to_the_lift, 1, "before_tightening"),
    Mutant("clamps-unseen", "the wheels always count as clamped", "S15", _always_true("CLAMPED"), 1, "fetched_last"),
    Mutant("torque-unseen", "bolts count as tight whatever their torque", "S17", _always_true("BOLT_TORQUE"), 1, "fetched_last"),
    Mutant("lie-believed", "on resume the PLC's done counts without sensors", "S17",
           lambda: ((recovery, "DONE", frozenset((*recovery.DONE, recovery.Finding.LYING))),)),
    Mutant("retreat-anyhow", "a run is given up wherever its pack may be", "S11", lambda: ((recovery, "why_not_retreat", lambda *a: ""),)),
    Mutant("no-deadline", "a step may take for ever", "L2", lambda: ((progress, "_limit", lambda step, st, *a: progress.Verdict(st)),), 1, "fetched_last"),
    Mutant("no-clear", "an abort cannot be cleared", "L1", _never_clears, 1, "fetched_last"),
    Mutant("b", "no hold while any link is down", "S2", _masked, 2),
    Mutant("c", "the pack's code always fits", "S17", _always_true("IN_CODE", "VEH_PACK_ID", "BAY01_PACK_ID"), 1, "whole"),
    Mutant("d", "a refusal falls through to the next step", "S17", _verdict(_falls_through)),
    Mutant("e", "a time-out counts as success", "S17", _verdict(_success_on_timeout)),
    Mutant("f", "what ends one stop clears all stops, whatever their causes", "S15", lambda: _decision(_clears_all)),
    Mutant("i", "the vehicle always counts as in place", "S17", _always_true("IN_POSITION")),
)  # fmt: skip
"""By the names of the usual list: nodedup = plc-no-numbers, nowal = no-intent, norecheck = no-second-look, stale =
stale-is-good, anydone = any-done, nopost = done-alone, newid-on-timeout = blind-retry, assume-done = assumed-done,
late-ledger, no-plc-interlock = plc-no-interlock, no-epoch = plc-no-epoch, auto-resume = wakes-up, edge-triggered guard =
edge-guard, pause-without-stop, unclamp-on-abort = abort-opens-clamps, wrong-slot = wrong-bay, ttl-off = plc-no-expiry,
role-bypass = any-mode (the engine knows modes, the service roles), swallowed-cancel, two-writers.
Defects a, g and h do not show in states: wire_mutants.py."""
