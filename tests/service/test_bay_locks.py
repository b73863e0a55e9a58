"""Bays out of use: no swap takes them, no procedure works at them, and a restart does not forget it."""

from __future__ import annotations

from pathlib import Path

from station_ctl.service.bay_locks import BayLocks
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import TECHNICIAN, DeskBench
from tests.service.maintenance_bench import MaintenanceBench, told

WHY = "the plug is worn"


async def disabled(bench: DeskBench, *bays: str) -> None:
    for bay in bays:
        verdict = await bench.put("bay.disable", TECHNICIAN, params={"bay": bay}, reason=WHY)
        assert verdict.ok and WHY in verdict.text, verdict


def test_a_swap_takes_no_pack_from_a_disabled_bay_and_brings_none_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            await bench.make_ready()
            before = (await bench.put("queue.list")).data["reception"][0]
            await disabled(bench, before["from"], before["spent_to"])
            after = (await bench.put("queue.list")).data["reception"][0]
            assert not {after["from"], after["spent_to"]} & {before["from"], before["spent_to"]} and after["pack"]
            shown = await bench.put("bay.show", params={"bay": before["from"]})
            assert WHY in shown.text and WHY in shown.data["disabled_by"]
            asked = await bench.put("why", params={"subject": f"bay.{before['from']}"})
            assert int(asked.exit) == 4 and WHY in asked.text
            bench.do(cmd="vehicle")
            assert (await bench.put("swap.start")).ok
            await bench.until_step(20)
            (run,) = [run for run in bench.state.runs if run.job is not None]
            assert run.job is not None and (run.job.fresh_bay, run.job.spent_bay) == (after["from"], after["spent_to"])
            counted = await bench.put("bay.disable", TECHNICIAN, params={"bay": run.job.spent_bay}, reason=WHY)
            assert counted.code == "A401" and run.run_id in counted.text, "a bay that a run counts on stays in use"
            await bench.duty.operations.close()

    run_virtually(main())


def test_with_every_empty_bay_disabled_the_refusal_names_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            await bench.make_ready()
            bays = (await bench.put("bay.list")).data["bays"]
            await disabled(bench, *(bay["bay"] for bay in bays if not bay["custody"]))
            bench.do(cmd="vehicle")
            op = await bench.duty.operations.wait((await bench.put("swap.start")).operation, 600.0)
            assert op.code == "A304" and WHY in op.text, op

    run_virtually(main())


def test_a_procedure_of_maintenance_does_not_work_at_a_disabled_bay_but_a_hot_pack_leaves_it(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        await disabled(bench, "A01", "A12")
        for action, params in (
            ("battery.move", {"origin": "A01", "target": "B12"}),
            ("battery.move", {"origin": "A02", "target": "A12"}),
            ("bay.plug-out", {"bay": "A01"}),
        ):
            refused = await bench.technician(action, params=params)
            assert refused.code == "A401" and WHY in refused.text, (action, params, refused)
        assert bench.moved() == []
        assert (await bench.technician("bay.isolate", params={"bay": "A01"}, dry_run=True)).code == ""
        assert (await bench.put("bay.enable", TECHNICIAN, params={"bay": "A12"})).ok
        free = {"origin": "A02", "target": "A12"}
        assert (await bench.technician("battery.move", params=free, dry_run=True)).code == ""
        await bench.duty.durable()
        again = BayLocks.of_rows(bench.journal.rows())
        assert [str(lock) for lock in again] == [f"bay A01 is disabled by {TECHNICIAN.name}: {WHY}"]

    told(tmp_path, story)
