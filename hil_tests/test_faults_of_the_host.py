"""The host takes the processor away: a controller that was frozen in the middle of a swap orders nothing when it wakes.

The whole list of the process's faults runs in virtual time, in tests/faults; here are a process, signals and the wire.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.controller_life import Controller, begins
from station_ctl.cli.plant_process import PlantProcess, overrides

SPEED = 20.0
FROZEN = 5.0

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("step", [80, *(pytest.param(no, marks=pytest.mark.long) for no in (20, 105, 150))])
async def test_a_controller_that_was_frozen_for_five_seconds_stands_and_goes_on(
    step: int, tmp_path: Path
) -> None:
    """The PLCs miss it within a second and stop; awake again it aborts, ends, and its next life finishes the swap."""
    plant = await PlantProcess.start(tmp_path, speed=SPEED, seed=1)
    try:
        settings = dict(overrides(plant.endpoints, speed=SPEED, journal=tmp_path / "journal.sqlite"))
        controller = await Controller.start("begin", settings)
        await plant.ask(cmd="vehicle")
        await controller.until(begins(step))
        await controller.freeze(FROZEN)
        assert await controller.ended() != 0, "it went on as if nothing had been"
        orders = (await plant.ask(cmd="report"))["orders"]
        controller = await Controller.start("recover", settings)
        offer = await controller.until(lambda told: "offer" in told)
        assert offer["offer"] == ["S-0001"] and not offer["looked"], offer
        assert (await plant.ask(cmd="report"))["orders"] == orders, "ordered before anybody acted"
        await controller.until(lambda told: "end" in told)
        await controller.end()
        report = await plant.ask(cmd="report")
        assert report["violations"] == []
        done = [o["opcode"] for o in report["durations"]["robot"].values() if o["result"] == 1]
        assert all(done.count(opcode) <= 1 for opcode in (12, 13, 20, 21, 30, 31)), done
    finally:
        await plant.end()
