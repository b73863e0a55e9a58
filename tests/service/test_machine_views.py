"""Looks at single machines and at what has been: where, locks, sign of life, runs and rows of the past."""

from __future__ import annotations

import asyncio
from pathlib import Path

from station_ctl.cli.run_history import histories
from station_ctl.core.errors import Exit
from station_ctl.engine.journal import JournalRow
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import VIEWER, DeskBench
from tests.service.maintenance_bench import MaintenanceBench, told


def test_where_the_machines_stand_is_told_in_words_and_numbers(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            robot = await bench.put("robot.where", VIEWER)
            assert "at home" in robot.text and "no pack on the table" in robot.text
            measured = {row["point"]: row for row in robot.data["measured"]}
            assert measured["robot.Z_MM"]["value"] == 0.0 and measured["robot.Z_MM"]["unit"] == "mm", measured.keys()
            for machine in ("stacker", "lift"):
                answer = await bench.put(f"{machine}.where", VIEWER)
                assert answer.ok and answer.data["measured"] and "not known" not in answer.text, answer.text
            locks = (await bench.put("lock.read", VIEWER)).data["locks"]
            assert [row["lock"] for row in locks] == list(range(1, 11)) and locks[0]["turns"] == 0.0, locks[0]
            pinged = await bench.put("device.ping", VIEWER, params={"device": "stacker"})
            assert pinged.ok and 0 < pinged.data["after_s"] <= 2.0, pinged
            bench.do(cmd="fault", name="link-lost", on=True)
            await asyncio.sleep(1.0)
            silent = await bench.put("device.ping", VIEWER, params={"device": "robot"})
            assert (silent.code, silent.exit) == ("A401", Exit.BLOCKED) and "no sign within 2 s" in silent.text, silent
            assert (await bench.put("device.ping", VIEWER, params={"device": "crane"})).exit is Exit.NOT_FOUND

    run_virtually(main())


def test_status_tells_one_part_and_whether_anybody_must_come(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            asked = {"exit-code": True}
            assert (await bench.put("status", params=asked)).exit is Exit.BLOCKED, "stopped: a person makes it ready"
            await bench.make_ready()
            assert (await bench.put("status", params=asked)).exit is Exit.DONE
            bench.do(cmd="fault", name="link-lost", on=True)
            await asyncio.sleep(1.0)
            lost = await bench.put("status", params={**asked, "part": "links"})
            assert lost.exit is Exit.BLOCKED and set(lost.data) == {"links"} and lost.data["links"]["robot"] != "ok"
            assert (await bench.put("status")).exit is Exit.DONE, "a look is a look unless the exit code is asked for"
            assert (await bench.put("status", params={"part": "weather"})).exit is Exit.USAGE

    run_virtually(main())


def test_a_run_is_told_while_it_goes_on_with_what_happened_meanwhile(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            assert (await bench.put("swap.start")).ok
            await bench.until_step(50)
            assert (await bench.put("station.hold", VIEWER)).ok
            await bench.duty.durable()
            answer = (await bench.put("swap.rows", VIEWER, params={"run": "S-0001"})).data
            (run,) = [r for r in histories(JournalRow(**row) for row in answer["rows"]) if r.run_id == "S-0001"]
            run.name_steps({int(no): (lane, text) for no, (lane, text) in answer["words"].items()})
            words = {"Let the vehicle drive in", "Centre and clamp the wheels"}
            assert run.closed is None and {t.text for t in run.tries} >= words
            assert "hold by guest" in [h.text for h in run.happenings], "what was asked of the station belongs to it"
            reception = (await bench.put("swap.rows", VIEWER, params={"run": "R-0001"})).data
            assert reception["rows"][0]["kind"] == "run-opened" and reception["words"]["10"]
            assert {row["run"] for row in reception["rows"]} <= {"R-0001", ""}
            assert (await bench.put("swap.rows", VIEWER, params={"run": "S-0099"})).exit is Exit.NOT_FOUND
            shown = [run["id"] for run in (await bench.put("swap.list", VIEWER)).data["swaps"]]
            assert shown == ["R-0001", "S-0001"]
            rows = (await bench.put("log", VIEWER, params={"device": "lift"})).data["rows"]
            assert rows and {row["data"]["device"] for row in rows} == {"lift"}
            newer = (await bench.put("log", VIEWER, params={"after": rows[0]["seq"], "device": "lift"})).data["rows"]
            assert newer == rows[1:]
            await bench.duty.operations.close()

    run_virtually(main())


def test_runs_of_maintenance_and_what_they_measured_are_told(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        assert (await bench.put("torque.history", VIEWER)).data["measured"] == []
        op = await bench.done("robot.home")
        assert str(op.state) == "done", op.text
        (run,) = (await bench.put("seq.history", VIEWER)).data["runs"]
        assert (run["id"], run["sequence"], run["result"]) == ("M-0001", "robot.home", "done")
        assert (await bench.put("swap.list", VIEWER)).data["swaps"] == []
        words = (await bench.put("swap.rows", VIEWER, params={"run": "M-0001"})).data["words"]
        assert words == {"10": ["robot", "Robot down and home"]}

    told(tmp_path, story)
