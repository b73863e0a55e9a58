"""kill -9 in the middle of a swap on the real wire; started again on the same journal, a person resumes to the end.

The whole matrix of points, outages and ways runs in virtual time, in tests/crash; here are the process and the wire.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from hil_tests.controller_life import Controller, begins
from station_ctl.cli.plant_process import PlantProcess, overrides

SPEED = 20.0

pytestmark = pytest.mark.timeout(300)


async def _visit(folder: Path, kills: tuple[int, ...]) -> None:
    chance = random.Random(str(kills))
    plant = await PlantProcess.start(folder, speed=SPEED, seed=1)
    try:
        settings = dict(overrides(plant.endpoints, speed=SPEED, journal=folder / "journal.sqlite"))
        controller = await Controller.start("begin", settings)
        await plant.ask(cmd="vehicle")
        for step in kills:
            await controller.until(begins(step))
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await controller.kill()
            orders = (await plant.ask(cmd="report"))["orders"]
            controller = await Controller.start("recover", settings)
            offer = await controller.until(lambda told: "offer" in told)
            assert offer["offer"] == ["S-0001"] and not offer["looked"], offer
            assert (await plant.ask(cmd="report"))["orders"] == orders, "ordered before anybody acted"
        end = await controller.until(lambda told: "end" in told)
        await controller.end()
        _judge(await plant.ask(cmd="report"), end["custody"])
    finally:
        await plant.end()


def _judge(report: dict[str, Any], custody: dict[str, str]) -> None:
    assert report["violations"] == []
    inside = {pack: place for pack, place in report["packs"].items() if not place.startswith("left:")}
    assert custody == inside
    assert len(report["packs"]) - len(inside) == 1
    done = [o["opcode"] for o in report["durations"]["robot"].values() if o["result"] == 1]
    assert all(done.count(opcode) <= 1 for opcode in (12, 13, 20, 21, 30, 31)), done


CASES = [
    (80,),
    (100, 110),
    *(pytest.param(kills, marks=pytest.mark.long) for kills in ((30,), (60,), (120, 170))),
]
"""Steps in whose first 0.3 s the controller is killed, one life after the other."""


@pytest.mark.parametrize("kills", CASES, ids=lambda kills: "-".join(map(str, kills)))
async def test_a_killed_controller_finds_its_swap_again(kills: tuple[int, ...], tmp_path: Path) -> None:
    await _visit(tmp_path, kills)
