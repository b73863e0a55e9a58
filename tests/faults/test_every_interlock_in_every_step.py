"""Every signal of every interlock, lost in the middle of every step: the decision on that one scan stops the station.

One swap in virtual time gives the scenes; each loss is then one call of the pure decision function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.modes import State
from station_ctl.core.points import Value
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import Interlock, Kept, OnLoss
from station_ctl.engine.decide import decide
from station_ctl.engine.events import Announce, Effect, Issue, Record, Scanned, StopDevices
from station_ctl.engine.state import StationState
from station_ctl.engine.station import StationFacts
from tests.bench.silence import demanded
from tests.faults.struck_bench import IN_THE_MIDDLE, LOOKING, STEPS, parts, run, visited


@dataclass(frozen=True)
class Scene:
    """The station in the middle of one step."""

    no: int
    facts: StationFacts
    state: StationState
    image: Image

    def watched(self) -> dict[str, tuple[Interlock, OnLoss]]:
        """Every interlock on watch by its code; of two reactions the harder one."""
        found: dict[str, tuple[Interlock, OnLoss]] = {}
        active = [kept for _, step, _ in self.state.active_steps() for kept in step.interlocks]
        for kept in (*active, *self.facts.always):
            known = found.get(kept.interlock.code)
            if known is None or known[1] is OnLoss.HOLD:
                found[kept.interlock.code] = (kept.interlock, kept.on_loss)
        return found

    def comparisons(self) -> dict[tuple[str, str], Compare]:
        """Every comparison with a signal on which an interlock on watch rests now, one per tag."""
        found = [part for row, _ in self.watched().values() for part in bearing(row.holds, self.image)]
        return {(part.signal.link, part.signal.tag): part for part in found}


def bearing(condition: Condition, image: Image) -> Iterator[Compare]:
    """The comparisons whose loss is the loss of the condition: of alternatives, the only one that holds."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from bearing(part, image)
    elif isinstance(condition, AnyOf):
        holding = [part for part in condition.parts if part.proven(image)]
        if len(holding) == 1:
            yield from bearing(holding[0], image)
    else:
        yield from parts(condition)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Scene]:
    """The middle of every step of one undisturbed swap."""
    found: dict[int, Scene] = {}

    async def story() -> None:
        async with visited(tmp_path_factory.mktemp("scenes")) as bench:

            async def look(no: int) -> None:
                await bench.at_step(no, IN_THE_MIDDLE)
                state = bench.state
                own = OwnFacts(state.mode, state.journal_writable, state.ledger)
                found[no] = Scene(no, bench.engine.facts, state, bench.engine.image().with_own(own))

            await asyncio.gather(*(look(no) for no in STEPS if no != LOOKING))
            await bench.rest()

    run(story)
    return found


def violated(part: Compare) -> Value:
    """A value of the same kind that does not fulfil the comparison."""
    needed: Any = part.needed
    match part.relation:
        case "is":
            return not needed
        case "=" if isinstance(needed, str):
            return f"{needed}?"
        case "=":
            return type(needed)(int(needed) + 1)
        case "≠":
            return int(needed)
        case "≥":
            return needed - 1
        case "≤":
            return needed + 1
        case "between":
            return needed[1] + 1
        case "has bits":
            return needed & ~1
        case "each between":
            return tuple([needed[1] - 1] * 16)
    raise AssertionError(part.relation)


def with_tag(image: Image, part: Compare, value: Value, *, bad: bool) -> Image:
    """The same instant with one tag changed, or flagged by its PLC."""
    signal = part.signal
    snapshot = image.links[signal.link]
    block = snapshot.blocks[signal.scan]
    flagged = block.bad | {signal.tag} if bad else block.bad
    changed = Block({**block.values, signal.tag: value}, block.at, frozenset(flagged))
    return with_link(image, replace(snapshot, blocks={**snapshot.blocks, signal.scan: changed}))


def with_link(image: Image, snapshot: LinkSnapshot) -> Image:
    return Image(image.now, {**image.links, snapshot.link: snapshot}, image.heartbeat_limits, image.own)


def assert_stops(scene: Scene, image: Image, what: str) -> None:
    """One decision on this image: the lost rows are latched, the cause first, every device told, nothing ordered."""
    lost = {code: pair for code, pair in scene.watched().items() if not pair[0].holds.proven(image)}
    before = scene.state
    after, effects = decide(scene.facts, before, image, Scanned(before.time))
    if not lost:
        return
    aborts = any(demanded(Kept(*pair), image) is OnLoss.ABORT for pair in lost.values())
    resting = (State.ABORTING, State.ABORTED) if aborts else (State.HOLDING, State.HELD)
    assert after.state in resting, what
    assert set(lost) <= {trip.interlock for trip in after.trips}, what
    first = after.trips[0]
    assert first.first_out and not any(trip.first_out for trip in after.trips[1:]), what
    assert not set(lost[first.interlock][0].follows if first.interlock in lost else ()) & set(lost), what
    told = [role for e in effects if isinstance(e, StopDevices) for role in e.roles]
    assert set(told) >= {s.do.role for _, s, _ in before.active_steps() if s.do is not None}, what
    assert not kinds(effects, Issue), what
    assert kinds(effects, Announce) and kinds(effects, Record), what


def kinds(effects: tuple[Effect, ...], kind: type[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def losses(scene: Scene) -> Iterator[tuple[str, Image]]:
    """Every way in which one signal of an interlock can be lost, on one scan."""
    for (link, tag), part in scene.comparisons().items():
        value = scene.image.links[link].blocks[part.signal.scan].values[tag]
        yield (
            f"step {scene.no}: {link}.{tag} violates {part}",
            with_tag(scene.image, part, violated(part), bad=False),
        )
        yield f"step {scene.no}: {link}.{tag} flagged", with_tag(scene.image, part, value, bad=True)
    for link in {link for link, _ in scene.comparisons()}:
        snapshot = scene.image.links[link]
        yield f"step {scene.no}: {link} down", with_link(scene.image, replace(snapshot, fault="no answer"))
        silent = replace(snapshot, alive_at=scene.image.now - 10.0)
        yield f"step {scene.no}: {link} without heartbeat", with_link(scene.image, silent)
        old = {scan: replace(block, at=block.at - 60.0) for scan, block in snapshot.blocks.items()}
        yield f"step {scene.no}: {link} not scanned", with_link(scene.image, replace(snapshot, blocks=old))


def test_the_scenes_are_quiet(scenes: dict[int, Scene]) -> None:
    """Nothing is lost in them, or the losses would prove nothing."""
    for scene in scenes.values():
        assert scene.state.trips == ()
        assert [c for c, (row, _) in scene.watched().items() if not row.holds.proven(scene.image)] == []
        after, _ = decide(scene.facts, scene.state, scene.image, Scanned(scene.state.time))
        assert after.trips == () and after.state is State.EXECUTE


def test_every_loss_stops_the_station_on_the_scan_that_shows_it(scenes: dict[int, Scene]) -> None:
    count = 0
    for scene in scenes.values():
        for what, image in losses(scene):
            watched = [row for row, _ in scene.watched().values()]
            assert any(not row.holds.proven(image) for row in watched) or "heartbeat" in what, what
            assert_stops(scene, image, what)
            count += 1
    assert count > 800


def test_the_plc_of_every_step_is_watched(scenes: dict[int, Scene]) -> None:
    """Its link, its heartbeat, its start: lost on one scan, the step's device is stopped and G02 is the cause."""
    for scene in scenes.values():
        for _, step, st in scene.state.active_steps():
            if step.do is None:
                continue
            channel = scene.facts.channels[step.do.role]
            snapshot = scene.image.links[channel.link]
            restarted = channel.epoch.equals(st.epoch)
            for image in (
                with_link(scene.image, replace(snapshot, fault="no answer")),
                with_link(scene.image, replace(snapshot, alive_at=scene.image.now - 10.0)),
                with_tag(scene.image, restarted, st.epoch + 1, bad=False),  # type: ignore[arg-type]
            ):
                after, effects = decide(scene.facts, scene.state, image, Scanned(scene.state.time))
                assert after.trips[0].interlock == "G02", (step.no, after.trips[0].text)
                told = [role for e in effects if isinstance(e, StopDevices) for role in e.roles]
                assert step.do.role in told
