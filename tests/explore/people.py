"""What people do at a station at rest: remove causes, acknowledge, resume, give up, move a machine by hand.

Knows what a person can see and do. Everything is asked of the real engine by the real requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode, State
from station_ctl.engine import recovery
from station_ctl.engine.events import RetreatAsked, Verb
from station_ctl.service.recovery import retreat
from tests.explore import plant
from tests.explore.charging import cleared
from tests.explore.happening import Move, role_of, then
from tests.explore.image import UP
from tests.explore.plant import IN_BAY, Truth
from tests.explore.scene import Scene, T

QUIET = (State.HELD, State.ABORTED, State.STOPPED)


def unhurried(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """No person is faster than an order expires."""

    def later(scene: Scene) -> None:
        scene.expire()
        act(scene)

    return later


def people(scene: Scene) -> Iterator[Move]:
    return acting(scene, _something_to_mend(scene), mend)


def acting(scene: Scene, wrong: bool, mend: Callable[[Scene], None]) -> Iterator[Move]:
    """What people do at any station at rest. `wrong`: there is a cause left, which `mend` removes."""
    state = scene.alive
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
    if any(chan.work is not None for chan in scene.chans):
        yield "a person aborts what still moves", 0, lambda s: s.ask(Verb.ABORT)
    yield "a person resumes", 0, lambda s: s.ask(Verb.RESUME, confirmed=True)
    for run in (run for run in state.runs if run.job is not None):
        yield f"a person gives run {run.run_id} up", 0, lambda s, r=run.run_id: ask_retreat(s, r)
    if _why_not_resume(scene):
        yield "a person brings the machine to the step's end by hand", 0, by_hand


def clearing(scene: Scene) -> Iterator[Move]:
    """At the racks, whatever the station does: a pack is cooled or mended, and what is cool and sound is cleared."""
    t = scene.t
    if scene.racks and (t.hot or t.sick):
        yield "people cool and mend the pack", 0, lambda s: then(s, lambda: _cool(s))
    if (scene.charge.hot or scene.charge.kept) and not (t.hot or t.sick) and (scene.racks or scene.alive.state in QUIET):
        yield "a person clears what is locked", 0, clear


def _cool(scene: Scene) -> None:
    scene.t = scene.t._replace(hot=plant.NONE, sick=plant.NONE)


def clear(scene: Scene) -> None:
    """By the real functions; who clears a pack answers for it."""
    cleared(scene)
    scene.noticed = scene.doubted = 0
    scene.react()


def _why_not_resume(scene: Scene) -> str:
    state, facts = scene.alive, scene.ground.facts
    return str(
        scene.ground.memory.ask(
            state, "resume", scene.view(), lambda image: recovery.why_not_resume(facts, state, image, confirmed=True)
        )
    )


def _restart(scene: Scene) -> None:
    scene.die()
    scene.start_again()


def _something_to_mend(scene: Scene) -> bool:
    t = scene.t
    return bool(any_station_is_wrong(scene) or _exchanged(scene) or t.hot or t.sick or _voltage_is_wrong(t) or _clamp_is_wrong(t))


def any_station_is_wrong(scene: Scene) -> bool:
    """A device that hears no stop, the safety chain, a sensor, a link."""
    return bool(any(chan.deaf and chan.stop for chan in scene.chans) or scene.t.safe or scene.stuck is not None or any(scene.links))


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
    changes: dict[str, Any] = {"safe": 0, "hot": plant.NONE, "sick": plant.NONE}
    if _voltage_is_wrong(t):
        changes["high_voltage"] = False
    if _clamp_is_wrong(t):
        changes["clamp"] = 2
    if _exchanged(scene):
        right = {name: plant.FRESH for name in PLACES if getattr(t, name) == plant.EARLIER}
        bays = tuple(b._replace(pack=plant.FRESH) if b.pack == plant.EARLIER else b for b in t.bays)
        changes.update(right, bays=bays)
    mended(scene, changes)


def mended(scene: Scene, changes: dict[str, Any]) -> None:
    """The plant is as these changes say, links and sensors are well, whatever heard no stop stands still."""
    scene.t = scene.t._replace(**changes)
    broken = {i for i, health in enumerate(scene.links) if health != UP}
    scene.links, scene.stuck, scene.frozen = [UP] * len(scene.ground.link_names), None, None
    scene.gate = [
        w._replace(connection=0)
        if (role := role_of(scene, w.run_id, w.step)) and scene.ground.link_of[role] in broken
        else w
        for w in scene.gate
    ]
    for role, chan in zip(scene.ground.roles, tuple(scene.chans), strict=True):
        if chan.work is not None and chan.stop:
            scene.halt(role)
    scene.react()


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
            scene.t = scene.plant.ended(scene.t, command.role, work)
    scene.react()


def ask_retreat(scene: Scene, run_id: str) -> None:
    """As the service does it: the real choice of the way back, the real request."""
    ground = scene.ground

    async def request(run: str, retreat_id: str, sequence: Any, job: Any, who: str, _audit: Any = None) -> None:
        scene.feed(RetreatAsked(T, run, retreat_id, sequence, job, who, 1))
        scene.react()

    engine: Any = SimpleNamespace(state=scene.alive, facts=ground.facts, image=scene.image, retreat=request)
    work = retreat(engine, ground.specimen.procedures, run_id, "person")
    try:
        work.send(None)
    except (StopIteration, Refused):
        return
    raise AssertionError("the retreat waits for something")
