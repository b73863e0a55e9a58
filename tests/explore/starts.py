"""Where explorations begin: a swap at its start, lanes brought to a point by good fortune, and two runs at once.

Knows the steps of the swap by number. Everything here is reached by real decisions without a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from station_ctl.core.modes import Phase
from station_ctl.engine.events import RunAsked
from station_ctl.engine.state import Run, StepState, StepStatus
from tests.explore import plant
from tests.explore.moves import moves
from tests.explore.plant import Bay, Truth
from tests.explore.scene import Ground, Scene, T
from tests.explore.sensing import CODES
from tests.explore.states import first

RUN, EARLIER = "S-1", "S-0"
UNPLUGS, FETCHES, ENGAGES, RAISES = 22, 23, 70, 110


def whole(ground: Ground) -> Scene:
    """The vehicle stands at the entry, the swap begins."""
    return _asked(first(ground))


def _asked(scene: Scene) -> Scene:
    specimen = scene.ground.specimen
    scene.feed(RunAsked(T, RUN, specimen.procedures.swap(specimen.job), specimen.job, "person", 1))
    scene.react()
    assert not scene.broken, scene.broken
    return scene


def fetched_first(ground: Ground) -> Scene:
    """The charged pack waits at the handover before the vehicle has driven in."""
    scene = whole(ground)
    on(scene, lambda label: not label.startswith(("lift", "vehicle")), lambda s: done(s, FETCHES))
    return scene


def fetched_last(ground: Ground) -> Scene:
    """The robot stands under the vehicle before the charged pack's plug is drawn."""
    scene = whole(ground)
    on(scene, lambda label: not label.startswith(("rack", "stacker")), lambda s: done(s, ENGAGES))
    return scene


def before_tightening(ground: Ground) -> Scene:
    """The charged pack is raised into the vehicle, its bolts are open."""
    scene = fetched_first(ground)
    on(scene, lambda label: not label.startswith("rack"), lambda s: done(s, RAISES))
    return scene


def two_runs(ground: Ground) -> Scene:
    """The next vehicle's swap begins while the earlier run has yet to store its spent pack."""
    scene = first(ground)
    specimen = ground.specimen
    sequence, earlier = specimen.procedures.swap(specimen.earlier), specimen.earlier
    waits = {step.no for step in sequence.steps if step.phase is Phase.PUT_AWAY}
    steps = tuple(StepState() if s.no in waits else StepState(StepStatus.PROVEN) for s in sequence.steps)
    run = Run(EARLIER, sequence, earlier, Phase.PUT_AWAY, steps, began=T)
    state = scene.alive
    ledger = state.ledger.admit(earlier.spent, "handover_out")
    bays = (Bay(plant.FRESH, 2, True), Bay(), Bay())
    scene.t = Truth(at_out=plant.EARLIER, bays=bays)
    assert CODES[plant.EARLIER] == earlier.spent
    scene.engine, scene.written = replace(state, runs=(run,), ledger=ledger), ledger
    scene.journal[EARLIER] = (sequence.key, 1, {s.no: (0, 0, True) for s in sequence.steps if s.no not in waits})
    return _asked(scene)


def hot_rack(ground: Ground) -> Scene:
    """No vehicle: the charged pack and an empty one stand side by side, and charging works."""
    scene = first(ground)
    state = scene.alive
    ledger = state.ledger.admit(CODES[plant.EARLIER], "A02")
    scene.t = Truth(car=plant.GONE, bays=(Bay(plant.FRESH, 2, True), Bay(), Bay(plant.EARLIER, 2)))
    scene.engine, scene.written, scene.racks = replace(state, ledger=ledger), ledger, True
    scene.react()
    assert not scene.broken, scene.broken
    return scene


def burning(ground: Ground) -> Scene:
    """The charged pack begins to burn while the order to fetch it waits at the gate."""
    scene = fetched_last(ground)
    on(scene, lambda label: not label.startswith(("robot", "stacker")), lambda s: done(s, UNPLUGS))
    scene.t = scene.t._replace(hot=plant.FRESH)
    scene.react()
    assert not scene.broken, scene.broken
    return scene


def burnt(ground: Ground) -> Scene:
    """The same pack, when it has grown cold again and no person has looked at it."""
    scene = burning(ground)
    scene.t = scene.t._replace(hot=plant.NONE)
    scene.react()
    return scene


def burnt_and_killed(ground: Ground) -> Scene:
    """And then the controller is gone."""
    scene = burnt(ground)
    scene.die()
    return scene


def done(scene: Scene, no: int) -> bool:
    run = scene.alive.run(RUN)
    return run is not None and run.of(no).status is StepStatus.PROVEN


def on(scene: Scene, wanted: Callable[[str], bool], until: Callable[[Scene], bool]) -> None:
    """Let only wanted things happen until something is so."""
    for _ in range(60):
        if until(scene):
            return
        _, _, happen = next(m for m in moves(scene, 0) if wanted(m[0]))
        happen(scene)
        assert not scene.broken, scene.broken
    raise AssertionError("the start is not reached")
