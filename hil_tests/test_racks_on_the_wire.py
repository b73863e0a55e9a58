"""The racks of a real service over the wire: a hot pack, a returned pack that is suspect, a site limit that falls.

Knows the API and the plant's faults. Knows no register. No test measures time: the plant's own monitor judges it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hil_tests.api_client import PATIENCE
from hil_tests.test_api import Served, served
from hil_tests.test_run_service import Program, program

READY = (("bay.inventory", {}), ("mode.set", {"mode": "automatic"}), ("station.reset", {}), ("station.start", {}))


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Program]:
    words = ("sim", "serve", "--port-base", "0", "--speed", "20", "--dir", str(tmp_path), "--json")
    async with program(*words) as serving:
        await serving.line()
        yield serving


async def until(s: Served, what: str, happened: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The station's picture once it shows that; the words say what was awaited."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                found = (await s.here.look("status")).data
                if happened(found):
                    return found
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"awaited {what}; found {found.get('charging')}, runs {found.get('runs')}") from None


def bay(picture: dict[str, Any], name: str) -> dict[str, Any]:
    """One bay of the picture."""
    return next(b for b in picture["bays"] if b["bay"] == name)


def at(picture: dict[str, Any], pack: str) -> str:
    """Where custody has the pack; empty if it has it nowhere."""
    return str(picture["custody"].get(pack, {}).get("place", ""))


async def clear(s: Served, name: str, reason: str) -> None:
    """A person has looked at the bay."""
    answer = await s.here.command("bay.clear", {"reason": reason}, bay=name)
    assert answer.body["ok"], answer


def charges(name: str) -> Callable[[dict[str, Any]], bool]:
    """Current flows in that bay."""
    return lambda picture: (bay(picture, name)["power_kw"] or 0.0) > 1.0


async def clean(s: Served) -> None:
    """The plant's monitor has nothing to say, and the service ends well."""
    report = await s.plant.ask(cmd="report")
    assert report["violations"] == []
    code, errors = await s.service.end()
    assert (code, errors) == (0, "")


async def test_a_hot_pack_gets_no_current_leaves_the_rack_and_stays_locked_until_a_person_clears_it(
    plant: Program, tmp_path: Path
) -> None:
    async with served(plant, tmp_path, "--new-journal") as s:
        for action, params in READY:
            await s.here.done(action, **params)
        await until(s, "two neighbours that charge", lambda p: charges("B04")(p) and charges("B05")(p))
        pack = bay(await until(s, "the pack's code", lambda p: bool(bay(p, "B04")["pack"])), "B04")["pack"]
        # The grid's limit falls and rises while they charge: the monitor judges every instant of it.
        assert (await s.plant.ask(cmd="grid", limit_kw=60))["ok"]
        await until(s, "a site below the limit", lambda p: 0 < (p["charging"]["site"]["meter_kw"] or 0) <= 60 * 1.02)
        assert (await s.plant.ask(cmd="grid", limit_kw=400))["ok"]
        await until(s, "more power again", lambda p: (p["charging"]["site"]["meter_kw"] or 0) > 100)
        hot = await s.plant.ask(cmd="fault", name="thermal-runaway", bay="B04", celsius=62, kilowatts=2)
        assert hot["ok"]
        await until(
            s, "no current beside the hot pack",
            lambda p: bay(p, "B04")["power_kw"] == 0.0 and bay(p, "B05")["power_kw"] == 0.0,
        )  # fmt: skip
        assert (await s.here.look("io.read", point="rack_b.FAN_RUNNING")).data["value"] is True
        await until(s, "the pack at the isolation place", lambda p: at(p, pack) == "isolation")
        report = await s.plant.ask(cmd="report")
        assert report["packs"][pack] == "isolation"
        alarms = {a["id"] for a in (await s.here.look("alarm.list")).data["alarms"]}
        assert "A805-B04" in alarms and len(alarms) <= 3, alarms
        locked = await s.here.look("charger.show", bay="B05")
        assert locked.data["level_kw"] == 0.0 and "beside B04" in locked.data["why"], locked.data
        await clear(s, "B04", "looked at, the pack is away")
        picture = await until(s, "the neighbour charging again", charges("B05"))
        assert picture["charging"]["hot"] == []
        await clean(s)


@pytest.mark.long  # a whole swap at the speed of the wire; the same judgement in virtual time is in tests/service
async def test_a_returned_pack_whose_bms_lies_is_never_charged_until_a_person_clears_it(
    plant: Program, tmp_path: Path
) -> None:
    async with served(plant, tmp_path, "--new-journal") as s:
        for action, params in READY:
            await s.here.done(action, **params)
        car = await s.plant.ask(cmd="vehicle")
        (row, *_) = (await s.here.look("queue.list")).data["reception"]
        name = row["spent_to"]
        # Nothing flows before the lie is told, however late this test is.
        await s.here.done("charger.stop", bay=name)
        await s.here.done("swap.start")
        await until(
            s, "the returned pack in its bay, its session closed again",
            lambda p: at(p, car["pack"]) == name and bay(p, name)["charge_state"] == 0 and not p["runs"],
        )  # fmt: skip
        assert (await s.plant.ask(cmd="fault", name="bms-soc-jump", bay=name))["ok"]
        picture = await until(s, "quarantine", lambda p: bool(p["charging"]["quarantine"]))
        (lock,) = picture["charging"]["quarantine"]
        assert (lock["bay"], lock["pack"]) == (name, car["pack"]) and "soc-jump" in lock["why"]
        await s.here.done("charger.start", bay=name)
        shown = (await s.here.look("charger.show", bay=name)).data
        assert shown["level_kw"] == 0.0 and shown["power_kw"] == 0.0
        assert (await s.here.look("bay.show", bay=name)).data["why_not_ready"]
        await clear(s, name, "its BMS was examined")
        await until(s, "the pack charging", charges(name))
        assert (await s.here.look("battery.ready")).data["quarantine"] == []
        await clean(s)
