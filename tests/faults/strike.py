"""One fault as the virtual bench can be struck by it: how, where, how the cause goes away, and what must follow.

Knows the form of a strike and the interlock matrix that says what must follow. Does not know single faults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hil_tests.faults.fault import Reaction
from station_ctl.core.steps import Step
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.struck_bench import STEPS

Act = Callable[[CatalogueBench, Step], Awaitable[None] | None]

R0, R1, HOLD, ABORT, REFUSED = (
    Reaction.TRANSPARENT, Reaction.DEGRADED, Reaction.HOLD, Reaction.ABORT, Reaction.REFUSED,
)  # fmt: skip

AT_ONCE, MIDDLE = 0.0, 0.4
"""Part of a step's nominal time at which it is struck."""

COLUMNS = ("EN", "UP", "CL", "UN", "EX", "TR", "IN", "LK", "VR", "RL", "FE", "CH")
KIND: Mapping[int, str] = {
    20: "EN", 21: "UP", 22: "UP", 23: "FE", 30: "EN", 40: "CL", 50: "CL", 60: "CL", 70: "UN", 80: "UN", 90: "EX",
    100: "TR", 105: "TR", 110: "IN", 120: "LK", 130: "VR", 140: "RL", 145: "RL", 150: "RL", 155: "RL", 160: "RL",
    170: "RL", 180: "RL", 190: "FE", 200: "CH", 210: "CH", 220: "CH",
}  # fmt: skip
"""Kind of every step: the columns of the interlock matrix; UP stops a charge or draws a plug."""

MATRIX: Mapping[str, str] = {
    #      EN UP CL UN EX TR IN LK VR RL FE CH
    "G04b": "X  -  S  S  S  S  S  S  S  S  -  -",
    "G05": "X  X  X  X  X  X  X  X  X  -  X  S",
    "G06": "X  X  X  X  X  X  X  X  H  -  X  S",
    "G27": "X  X  X  X  X  X  H  H  -  -  X  H",
    "G09": "X  -  X  X  -  -  X  -  X  -  -  -",
    "G10": "-  -  X  H  H  -  H  H  -  -  -  -",
    "G11": "-  -  X  H  H  -  H  H  H  -  -  -",
    "G12": "-  -  -  S  S  -  S  S  -  -  -  -",
    "G13": "-  -  -  H  H  H  H  H  -  -  -  -",
    "G15": "X  -  X  X  X  X  -  -  -  -  -  -",
    "G16t": "-  -  -  -  -  H  -  -  -  -  -  -",
    "G16f": "-  -  -  -  -  -  -  -  -  -  H  -",
    "G30": "-  -  -  -  -  -  -  -  -  -  S  -",
    "G30r": "-  -  -  -  H  S  H  -  -  -  -  -",
}
"""The matrix as the station's specification has it, written down a second time: tests judge the procedures by it."""


@dataclass(frozen=True)
class Moment:
    """The station when it was struck: in which step, which others were active, which were still to come."""

    no: int
    active: frozenset[int]
    to_come: frozenset[int]


@dataclass(frozen=True)
class Foreseen:
    """What must follow: the reactions that are right, and words of which the first-out has at least one."""

    reactions: tuple[Reaction, ...]
    words: tuple[str, ...] = ()


Foresees = Callable[[Moment], Foreseen]


@dataclass(frozen=True)
class Strike:
    """One way of injecting one fault. `codes` are the entries of the catalogue that it shows, the first its own."""

    codes: tuple[str, ...]
    name: str
    act: Act
    undo: Act
    foresees: Foresees
    steps: tuple[int, ...] = STEPS
    part: float = MIDDLE
    own_instants: tuple[str, ...] = ()
    """Rules that the fault breaks by itself, as a machine that moves untold: an instant, never an order."""
    brings_a_pack: bool = False
    """The fault itself brings a pack into the station that no ledger can have."""

    def case(self, no: int) -> str:
        """Name of one case."""
        return f"{self.codes[0]} {self.name} @ {no}"


def row(code: str, **overrides: Foreseen) -> Foresees:
    """The loss of a row of the matrix; `s40=…` overrides what follows in step 40."""
    cells = dict(zip(COLUMNS, MATRIX[code].split(), strict=True))

    def foresees(moment: Moment) -> Foreseen:
        if (own := overrides.get(f"s{moment.no}")) is not None:
            return own
        on_watch = {cells[KIND[no]] for no in moment.active if no in KIND}
        if "S" in on_watch:
            return Foreseen((ABORT,), (f"{code} ",))
        later = {cells[KIND[no]] for no in moment.to_come}
        if "H" in on_watch or later - {"-"}:
            return Foreseen((HOLD,), (f"{code} ", f"{code}h", f"{code}w"))
        return Foreseen((R0,))

    return foresees


def always(*reactions: Reaction, words: tuple[str, ...] = ()) -> Foresees:
    """The same whatever the step."""
    return lambda _: Foreseen(reactions, words)


def by_step(found: Mapping[int, Foreseen], other: Foreseen) -> Foresees:
    """What follows by step; `other` for all that are not named."""
    return lambda moment: found.get(moment.no, other)


def until(last: int, before: Foreseen, after: Foreseen) -> Foresees:
    """One thing up to and with step `last`, another one from then on."""
    return lambda moment: before if STEPS.index(moment.no) <= STEPS.index(last) else after


def sim(name: str, **args: Any) -> tuple[Act, Act]:
    """A fault of the simulated plant, switched on and off."""

    def on(bench: CatalogueBench, _: Step) -> None:
        bench.do(cmd="fault", name=name, on=True, **args)

    def off(bench: CatalogueBench, _: Step) -> None:
        bench.do(cmd="fault", name=name, on=False, **args)

    return on, off


def reset_after(name: str, **args: Any) -> tuple[Act, Act]:
    """A fault that opens the safety chain; afterwards the chain is reset."""
    on, off = sim(name, **args)

    def closed(bench: CatalogueBench, step: Step) -> None:
        off(bench, step)
        bench.do(cmd="safety-reset")

    return on, closed


def stuck(tag: str, value: Any) -> tuple[Act, Act]:
    """A sensor frozen at a value."""
    return sim("sensor-stuck", tag=tag, value=value)


def steps_from(first: int, last: int = STEPS[-1], without: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Steps in the order of the procedure, both ends included."""
    chosen = STEPS[STEPS.index(first) : STEPS.index(last) + 1]
    return tuple(no for no in chosen if no not in without)


OK = Foreseen((R0,))
HELD = Foreseen((HOLD,))


def held(*words: str) -> Foreseen:
    """Held, with one of these words in the first-out."""
    return Foreseen((HOLD,), words)


def aborted(*words: str) -> Foreseen:
    """Aborted, with one of these words in the first-out."""
    return Foreseen((ABORT,), words)
