"""Strikes at drives and sensors of the machines.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

import math
from typing import Any

from station_ctl.core.steps import Step
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.site_strikes import own_plc
from tests.faults.strike import (
    ABORT,
    AT_ONCE,
    HELD,
    HOLD,
    MIDDLE,
    OK,
    R0,
    STEPS,
    Act,
    Foreseen,
    Moment,
    Strike,
    aborted,
    always,
    by_step,
    held,
    row,
    sim,
    steps_from,
    stuck,
)
from tests.faults.struck_bench import parts

DRIVEN = tuple(no for no in STEPS if no not in (10, 20, 21, 30, 40, 130, 160, 170, 180, 210, 220))
"""Steps in which a drive of lift, robot, stacker or rack moves something."""

PROVEN_BY_SENSORS = tuple(no for no in STEPS if no not in (21, 170, 210))


def missing(*, shown: bool) -> tuple[Act, Act]:
    """The first sensor that the step's proof still lacks: frozen as it is, or as it will be."""
    tags: list[str] = []

    def on(bench: CatalogueBench, step: Step) -> None:
        image = bench.reception.image()
        part = next(
            p for p in parts(step.done) if not p.proven(image) and (not shown or isinstance(p.needed, bool))
        )
        tags.append(f"{part.signal.link}.{part.signal.tag}")
        told: dict[str, Any] = {"value": part.needed} if shown else {}
        bench.do(cmd="fault", name="sensor-stuck", on=True, tag=tags[-1], **told)

    def off(bench: CatalogueBench, step: Step) -> None:
        bench.do(cmd="fault", name="sensor-stuck", on=False, tag=tags[-1])

    return on, off


def this_step(moment: Moment) -> Foreseen:
    """Held in the step that was struck."""
    return held(f"step {moment.no} ")


def pair(*tags: tuple[str, Any]) -> tuple[Act, Act]:
    """Sensors that contradict each other."""

    def on(bench: CatalogueBench, _: Step) -> None:
        for tag, value in tags:
            bench.do(cmd="fault", name="sensor-stuck", on=True, tag=tag, value=value)

    def off(bench: CatalogueBench, _: Step) -> None:
        for tag, _value in tags:
            bench.do(cmd="fault", name="sensor-stuck", on=False, tag=tag)

    return on, off


CONTRADICTED = (60, 80, 120, 150, 160)
BOTH = held("contradicted by")
"""Which of the two lies nobody knows: neither proves anything, and the station holds where it needs one of them."""


def sinks(moment: Moment) -> Foreseen:
    """Held where the pins are on watch; a table that is low already, or on its way down, does no harm."""
    return held("G16", "robot.") if moment.no in (80, 110, 120) else OK


def stacker_rolls(moment: Moment) -> Foreseen:
    """Held before the robot goes to the handover; once it is there the stacker's place is looked at no more."""
    return held("G19") if moment.no < 100 else Foreseen((HOLD, R0))


SHOWN_EARLY = (20, 22, 23, 30, 40, 50, 60, 70, 90, 100, 105, 110, 140, 145, 150, 155, 160, 180, 190, 200)

MACHINE_STRIKES: tuple[Strike, ...] = (
    Strike(("P01",), "proof sensor stays as it is", *missing(shown=False), this_step, PROVEN_BY_SENSORS, AT_ONCE),
    Strike(("P02",), "proof sensor shows the end too early", *missing(shown=True), always(R0, HOLD), SHOWN_EARLY, AT_ONCE),
    Strike(("P03",), "curtain flickers", *sim("sensor-flicker", tag="safety.CURTAIN_1_CLEAR"), always(ABORT, words=("G04",))),
    Strike(("P03",), "clamp sensor flickers", *sim("sensor-flicker", tag="lift.CLAMPED"), row("G13"), steps_from(70, 120)),
    Strike(("P03", "F07"), "position sensor flickers", *sim("sensor-flicker", tag="lift.IN_POSITION"), row("G10"), steps_from(60, 120)),
    Strike(("P04",), "floor open and closed", *pair(("lift.FLOOR_OPEN", True), ("lift.FLOOR_CLOSED", True)), always(HOLD, words=BOTH.words), CONTRADICTED, AT_ONCE),
    Strike(("P04",), "clamps closed and open", *pair(("lift.CLAMPED", True), ("lift.UNCLAMPED", True)), always(HOLD, words=BOTH.words), CONTRADICTED, AT_ONCE),
    Strike(("P04",), "lift up and down", *pair(("lift.LIFT_AT_WORK", True), ("lift.LIFT_DOWN", True)), always(HOLD, words=BOTH.words), CONTRADICTED, AT_ONCE),
    Strike(("P04",), "bolts open and closed", *pair(("robot.BOLT_OPEN", 0x3FF), ("robot.BOLT_CLOSED", 0x3FF)), always(HOLD, words=BOTH.words), CONTRADICTED, AT_ONCE),
    Strike(("P04",), "high voltage on and off", *pair(("lift.VEH_HV_ON", True), ("lift.VEH_HV_OFF", True)), by_step({80: aborted("contradicted by"), 120: aborted("contradicted by")}, BOTH), CONTRADICTED, AT_ONCE),
    Strike(("P04",), "fork in and out", *pair(("stacker.FORK_RETRACTED", True), ("stacker.FORK_EXTENDED", True)), always(HOLD, words=BOTH.words), (20, 23, 100, 105, 180, 190), AT_ONCE),
    Strike(("P05",), "load is not a number", *stuck("robot.LOAD_KG", math.nan), by_step({100: aborted("load_kg"), 105: aborted("load_kg")}, held("load_kg")), steps_from(70, 110)),
    Strike(("P05",), "float is not a number", *stuck("robot.FLOAT_DX", math.nan), always(HOLD, words=("float_dx",)), steps_from(90, 110)),
    Strike(("P05",), "table height is not a number", *stuck("robot.Z_MM", math.nan), always(HOLD, words=("robot.z",)), (70, 90, 110), AT_ONCE),
    Strike(("P06",), "position error at its rail", *stuck("lift.X_ERR", 300.0), row("G10"), steps_from(60, 120)),
    Strike(("P06",), "voltage at its rail", *stuck("lift.VEH_HV_VOLTS", 6553.5), row("G12", s50=held("hv_volts")), steps_from(50, 120)),
    Strike(("P06",), "column difference at its rail", *stuck("lift.LIFT_SYNC_ERR", 500.0), row("G13"), steps_from(60, 120)),
    Strike(("P07",), "position error drifts", *sim("sensor-drift", tag="lift.Y_ERR", per_second=3000.0), row("G10"), steps_from(60, 120)),
    Strike(("P07",), "voltage drifts", *sim("sensor-drift", tag="lift.VEH_HV_VOLTS", per_second=5000.0), row("G12"), steps_from(60, 120)),
    Strike(("P07",), "column difference drifts", *sim("sensor-drift", tag="lift.LIFT_SYNC_ERR", per_second=1000.0), row("G13"), steps_from(60, 120)),
    Strike(("P08", "F04"), "drive takes the order and does not move", *own_plc("drive-stuck"), this_step, DRIVEN, AT_ONCE),
    Strike(("P08", "F04"), "drive stands still in the middle", *own_plc("drive-stuck"), this_step, DRIVEN),
    Strike(("P09",), "drive takes twice its time", *own_plc("drive-slow"), always(R0), DRIVEN, AT_ONCE),
    Strike(("P10",), "drive overshoots", *own_plc("drive-overshoot"), always(HOLD, R0), DRIVEN, AT_ONCE),
    Strike(("P11",), "drive stops half-way", *own_plc("drive-stops"), this_step, DRIVEN, AT_ONCE),
    Strike(("P13",), "done without motion", *own_plc("drive-idle"), this_step, DRIVEN, AT_ONCE),
    Strike(("P14",), "another axis moves", *own_plc("drive-crossed"), this_step, DRIVEN, AT_ONCE),
    Strike(("P12",), "table sinks untold", *sim("moves-untold", what="table-sinks"), sinks, steps_from(80, 120)),
    Strike(("P12",), "lift sinks untold", *sim("moves-untold", what="lift-sinks"), row("G13"), steps_from(70, 120)),
    Strike(("P12",), "clamps open untold", *sim("moves-untold", what="clamps-open"), row("G13", s60=held("A106")), steps_from(60, 120)),
    Strike(("P12",), "robot rolls untold", *sim("moves-untold", what="robot-rolls"), by_step({60: OK}, HELD), (20, 23, 30, 60)),
    Strike(("P38",), "stacker drives into the handover untold", *sim("moves-untold", what="stacker-rolls"), stacker_rolls, steps_from(60, 105)),
    Strike(("F19",), "chain of the stacker slack", *stuck("stacker.CHAIN_TIGHT", False), row("G30"), (23, 190)),
    Strike(("F19",), "stacker overloaded", *stuck("stacker.NOT_OVERLOADED", False), row("G30"), (23, 190)),
    Strike(("P06",), "table presses against something", *stuck("robot.LOAD_KG", 1200.0), by_step({100: aborted("G30r"), 105: aborted("G30r")}, held("G16", "G30r", "load_kg")), steps_from(80, 110)),
    Strike(("F19",), "fork overloaded by its load cell", *stuck("stacker.LOAD_KG", 1200.0), row("G30"), (23, 190)),
    Strike(("F17",), "pack vanishes from the robot's sensor", *stuck("robot.PACK_PRESENT", False), always(HOLD), (90, 100, 105), MIDDLE),
    Strike(("F17",), "pack vanishes from the fork's sensor", *stuck("stacker.PACK_ON_FORK", False), row("G16f"), (23, 190), MIDDLE),
    Strike(("F17",), "fork weighs nothing though it sees a pack", *stuck("stacker.LOAD_KG", 0.0), row("G16f"), (23, 190), MIDDLE),
    Strike(("P37",), "something stands in the exit", *stuck("lift.EXIT_BEAM", False), always(HOLD, words=("step 180",)), (170, 180), AT_ONCE),
)  # fmt: skip
