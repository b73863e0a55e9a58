"""Strikes from the vehicle, its driver, and its locks.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

from station_ctl.core.steps import Step
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.strike import (
    AT_ONCE,
    HOLD,
    OK,
    Act,
    Strike,
    always,
    held,
    row,
    sim,
    steps_from,
    stuck,
)

ON_THE_LIFT = steps_from(40, 130)
"""Steps with the vehicle in its grooves and the driver out of it."""


def shut_down(name: str) -> tuple[Act, Act]:
    """A fault after which a technician opens the contactors again where the swap needs them open."""
    on, off = sim(name)

    def undone(bench: CatalogueBench, step: Step) -> None:
        off(bench, step)
        vehicle = bench.sim.plant.lift.vehicle
        if vehicle is not None and vehicle.precheck and not vehicle.postcheck:
            vehicle.contactors, vehicle.volts = False, 4.0

    return on, undone


HIGH_VOLTAGE = row(
    "G12", s40=held("A104", "A106", "A107", "hv_"), s50=held("hv_", "A104", "A106"),
)  # fmt: skip

SQUARED = row("G10", s40=OK, s50=OK)
"""While the wheels are centred the pushers bring a vehicle that creeps back into its middle."""

VEHICLE_STRIKES: tuple[Strike, ...] = (
    Strike(("P22", "F08"), "vehicle door opened", *sim("door-open"), row("G11", s30=held("doors_closed")), steps_from(30, 130)),
    Strike(("F08",), "gear out of P", *sim("gear-out"), row("G11"), ON_THE_LIFT),
    Strike(("F08",), "parking brake off", *sim("brake-off"), row("G11"), ON_THE_LIFT),
    Strike(("F08",), "brake pedal pressed", *sim("pedal"), row("G11"), ON_THE_LIFT),
    Strike(("P23", "F09"), "high voltage on again", *shut_down("hv-on"), HIGH_VOLTAGE, steps_from(70, 120)),
    Strike(("F09",), "contactors welded", *shut_down("hv-on"), always(HOLD, words=("hv_", "fault code", "step 40")), (30,), AT_ONCE),
    Strike(("P24",), "charging cable in", *sim("port-open"), row("G12"), ON_THE_LIFT),
    Strike(("P25",), "another VIN", *sim("other-vin"), row("G09"), steps_from(20, 120)),
    Strike(("P21", "F07"), "vehicle creeps 35 mm", *sim("creep", mm=35.0), SQUARED, ON_THE_LIFT),
    Strike(("P21", "F07"), "vehicle creeps 16 mm", *sim("creep", mm=16.0), SQUARED, ON_THE_LIFT),
    Strike(("P20", "F06"), "vehicle stands askew 30 mm", *sim("askew", mm=30.0), always(HOLD, words=("lift.in_position",)), (20,), AT_ONCE),
    Strike(("P20", "F06"), "vehicle stands askew 17 mm", *sim("askew", mm=17.0), always(HOLD, words=("G10 ",)), (20,), AT_ONCE),
    Strike(("F08",), "radio link to the vehicle lost", *sim("radio-lost"), always(HOLD), steps_from(20, 60)),
    Strike(("F14",), "connector bent", *sim("connector-bent"), always(HOLD, words=("step 130",)), steps_from(60, 110), AT_ONCE),
    Strike(("F14",), "coolant leaks", *sim("coolant-leak"), always(HOLD, words=("step 130",)), steps_from(60, 130), AT_ONCE),
    Strike(("F13",), "a lock sensor of the vehicle stays open", *stuck("lift.VEH_LOCKS_CLOSED", 0x3EF), always(HOLD, words=("locks_closed", "G21", "A105")), steps_from(120, 160), AT_ONCE),
    Strike(("F13",), "a lock sensor of the vehicle stays closed", *stuck("lift.VEH_LOCKS_OPEN", 0x37F), always(HOLD, words=("locks_open", "G17")), (70, 80), AT_ONCE),
)  # fmt: skip
