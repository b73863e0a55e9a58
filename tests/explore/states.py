"""States as they are counted: a scene in its normal form, small and hashable, and the scene made of it again.

Absolute times are dropped, order numbers become ranks on their channel, epochs "this start" or "before". Does not know
what may happen next.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, NamedTuple

from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import AckCode, OrderState, Result
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


class About(NamedTuple):
    """What the normal form of a part depends on: numbers asked for, by channel, and all numbers in it."""

    part: Any
    asked: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]


class States:
    """Turns scenes into keys and keys into scenes."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.engines, self.truths, self.wires, self.journals = Table(), Table(), Table(), Table()
        # By identity: a part that a happening has left as it was is not looked through again.
        self._engines: dict[int, About] = {}
        self._journals: dict[tuple[int, int], About] = {}
        self._channels: list[dict[Any, tuple[Chan, dict[int, int]]]] = [{} for _ in ground.roles]
        self._known: dict[Any, int] = {}

    def key(self, scene: Scene) -> Key:
        """The normal form of a scene."""
        engine, journal = self._about_engine(scene), self._about_journal(scene)
        chans, ranks = self._ranks(scene, (*engine.asked, *journal.asked))
        wire = (
            chans, tuple(scene.links), scene.stuck, scene.frozen,
            tuple(sorted({m._replace(number=ranks[m.number]) for m in scene.messages})),
            tuple(w._replace(number=ranks.get(w.number, 0), connection=min(w.connection, 1)) for w in scene.gate),
            scene.armed, scene.journal_fails, scene.charge, scene.noticed, scene.doubted, scene.racks,
        )  # fmt: skip
        return (
            self._part(engine, ranks, tuple(sorted(scene.raised)), lambda: self._engine(scene, ranks)),
            self.truths.put(scene.t, scene.t),
            self.wires.put(wire, wire),
            self._part(journal, ranks, "journal", lambda: self._journal(scene, ranks)),
        )

    def scene(self, key: Key) -> Scene:
        """A scene to be moved on."""
        engine, truth, wire, journal = key
        made = self.ground.scene()
        made.t = self.truths.parts[truth]
        kept = self.engines.parts[engine]
        if kept is not None:
            made.engine, raised = kept
            made.raised = set(raised)
        (
            chans, links, made.stuck, made.frozen, messages, gate, made.armed, made.journal_fails,
            made.charge, made.noticed, made.doubted, made.racks,
        ) = self.wires.parts[wire]  # fmt: skip
        made.chans, made.links, made.messages, made.gate = list(chans), list(links), list(messages), list(gate)
        made.journal, made.written = self.journals.parts[journal]
        return made

    def forget(self) -> None:
        """Forget what is known by identity; the parts themselves stay."""
        self._engines.clear()
        self._journals.clear()
        self._known.clear()

    def _part(self, about: About, ranks: dict[int, int], more: Hashable, make: Callable[[], int]) -> int:
        """The index of a part in its normal form; made only where part, ranks and the rest are new together."""
        which = (id(about.part), tuple(map(ranks.get, about.numbers)), more)
        found = self._known.get(which)
        if found is None:
            found = self._known[which] = make()
        return found

    # ---- numbers -------------------------------------------------------------------------------------------
    def _about_engine(self, scene: Scene) -> About:
        state = scene.engine
        about = self._engines.get(id(state))
        if about is None:
            about = self._engines[id(state)] = self._numbers_of(state) if state is not None else About(None, (), ())
        return about

    def _numbers_of(self, state: StationState) -> About:
        index, asked = self.ground.index, []
        numbers = [c.order for _, c in state.ledger if c.order is not None]
        for run in state.runs:
            for step, st in run.pairs():
                numbers += (st.order, st.continues)
                if st.order and step.do is not None and st.status is not StepStatus.PROVEN:
                    at = index[step.do.role]
                    asked += [(at, number) for number in (st.order, st.continues) if number]
        return About(state, tuple(asked), tuple(dict.fromkeys(n for n in numbers if n)))

    def _about_journal(self, scene: Scene) -> About:
        which = (id(scene.journal), id(scene.written))
        about = self._journals.get(which)
        if about is None:
            index, asked = self.ground.index, []
            for run_id, (_, _, steps) in scene.journal.items():
                by_no = scene.sequence(run_id).by_no
                asked += [(index[by_no[no].do.role], order) for no, (order, _, proven) in steps.items() if order and not proven]
            moving = [c.order for _, c in scene.written if c.order is not None]
            part = (scene.journal, scene.written)
            about = self._journals[which] = About(part, tuple(asked), tuple({*(n for _, n in asked), *moving}))
        return about

    def _ranks(self, scene: Scene, asked: tuple[tuple[int, int], ...]) -> tuple[tuple[Chan, ...], dict[int, int]]:
        """Order numbers become ranks on their channel: nothing compares numbers of two channels."""
        if scene.messages:
            live = {number for _, number in asked}
            # An expired copy that nobody waits for can do no more than be refused.
            scene.messages = [m for m in scene.messages if scene.remembers or m.number in live or scene.alive_on_its_way(m)]
            index = self.ground.index
            asked = (*asked, *((index[m.role], m.number) for m in scene.messages))
        chans, ranks = [], {0: 0}
        for at, chan in enumerate(scene.chans):
            which = (chan, *sorted({number for i, number in asked if i == at}))
            found = self._channels[at].get(which)
            if found is None:
                found = self._channels[at][which] = _channel(100 * (at + 1), *which)
            chans.append(found[0])
            ranks.update(found[1])
        return tuple(chans), ranks

    # ---- parts ---------------------------------------------------------------------------------------------
    def _journal(self, scene: Scene, ranks: dict[int, int]) -> int:
        rows = tuple(
            (run_id, key, job, tuple(sorted((no, (0, 0, True) if p else (ranks[o], e, p)) for no, (o, e, p) in steps.items())))
            for run_id, (key, job, steps) in sorted(scene.journal.items())
        )  # fmt: skip
        custody = _custody(scene.written, ranks)
        made = {run_id: (key, job, dict(steps)) for run_id, key, job, steps in rows}
        return self.journals.put((rows, custody), (made, Ledger(dict(custody))))

    def _engine(self, scene: Scene, ranks: dict[int, int]) -> int:
        state = scene.engine
        if state is None:
            return self.engines.put(None, None)
        runs = tuple(_run(run, ranks) for run in state.runs)
        trips = _trips(state.trips)
        ledger = _custody(state.ledger, ranks)
        zones = tuple(sorted((z.name, z.run_id, z.role) for z in state.zones))
        key = (
            state.mode, state.state, state.journal_writable, state.half_done, state.locks, zones, tuple(trips), ledger,
            tuple((run.run_id, run.sequence.args, run.phase, run.interrupted, run.steps) for run in runs), tuple(sorted(scene.raised)),
        )  # fmt: skip
        normal = replace(
            state, runs=runs, trips=tuple(trips.values()), ledger=Ledger(dict(ledger)), next_order=NEXT, conflicts=(),
            announced=(), custody_checked=NOW, time=T, zones=tuple(Zone(*z) for z in zones),
        )  # fmt: skip
        return self.engines.put(key, (normal, tuple(sorted(scene.raised))))


def _channel(base: int, chan: Chan, *asked: int) -> tuple[Chan, dict[int, int]]:
    """A channel in its normal form, and the ranks of the numbers on it.

    Answers that nobody asks for any more are all alike: those of some older order, accepted and done, so that one who
    takes them for his own is found out.
    """
    if chan.ack not in asked:
        chan = chan._replace(ack=base, code=int(AckCode.ACCEPTED))
    if chan.done not in asked:
        chan = chan._replace(done=base, result=int(Result.OK))
    numbers = sorted({chan.ack, chan.done, chan.number, *asked} - {0, base})
    ranks = {number: rank for rank, number in enumerate(numbers, base + 1)}
    ranks[0], ranks[base] = 0, base
    # The last number is only asked whether another is newer.
    last = max((ranks[number] for number in numbers if number <= chan.last), default=base)
    state = chan.state if chan.work is not None or chan.ack != base else int(OrderState.DONE)
    return chan._replace(ack=ranks[chan.ack], last=last, done=ranks[chan.done], number=ranks[chan.number], state=state), ranks


def _run(run: Run, ranks: dict[int, int]) -> Run:
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
    made = StepState(
        st.status, order, st.epoch if st.order else 0, 1, T, continues=ranks.get(st.continues, 0),
        halting_at=NOW if st.halting_at else 0.0,
    )  # fmt: skip
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
    scene = ground.scene()
    ledger = Ledger().admit(ground.specimen.job.fresh, ground.specimen.job.fresh_bay)
    scene.engine = StationState(
        Mode.AUTOMATIC, State.EXECUTE, ledger=ledger, next_order=NEXT, journal_writable=True, custody_checked=NOW
    )
    scene.written, scene.armed = ledger, True
    return scene


__all__ = ["EPOCH", "Key", "States", "first"]
