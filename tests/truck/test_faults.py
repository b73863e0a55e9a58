"""Faults of the truck station, each at three steps: what it comes to, nothing unsafe, and a way out to the end.

The table is signed by hand: state, the row or alarm that is the first cause, and the step that meets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.steps import Step
from station_ctl.engine.events import Verb
from tests.bench.virtual_bench import run_virtually
from tests.faults.struck_bench import parts
from tests.truck.truck_bench import LOOK, RESUME, RETREAT, NoWayOut, visited
from tests.truck.truck_paper import the_job, the_station

Came = tuple[str, str, int]
NOTHING: Came = ("execute", "", 0)
"""The swap goes on to its end: nothing was near that it could have touched."""

FAULTS: list[tuple[str, dict[str, Any], list[tuple[int, Came]]]] = [
    ("sway", {},
        [(65, ("held", "A106", 65)), (70, ("held", "G35l", 70)), (100, ("held", "G35l", 100)),
         (150, ("held", "G35l", 150))]),
    ("wind", {}, [(65, ("held", "G36", 65)), (95, ("held", "G36", 95)), (145, ("held", "G36", 145))]),
    ("snag", {}, [(90, ("held", "A106", 135)), (110, ("held", "A106", 135)), (130, ("held", "A106", 135))]),
    ("overload", {}, [(80, ("held", "A106", 90)), (90, ("aborted", "G30", 90)), (120, NOTHING)]),
    ("gripper-lock-stuck", {},
        [(20, ("held", "A106", 75)), (75, ("held", "A106", 105)), (100, ("held", "A106", 105))]),
    ("gripper-lock-opens", {},
        [(80, ("held", "G16", 80)), (95, ("aborted", "G16t", 95)), (145, ("aborted", "G16t", 145))]),
    ("landing-dead", {}, [(20, ("held", "A106", 70)), (70, ("held", "A106", 70)), (125, ("held", "A106", 125))]),
    ("cone-blocked", {}, [(65, ("held", "A106", 70)), (100, ("held", "A106", 100)), (150, ("held", "A106", 150))]),
    ("scan-poor", {}, [(20, ("held", "A106", 50)), (50, ("held", "A106", 50)), (140, ("held", "A106", 140))]),
    ("scan-poor", {"percent": 60},
        [(20, ("held", "A104", 50)), (50, ("held", "A104", 50)), (140, ("held", "A104", 140))]),
    ("pose-shift", {},
        [(70, ("held", "G10s", 70)), (90, ("held", "G10s", 90)), (150, ("held", "G10s", 150)),
         (65, ("held", "A103", 70)), (80, ("held", "G10s", 80)), (165, ("held", "G10s", 165))]),
    ("parked-askew", {"deg": 6, "mm": 350}, [(20, ("held", "A104", 50)), (30, ("held", "A104", 50))]),
    ("truck-lock-stuck", {}, [(20, ("held", "A106", 80)), (80, ("held", "A106", 80)), (150, ("held", "A106", 155))]),
    ("truck-lock-opens", {}, [(160, ("held", "A106", 160)), (165, ("held", "A103", 170))]),
    ("connector-stuck", {}, [(20, ("held", "A106", 80)), (80, ("held", "A103", 155)), (145, ("held", "A103", 155))]),
    ("connector-bent", {}, [(20, ("held", "A103", 155)), (100, ("held", "A103", 155)), (150, ("held", "A103", 155))]),
    ("rope-slack", {},
        [(95, ("aborted", "G16t", 95)), (120, ("held", "A104", 135)), (145, ("aborted", "G16t", 145))]),
    ("brake-weak", {}, [(65, ("held", "A103", 70)), (95, ("held", "A103", 100)), (150, ("held", "A103", 155))]),
    ("hoist-sinks", {}, [(65, ("aborted", "G38", 65)), (95, ("aborted", "G38", 95)), (145, ("aborted", "G38", 145))]),
    ("crane-rolls", {}, [(70, ("held", "A106", 70)), (100, ("held", "A106", 100)), (150, ("held", "A106", 150))]),
    ("hv-on", {}, [(70, ("aborted", "G12", 70)), (90, ("aborted", "G12", 90)), (150, ("aborted", "G12", 150))]),
    ("port-open", {}, [(70, ("aborted", "G12", 70)), (90, ("aborted", "G12", 90)), (150, ("aborted", "G12", 150))]),
    ("gear-out", {}, [(50, ("held", "A103", 70)), (80, ("held", "G11", 80)), (150, ("held", "G11", 150))]),
    ("brake-off", {}, [(50, ("held", "A103", 70)), (80, ("held", "G11", 80)), (150, ("held", "G11", 150))]),
    ("door-open", {}, [(50, ("held", "A103", 70)), (80, ("held", "G11", 80)), (150, ("held", "G11", 150))]),
    ("pedal", {}, [(50, ("held", "A103", 70)), (80, ("held", "G11", 80)), (150, ("held", "G11", 150))]),
    ("other-vin", {}, [(50, ("held", "A103", 70)), (120, ("held", "A103", 150)), (155, ("held", "A103", 160))]),
    ("radio-lost", {}, [(50, ("held", "A104", 60)), (80, ("aborted", "G11", 80)), (150, ("aborted", "G11", 150))]),
    ("coolant-leak", {}, [(50, ("held", "A104", 160)), (120, ("held", "A104", 160)), (155, ("held", "A104", 160))]),
    ("e-stop", {}, [(20, ("aborted", "G01", 20)), (90, ("aborted", "G01", 90)), (150, ("aborted", "G01", 150))]),
    ("curtain", {}, [(50, ("aborted", "G04", 50)), (95, ("aborted", "G04", 95)), (170, ("aborted", "G04", 170))]),
    ("maintenance-door", {},
        [(60, ("aborted", "G03", 50)), (100, ("aborted", "G03", 100)), (145, ("aborted", "G03", 145))]),
    ("scanner", {}, [(65, ("aborted", "G04", 65)), (90, ("aborted", "G04", 90)), (150, ("aborted", "G04", 150))]),
    ("muting", {}, [(50, ("aborted", "G04", 50)), (90, ("aborted", "G04", 90)), (150, ("aborted", "G04", 150))]),
    ("person", {}, [(40, ("aborted", "G04b", 30)), (95, ("aborted", "G04b", 95)), (150, ("aborted", "G04b", 150))]),
    ("fire", {}, [(65, ("held", "A103", 70)), (95, ("held", "A103", 100)), (150, ("held", "A103", 155))]),
    ("water", {}, [(65, ("held", "A103", 70)), (95, ("held", "A103", 100)), (150, ("held", "A103", 155))]),
    ("grid-lost", {}, [(65, ("held", "A103", 70)), (95, ("held", "A103", 100)), (150, ("held", "G27", 150))]),
    ("link-lost", {"plc": "crane"},
        [(70, ("held", "G02", 70)), (95, ("held", "G02", 95)), (150, ("held", "G02", 150))]),
    ("link-lost", {"plc": "stand"},
        [(50, ("held", "G02", 50)), (90, ("held", "G04b", 90)), (155, ("held", "G02", 155))]),
    ("plc-restart", {"plc": "crane"},
        [(70, ("held", "G02", 70)), (95, ("held", "G02", 95)), (150, ("held", "G02", 150))]),
    ("plc-restart", {"plc": "stand"},
        [(50, ("held", "G02", 50)), (90, ("held", "G04b", 90)), (155, ("held", "G02", 155))]),
    ("plc-stop", {"plc": "crane"},
        [(70, ("held", "G02", 70)), (95, ("held", "A106", 95)), (150, ("held", "G02", 150))]),
    ("drive-stuck", {"plc": "crane"},
        [(70, ("held", "A104", 70)), (95, ("held", "A104", 95)), (150, ("held", "A104", 150))]),
    ("drive-stops", {"plc": "crane"},
        [(70, ("held", "A106", 70)), (95, ("held", "G35", 95)), (150, ("held", "A106", 165))]),
    ("drive-idle", {"plc": "crane"},
        [(65, ("held", "A107", 65)), (95, ("held", "G35", 95)), (135, ("held", "A107", 145))]),
    ("drive-overshoot", {"plc": "crane"},
        [(65, ("held", "A106", 70)), (90, ("held", "A107", 95)), (140, ("held", "A107", 120))]),
    ("drive-crossed", {"plc": "crane"},
        [(65, ("aborted", "G38", 65)), (95, ("held", "G35", 95)), (145, ("held", "A106", 150))]),
    ("drive-slow", {"plc": "crane"}, [(70, NOTHING), (95, NOTHING), (150, NOTHING)]),
    ("stop-ignored", {"plc": "crane"}, [(95, NOTHING)]),
    ("wrong-pack", {}, [(20, ("held", "A104", 125)), (65, ("held", "A104", 125)), (120, ("held", "A104", 125))]),
    ("wrong-pack", {"target": "vehicle"},
        [(20, ("held", "A104", 70)), (30, ("held", "A104", 70)), (50, ("held", "A104", 70))]),
    ("bay-disabled", {"bay": "A08"},
        [(50, ("held", "A103", 70)), (90, ("held", "A103", 100)), (95, ("held", "A103", 100))]),
    ("isolation-dry", {}, [(95, NOTHING)]),
    ("hot-pack", {"target": "fresh"}, [(50, NOTHING), (110, NOTHING), (140, NOTHING)]),
    ("sensor-stuck", {"tag": "crane.LANDED", "value": 13},
        [(20, ("held", "A103", 40)), (70, ("held", "A106", 70)), (120, ("aborted", "G16u", 120))]),
    ("sensor-stuck", {"tag": "crane.HOISTED", "value": 1}, [(90, NOTHING), (135, NOTHING), (165, NOTHING)]),
]  # fmt: skip

CASES = [(name, args, no, came) for name, args, steps in FAULTS for no, came in steps]

SHORT = {
    ("sway", 70), ("wind", 95), ("overload", 90), ("gripper-lock-opens", 95), ("landing-dead", 125),
    ("cone-blocked", 150), ("pose-shift", 150), ("connector-stuck", 145), ("hoist-sinks", 95), ("hv-on", 90),
    ("person", 95), ("link-lost", 95), ("plc-restart", 90), ("wrong-pack", 120), ("drive-crossed", 65),
}  # fmt: skip


def _named(cases: list[Any]) -> list[Any]:
    """Named by fault, its arguments and the step."""
    return [
        pytest.param(*case, id="-".join(map(str, (case[0], *case[1].values(), case[2])))) for case in cases
    ]


async def struck(folder: Path, name: str, args: dict[str, Any], no: int, came: Came, **options: Any) -> None:
    """A swap struck in this step, looked at when it has come to rest, and brought to its end by a person."""
    async with visited(folder, **options) as bench:
        bench.strike(await bench.at_step(no, 0.4), name=name, **args)
        await bench.rest()
        first = bench.state.trips[0] if bench.state.trips else None
        found = (first.interlock or first.code, first.step) if first is not None else ("", 0)
        assert (str(bench.state.state), *found) == came
        bench.undo(name, args)
        await bench.to_the_end(RESUME, LOOK, RETREAT)
        bench.safe()
        assert bench.state.runs == () and bench.state.zones == ()


@pytest.mark.parametrize(("name", "args", "no", "came"), _named([c for c in CASES if (c[0], c[2]) in SHORT]))
def test_a_fault_comes_to_what_is_signed_and_a_way_out(
    tmp_path: Path, name: str, args: dict[str, Any], no: int, came: Came
) -> None:
    run_virtually(struck(tmp_path, name, args, no, came))


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "args", "no", "came"), _named([c for c in CASES if (c[0], c[2]) not in SHORT])
)
def test_any_fault_comes_to_what_is_signed_and_a_way_out(
    tmp_path: Path, name: str, args: dict[str, Any], no: int, came: Came
) -> None:
    run_virtually(struck(tmp_path, name, args, no, came))


@pytest.mark.parametrize(("no", "with_old"), [(70, True), (95, False), (150, True)])
def test_a_truck_that_has_rolled_and_stays_there_is_scanned_anew_before_anything_comes_down_on_it(
    tmp_path: Path, no: int, with_old: bool
) -> None:
    """Nobody pushes it back. Struck while the pack is carried away, the second scan finds it where it stands now."""

    async def one() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, 0.4), name="pose-shift", mm=60)
            truck = bench.sim.plant.visitor()
            assert truck is not None
            await bench.rest()
            await bench.to_the_end(RETREAT, RESUME, LOOK)
            bench.safe()
            assert (bench.left_with == truck.arrival_code) == with_old

    run_virtually(one())


@pytest.mark.parametrize(("no", "model"), [(145, "SIM-TRACTOR"), (150, "SIM-TRACTOR"), (150, "SIM-TWIN")])
def test_a_truck_that_rolls_while_its_old_pack_comes_back_gets_it_where_it_stands_then(
    tmp_path: Path, no: int, model: str
) -> None:
    """The crane hangs where the truck stood: the way back begins again with a scan and another travel."""

    async def one() -> None:
        async with visited(tmp_path, model=model) as bench:
            await bench.at_step(95, 0.4)
            truck = bench.sim.plant.visitor()
            assert truck is not None
            await bench.stopped(Verb.HOLD)
            await bench.acknowledged()
            await bench.retreat()
            bench.strike(await bench.at_step(no, 0.4), name="pose-shift", mm=60)
            await bench.rest()
            gone = await bench.to_the_end(RESUME, LOOK, RETREAT)
            assert RETREAT in gone and bench.state.runs == ()
            bench.safe()
            assert bench.all_left_with == list(truck.arrival_codes)

    run_virtually(one())


@pytest.mark.parametrize("no", [20, 65])
def test_a_charged_pack_that_grows_hot_in_its_bay_comes_into_no_truck(tmp_path: Path, no: int) -> None:
    """With charging on duty, which alone knows what is hot."""

    async def one() -> None:
        async with visited(tmp_path, charging=True) as bench:
            step = await bench.at_step(no, 0.4)
            job, truck = bench.state.runs[-1].job, bench.sim.plant.visitor()
            assert job is not None and truck is not None
            bench.strike(step, name="hot-pack", bay=job.fresh_bay, celsius=95.0, smoke=True)
            await bench.rest(120.0)
            assert bench.state.state == "held" and "G29" in bench.state.trips[0].text
            await bench.to_the_end(RETREAT, RESUME, LOOK)
            bench.safe()
            assert bench.left_with == truck.arrival_code

    run_virtually(one())


def _shown_by(step: Step) -> Iterator[tuple[int, str, float]]:
    """Every tag of a proof at crane, truck and stand, with a value that the proof takes for good."""
    for part in parts(step.done):
        if part.signal.link in ("crane", "stand") and not isinstance(part.needed, str):
            value = sum(part.needed) / 2 if part.relation == "between" else float(part.needed)
            yield step.no, f"{part.signal.link}.{part.signal.tag}", value


PROOFS = sorted({case for step in the_station().procedures().swap(the_job()).steps for case in _shown_by(step)})
LIED = {
    (75, "crane.GRIPPER_CLOSED"), (90, "stand.VEH_PACK_LATCHED"), (110, "crane.HOISTED"),
    (155, "stand.VEH_LOCKS_CLOSED"), (165, "crane.GRIPPER_OPEN"),
}  # fmt: skip
"""Each of these had the swap go on wrongly once."""


async def stuck(folder: Path, no: int, tag: str, value: float) -> None:
    """A sensor sticks at what the proof wants, then the step is stopped on its way: nothing goes on by it alone."""
    async with visited(folder) as bench:
        await bench.at_step(no, 0.3)
        bench.do(cmd="fault", name="sensor-stuck", on=True, tag=tag, value=value)
        await bench.stopped(Verb.HOLD)
        with suppress(NoWayOut):
            await bench.to_the_end(RESUME, LOOK, RETREAT)
        assert bench.report()["violations"] == []


@pytest.mark.parametrize(("no", "tag", "value"), [case for case in PROOFS if case[:2] in LIED])
def test_a_sensor_that_sticks_at_its_proof_has_nothing_go_on(tmp_path: Path, no: int, tag: str, value: float) -> None:
    run_virtually(stuck(tmp_path, no, tag, value))


@pytest.mark.long
@pytest.mark.parametrize(("no", "tag", "value"), [case for case in PROOFS if case[:2] not in LIED])
def test_no_sensor_of_any_proof_has_anything_go_on_alone(tmp_path: Path, no: int, tag: str, value: float) -> None:
    run_virtually(stuck(tmp_path, no, tag, value))
