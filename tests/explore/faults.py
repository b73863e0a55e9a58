"""Faults, each at the price of one: of the wire, the controller, the safety chain, the vehicle, the PLCs, sensors.

Knows where each can strike. Does not judge what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from tests.explore import plant
from tests.explore.charging import BAYS
from tests.explore.happening import Move, ignore, role_of, then
from tests.explore.heat import RACK_OF
from tests.explore.image import DOWN, FROZEN
from tests.explore.plant import IN_BAY
from tests.explore.scene import ACTING, Scene


def faults(scene: Scene) -> Iterator[Move]:
    """Each costs one fault of the budget. Holding and aborting count, too: they may come at any moment."""
    yield from on_the_wire(scene)
    if scene.gate and scene.engine is not None and _turns_bolts(scene):
        yield "high voltage comes on while the order travels", 1, _voltage_while_it_travels
    yield from at_any_moment(scene)
    if scene.t.safe == plant.SAFE and not scene.racks:
        yield "somebody walks through the light curtain", 1, lambda s: becomes(s, safe=plant.CURTAIN)
    yield from _faults_at_the_vehicle(scene)
    yield from _faults_of_packs(scene)
    yield from of_plcs(scene, TELLS, LULLS)
    yield from operators(scene)


def on_the_wire(scene: Scene) -> Iterator[Move]:
    """An order is lost, late, twice, or nobody knows."""
    if scene.gate and scene.engine is not None:
        no = scene.gate[0].step
        yield f"the write of step {no}'s order is lost", 1, lambda s: ignore(s.send(arrives=False, told="unknown") and s.messages.clear())
        yield f"the reply to step {no}'s order is lost", 1, lambda s: ignore(s.send(told="unknown"))
        yield f"step {no}'s order comes twice", 1, lambda s: ignore(s.send(copies=2))
        yield f"step {no}'s order is delayed", 1, lambda s: ignore(s.send(arrives=False))
        yield f"step {no}'s order hangs, no reply", 1, lambda s: ignore(s.send(arrives=False, told="unknown"))
        yield f"step {no}'s order is not sent", 1, lambda s: ignore(s.send(told="not sent"))


def at_any_moment(scene: Scene) -> Iterator[Move]:
    if scene.engine is not None:
        yield "the controller is killed", 1, Scene.die
    if scene.t.safe == plant.SAFE:
        yield "emergency stop", 1, lambda s: becomes(s, safe=plant.ESTOP)


def operators(scene: Scene) -> Iterator[Move]:
    """Whoever holds or aborts may do it at any moment."""
    acts = scene.engine is not None and scene.engine.state in ACTING
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


def becomes(scene: Scene, **changes: Any) -> None:
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
        yield "the vehicle switches high voltage on", 1, lambda s: becomes(s, high_voltage=True)
    if t.clamp == 2 and t.lift == 2:
        yield "a clamp gives way", 1, lambda s: becomes(s, clamp=1)
    if t.bays[0].pack == plant.FRESH and not t.hot:
        elsewhere = (t.at_out, t.on_fork, t.isolated, t.bays[2].pack)
        if plant.EARLIER not in elsewhere:
            yield "somebody exchanges the charged pack", 1, lambda s: _exchange(s)


def _faults_of_packs(scene: Scene) -> Iterator[Move]:
    """A pack burns from within wherever it is in the station; insulation fails, where a charger could notice it.

    During a swap all but smoke at the charged pack strike alone, unless it is a thorough exploration.
    """
    t = scene.t
    if t.bays[0].pack and not t.hot:
        yield "the pack in bay A01 becomes hot", 1, lambda s, p=t.bays[0].pack: becomes(s, hot=p)
    if not scene.racks and not scene.ground.thorough and scene.ground.faults > 1:
        return
    for at, bay in enumerate(t.bays):
        if at and bay.pack and not t.hot:
            yield f"the pack in bay {BAYS[at]} becomes hot", 1, lambda s, p=bay.pack: becomes(s, hot=p)
        if bay.pack and bay.plug == 2 and not t.sick:
            yield f"the insulation of the pack in bay {BAYS[at]} fails", 1, lambda s, p=bay.pack: becomes(s, sick=p)
    for pack in (t.on_fork, t.at_in):
        if pack and not t.hot:
            yield "the pack between rack and robot becomes hot", 1, lambda s, p=pack: becomes(s, hot=p)
    if scene.racks and scene.stuck is None:
        yield "sensor BAY02_NO_PREALARM sticks at True", 1, lambda s: stick(s, "rack_a", "BAY02_NO_PREALARM", True)
        yield "sensor BAY01_NO_SMOKE sticks at False", 1, lambda s: stick(s, "rack_a", "BAY01_NO_SMOKE", False)


Tells = Mapping[tuple[str, int], tuple[str, str]]
Lulls = Mapping[tuple[str, int], tuple[str, str, Any]]


def of_plcs(scene: Scene, tells: Tells, lulls: Lulls) -> Iterator[Move]:
    """What machines, PLCs and links do by themselves; `tells` and `lulls`: sensors that may stick, by order."""
    for role, chan in zip(scene.ground.roles, scene.chans, strict=True):
        if chan.work is None:
            continue
        if not chan.stuck:
            yield f"{role} stalls", 1, lambda s, r=role: _stall(s, r)
            yield f"{role} hangs and ignores every stop", 1, lambda s, r=role: _hang(s, r)
        yield f"{role} says done and is not", 1, lambda s, r=role: then(s, lambda: s.lie(r))
        if scene.engine is not None and scene.reaches(role) and not chan.stuck:
            full = "and the disk is full"
            yield f"{role} ends order {chan.work[0]} {full}", 1, lambda s, r=role: _end_on_full_disk(s, r)
        yield f"{role} fails half-way", 1, lambda s, r=role: then(s, lambda: s.fail(r))
        if scene.stuck is None:
            yield from _stuck_sensors(scene, (role, chan.work[0]), tells, lulls)
    if scene.engine is not None:
        yield from _faults_of_links(scene)


def _faults_of_links(scene: Scene) -> Iterator[Move]:
    """Where orders are under way or half done, and at every link that a step under way is judged by."""
    state, roles = scene.alive, scene.ground.roles
    at_work = {role for role, chan in zip(roles, scene.chans, strict=True) if chan.work is not None}
    at_work |= {m.role for m in scene.messages} | {role_of(scene, w.run_id, w.step) for w in scene.gate}
    at_work |= {step.do.role for _, step, _ in state.active_steps() if step.do is not None}
    half_done = {
        step.do.role for run in state.runs for step, st in run.pairs() if st.interrupted and step.do is not None
    }
    at_work |= {RACK_OF[at] for at, bay in enumerate(scene.t.bays) if bay.level}
    concerned = {scene.ground.link_of[role] for role in at_work | half_done if role}
    names, needs = scene.ground.link_names, scene.ground.monitor.needs
    judged_by = {names.index(link) for role in at_work for link in needs.get(role, ())}
    for link, name in enumerate(names):
        if link in concerned:
            yield f"PLC {name} restarts", 1, lambda s, i=link: then(s, lambda: s.restart_plc(i))
        if (link in concerned or link in judged_by or name == "safety") and not any(scene.links):
            yield f"link {name} is lost", 1, lambda s, i=link: then(s, lambda: _cut(s, i, DOWN))
            yield f"the program of PLC {name} stands still", 1, lambda s, i=link: then(s, lambda: _cut(s, i, FROZEN))


def _stall(scene: Scene, role: str) -> None:
    i = scene.ground.index[role]
    scene.chans[i] = scene.chans[i]._replace(stuck=True)


def _hang(scene: Scene, role: str) -> None:
    """It goes on for ever: neither its end nor a stop level ends it, only people at the machine do."""
    i = scene.ground.index[role]
    scene.chans[i] = scene.chans[i]._replace(stuck=True, deaf=True)


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

LULLS = {
    ("robot", 20): ("lift", "VEH_HV_OFF", True), ("robot", 21): ("lift", "VEH_HV_VOLTS", 0.0),
    ("stacker", 20): ("stacker", "PARKED", True), ("stacker", 21): ("stacker", "PARKED", True),
}  # fmt: skip
"""A sensor that sticks at what one likes to hear: one of two signs of high voltage, the stacker clear of the handover."""


def _stuck_sensors(scene: Scene, order: tuple[str, int], tells: Tells, lulls: Lulls) -> Iterator[Move]:
    if order in tells:
        link, tag = tells[order]
        shows = scene.ground.camera.links[link](scene.t)[tag]
        yield f"sensor {tag} sticks at {shows}", 1, lambda s: stick(s, link, tag, shows)
    if order in lulls:
        where, sign, lull = lulls[order]
        yield f"sensor {sign} sticks at {lull}", 1, lambda s: stick(s, where, sign, lull)


def stick(scene: Scene, link: str, tag: str, shows: Any) -> None:
    scene.stuck = (link, tag, shows)
    scene.react()
