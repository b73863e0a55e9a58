"""What may happen next in a state: progress of the plant, passing of time, what people do, and faults at a price.

Knows when each can happen. Does not judge what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode, State
from station_ctl.engine import recovery
from station_ctl.engine.events import RetreatAsked, Verb
from station_ctl.engine.state import StepStatus
from station_ctl.service.recovery import retreat
from tests.explore import plant
from tests.explore.image import DOWN, FROZEN, NOW, UP
from tests.explore.plant import IN_BAY, Truth
from tests.explore.scene import ACTING, LINK_NAMES, QUIET_AFTER, UNKNOWN_AFTER, Scene, T
from tests.explore.sensing import LINKS

Move = tuple[str, int, Callable[[Scene], None]]
"""What a person reading the story is told, how many faults it costs, and the happening itself."""

QUIET = (State.HELD, State.ABORTED, State.STOPPED)


def moves(scene: Scene, faults_left: int) -> Iterator[Move]:
    """Everything that may happen in this state."""
    # An order on its way arrives or expires within a second; machines need longer.
    onward = () if any(map(scene.alive_on_its_way, scene.messages)) else tuple(_progress(scene))
    yield from onward
    yield from _on_their_way(scene)
    if scene.engine is None:
        if not onward:
            yield "the controller is started again", 0, Scene.start_again
    else:
        yield from _unanswered(scene)
        if not onward:
            yield from _time(scene)
            if scene.engine.state in QUIET:
                yield from ((label, price, _unhurried(act)) for label, price, act in _people(scene))
    if faults_left > 0:
        yield from faults(scene)


# ---- what goes on by itself --------------------------------------------------------------------------------
def _progress(scene: Scene) -> Iterator[Move]:
    if scene.gate and scene.engine is not None:
        first = scene.gate[0]
        yield f"the gate takes the order of step {first.step}", 0, lambda s: _ignore(s.send())
    for role, chan in zip(scene.ground.roles, scene.chans, strict=True):
        if chan.work is None:
            continue
        if scene.engine is None or not scene.reaches(role):
            yield f"{role} stops for want of a heartbeat", 0, lambda s, r=role: _then(s, lambda: s.halt(r))
        elif not chan.stuck:
            yield f"{role} ends order {chan.work[0]}", 0, lambda s, r=role: _then(s, lambda: s.finish(r))


def _ignore(_: object) -> None:
    return None


def _then(scene: Scene, happens: Callable[[], None]) -> None:
    happens()
    scene.react()


def _on_their_way(scene: Scene) -> Iterator[Move]:
    for message in scene.messages:
        if scene.reaches(message.role):
            late = ", late" if message.late else ""
            yield (
                f"the order {message.work[0]} on its way reaches {message.role}{late}", 0,
                lambda s, m=message: _then(s, lambda: s.deliver(m)),
            )  # fmt: skip


def _unanswered(scene: Scene) -> Iterator[Move]:
    """Orders wait only shortly for their answer, whatever else moves meanwhile."""
    sent = [st for _, _, st in scene.alive.active_steps() if st.status in (StepStatus.SENT, StepStatus.UNKNOWN)]
    if sent:
        old = all(NOW - st.sent_at >= 1.0 for st in sent)
        yield "time passes without an answer", 0, lambda s: s.wait(QUIET_AFTER if old else UNKNOWN_AFTER)


def _time(scene: Scene) -> Iterator[Move]:
    """Time passes until the next deadline of ours; only when nothing else goes on."""
    state = scene.alive
    active = tuple(state.active_steps())
    if any(st.done_at for _, _, st in active) or (active and state.state not in (State.EXECUTE, State.STOPPING)):
        yield "two seconds pass", 0, lambda s: s.wait(QUIET_AFTER)
    elif state.state in ACTING and state.runs:
        limits = [step.within for _, step, _ in active]
        waits = any(st.waits_since >= 0 for run in state.runs for st in run.steps)
        longest = 61.0 if waits else min(limits, default=600.0) + 1.0
        yield f"{longest:g} s pass", 0, lambda s: s.wait_process(longest)


def _unhurried(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """No person is faster than an order expires."""

    def later(scene: Scene) -> None:
        scene.expire()
        act(scene)

    return later


# ---- people ------------------------------------------------------------------------------------------------
def _people(scene: Scene) -> Iterator[Move]:
    state = scene.alive
    wrong = _something_to_mend(scene)
    if state.runs and (wrong or state.trips or state.mode is not Mode.AUTOMATIC):
        yield "a person resumes too early", 0, lambda s: s.ask(Verb.RESUME, confirmed=True)
    if state.runs and wrong and state.trips:
        yield "a person acknowledges too early", 0, lambda s: s.ask(Verb.ACKNOWLEDGE)
    if wrong:
        yield "people remove every cause", 0, mend
        return
    if not state.runs:
        return
    if not state.journal_writable:
        yield "the service is restarted with a good disk", 0, _restart
        return
    if state.trips or state.state is State.ABORTED or state.mode is not Mode.AUTOMATIC:
        yield "a person acknowledges and clears", 0, acknowledge
        return
    yield "a person resumes", 0, lambda s: s.ask(Verb.RESUME, confirmed=True)
    for run in state.runs:
        yield f"a person gives run {run.run_id} up", 0, lambda s, r=run.run_id: ask_retreat(s, r)
    if recovery.why_not_resume(scene.ground.facts, state, scene.image(), confirmed=True):
        yield "a person brings the machine to the step's end by hand", 0, by_hand


def _restart(scene: Scene) -> None:
    scene.die()
    scene.start_again()


def _something_to_mend(scene: Scene) -> bool:
    t = scene.t
    return bool(
        t.safe or _exchanged(scene) or scene.stuck is not None or any(scene.links) or t.smoke or _voltage_is_wrong(t) or _clamp_is_wrong(t)
    )


def _exchanged(scene: Scene) -> bool:
    """A pack that no run knows is where the charged one should be."""
    t = scene.t
    at = (t.on_robot, t.at_in, t.at_out, t.on_fork, t.in_vehicle, *(b.pack for b in t.bays))
    return plant.EARLIER in at and plant.FRESH not in at and t.bays[2].pack != plant.EARLIER and t.at_out != plant.EARLIER


def _voltage_is_wrong(t: Truth) -> bool:
    return t.high_voltage and t.prechecked and not t.postchecked and t.car == IN_BAY


def _clamp_is_wrong(t: Truth) -> bool:
    return t.clamp == 1 and t.lift == 2


PLACES = ("on_robot", "at_in", "at_out", "on_fork", "in_vehicle")


def mend(scene: Scene) -> None:
    """Every cause is removed by people: chain reset, voltage off, clamp back, links and sensors mended."""
    t = scene.t
    changes: dict[str, Any] = {"safe": 0, "smoke": False}
    if _voltage_is_wrong(t):
        changes["high_voltage"] = False
    if _clamp_is_wrong(t):
        changes["clamp"] = 2
    if _exchanged(scene):
        right = {name: plant.FRESH for name in PLACES if getattr(t, name) == plant.EARLIER}
        bays = tuple(b._replace(pack=plant.FRESH) if b.pack == plant.EARLIER else b for b in t.bays)
        changes.update(right, bays=bays)
    scene.t = t._replace(**changes)
    broken = {i for i, health in enumerate(scene.links) if health != UP}
    scene.links, scene.stuck, scene.frozen = [UP] * len(LINK_NAMES), None, None
    scene.gate = [
        w._replace(connection=0)
        if (role := _role(scene, w.run_id, w.step)) and scene.ground.link_of[role] in broken
        else w
        for w in scene.gate
    ]
    for role, chan in zip(scene.ground.roles, tuple(scene.chans), strict=True):
        if chan.work is not None and chan.stop:
            scene.halt(role)
    scene.react()


def _role(scene: Scene, run_id: str, no: int) -> str:
    run = scene.alive.run(run_id)
    command = run.sequence.by_no[no].do if run is not None else None
    return command.role if command is not None else ""


def acknowledge(scene: Scene) -> None:
    """Acknowledge, clear an abort, back to automatic: none of it moves anything."""
    scene.ask(Verb.ACKNOWLEDGE)
    if scene.alive.state is State.ABORTED:
        scene.ask(Verb.CLEAR)
    if scene.alive.mode is not Mode.AUTOMATIC:
        scene.ask(Verb.MODE, mode=Mode.AUTOMATIC)


def by_hand(scene: Scene) -> None:
    """A technician moves what stands half-way to where its step ends."""
    state = scene.alive
    for found in recovery.assess(scene.ground.facts, state, scene.image()):
        command = found.step.do
        if command is not None and found.finding in (recovery.Finding.HALF_WAY, recovery.Finding.LYING):
            work = (command.opcode, tuple(map(int, command.params)))
            scene.t = plant.ended(scene.t, command.role, work)
    scene.react()


def ask_retreat(scene: Scene, run_id: str) -> None:
    """As the service does it: the real choice of the way back, the real request."""
    ground = scene.ground

    async def request(run: str, retreat_id: str, sequence: Any, job: Any, who: str) -> None:
        scene.feed(RetreatAsked(T, run, retreat_id, sequence, job, who, 1))
        scene.react()

    engine: Any = SimpleNamespace(state=scene.alive, facts=ground.facts, image=scene.image, retreat=request)
    work = retreat(engine, ground.specimen.procedures, run_id, "person")
    try:
        work.send(None)
    except (StopIteration, Refused):
        return
    raise AssertionError("the retreat waits for something")


# ---- faults ------------------------------------------------------------------------------------------------
def faults(scene: Scene) -> Iterator[Move]:
    """Each costs one fault of the budget. Holding and aborting count, too: they may come at any moment."""
    acts = scene.engine is not None and scene.engine.state in ACTING
    if scene.gate and scene.engine is not None:
        no = scene.gate[0].step
        yield f"the write of step {no}'s order is lost", 1, lambda s: _ignore(s.send(arrives=False, told="unknown") and s.messages.clear())
        yield f"the reply to step {no}'s order is lost", 1, lambda s: _ignore(s.send(told="unknown"))
        yield f"step {no}'s order comes twice", 1, lambda s: _ignore(s.send(copies=2))
        yield f"step {no}'s order is delayed", 1, lambda s: _ignore(s.send(arrives=False))
        yield f"step {no}'s order hangs, no reply", 1, lambda s: _ignore(s.send(arrives=False, told="unknown"))
        yield f"step {no}'s order is not sent", 1, lambda s: _ignore(s.send(told="not sent"))
        if _turns_bolts(scene):
            yield "high voltage comes on while the order travels", 1, _voltage_while_it_travels
    if scene.engine is not None and (acts or scene.alive.trips == ()):
        yield "the controller is killed", 1, Scene.die
    if scene.t.safe == plant.SAFE:
        yield "emergency stop", 1, lambda s: _becomes(s, safe=plant.ESTOP)
        yield "somebody walks through the light curtain", 1, lambda s: _becomes(s, safe=plant.CURTAIN)
    yield from _faults_at_the_vehicle(scene)
    yield from _faults_of_plcs(scene)
    if acts and scene.alive.state is State.EXECUTE:
        yield "an operator holds", 1, lambda s: s.ask(Verb.HOLD)
        yield "an operator aborts", 1, lambda s: s.ask(Verb.ABORT)


def _turns_bolts(scene: Scene) -> bool:
    first = scene.gate[0]
    run = scene.alive.run(first.run_id)
    command = run.sequence.by_no[first.step].do if run is not None else None
    return command is not None and command.role == "robot" and command.opcode in plant.BOLT_WORK


def _voltage_while_it_travels(scene: Scene) -> None:
    """Between our last look and the PLC's answer: only the PLC's own interlock can tell."""
    scene.send(meanwhile={"high_voltage": True})


def _becomes(scene: Scene, **changes: Any) -> None:
    scene.t = scene.t._replace(**changes)
    scene.react()


def _end_on_full_disk(scene: Scene, role: str) -> None:
    scene.journal_fails = True
    scene.finish(role)
    scene.react()
    scene.journal_fails = False


def _exchange(scene: Scene) -> None:
    scene.t = scene.t.bay(0, pack=plant.EARLIER)
    scene.react()


def _faults_at_the_vehicle(scene: Scene) -> Iterator[Move]:
    t = scene.t
    if t.car == IN_BAY and t.prechecked and not t.high_voltage:
        yield "the vehicle switches high voltage on", 1, lambda s: _becomes(s, high_voltage=True)
    if t.clamp == 2 and t.lift == 2:
        yield "a clamp gives way", 1, lambda s: _becomes(s, clamp=1)
    if t.bays[0].pack == plant.FRESH and not t.smoke:
        if t.at_out != plant.EARLIER and t.on_fork != plant.EARLIER and t.bays[2].pack != plant.EARLIER:
            yield "somebody exchanges the charged pack", 1, lambda s: _exchange(s)
        yield "smoke in the charged pack's bay", 1, lambda s: _becomes(s, smoke=True)


def _faults_of_plcs(scene: Scene) -> Iterator[Move]:
    used = set()
    for role, chan in zip(scene.ground.roles, scene.chans, strict=True):
        if chan.work is None:
            continue
        used.add(scene.ground.link_of[role])
        if not chan.stuck:
            yield f"{role} stalls", 1, lambda s, r=role: _stall(s, r)
        yield f"{role} says done and is not", 1, lambda s, r=role: _then(s, lambda: s.lie(r))
        if scene.engine is not None and scene.reaches(role) and not chan.stuck:
            full = "and the disk is full"
            yield f"{role} ends order {chan.work[0]} {full}", 1, lambda s, r=role: _end_on_full_disk(s, r)
        yield f"{role} fails half-way", 1, lambda s, r=role: _then(s, lambda: s.fail(r))
        if scene.stuck is None:
            yield from _stuck_sensors(scene, role, chan.work[0])
    if scene.engine is None:
        return
    used |= {scene.ground.link_of[_role(scene, w.run_id, w.step)] for w in scene.gate if _role(scene, w.run_id, w.step)}
    for link, name in enumerate(LINK_NAMES):
        if link in used:
            yield f"PLC {name} restarts", 1, lambda s, i=link: _then(s, lambda: s.restart_plc(i))
        if (link in used or name == "safety") and not any(scene.links):
            yield f"link {name} is lost", 1, lambda s, i=link: _then(s, lambda: _cut(s, i, DOWN))
            yield f"the program of PLC {name} stands still", 1, lambda s, i=link: _then(s, lambda: _cut(s, i, FROZEN))


def _stall(scene: Scene, role: str) -> None:
    i = scene.ground.index[role]
    scene.chans[i] = scene.chans[i]._replace(stuck=True)


def _cut(scene: Scene, link: int, health: int) -> None:
    scene.links[link] = health
    if health == FROZEN:
        scene.frozen = (scene.t, tuple(scene.chans))


TELLS = {
    ("lift", 12): ("lift", "CLAMPED"), ("lift", 13): ("lift", "LIFT_AT_WORK"), ("lift", 15): ("lift", "LIFT_DOWN"),
    ("robot", 20): ("lift", "VEH_LOCKS_OPEN"), ("robot", 21): ("lift", "VEH_LOCKS_CLOSED"),
    ("robot", 12): ("robot", "PACK_PRESENT"), ("robot", 30): ("stacker", "HANDOVER_OUT_PRESENT"),
    ("robot", 31): ("stacker", "HANDOVER_IN_PRESENT"), ("robot", 10): ("robot", "AT_POSITION"),
    ("stacker", 20): ("stacker", "HANDOVER_IN_PRESENT"), ("stacker", 21): ("rack_b", "BAY01_PRESENT"),
    ("vehicle", 42): ("lift", "VEH_HV_OFF"),
}  # fmt: skip
"""The sensor that tells the end of an order, and that may stick."""

LULLS = {("robot", 20): ("VEH_HV_OFF", True), ("robot", 21): ("VEH_HV_VOLTS", 0.0)}
"""One of two signs of high voltage that sticks at what one likes to hear."""


def _stuck_sensors(scene: Scene, role: str, opcode: int) -> Iterator[Move]:
    if (role, opcode) in TELLS:
        link, tag = TELLS[role, opcode]
        shows = LINKS[link](scene.t)[tag]
        yield f"sensor {tag} sticks at {shows}", 1, lambda s: _stick(s, link, tag, shows)
    if (role, opcode) in LULLS:
        sign, lull = LULLS[role, opcode]
        yield f"sensor {sign} sticks at {lull}", 1, lambda s: _stick(s, "lift", sign, lull)


def _stick(scene: Scene, link: str, tag: str, shows: Any) -> None:
    scene.stuck = (link, tag, shows)
    scene.react()


__all__ = ["Move", "moves"]
