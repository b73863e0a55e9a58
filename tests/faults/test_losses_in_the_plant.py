"""What can go wrong at machine and vehicle beyond the demo's faults: each loss leads to its row of the table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.modes import State
from tests.faults.struck_bench import IN_THE_MIDDLE, assert_controlled_stop, run, visited

HELD, ABORTED = State.HELD, State.ABORTED

LOSSES: list[tuple[int, dict[str, Any], str, str, State]] = [
    # struck at step, fault, code, words of the first-out, station at rest in
    (70, {"name": "hv-on"}, "A101", "G12 ", ABORTED),
    (80, {"name": "hv-on"}, "A101", "G12 ", ABORTED),
    (90, {"name": "hv-on"}, "A101", "G12 ", ABORTED),
    (110, {"name": "hv-on"}, "A101", "G12 ", ABORTED),
    (120, {"name": "hv-on"}, "A101", "G12 ", ABORTED),
    (80, {"name": "clamp-drift"}, "A101", "G13 ", HELD),
    (120, {"name": "clamp-drift"}, "A101", "G13 ", HELD),
    (80, {"name": "creep", "mm": 35.0}, "A101", "G10 ", HELD),
    (120, {"name": "creep", "mm": 16.0}, "A101", "G10 ", HELD),
    (80, {"name": "door-open"}, "A101", "G11 ", HELD),
    (130, {"name": "door-open"}, "A101", "G11 ", HELD),
    (40, {"name": "door-open"}, "A103", "G11 ", HELD),
    (20, {"name": "maintenance-door", "which": 2}, "A102", "G03 ", ABORTED),
    (150, {"name": "maintenance-door", "which": 1}, "A102", "G03 ", ABORTED),
    (23, {"name": "scanner"}, "A102", "G04 ", ABORTED),
    (190, {"name": "scanner"}, "A102", "G04 ", ABORTED),
    (50, {"name": "fire"}, "A103", "G05 ", HELD),
    (220, {"name": "fire"}, "A101", "G05 ", ABORTED),
    (60, {"name": "person"}, "A101", "G04b ", ABORTED),
    (145, {"name": "person"}, "A101", "G04b ", ABORTED),
    (120, {"name": "bolt-loose", "bolt": 2}, "A106", "robot.bolt_torque", HELD),
    (20, {"name": "bay-disabled", "bay": "A12"}, "A103", "G15 ", HELD),
]

FIRST_OF_A_KIND = {
    [case[1]["name"] for case in LOSSES].index(name) for name in {case[1]["name"] for case in LOSSES}
}
"""One case of each fault; the others run with --long."""


@pytest.mark.parametrize(
    ("no", "fault", "code", "words", "state"),
    [
        pytest.param(
            *case, id=f"{case[0]}-{case[1]['name']}", marks=() if k in FIRST_OF_A_KIND else pytest.mark.long
        )
        for k, case in enumerate(LOSSES)
    ],
)
def test_a_loss_leads_to_its_row(
    tmp_path: Path, no: int, fault: dict[str, Any], code: str, words: str, state: State
) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(no, IN_THE_MIDDLE), **fault)
            await bench.rest()
            assert bench.first_out.code == code, bench.first_out.text
            assert words in bench.first_out.text
            await assert_controlled_stop(bench, state)

    run(story)


@pytest.mark.parametrize(
    "tag",
    [
        "PACK_ID",
        *(
            pytest.param(t, marks=pytest.mark.long)
            for t in ("BMS_LINK", "INSULATION", "NO_CRASH", "NO_SMOKE", "TEMP_MAX")
        ),
    ],
)
def test_a_returned_pack_that_does_not_look_healthy_is_not_charged(tmp_path: Path, tag: str) -> None:
    wrong = {"PACK_ID": "CN-SIM-100-FFFFFF-000001", "INSULATION": 20, "TEMP_MAX": 80.0}

    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(200, 0.0)
            assert bench.state.runs[0].job is not None
            bay = bench.state.runs[0].job.spent_bay
            slot = f"rack_{bay[0].lower()}.BAY{bay[1:]}_{tag}"
            bench.strike(step, name="sensor-stuck", tag=slot, value=wrong.get(tag, False))
            await bench.rest()
            assert bench.first_out.step in (210, 220), bench.first_out.text
            assert tag in bench.first_out.text
            await assert_controlled_stop(bench, State.HELD)
            assert bench.sim.plant.bays[bench.sim.plant.bay_number(bay)].live is False

    run(story)


def test_the_next_vehicle_is_stopped_with_the_put_away_of_the_one_before(tmp_path: Path) -> None:
    """Two runs act at once; one opened curtain stops both, and both packs stay accounted for."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            await bench.at_step(190, 0.0)
            going = asyncio.create_task(bench.visit())
            await bench.until(
                lambda: len({r.run_id for r, s, _ in bench.state.active_steps() if s.no in (20, 190)}) == 2
            )
            bench.strike(None, name="curtain")
            await bench.rest()
            assert (bench.first_out.code, bench.first_out.interlock) == ("A102", "G04"), bench.first_out.text
            assert len(bench.state.runs) == 2
            await assert_controlled_stop(bench, State.ABORTED)
            going.cancel()

    run(story)
