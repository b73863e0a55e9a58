"""A world of signals at a desk: values, ages and faults of every link, set by hand, seen as images.

Knows what makes a condition proven. Does not know devices' programs, sockets or time of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any

from station_ctl.core.bypass import Bypassable
from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Image, OwnFacts, Signal

HEARTBEAT_LIMIT = 0.4

WAYS = ("wrong", "flag", "forget", "stale", "silence", "lose")
"""Everything that can happen to a reading: another value, and each kind of not good."""


class World:
    """What all PLCs show now. `now` (monotonic s) moves by `advance`, which also brings new scans of every link."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._values: dict[tuple[str, ScanClass], dict[str, Any]] = {}
        self._bad: dict[tuple[str, ScanClass], set[str]] = {}
        self._at: dict[tuple[str, ScanClass], float] = {}
        self._alive: dict[str, float] = {}
        self._faults: dict[str, str | None] = {}
        self._connections: dict[str, int] = {}
        self._frozen: set[object] = set()

    def copy(self) -> World:
        """Another world that is the same so far."""
        twin = World(self.now)
        twin._values = {key: dict(values) for key, values in self._values.items()}
        twin._bad = {key: set(tags) for key, tags in self._bad.items()}
        twin._at, twin._alive, twin._faults = dict(self._at), dict(self._alive), dict(self._faults)
        twin._connections, twin._frozen = dict(self._connections), set(self._frozen)
        return twin

    # ---- what is shown ----
    def set(self, signal: Signal[Any], value: Any) -> None:
        """The signal shows `value`, good and fresh."""
        key = (signal.link, signal.scan)
        self._values.setdefault(key, {})[signal.tag] = value
        self._bad.setdefault(key, set()).discard(signal.tag)
        self._at.setdefault(key, self.now)
        self._alive.setdefault(signal.link, self.now)
        self._faults.setdefault(signal.link, None)
        self._connections.setdefault(signal.link, 1)

    def value(self, signal: Signal[Any]) -> Any:
        """What the signal shows."""
        return self._values[signal.link, signal.scan][signal.tag]

    def prove(self, *conditions: Condition) -> None:
        """Set signals so that all these conditions are proven at once. Fails if no value proves all of a signal's."""
        wanted: dict[Signal[Any], list[Compare]] = {}
        for condition in conditions:
            for compare in needed(condition):
                wanted.setdefault(compare.signal, []).append(compare)
        for signal, compares in wanted.items():
            self.set(signal, _value_for(compares))

    def break_(self, compare: Compare) -> bool:
        """Give the signal a good value that does not prove `compare`; False if none was found."""
        for value in _candidates([compare]):
            if not _proves(compare, value):
                self.set(compare.signal, value)
                return True
        return False

    def spoil(self, compare: Compare, way: str) -> None:
        """Lose one comparison in one of the WAYS. Fails if no value of its kind is a wrong one."""
        if way == "wrong":
            assert self.break_(compare), f"every value proves {compare}"
        elif way in ("lose", "silence"):
            getattr(self, way)(compare.signal.link)
        else:
            getattr(self, way)(compare.signal)

    # ---- what goes wrong ----
    def advance(self, seconds: float) -> None:
        """Time passes; every link that is not frozen has a newer scan and a moved heartbeat."""
        self.now += seconds
        for key in self._at:
            if key not in self._frozen:
                self._at[key] = self.now
        for link in self._alive:
            if link not in self._frozen:
                self._alive[link] = self.now

    def flag(self, signal: Signal[Any]) -> None:
        """The PLC declares the value bad."""
        self._bad.setdefault((signal.link, signal.scan), set()).add(signal.tag)

    def forget(self, signal: Signal[Any]) -> None:
        """The tag was never read."""
        self._values[signal.link, signal.scan].pop(signal.tag, None)

    def stale(self, signal: Signal[Any]) -> None:
        """The scan class of this signal is too old for it, and stays so."""
        key = (signal.link, signal.scan)
        self._at[key] = self.now - signal.max_age - 0.001
        self._frozen.add(key)

    def silence(self, link: str) -> None:
        """The PLC answers with the old values: its heartbeat stands still."""
        self._alive[link] = self.now - HEARTBEAT_LIMIT - 0.001
        self._frozen.add(link)

    def lose(self, link: str, why: str = "no answer") -> None:
        """The link is down."""
        self._faults[link] = why

    def regain(self, link: str) -> None:
        """The link is up again, on a new connection."""
        self._faults[link] = None
        self._frozen.discard(link)
        self._alive[link] = self.now
        self._connections[link] += 1

    # ---- what is seen ----
    def image(self, own: OwnFacts | None = None) -> Image:
        """All of it at this instant."""
        links = {name: self._snapshot(name) for name in self._faults}
        return Image(self.now, links, dict.fromkeys(links, HEARTBEAT_LIMIT), own or OwnFacts())

    def _snapshot(self, link: str) -> LinkSnapshot:
        blocks = {
            scan: Block(
                MappingProxyType(dict(values)), self._at[name, scan], frozenset(self._bad[name, scan])
            )
            for (name, scan), values in self._values.items()
            if name == link
        }
        return LinkSnapshot(link, self._connections[link], self._alive[link], self._faults[link], blocks)


def compares(condition: Condition) -> Iterator[Compare]:
    """Every comparison of a signal in a condition, all branches."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from compares(part)
    elif isinstance(condition, Bypassable):
        yield from compares(condition.sensors)


def needed(condition: Condition) -> Iterator[Compare]:
    """The comparisons that prove a condition: of an alternative, its first branch."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, AllOf):
        for part in condition.parts:
            yield from needed(part)
    elif isinstance(condition, AnyOf):
        yield from needed(condition.parts[0])
    elif isinstance(condition, Bypassable):
        yield from needed(condition.sensors)


def signals(conditions: Iterable[Condition]) -> tuple[Signal[Any], ...]:
    """Every signal of these conditions, once."""
    return tuple(dict.fromkeys(c.signal for condition in conditions for c in compares(condition)))


def _proves(compare: Compare, value: Any) -> bool:
    world = World()
    world.set(compare.signal, value)
    return compare.proven(world.image())


def _value_for(wanted: list[Compare]) -> Any:
    for value in _candidates(wanted):
        if all(_proves(compare, value) for compare in wanted):
            return value
    raise AssertionError(f"no value proves all of: {'; '.join(str(c) for c in wanted)}")


def _candidates(wanted: list[Compare]) -> Iterator[Any]:
    """Values at and around the limits of the comparisons."""
    for compare in wanted:
        n = compare.needed
        match compare.relation:
            case "is":
                yield from (n, not n)
            case "=" | "≠":
                yield n
                yield from ("another",) if isinstance(n, str) else (n + 1, n - 1, n + 2, 0, 1, 2, 3, 4)
            case "≥" | "≤":
                yield from (n, n - 1, n + 1)
            case "between":
                yield from ((n[0] + n[1]) / 2, *n, n[0] - 1, n[1] + 1)
            case "has bits":
                yield from (n, 0, n & (n - 1), 0xFFFF)
            case "each between":
                mask, low, high = n
                good = tuple((low + high) / 2 if mask >> k & 1 else 0.0 for k in range(16))
                yield good
                first = (mask & -mask).bit_length() - 1
                yield (*good[:first], low - 0.5, *good[first + 1 :])
    if all(c.relation == "each between" for c in wanted):
        return
    numbers = [x for c in wanted if c.relation in ("between", "≥", "≤", "=") for x in _numbers(c.needed)]
    for low, high in zip(sorted(numbers), sorted(numbers)[1:], strict=False):
        yield (low + high) / 2


def _numbers(n: Any) -> tuple[float, ...]:
    return tuple(x for x in (n if isinstance(n, tuple) else (n,)) if isinstance(x, int | float))
