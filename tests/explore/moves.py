"""What may happen next in a state: progress of the plant, passing of time, what people do, and faults at a price.

Knows when each can happen. Does not judge what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from station_ctl.core.modes import State
from station_ctl.engine.events import RunAsked
from station_ctl.engine.state import StepStatus
from tests.explore.charging import WHO_ASKS
from tests.explore.faults import faults
from tests.explore.happening import Move, ignore, then
from tests.explore.image import NOW
from tests.explore.people import QUIET, clearing, people, unhurried
from tests.explore.scene import ACTING, DEAF_AFTER, QUIET_AFTER, UNKNOWN_AFTER, Scene, T

Moves = Callable[[Scene], Iterator[Move]]


def moves(scene: Scene, faults_left: int, *, people: Moves = people, faults: Moves = faults) -> Iterator[Move]:
    """Everything that may happen in this state. `people` at rest, and `faults`: those of the station's type."""
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
                yield from ((label, price, unhurried(act)) for label, price, act in people(scene))
            yield from clearing(scene)
        yield from _charging(scene)
    if faults_left > 0:
        yield from faults(scene)


def _charging(scene: Scene) -> Iterator[Move]:
    """Sessions opened and closed, and a hot pack carried away, as charging asks for them."""
    if not (scene.racks or scene.charge.hot or scene.charge.kept):
        return  # All packs are those of runs, which open and close their sessions themselves.
    asked = scene.ground.duty.asks(scene)
    if asked is not None:
        words, sequence = asked
        yield f"charging asks: {words}", 0, lambda s: then(s, lambda: ignore(s.feed(RunAsked(T, WHO_ASKS, sequence, None, "charging", 1))))


# ---- what goes on by itself --------------------------------------------------------------------------------
def _progress(scene: Scene) -> Iterator[Move]:
    if scene.gate and scene.engine is not None:
        first = scene.gate[0]
        yield f"the gate takes the order of step {first.step}", 0, lambda s: ignore(s.send())
    for role, chan in zip(scene.ground.roles, scene.chans, strict=True):
        if chan.work is None:
            continue
        if scene.engine is None or not scene.reaches(role):
            yield f"{role} stops for want of a heartbeat", 0, lambda s, r=role: then(s, lambda: s.halt(r))
        elif not chan.stuck:
            yield f"{role} ends order {chan.work[0]}", 0, lambda s, r=role: then(s, lambda: s.finish(r))


def _on_their_way(scene: Scene) -> Iterator[Move]:
    for message in scene.messages:
        if scene.reaches(message.role):
            late = ", late" if message.late else ""
            yield (
                f"the order {message.work[0]} on its way reaches {message.role}{late}", 0,
                lambda s, m=message: then(s, lambda: s.deliver(m)),
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
        if any(chan.deaf for chan in scene.chans) and state.state in (State.HOLDING, State.ABORTING):
            yield "ten seconds pass", 0, lambda s: s.wait(DEAF_AFTER)
    elif state.state in ACTING and state.runs:
        limits = [step.within for _, step, _ in active]
        waits = any(st.waits_since >= 0 for run in state.runs for st in run.steps)
        longest = 61.0 if waits else min(limits, default=600.0) + 1.0
        yield f"{longest:g} s pass", 0, lambda s: s.wait_process(longest)


__all__ = ["Move", "moves"]
