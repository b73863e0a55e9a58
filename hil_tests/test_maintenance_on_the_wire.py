"""Maintenance of a real service over the wire: refused without key, held without enabling device, taken up by a person.

Knows the API and the plant's switches. Does not know any procedure's steps. No test measures time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hil_tests.api_client import PATIENCE
from hil_tests.test_api import Served, served
from hil_tests.test_run_service import Program, program


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Program]:
    words = ("sim", "serve", "--port-base", "0", "--speed", "20", "--dir", str(tmp_path), "--json")
    async with program(*words) as serving:
        await serving.line()
        yield serving


async def switch(s: Served, name: str, *, on: bool) -> None:
    """What the technician holds in the hand."""
    assert (await s.plant.ask(cmd="switch", name=name, on=on))["ok"]


async def ended(s: Served, operation: str) -> dict[str, Any]:
    """The operation once it has ended."""
    async with asyncio.timeout(2 * PATIENCE):
        while (found := (await s.here.look("op.wait", operation=operation, within="5")).data)["ended"] is None:
            pass
    return found


async def until_carried(s: Served, pack: str) -> None:
    """Wait until the pack is really on the stacker's fork."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if (await s.plant.ask(cmd="report"))["packs"][pack] == "stacker":
                return
            await asyncio.sleep(0.05)


async def test_a_technician_homes_every_device_and_moves_a_pack(plant: Program, tmp_path: Path) -> None:
    async with served(plant, tmp_path, "--new-journal") as s:
        for action in ("bay.inventory", "station.reset", "station.start"):
            await s.here.done(action)
        refused = await s.here.command("station.home")
        assert refused.code == "A401" and "G31" in refused.body["text"], refused
        await switch(s, "key", on=True)
        await switch(s, "enabling", on=True)
        await asyncio.sleep(0.5)
        home = await ended(s, (await s.here.done("station.home"))["operation"])
        assert home["state"] == "done", home
        bays = (await s.here.look("bay.list")).data["bays"]
        full = next(b for b in bays if b["custody"])
        empty = next(b["bay"] for b in bays if not b["custody"] and b["present"] is False)
        pack = full["custody"]
        moving = (await s.here.done("battery.move", origin=full["bay"], target=empty))["operation"]
        await until_carried(s, pack)
        await switch(s, "enabling", on=False)
        held = await s.until("held")
        assert [trip["interlock"] for trip in held["trips"]] == ["G32"]
        assert (await ended(s, moving))["state"] == "stopped half-way"
        assert (await s.here.command("seq.resume", looked=True)).code == "A401", "not while the device is let go"
        await switch(s, "enabling", on=True)
        await asyncio.sleep(0.5)
        await s.here.done("alarm.ack", all=True)
        resumed = await ended(s, (await s.here.done("seq.resume", looked=True))["operation"])
        assert resumed["state"] == "done", resumed
        report = await s.plant.ask(cmd="report")
        assert report["violations"] == [] and report["packs"][pack] == empty
        assert (await s.here.look("battery.show", pack=pack)).data["where"] == empty
        code, errors = await s.service.end()
        assert (code, errors) == (0, "")
        done = [action for _, action, decision in s.audited() if decision == "accepted"]
        assert done[-5:] == ["station.start", "station.home", "battery.move", "alarm.ack", "seq.resume"]
