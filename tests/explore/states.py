"""States as they are counted: a scene in its normal form, small and hashable, and the scene made of it again.

Absolute times are dropped, order numbers become ranks on their channel, epochs "this start" or "before". Does not know
what may happen next.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.modes import Mode, State
from station_ctl.engine.state import INTERRUPTED, Run, StationState, StepState, StepStatus, Trip, Zone
from tests.explore.image import EPOCH, NOW, Chan
from tests.explore.scene import NEXT, Ground, Scene, T

Key = tuple[int, ...]
"""One state: indices into the tables of its parts."""

_WAITS, _DONE = StepState(), StepState(StepStatus.PROVEN)


class Table:
    """Parts of states, each kept once."""

    def __init__(self) -> None:
        self._index: dict[Hashable, int] = {}
        self.parts: list[Any] = []

    def put(self, key: Hashable, part: Any) -> int:
        """The index of a part; kept if new."""
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.parts)
            self.parts.append(part)
        return found


class States:
    """Turns scenes into keys and keys into scenes."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.engines, self.truths, self.wires, self.journals = Table(), Table(), Table(), Table()

    def key(self, scene: Scene) -> Key:
        """The normal form of a scene."""
        live: set[int] = set()
        ranks = self._ranks(scene, live)
        engine = scene.engine
        if engine is None:
            engine_no = self.engines.put(None, None)
        else:
            engine_no = self._engine(scene, engine, ranks)
        truth_no = self.truths.put(scene.t, scene.t)
        wire = (
            tuple(self._chan(c, ranks, live) for c in scene.chans),
            tuple(scene.links), scene.stuck, scene.frozen,
            tuple(sorted({m._replace(number=ranks[m.number]) for m in scene.messages})),
            tuple(w._replace(number=ranks[w.number], connection=min(w.connection, 1)) for w in scene.gate),
            scene.armed, scene.journal_fails,
        )  # fmt: skip
        journal = tuple(
            (run_id, key, job, tuple(sorted((no, (0, 0, True) if p else (ranks[o], e, p)) for no, (o, e, p) in steps.items())))
            for run_id, (key, job, steps) in sorted(scene.journal.items())
        )  # fmt: skip
        custody = _custody(scene.written, ranks)
        wire_no = self.wires.put(wire, wire)
        return engine_no, truth_no, wire_no, self.journals.put((journal, custody), (journal, custody))

    def scene(self, key: Key) -> Scene:
        """A scene to be moved on."""
        engine, truth, wire, journal = key
        made = Scene(self.ground)
        made.t = self.truths.parts[truth]
        kept = self.engines.parts[engine]
        if kept is not None:
            made.engine, raised = kept
            made.raised = set(raised)
        chans, links, made.stuck, made.frozen, messages, gate, made.armed, made.journal_fails = self.wires.parts[wire]
        made.chans, made.links, made.messages, made.gate = list(chans), list(links), list(messages), list(gate)
        rows, custody = self.journals.parts[journal]
        made.journal = {run_id: (name, job, dict(steps)) for run_id, name, job, steps in rows}
        made.written = Ledger({pack: c for pack, c in custody})
        return made

    def _ranks(self, scene: Scene, live: set[int]) -> dict[int, int]:
        """Order numbers become ranks on their channel: nothing compares numbers of two channels.

        `live` takes the numbers that a step, the journal or a message still asks for.
        """
        by_role: dict[str, set[int]] = {role: set() for role in self.ground.roles}
        runs = scene.engine.runs if scene.engine is not None else ()
        for run in runs:
            for step, st in run.pairs():
                if st.order and step.do is not None and st.status is not StepStatus.PROVEN:
                    by_role[step.do.role].update((st.order, st.continues))
        for run_id, (_, _, steps) in scene.journal.items():
            by_no = scene.sequence(run_id).by_no
            for no, (order, _, proven) in steps.items():
                if order and not proven:
                    by_role[by_no[no].do.role].add(order)
        live.update(*by_role.values())
        # An expired copy that nobody waits for can do no more than be refused.
        scene.messages = [m for m in scene.messages if scene.remembers or m.number in live or scene.alive_on_its_way(m)]
        for message in scene.messages:
            by_role[message.role].add(message.number)
            live.add(message.number)
        for role, chan in zip(self.ground.roles, scene.chans, strict=True):
            by_role[role].update((chan.ack, chan.last, chan.done, chan.number))
        ranks = {0: 0}
        for at, role in enumerate(self.ground.roles, 1):
            rank = 100 * at
            for number in sorted(by_role[role] - {0}):
                if number not in ranks:
                    ranks[number] = rank = rank + 1
        for waiting in scene.gate:
            ranks.setdefault(waiting.number, 0)
        return ranks

    @staticmethod
    def _chan(chan: Chan, ranks: dict[int, int], live: set[int]) -> Chan:
        """Answers that nobody asks for any more are all alike."""
        if chan.ack not in live:
            # Below the last number, so that no number in use is taken for it.
            chan = chan._replace(ack=0, code=0)
        if chan.done not in live:
            chan = chan._replace(done=0, result=0)
        state = chan.state if chan.work is not None or chan.ack else 0
        return chan._replace(
            ack=ranks[chan.ack], last=ranks[chan.last], done=ranks[chan.done], number=ranks[chan.number], state=state
        )

    def _engine(self, scene: Scene, state: StationState, ranks: dict[int, int]) -> int:
        runs = tuple(self._run(run, ranks) for run in state.runs)
        trips = _trips(state.trips)
        ledger = _custody(state.ledger, ranks)
        zones = tuple(sorted((z.name, z.run_id, z.role) for z in state.zones))
        key = (
            state.mode, state.state, state.journal_writable, state.half_done, zones, tuple(trips), ledger,
            tuple((run.run_id, run.phase, run.interrupted, run.steps) for run in runs), tuple(sorted(scene.raised)),
        )  # fmt: skip
        found = self.engines._index.get(key)
        if found is not None:
            return found
        normal = replace(
            state, runs=runs, trips=tuple(trips.values()), ledger=Ledger(dict(ledger)), next_order=NEXT, conflicts=(),
            announced=(), custody_checked=NOW, time=T, zones=tuple(Zone(*z) for z in zones),
        )  # fmt: skip
        return self.engines.put(key, (normal, tuple(sorted(scene.raised))))

    def _run(self, run: Run, ranks: dict[int, int]) -> Run:
        steps = tuple(
            _WAITS if st is _WAITS else _DONE if st.status is StepStatus.PROVEN else _normal(st, ranks) for st in run.steps
        )
        return replace(run, steps=steps, began=T)


def _normal(st: StepState, ranks: dict[int, int]) -> StepState:
    order = ranks.get(st.order, 0)
    if st.status is StepStatus.WAITING:
        waits = T if st.waits_since >= 0 else -1.0
        if not order and waits < 0 and not st.withdrawn:
            return _WAITS
        return StepState(order=order, epoch=st.epoch if order else 0, withdrawn=st.withdrawn, waits_since=waits)
    if st.status in INTERRUPTED:
        return StepState(st.status, order, st.epoch)
    made = StepState(st.status, order, st.epoch if st.order else 0, 1, T, continues=ranks.get(st.continues, 0))
    if st.status is StepStatus.INTENT:
        return replace(made, withdrawn=st.withdrawn)
    if st.status in (StepStatus.SENT, StepStatus.UNKNOWN):
        age = NOW - st.sent_at
        return replace(made, sent_at=NOW - (0.0 if age < 1.0 else 1.05 if age < 3.0 else 3.3))
    if st.status is StepStatus.BUSY:
        done = 0.0 if not st.done_at else NOW - (2.1 if NOW - st.done_at > 2.0 else 0.0)
        return replace(made, sent_at=NOW, acked_at=NOW, done_at=done)
    return made


def _trips(trips: tuple[Trip, ...]) -> dict[Any, Trip]:
    found: dict[Any, Trip] = {}
    for trip in trips:
        key = (trip.code, trip.interlock, str(trip.reaction), trip.run_id, trip.step)
        found.setdefault(key, replace(trip, first_out=False))
    return dict(sorted(found.items()))


def _custody(ledger: Ledger, ranks: dict[int, int]) -> tuple[tuple[str, Custody], ...]:
    return tuple(
        (pack, c if c.order is None else Custody(c.place, c.to, ranks.get(c.order, 900))) for pack, c in ledger
    )


def first(ground: Ground) -> Scene:
    """A station in automatic that executes, the charged pack in its bay, no run yet."""
    scene = Scene(ground)
    ledger = Ledger().admit(ground.specimen.job.fresh, ground.specimen.job.fresh_bay)
    scene.engine = StationState(
        Mode.AUTOMATIC, State.EXECUTE, ledger=ledger, next_order=NEXT, journal_writable=True, custody_checked=NOW
    )
    scene.written, scene.armed = ledger, True
    return scene


__all__ = ["EPOCH", "Key", "States", "first"]
