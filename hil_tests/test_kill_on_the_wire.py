"""kill -9 in the middle of a swap on the real wire; started again on the same journal, a person resumes to the end.

The whole matrix of points, outages and ways runs in virtual time, in tests/crash; here are the process and the wire.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import station_ctl
from station_ctl.cli.plant_process import PlantProcess, overrides

ROOT = Path(station_ctl.__file__).resolve().parent.parent
SPEED = 20.0
LINE_WITHIN = 60.0

pytestmark = pytest.mark.timeout(300)


class Controller:
    """One life of the controller."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, what: str, settings: dict[str, Any]) -> Controller:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hil_tests.controller_process", what, json.dumps(settings),
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )
        )  # fmt: skip

    async def until(self, happened: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that is it. Fails the test when the process ends before."""
        assert self._process.stdout is not None
        while True:
            async with asyncio.timeout(LINE_WITHIN):
                line = await self._process.stdout.readline()
            assert line, f"the controller ended with {await self._process.wait()} after {self.told[-3:]}"
            self.told.append(json.loads(line))
            if happened(self.told[-1]):
                return self.told[-1]

    async def kill(self) -> None:
        """kill -9: no handler, no flush, no goodbye on any socket."""
        if self._process.returncode is None:
            self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL

    async def end(self) -> None:
        assert await self._process.wait() == 0


def _begins(step: int) -> Callable[[dict[str, Any]], bool]:
    return lambda told: bool(told.get("step") == step)


async def _visit(folder: Path, kills: tuple[int, ...]) -> None:
    chance = random.Random(str(kills))
    plant = await PlantProcess.start(folder, speed=SPEED, seed=1)
    try:
        settings = dict(overrides(plant.endpoints, speed=SPEED, journal=folder / "journal.sqlite"))
        controller = await Controller.start("begin", settings)
        await plant.ask(cmd="vehicle")
        for step in kills:
            await controller.until(_begins(step))
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


CASES = [(80,), (100, 110), *(pytest.param(kills, marks=pytest.mark.long) for kills in ((30,), (60,), (120, 170)))]
"""Steps in whose first 0.3 s the controller is killed, one life after the other."""


@pytest.mark.parametrize("kills", CASES, ids=lambda kills: "-".join(map(str, kills)))
async def test_a_killed_controller_finds_its_swap_again(kills: tuple[int, ...], tmp_path: Path) -> None:
    await _visit(tmp_path, kills)
