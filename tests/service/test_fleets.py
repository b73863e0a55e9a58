"""Fleets at the entry: their vehicles go first, others are not starved, packs stay for them, and refusals are written.

Knows the desk and the simulated station. Who is of which fleet is told in tests/core/test_fleets.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truth.layout import Layout
from station_ctl.core.fleets import Admission, Fleet, ServedOnly
from tests.bench import virtual_bench
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench

TAXI, PRIVATE, OTHER = "LTX00000000000001", "LSZSMA00100000001", "LSZSMA00100000002"
TAXIS = Fleet("taxis", "Taxis", patterns=("LTX*",), priority=5, keeps=2, pack_type=100)


def bench_with(folder: Path, admission: Admission, **options: Any) -> DeskBench:
    config = replace(virtual_bench._config(20.0), admission=admission)
    return DeskBench(folder, config=config, **options)


def later(bench: DeskBench, seconds: float) -> None:
    """The clock on the wall goes on by so much; nothing else happens meanwhile."""
    before = bench.duty.wall
    bench.duty.wall = lambda: before() + seconds


async def asked(bench: DeskBench, **params: str) -> Any:
    """A swap asked for, and how its reception ended; a swap that began goes on."""
    begun = await bench.put("swap.start", params=params)
    assert begun.ok, begun
    return await bench.duty.operations.wait(begun.operation, 10.0)


def test_a_taxi_goes_first_and_a_private_car_is_let_in_once_its_patience_is_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_with(tmp_path, Admission((TAXIS,), patience_s=600.0)) as bench:
            await bench.make_ready()
            for vin in (PRIVATE, TAXI):
                assert (await bench.put("queue.add", params={"vehicle": vin})).ok
            listed = (await bench.put("queue.list")).data["waiting"]
            assert [(one["vehicle"], one["fleet"], one["priority"], one["may_come_in"]) for one in listed] == [
                (TAXI, "taxis", 5, True), (PRIVATE, "", 0, False),
            ]  # fmt: skip
            refused = await bench.put("swap.start", params={"vehicle": PRIVATE})
            assert refused.code == "A401" and f"{TAXI} goes first (priority 5" in refused.text, refused
            bench.do(cmd="vehicle", vin=OTHER)
            op = await asked(bench)
            assert op.code == "A305" and f"{TAXI} goes first" in op.text, "nobody announced it: it has no priority"
            later(bench, 590.0)
            bench.duty.queue = bench.duty.queue.without(PRIVATE)
            assert (await asked(bench)).code == "A305", "some seconds too early"
            later(bench, 20.0)
            assert (await asked(bench)).state == "running", "it has stood there for its ten minutes"
            await bench.until_step(20)
            rows = [row for row in bench.journal.rows() if row.kind == "turned-away"]
            assert [row.data["code"] for row in rows] == ["A305", "A305"] and OTHER in str(rows[0].data["why"])
            await bench.duty.operations.close()

    run_virtually(main())


def test_who_has_waited_long_enough_stands_first_in_the_list(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench_with(tmp_path, Admission((TAXIS,), patience_s=600.0)) as bench:
            await bench.make_ready()
            assert (await bench.put("queue.add", params={"vehicle": PRIVATE})).ok
            later(bench, 601.0)
            assert (await bench.put("queue.add", params={"vehicle": TAXI})).ok
            listed = (await bench.put("queue.list")).data["waiting"]
            assert [(one["vehicle"], one["may_come_in"]) for one in listed] == [(PRIVATE, True), (TAXI, True)]
            assert (await bench.put("queue.next")).data["next"]["vehicle"] == PRIVATE

    run_virtually(main())


def test_a_car_of_no_fleet_is_refused_while_only_taxis_are_served(tmp_path: Path) -> None:
    async def main() -> None:
        admission = Admission((TAXIS,), (ServedOnly(("taxis",)),))
        async with bench_with(tmp_path, admission) as bench:
            await bench.make_ready()
            refused = await bench.put("swap.start", params={"vehicle": PRIVATE})
            assert (refused.code, refused.ok) == ("A401", False) and "only taxis are served" in refused.text
            bench.do(cmd="vehicle", vin=PRIVATE)
            op = await asked(bench)
            assert (op.code, bench.state.runs) == ("A306", ()) and PRIVATE in op.text
            (row,) = [row for row in bench.journal.rows() if row.kind == "turned-away"]
            assert (row.data["code"], row.data["who"]) == ("A306", "li")
            bench.do(cmd="dismiss")
            await asyncio.sleep(5.0)
            bench.do(cmd="vehicle", vin=TAXI)
            op = await asked(bench)
            assert (op.state, op.data["fleet"]) == ("running", "taxis")
            await bench.until_step(20)
            await bench.duty.operations.close()

    run_virtually(main())


def test_the_last_packs_stay_for_the_fleet_they_are_kept_for(tmp_path: Path) -> None:
    """Two charged packs and two kept: a private car gets none and is told so, a taxi gets one."""

    async def main() -> None:
        sim = SimStation(speed=20.0, layout=Layout(packs=2))
        async with bench_with(tmp_path, Admission((TAXIS,)), sim=sim) as bench:
            await bench.make_ready()
            (known,) = (await bench.put("queue.list")).data["reception"]
            assert "kept: 2 for taxis" in known["why_not"]
            bench.do(cmd="vehicle", vin=PRIVATE)
            op = await asked(bench)
            assert (op.code, bench.state.runs) == ("A303", ()) and "kept: 2 for taxis" in op.text, op
            bench.do(cmd="dismiss")
            await asyncio.sleep(5.0)
            bench.do(cmd="vehicle", vin=TAXI)
            assert (await asked(bench)).state == "running"
            await bench.until_step(20)
            await bench.duty.operations.close()

    run_virtually(main())
