"""Strikes from the site: safety chain, people, fire, water, mains, air; and PLCs and their links as a whole.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

from station_ctl.core.steps import Step
from tests.faults.catalogue_bench import PATIENCE, CatalogueBench
from tests.faults.strike import (
    ABORT,
    HOLD,
    REFUSED,
    STEPS,
    Act,
    Foreseen,
    Strike,
    always,
    held,
    reset_after,
    row,
    sim,
    steps_from,
    stuck,
)

SOME = (20, 23, 40, 60, 80, 90, 105, 120, 150, 190, 200)
G04 = always(ABORT, words=("A102 G04",))
ALL_PLCS = ("lift", "stacker", "rack_a", "rack_b", "safety", "robot")
ORDERED = tuple(no for no in STEPS if no != 210)


def own_plc(name: str, **args: object) -> tuple[Act, Act]:
    """A fault of the PLC that carries the step out."""

    def on(bench: CatalogueBench, step: Step) -> None:
        bench.do(cmd="fault", name=name, on=True, plc=bench.link_of(step), **args)

    def off(bench: CatalogueBench, step: Step) -> None:
        bench.do(cmd="fault", name=name, on=False, plc=bench.link_of(step), **args)

    return on, off


def away_for_long(plc: str) -> tuple[Act, Act]:
    """A PLC without power; the cause is gone when it answers again."""
    on, _ = sim("plc-restart", plc=plc, seconds=PATIENCE + 5.0)

    async def back(bench: CatalogueBench, _: Step) -> None:
        bench.sim.plcs[plc].booting = min(bench.sim.plcs[plc].booting, 10)
        await bench.until(lambda: bench.engine.image().link_fault(plc) is None)

    return on, back


def every_plc(name: str, plcs: tuple[str, ...] = ALL_PLCS, **args: object) -> tuple[Act, Act]:
    """The same fault of several PLCs at once."""

    def on(bench: CatalogueBench, _: Step) -> None:
        for plc in plcs:
            bench.do(cmd="fault", name=name, on=True, plc=plc, **args)

    def off(bench: CatalogueBench, _: Step) -> None:
        for plc in plcs:
            bench.do(cmd="fault", name=name, on=False, plc=plc, **args)
        bench.do(cmd="safety-reset")

    return on, off


DRIVERS = frozenset((160, 170))
"""Steps in which the driver comes back to his vehicle: nobody asks whether the bay is clear."""


NOT_HEARD = ("A201", "A202", "A101", "A104", "A105", "A106")
"""By the link, by a row that needs its readings, or, in a step that is over sooner, by the order itself."""

own_link = always(HOLD, words=NOT_HEARD)
"""The PLC that works is not heard. It stops by itself, so the station holds, whatever can no longer be read from it."""

PERSON = row("G04b", **{f"s{no}": held("G04b ") for no in DRIVERS})
"""Where the driver comes back to his vehicle nothing moves, and the exit waits until the bay is clear."""


SITE_STRIKES: tuple[Strike, ...] = (
    Strike(("P34",), "light curtain 1", *reset_after("curtain", which=1), G04),
    Strike(("P34",), "light curtain 2", *reset_after("curtain", which=2), G04, SOME),
    Strike(("P35", "F30"), "emergency stop", *reset_after("e-stop"), always(ABORT, words=("A102 G01",))),
    Strike(
        ("P36",),
        "maintenance door",
        *reset_after("maintenance-door", which=2),
        always(ABORT, words=("A102 G03",)),
    ),
    Strike(("F31",), "area scanner", *reset_after("scanner"), G04, SOME),
    Strike(("P41",), "bypass key of the safety PLC", *sim("muting"), G04, SOME),
    Strike(("F24",), "fire alarm", *sim("fire"), row("G05", s10=Foreseen((HOLD, REFUSED), ("G05", "fire panel")))),
    Strike(("F26",), "water in the pit", *sim("water"), row("G06", s10=Foreseen((HOLD, REFUSED), ("G06", "water")))),
    Strike(("P42", "F27"), "mains lost, UPS on battery", *sim("grid-lost"), row("G27")),
    Strike(("F31",), "person in the bay", *sim("person"), PERSON, steps_from(20, 180, without=(21, 22, 23))),
    Strike(("F31",), "something before the robot", *stuck("robot.PATH_CLEAR", False), row("G04b"), steps_from(60, 140)),
    Strike(("P43",), "compressed air low", *sim("air-low"), always(HOLD, words=("G13 ", "G16 ", "A106")), steps_from(60, 120)),
    Strike(("F01",), "link of its PLC lost", *own_plc("link-lost"), own_link, ORDERED),
    Strike(("F05",), "its PLC restarts", *own_plc("plc-restart", seconds=0.5), own_link, ORDERED),
    Strike(("P40",), "its PLC in STOP", *own_plc("plc-stop"), own_link, ORDERED),
    Strike(("P40",), "safety PLC in STOP", *sim("plc-stop", plc="safety"), always(ABORT, words=("safety",)), SOME[:-1]),
    Strike(("F27",), "power of all PLCs lost", *every_plc("plc-restart", seconds=1.0), always(ABORT, HOLD), SOME),
    Strike(("H23",), "network away", *every_plc("link-lost"), always(ABORT, words=("no answer",))),
)
