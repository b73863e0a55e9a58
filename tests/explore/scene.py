"""One moment of station and plant that can be moved on: messages, PLCs, gate, journal, and the real decision function.

Knows how they touch each other. Does not know which moves there are, nor how states are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import station_ctl.engine.decide as deciding
from station_ctl.core.custody import Ledger
from station_ctl.core.modes import State
from station_ctl.engine.events import (
    Asked,
    Effect,
    Event,
    Issue,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Record,
    ReleaseStop,
    Scanned,
    SetLedger,
    StopDevices,
    Verb,
)
from station_ctl.engine.gate import Gate
from station_ctl.engine.journal import JournalRow, Restored, _open_run
from station_ctl.engine.state import StationState, StepState, StepStatus
from station_ctl.service.recovery import rebuild
from tests.explore import charging, heat, plant
from tests.explore.charging import Charge, Duty
from tests.explore.image import DOWN, EPOCH, FROZEN, NOW, Camera, Frozen, PlantImage, Stuck, View
from tests.explore.memory import Memory
from tests.explore.monitor import Monitor
from tests.explore.plcs import Message, Plcs
from tests.explore.specimen import Specimen

T = 1000.0
"""Process seconds of every decision."""

NEXT = 10_000
"""The next order number in every state that is counted; older ones are ranked below it."""

NOTHING: Mapping[str, Any] = {}
UNKNOWN_AFTER, QUIET_AFTER, CAUSE_AFTER, DEAF_AFTER = 1.05, 2.1, 0.15, 10.1


AT_START = StationState(custody_checked=NOW)
"""The engine's memory before it has read the journal."""


class Waiting(NamedTuple):
    """An order at the gate: intent and custody are durable, nothing has been sent."""

    number: int
    run_id: str
    step: int
    epoch: int
    connection: int


Steps = dict[int, tuple[int, int, bool]]


class _Stops:
    """The stop levels as the gate asks for them."""

    raised: frozenset[str] = frozenset()


class Ground:
    """What all scenes of one exploration share: the station, the camera, the real gate, the monitor.

    Of the car's station; another type puts its own plant, links and monitor in their place.
    """

    plant: Any = plant
    truth: Callable[[], Any] = plant.Truth
    camera_type: type[Camera] = Camera

    def __init__(self, specimen: Specimen) -> None:
        self.specimen, self.facts = specimen, specimen.facts
        self.camera = self.camera_type(dict(self.facts.channels), specimen.scans)
        self.link_names = tuple(self.camera.links)
        self.roles = self.camera.roles
        self.index = {role: i for i, role in enumerate(self.roles)}
        self.link_of = {role: self.link_names.index(self.facts.channels[role].link) for role in self.roles}
        self.monitor = self.judge()
        self.memory = Memory()
        self.faults, self.thorough = 0, False
        """Faults of the budget, and whether rare ones may also strike after others."""
        self._stops = _Stops()
        self._looked: tuple[StationState, PlantImage] | None = None
        nothing: Any = None
        self._gate = Gate(
            self.facts, {}, nothing, self._stops,  # type: ignore[arg-type]
            image=lambda: self._seen()[1], state=lambda: self._seen()[0],
            report=nothing, beat=nothing,
        )  # fmt: skip

    def judge(self) -> Monitor:
        """Who looks at everything that happens."""
        return Monitor(self)

    @cached_property
    def duty(self) -> Duty:
        """What charging does of itself."""
        return Duty(self.specimen)

    def scene(self) -> Scene:
        """A scene to be filled."""
        return Scene(self)

    def _seen(self) -> tuple[StationState, PlantImage]:
        assert self._looked is not None
        return self._looked

    def gate_refuses(self, scene: Scene, issue: Issue) -> str:
        """The real gate's last look before an order leaves."""
        raised = frozenset(scene.raised)

        def why_not(image: PlantImage) -> str:
            self._looked, self._stops.raised = (scene.alive, image), raised
            return self._gate._why_not(issue)

        which = ("gate", issue.number, issue.run_id, issue.step.no, issue.epoch, issue.connection, raised)
        return str(self.memory.ask(scene.alive, which, scene.view(), why_not))


class Scene(Plcs):
    """Working copy of one state. Every method is one thing that happens; `broken` collects violated invariants."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.ground = ground
        self.engine: StationState | None = None
        self.stuck: Stuck = None
        self.frozen: Frozen = None
        self.gate: list[Waiting] = []
        self.journal: dict[str, tuple[str, Any, Steps]] = {}
        self.written = Ledger()
        self.raised: set[str] = set()
        self.armed = False
        self.journal_fails = False
        self.charge = charging.kept(Charge())
        self.noticed = self.doubted = 0
        self.racks = False
        self.said: list[str] = []
        self.answer = ""

    # ---- looking -------------------------------------------------------------------------------------------
    @property
    def alive(self) -> StationState:
        """The engine's memory; there is one unless the process is dead."""
        assert self.engine is not None
        return self.engine

    @property
    def controlled(self) -> bool:
        return self.engine is not None

    def view(self, later: float = 0.0) -> View:
        """What the controller may look at, link by link."""
        return View(self.ground.camera, self.t, self.chans, self.links, self.stuck, self.frozen, later)

    def image(self) -> PlantImage:
        """What the controller sees."""
        return self.view().image()

    # ---- the controller ------------------------------------------------------------------------------------
    def feed(self, event: Event, later: float = 0.0) -> bool:
        """One decision and its effects. True if anything came of it."""
        before, facts = self.alive, self.ground.facts

        def decided(image: PlantImage) -> tuple[StationState, tuple[Effect, ...]]:
            after, effects = deciding.decide(facts, before, image, event)
            return (_aged(after, later) if later else after), effects

        try:
            after, effects = self.ground.memory.ask(before, (event, later), self.view(later), decided)
        except Exception as error:  # noqa: BLE001 - a decision that raises is what is looked for
            self.broken.append(("TOTAL", f"the decision raises {error!r}"))
            return False
        self.engine = after
        self.ground.monitor.decided(self, event, before, effects)
        if effects:
            self._carry_out(effects)
        return bool(effects) or before.runs != after.runs or before.state is not after.state

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, StopDevices):
                self._stop(effect.roles)
        issues = [e for e in effects if isinstance(e, Issue)]
        if self.journal_fails and any(isinstance(e, (Record, SetLedger)) for e in effects):
            self.journal_fails = False
            for issue in issues:
                self.feed(OrderNotSent(T, issue.number, "disk full"))
            self.feed(JournalFailed(T, "disk full"))
            return
        for effect in effects:
            if isinstance(effect, Record):
                self._record(effect)
            elif isinstance(effect, SetLedger):
                self.written = effect.ledger
            elif isinstance(effect, ReleaseStop):
                self._release_stops()
        for e in issues:
            self.gate.append(Waiting(e.number, e.run_id, e.step.no, e.epoch, e.connection))

    def _record(self, row: Record) -> None:
        data = dict(row.data)
        match row.kind:
            case "run-opened":
                args = data.get("args")
                job: Any = 1 if data.get("vehicle") == self.ground.specimen.earlier.vehicle else 0
                job = job if args is None else tuple(sorted(args.items()))
                self.journal = {**self.journal, row.run_id: (str(data["sequence"]), job, {})}
            case "run-closed":
                self.journal = {name: kept for name, kept in self.journal.items() if name != row.run_id}
            case "step-ordered":
                self._write(row, (row.order, int(str(data["epoch"])), False))
            case "step-proven":
                self._write(row, (row.order, EPOCH, True))
            case "order-withdrawn":
                order, epoch, _ = self.journal[row.run_id][2].get(row.step, (0, 0, False))
                if order == row.order:
                    # The epoch of the order gone back to is no newer than that of the one withdrawn.
                    before = int(str(data.get("back_to", 0)))
                    self._write(row, (before, epoch, False) if before else None)

    def _write(self, row: Record, known: tuple[int, int, bool] | None) -> None:
        """What the journal says of a step from now on. Journals are shared by scenes: a new one, never a changed one."""
        key, job, steps = self.journal[row.run_id]
        others = {no: kept for no, kept in steps.items() if no != row.step}
        self.journal = {**self.journal, row.run_id: (key, job, others if known is None else {**others, row.step: known})}

    def _stop(self, roles: tuple[str, ...]) -> None:
        for role in roles:
            self.raised.add(role)
            if self.links[self.ground.link_of[role]] != DOWN:
                self._level(role, True)
            if self.reaches(role) and not self.chan(role).deaf:
                self.halt(role)

    def _release_stops(self) -> None:
        # Levels of a program before this one stand in the PLCs; every release takes them down, too.
        for role in self.ground.roles:
            if self.links[self.ground.link_of[role]] != DOWN:
                self._level(role, False)
                self.raised.discard(role)

    def react(self) -> None:
        """Scans come in until nothing more follows from them."""
        seen: tuple[Any, ...] = ()
        for _ in range(16):
            stopped = self._own_stops()
            if self.engine is None:
                return
            heat.notice(self)
            acted = self.feed(Scanned(T))
            # Nothing that charging looks at changes by decisions alone, but custody and the jobs of runs.
            mark = (self.t, self.alive.ledger, len(self.alive.runs))
            looked = mark != seen and self.charging_looks()
            seen = (self.t, self.alive.ledger, len(self.alive.runs))
            if looked or acted or stopped:
                continue
            if not any(st.stopped_at for _, _, st in self.alive.active_steps()):
                break
            self.feed(Scanned(T), CAUSE_AFTER)
        self.ground.monitor.settled(self)

    def charging_looks(self) -> bool:
        """Charging looks at its bays once. True if anything came of it."""
        return charging.look(self)

    # ---- the gate and the wire -----------------------------------------------------------------------------
    def send(self, *, arrives: bool = True, told: str = "sent", copies: int = 1, meanwhile: Mapping[str, Any] = NOTHING) -> bool:
        """The gate lets the first waiting order out, or refuses. `told`: sent, unknown, not sent. True if it left."""
        waiting = self.gate.pop(0)
        run = self.alive.run(waiting.run_id)
        if run is None:
            self.feed(OrderNotSent(T, waiting.number, "its run has ended"))
            return False
        step = run.sequence.by_no[waiting.step]
        assert step.do is not None
        issue = Issue(waiting.number, waiting.run_id, step, step.do, waiting.epoch, waiting.connection)
        why = self.ground.gate_refuses(self, issue)
        role = step.do.role
        if why or told == "not sent" or self.links[self.ground.link_of[role]] == DOWN:
            self.feed(OrderNotSent(T, waiting.number, why or "write refused"))
            self.react()
            return not why
        message = Message(role, waiting.number, waiting.epoch, (step.do.opcode, tuple(map(int, step.do.params))))
        self.ground.monitor.leaving(self, issue, message)
        self.messages += [message] * copies
        self.t = self.t._replace(**meanwhile)
        if arrives:
            self.deliver(message)
        if told == "unknown":
            self.feed(OrderUnknown(T, waiting.number, NOW, "no reply"))
        else:
            self.feed(OrderSent(T, waiting.number, NOW))
        self.react()
        return True

    def restart_plc(self, link: int) -> None:
        """The PLC program starts anew: nothing pending, epoch risen, numbers kept."""
        name = self.ground.link_names[link]
        roles = {role for role in self.ground.roles if self.ground.link_of[role] == link}
        for role in roles:
            i = self.ground.index[role]
            self.chans[i] = self.chans[i]._replace(state=0, number=0, work=None, stuck=False, deaf=False, stop=False)
        old = EPOCH - 1
        self.messages = [m._replace(epoch=old) if m.role in roles else m for m in self.messages]
        self.gate = [
            w._replace(epoch=old) if self._role_of(w.run_id, w.step) in roles else w for w in self.gate
        ]
        self.journal = {
            run_id: (
                key, job,
                {
                    no: (order, epoch if proven or self._role_of(run_id, no) not in roles else old, proven)
                    for no, (order, epoch, proven) in steps.items()
                },
            )
            for run_id, (key, job, steps) in self.journal.items()
        }  # fmt: skip
        if self.engine is not None:
            state = self.engine
            self.engine = self.ground.memory.ask(state, (name, old), self.view(), lambda _: _of_epoch(state, roles, old))
        self.said.append(f"{name} restarts")

    def _role_of(self, run_id: str, no: int) -> str:
        command = self.sequence(run_id).by_no[no].do
        return command.role if command is not None else ""

    def sequence(self, run_id: str) -> Any:
        """The procedure of an open run, by the journal."""
        key, job, _ = self.journal[run_id]
        return self._procedure(key, job)

    def _procedure(self, key: str, job: Any) -> Any:
        procedures = self.ground.specimen.procedures
        return procedures.charging[key].make(dict(job)) if isinstance(job, tuple) else procedures.by_key(key, self.job(job))

    def job(self, number: int) -> Any:
        """Job 0 is the one explored, 1 the earlier one."""
        return self.ground.specimen.earlier if number else self.ground.specimen.job

    def ask(self, verb: Verb, **more: Any) -> None:
        """A person asks."""
        self.feed(Asked(T, verb, "person", 1, **more))
        self.react()

    # ---- death and return of the controller ----------------------------------------------------------------
    def die(self) -> None:
        """kill -9: memory and gate are gone, what was committed stays."""
        self.engine, self.gate, self.raised, self.armed = None, [], set(), False
        self.charge = charging.restarted(self.charge)
        self.t = self.t._replace(bays=tuple(b._replace(level=False) for b in self.t.bays))

    def start_again(self) -> None:
        """A new process on the same journal, put together as the service does it."""
        self.expire()
        opened = []
        for run_id, (key, job, steps) in self.journal.items():
            opened.append(_open_run(run_id, list(self._rows(run_id, key, job, steps))))
        restored = Restored(self.written, NEXT, tuple(opened))
        runs, faults = rebuild(restored, self.ground.specimen.procedures, self.ground.specimen.recipes)
        # What only asked is dropped at a start, and asked anew.
        self.journal = {run.run_id: self.journal[run.run_id] for run in runs}
        self.engine = AT_START
        self.feed(JournalReady(T, self.written, NEXT, "; ".join(faults), runs))
        self.react()

    def _rows(self, run_id: str, key: str, number: Any, steps: Steps) -> Any:
        sequence = self._procedure(key, number)
        opened: dict[str, object] = {"sequence": key, "steps": [s.no for s in sequence.steps]}
        job = self.job(0) if isinstance(number, tuple) else self.job(number)
        opened |= {"args": dict(number)} if isinstance(number, tuple) else {
            "vehicle": job.vehicle,
            "model": job.recipe.model, "spent": job.spent, "fresh": job.fresh, "fresh_bay": job.fresh_bay,
            "spent_bay": job.spent_bay,
        }  # fmt: skip
        yield JournalRow(0, "", "run-opened", run_id, 0, 0, opened)
        for no, (order, epoch, proven) in steps.items():
            if order:
                yield JournalRow(0, "", "step-ordered", run_id, no, order, {"epoch": epoch})
            if proven:
                yield JournalRow(0, "", "step-proven", run_id, no, order, {})

    # ---- time ----------------------------------------------------------------------------------------------
    def expire(self) -> None:
        """A second has passed for the orders on their way."""
        self.messages = [m._replace(late=True) for m in self.messages]

    def wait(self, seconds: float) -> None:
        """Wall time passes; orders on their way expire."""
        self.expire()
        if self.engine is not None:
            self.feed(Scanned(T), seconds)
            self.react()

    def wait_process(self, seconds: float) -> None:
        """Process time passes: limits of steps and the patience with permissives."""
        self.expire()
        self.feed(Scanned(T + seconds))
        self.react()


def _of_epoch(state: StationState, roles: set[str], epoch: int) -> StationState:
    """Orders of these roles belong to an earlier start of their PLC."""
    for run in state.runs:
        for step, st in run.pairs():
            if step.do is not None and step.do.role in roles and st.order and st.status is not StepStatus.PROVEN:
                run = run.with_step(step.no, epoch=epoch)
        state = state.with_run(run)
    return state


def _aged(state: StationState, by: float) -> StationState:
    """Times of active steps, seen again from NOW."""

    def back(st: StepState) -> StepState:
        if not st.active:
            return st
        return replace(
            st,
            sent_at=st.sent_at - by if st.sent_at else 0.0,
            acked_at=min(st.acked_at, NOW),
            done_at=st.done_at - by if st.done_at else 0.0,
            stopped_at=st.stopped_at - by if st.stopped_at else 0.0,
            halting_at=st.halting_at - by if st.halting_at else 0.0,
        )

    runs = tuple(replace(run, steps=tuple(map(back, run.steps))) for run in state.runs)
    return replace(state, runs=runs, custody_checked=NOW)


ACTING = (State.EXECUTE, State.HOLDING, State.STOPPING, State.ABORTING)
__all__ = ["ACTING", "CAUSE_AFTER", "DEAF_AFTER", "DOWN", "FROZEN", "NEXT", "QUIET_AFTER", "UNKNOWN_AFTER", "Ground", "Message", "Scene", "T"]
