"""Strikes at packs, labels, bays and chargers.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

from typing import Any

from station_ctl.core.steps import Job, Step
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.site_strikes import away_for_long
from tests.faults.strike import (
    AT_ONCE,
    HOLD,
    R0,
    R1,
    Act,
    Foreseen,
    Moment,
    Strike,
    always,
    held,
    row,
    sim,
    steps_from,
)


def _job(bench: CatalogueBench) -> Job:
    return next(run.job for run in bench.state.runs if run.job is not None)


def at_bay(which: str, name: str, **args: Any) -> tuple[Act, Act]:
    """A fault at the bay of the charged (`fresh`) or for the spent pack of this swap."""

    def act(bench: CatalogueBench, *, on: bool) -> None:
        job = _job(bench)
        bay = job.fresh_bay if which == "fresh" else job.spent_bay
        bench.do(cmd="fault", name=name, on=on, bay=bay, **args)

    return lambda bench, _: act(bench, on=True), lambda bench, _: act(bench, on=False)


def bay_sensor(which: str, slot: str, value: Any, name: str = "sensor-stuck", **args: Any) -> tuple[Act, Act]:
    """A sensor of the bay of the charged or for the spent pack, frozen or restless."""

    def act(bench: CatalogueBench, *, on: bool) -> None:
        job = _job(bench)
        bay = job.fresh_bay if which == "fresh" else job.spent_bay
        tag = f"rack_{bay[0].lower()}.BAY{bay[1:]}_{slot}"
        told = {"value": value} if name == "sensor-stuck" else {}
        bench.do(cmd="fault", name=name, on=on, tag=tag, **told, **args)

    return lambda bench, _: act(bench, on=True), lambda bench, _: act(bench, on=False)


def healthy(how: str) -> tuple[Act, Act]:
    """The vehicle's old pack is sick, wherever it is; put right, it is a healthy one."""

    def act(bench: CatalogueBench, _: Step) -> None:
        stored = bench.sim.plant.places.at(_job(bench).spent_bay) is not None
        where = {"bay": _job(bench).spent_bay} if stored else {"target": "vehicle"}
        bench.do(cmd="fault", name="pack-sick", on=True, how=how, **where)

    return act, sim("pack-sick", how=how)[1]


READ_AT_IN, READ_AT_OUT = steps_from(20, 120), steps_from(20, 90)
RETURNED = ("step 210", "step 220", "step 200")
PUT_AWAY = (80, 120, 180, 190, 200)
HERE_AND_THERE = (20, 40, 60, 80, 100, 120, 150, 180)


def found_at_in(moment: Moment) -> Foreseen:
    """A foreign label on the charged pack is found where it is read next."""
    step = next(step for last, step in ((23, 23), (70, 80), (100, 105), (130, 130)) if moment.no <= last)
    return held(f"step {step} ")


PACK_STRIKES: tuple[Strike, ...] = (
    Strike(("P26", "F16"), "another code on the charged pack", *sim("wrong-pack", target="fresh"), found_at_in, READ_AT_IN, AT_ONCE),
    Strike(("P26", "F16"), "another code on the spent pack", *sim("wrong-pack", target="vehicle"), always(HOLD, words=("reader.out_code",)), READ_AT_OUT, AT_ONCE),
    Strike(("P27",), "label of the charged pack unreadable", *sim("label-blank", target="fresh"), found_at_in, steps_from(60, 120), AT_ONCE),
    Strike(("P27",), "label of the spent pack unreadable", *sim("label-blank", target="vehicle"), always(HOLD, words=("reader.out_code",)), READ_AT_OUT, AT_ONCE),
    Strike(("P28", "F21"), "BMS of the returned pack silent", *healthy("bms"), always(HOLD, words=RETURNED), PUT_AWAY, AT_ONCE),
    Strike(("F25",), "returned pack has its crash flag set", *healthy("crash"), always(R1), PUT_AWAY, AT_ONCE),
    Strike(("P32", "F25"), "returned pack has an isolation fault", *healthy("insulation"), always(R1), PUT_AWAY, AT_ONCE),
    Strike(("P28",), "BMS of the charged pack silent", *at_bay("fresh", "pack-sick", how="bms"), always(HOLD, words=("bms_link", "G14", "G29")), (20,), AT_ONCE),
    Strike(("P29",), "charged pack loses its charge", *at_bay("fresh", "pack-sick", how="soc"), always(R0), (20, 21), AT_ONCE),
    Strike(("F15", "P32"), "charged pack has an isolation fault once it is locked", *sim("pack-sick", target="fresh", how="insulation"), always(HOLD, words=("step 130", "step 160")), (120, 130), AT_ONCE),
    Strike(("P30", "F22"), "charged pack hot in its bay", *at_bay("fresh", "hot-pack", celsius=58.0), always(HOLD, words=("G29",)), (20, 21), AT_ONCE),
    Strike(("P31", "F23"), "smoke at the charged pack", *at_bay("fresh", "hot-pack", smoke=True), always(HOLD, words=("G29",)), (20, 21, 22), AT_ONCE),
    Strike(("P31", "F23"), "smoke in the bay of the spent pack", *at_bay("spent", "hot-pack", smoke=True), always(HOLD, words=("no_smoke", "G29")), PUT_AWAY, AT_ONCE),
    Strike(("P33",), "bay for the spent pack shows a pack", *bay_sensor("spent", "PRESENT", True), row("G15", **{f"s{n}": held("G19", "G15") for n in (*range(105, 131), *range(130, 181))}), HERE_AND_THERE, AT_ONCE),
    Strike(("P33",), "bay of the charged pack shows none", *bay_sensor("fresh", "PRESENT", False), always(HOLD), (20, 21, 22), AT_ONCE),
    Strike(("P33",), "somebody puts a pack into the empty bay", *at_bay("spent", "bay-taken"), always(HOLD, words=("G15", "G19")), HERE_AND_THERE, AT_ONCE, brings_a_pack=True),
    Strike(("F18",), "bay sensor flickers", *bay_sensor("spent", "PRESENT", None, "sensor-flicker", other=True), always(HOLD, R0, words=("", "G15", "G19")), HERE_AND_THERE, AT_ONCE),
    Strike(("P39",), "rack loses its power", *away_for_long("rack_a"), always(HOLD, R0), (*HERE_AND_THERE, 200)),
    Strike(("P44", "F20"), "charger cannot be switched off", *at_bay("fresh", "charger-welded"), always(HOLD, words=("step 21", "step 22", "G25")), (20, 21), AT_ONCE),
    Strike(("F20",), "plug of the charged pack does not come out", *sim("drive-stuck", plc="rack_a"), always(HOLD, words=("step 22",)), (20, 21, 22), AT_ONCE),
    Strike(("F21",), "charger of the spent pack's bay dead", *at_bay("spent", "charger-dead"), always(R1, HOLD), steps_from(190, 220), AT_ONCE),
)  # fmt: skip
