"""The breadth-first exploration itself: fewest faults first, shortest stories, and the way back from everywhere.

Knows graphs. Does not know stations.
"""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.explore.moves import moves
from tests.explore.scene import Ground, Scene
from tests.explore.specimen import specimen
from tests.explore.states import Key, States

REMEMBERS = 60_000
"""States of the engine whose decisions are remembered at a time: some 500 MB."""


@dataclass
class Found:
    """What an exploration has found."""

    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    violations: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """Invariant, what was seen, and the story that leads there."""
    struck: list[set[str]] = field(default_factory=list)
    """By the number of faults before: every procedure's step that was under way when a fault struck."""
    without_way_out: int = 0
    no_way_story: tuple[str, ...] = ()
    complete: bool = True


class Explorer:
    """One exploration from one scene with a budget of faults."""

    moves = staticmethod(moves)

    def __init__(self, ground: Ground | None = None) -> None:
        self.ground = ground if ground is not None else Ground(specimen())
        self.states = States(self.ground)
        self._number: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._parent = array("l")
        self._how: list[str] = []
        self._cost = bytearray()
        self._from, self._to = array("l"), array("l")

    def explore(
        self, begin: Mapping[str, Scene], faults: int, *, limit: int = 10**9, until: Callable[[str], bool] | None = None
    ) -> Found:
        """Everything reachable with at most `faults` faults. `until`: stop at the first violation it says yes to."""
        found, started = Found(), time.monotonic()
        self.ground.faults = faults
        gc.disable()  # Nothing here is garbage, and there are millions of it.
        levels: list[list[int]] = [[] for _ in range(faults + 1)]
        found.struck = [set() for _ in range(faults)]
        levels[0] += [self._add(self.states.key(scene), -1, f"begins: {name}", 0) for name, scene in begin.items()]
        for cost, level in enumerate(levels):
            for node in level:  # grows while it is read
                if self._cost[node] != cost:
                    continue
                if len(self._keys) > limit:
                    found.complete = False
                    break
                self._expand(node, cost, levels, found)
                if len(self.ground.memory) > REMEMBERS:
                    self.ground.memory.forget()
                    self.states.forget()
                if until is not None and any(until(v[0]) for v in found.violations):
                    found.complete = False
                    break
        found.states = len(self._keys)
        if found.complete:
            self._ways_out(found)
        gc.enable()
        found.seconds = time.monotonic() - started
        return found

    def _expand(self, node: int, cost: int, levels: list[list[int]], found: Found) -> None:
        key = self._keys[node]
        look = self.states.scene(key)
        if look.engine is not None and not look.engine.runs and not look.racks:
            return
        if look.engine is not None and cost < len(found.struck):
            found.struck[cost] |= {f"{run.sequence.key} {step.no}" for run, step, _ in look.engine.active_steps()}
        for label, price, happen in self.moves(look, len(levels) - 1 - cost):
            if cost + price >= len(levels):
                continue
            scene = self.states.scene(key)
            happen(scene)
            found.transitions += 1
            if scene.broken:
                self._report(found, node, label, scene)
                continue
            after = self.states.key(scene)
            new = self._number.get(after)
            if new is None:
                new = self._add(after, node, label, cost + price)
                levels[cost + price].append(new)
            elif self._cost[new] > cost + price:
                self._cost[new], self._parent[new], self._how[new] = cost + price, node, label
                levels[cost + price].append(new)
            if price == 0 and new != node:
                self._from.append(node)
                self._to.append(new)

    def _add(self, key: Key, parent: int, how: str, cost: int) -> int:
        number = self._number[key] = len(self._keys)
        self._keys.append(key)
        self._parent.append(parent)
        self._how.append(how)
        self._cost.append(cost)
        return number

    def _report(self, found: Found, node: int, label: str, scene: Scene) -> None:
        seen = {(v[0], v[1]) for v in found.violations}
        for invariant, text in scene.broken:
            if (invariant, text) not in seen and len(found.violations) < 50:
                found.violations.append((invariant, text, (*self.story(node), label)))

    def story(self, node: int) -> tuple[str, ...]:
        """What has happened, from the beginning."""
        told = []
        while node >= 0:
            told.append(self._how[node])
            node = self._parent[node]
        return tuple(reversed(told))

    def _ways_out(self, found: Found) -> None:
        """L1: states from which no run can be brought to its end once faults stop and people act.

        L2 comes with it: people act only at a station at rest, so an acting state without a deadline has no way out.
        """
        back: list[list[int]] = [[] for _ in self._keys]
        for a, b in zip(self._from, self._to, strict=True):
            back[b].append(a)
        good = [self._ended(key) for key in self._keys]
        todo = [i for i, ended in enumerate(good) if ended]
        while todo:
            for before in back[todo.pop()]:
                if not good[before]:
                    good[before] = True
                    todo.append(before)
        lost = [i for i, way in enumerate(good) if not way]
        found.without_way_out = len(lost)
        if lost:
            found.no_way_story = self.story(min(lost, key=lambda i: (self._cost[i], len(self.story(i)))))

    def _ended(self, key: Key) -> bool:
        kept = self.states.engines.parts[key[0]]
        return kept is not None and not kept[0].runs
