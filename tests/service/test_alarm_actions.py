"""Alarms through the desk: seen, put aside, taken out; each with its audit row before its effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.errors import Exit
from station_ctl.core.modes import State
from station_ctl.service.alarm_levels import watched_rows
from station_ctl.service.calls import Decision
from station_ctl.service.watchers import Watchers
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN, OPERATOR, TECHNICIAN, VIEWER, DeskBench


def told(folder: Path, story: Callable[[DeskBench], Coroutine[Any, Any, None]]) -> None:
    """A story on a bench with an alarm board, after its links have settled."""

    async def main() -> None:
        async with DeskBench(folder) as bench:
            rows = watched_rows(bench.built.facts.safe, bench.built.stand.bays)
            watchers = Watchers(bench.engine, bench.built.config.alarms, rows, folder)
            bench.duty.watchers = watchers
            running = asyncio.create_task(watchers.run())
            await asyncio.sleep(15.0)
            try:
                await story(bench)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                watchers.close()

    run_virtually(main())


async def alarms(bench: DeskBench) -> dict[str, dict[str, Any]]:
    return {alarm["id"]: alarm for alarm in (await bench.put("alarm.list", VIEWER)).data["alarms"]}


def test_a_trip_is_read_acknowledged_and_reset_once_its_cause_is_gone(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.make_ready()
        bench.do(cmd="fault", name="curtain", on=True)
        await bench.until_state(State.ABORTED)
        await asyncio.sleep(1.0)
        (first,) = (a for a in (await alarms(bench)).values() if a.get("first_out"))
        assert first["code"] == "A102" and first["cause"] and first["remedy"]
        stays = await bench.put("alarm.ack", params={"all": True, "note": "seen at the panel"})
        assert stays.ok and stays.data["stays"] and bench.state.trips
        bench.do(cmd="fault", name="curtain", on=False)
        bench.do(cmd="safety-reset")
        await asyncio.sleep(1.0)
        done = await bench.put("alarm.ack", params={"all": True})
        assert done.ok and not done.data["stays"] and not bench.state.trips, done
        assert [row[1:] for row in bench.audited()][-2:] == [("alarm.ack", "accepted")] * 2

    told(tmp_path, story)


def test_a_critical_alarm_is_not_shelved_and_the_refusal_is_in_the_audit(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.make_ready()
        bench.do(cmd="fault", name="curtain", on=True)
        await bench.until_state(State.ABORTED)
        await asyncio.sleep(1.0)
        (name,) = (a["id"] for a in (await alarms(bench)).values() if a.get("first_out"))
        verdict = await bench.put("alarm.shelve", params={"alarm": name, "for": "30m"}, reason="too loud")
        assert not verdict.ok and verdict.exit in (Exit.BLOCKED, Exit.NOT_ALLOWED), verdict
        assert bench.audited()[-1] == ("li", "alarm.shelve", "refused")
        assert (await alarms(bench))[name]["state"] != "shelved"

    told(tmp_path, story)


@pytest.mark.parametrize("length", ["9h", "soon", "-5m", "0s"])
def test_a_shelf_has_a_length_that_a_person_means(tmp_path: Path, length: str) -> None:
    async def story(bench: DeskBench) -> None:
        verdict = await bench.put("alarm.shelve", params={"alarm": "A801-bay_A01", "for": length}, reason="too loud")
        assert verdict.code == "A410" and "for" in verdict.text, verdict.text

    told(tmp_path, story)


def test_an_alarm_is_taken_out_of_service_by_two_persons_only(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="link-lost", on=True, target="meter")
        await asyncio.sleep(30.0)
        name = next(iter(await alarms(bench)))
        asked = await bench.put("alarm.take-out", TECHNICIAN, params={"alarm": name}, reason="meter is being replaced")
        assert asked.decision is Decision.WAITING, asked
        assert (await alarms(bench))[name]["state"] != "out of service"
        agreed = await bench.put("op.approve", ADMIN, params={"operation": asked.operation})
        assert agreed.ok, agreed.text
        assert (await alarms(bench))[name]["state"] == "out of service"
        assert (await bench.put("alarm.put-back", TECHNICIAN, params={"alarm": name})).ok
        assert (await alarms(bench))[name]["state"] != "out of service"
        assert (await bench.put("alarm.silence", OPERATOR)).ok

    told(tmp_path, story)
