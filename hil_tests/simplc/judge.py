"""The independent safety monitor of any station: judges every live order, and every instant, from the truth.

Knows how a danger is timed and recorded. Does not know which machines there are, nor any interlock, sequence, sensor
or acknowledgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from hil_tests.simplc.charging_danger import ChargingWatch
from hil_tests.simplc.danger import Finding, hot
from hil_tests.simplc.hall import Hall

REACTION_S = 0.3
CYCLE_S = 0.01
JOG = 50


class Parameters(Protocol):
    """What the monitor needs of an order's parameters."""

    @property
    def p1(self) -> int: ...
    @property
    def p2(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """One unsafe order or instant: plant time in s, PLC, order (0 = none), opcode, rule, what was wrong."""

    t: float
    plc: str
    order: int
    opcode: int
    rule: str
    text: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Judge:
    """`verdicts` in order of time; `orders` counts the live orders judged. A kind of station adds its rules."""

    machines: tuple[str, ...] = ()
    """The channels whose orders move something."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant
        self.orders = 0
        self.verdicts: list[Verdict] = []
        self.charging = ChargingWatch(plant)
        self._unsafe_since: dict[str, int] = {}
        self._standing: set[str] = set()
        self._cycle = 0
        self._seen = 0

    def dangers(self) -> Mapping[str, bool]:
        """What may be unsafe now, by name; a controller has a reaction time to see each of them."""
        raise NotImplementedError

    def instants(self) -> Iterator[Finding]:
        """What is unsafe at this instant, whoever ordered it: text and rule."""
        raise NotImplementedError

    def judges(self) -> Mapping[str, Callable[[int, Parameters, int], Iterator[Finding]]]:
        """Who judges the orders of a channel: opcode, parameters, number of bays before those of its rack."""
        raise NotImplementedError

    # ---- every instant -------------------------------------------------------------------------------------
    def watch(self, cycle: int) -> None:
        """Looks at the truth after each PLC cycle in which anything changed."""
        self._cycle = cycle
        version = self.plant.motions.version
        if version == self._seen and not self._unsafe_since:
            return
        self._seen = version
        chain = self.plant.safety
        self._track("chain", not chain.drives_enabled)
        self._track("key", not chain.key)
        self._track("enabling", chain.key and not chain.muted and not chain.enabling)
        for name, unsafe in self.dangers().items():
            self._track(name, unsafe)
        found = dict(self.instants())
        for text in found.keys() - self._standing:
            self._record("", 0, 0, found[text], text)
        self._standing = set(found)
        while self.plant.mishaps:
            rule, text = self.plant.mishaps.pop(0)
            self._record("", 0, 0, rule, text)

    def watch_charging(self, cycle: int) -> None:
        """Looks at racks and grid after each step of charging."""
        for rule, text in self.charging.findings(cycle):
            self._record("", 0, 0, rule, text)

    def _track(self, name: str, unsafe: bool) -> None:
        if unsafe:
            self._unsafe_since.setdefault(name, self._cycle)
        else:
            self._unsafe_since.pop(name, None)

    def _known(self, name: str) -> bool:
        """The danger has stood long enough (wall time) for a controller to have seen it."""
        since = self._unsafe_since.get(name)
        return since is not None and (self._cycle - since) * CYCLE_S >= REACTION_S

    # ---- every order ---------------------------------------------------------------------------------------
    def judge(self, plc: str, channel: str, number: int, opcode: int, p: Parameters, busy: bool) -> None:
        """A live order (whole, new, of this boot, not expired) has been given, whatever the PLC answers."""
        self.orders += 1
        if busy:
            self._record(plc, number, opcode, "S8", "a second order while one is busy on the channel")
        if channel in self.machines and self._known("chain"):
            self._record(plc, number, opcode, "S2", "motion ordered while the safety chain is open")
        if channel in self.machines and self._known("enabling"):
            self._record(plc, number, opcode, "S13", "motion ordered under the key without the enabling device")
        if channel in self.machines and opcode == JOG and self._known("key"):
            self._record(plc, number, opcode, "S13", "jog ordered without the key")
        first = self.plant.first_bay.get(plc, 1) - 1
        for rule, text in self.judges()[channel](opcode, p, first):
            self._record(plc, number, opcode, rule, text)

    def _record(self, plc: str, number: int, opcode: int, rule: str, text: str) -> None:
        self.verdicts.append(Verdict(round(self.plant.now, 3), plc, number, opcode, rule, text))

    def rack_orders(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        bay = self.plant.bays.get(first + p.p1)
        if bay is None:
            return
        if opcode == 31 and bay.live:
            yield "S12", f"plug ordered out of {bay.name} under voltage"
        if opcode == 32 and bay.pack is not None:
            yield from hot(bay.pack, self.plant)
