"""Trucks with two packs in virtual time: both exchanged, stopped at either, gone on with or back with what was done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.engine.journal import OpenRun, Restored
from station_ctl.engine.state import Run
from station_ctl.service.reception import NoReadyPack, VehicleRefused
from station_ctl.service.recovery import rebuild
from tests.bench.leap_pacing import TruckBenchStation
from tests.bench.virtual_bench import run_virtually
from tests.bench.whole_swaps import begun, ledger_is_the_truth, proven
from tests.service.desk_bench import VIEWER, DeskBench
from tests.truck.truck_bench import (
    LOOK,
    RESUME,
    RETREAT,
    SPEED,
    TruckBench,
    stopped_anywhere,
    the_config,
    visited,
)
from tests.truck.truck_paper import the_station, twin_job

MODEL = "SIM-TWIN"
SWAP = the_station().procedures().swap(twin_job())
STEPS = tuple(step.no for step in SWAP.steps if step.do is not None)
FORWARD, BACK = (RESUME, LOOK), (RETREAT, RESUME, LOOK)


def test_both_packs_are_exchanged_with_one_empty_bay_and_the_next_truck_gets_what_is_left(tmp_path: Path) -> None:
    async def swaps() -> None:
        async with TruckBench(tmp_path, model=MODEL) as bench:
            await bench.make_ready()
            run = await bench.swap()
            job = run.job
            assert run.complete and job is not None
            bench.safe()
            ledger_is_the_truth(bench)
            assert bench.state.trips == () and bench.state.zones == ()
            assert bench.all_left_with == [exchange.fresh for exchange in job.exchanges]
            first, second = job.exchanges
            assert second.spent_bay == first.fresh_bay, "one bay was empty, and it is enough"
            assert [bench.state.ledger.at(e.spent_bay) for e in job.exchanges] == [first.spent, second.spent]
            seconds = begun(bench.seen, run.run_id)
            assert proven(bench.seen, run.run_id)[400] - seconds[20] < 562, "planned are 562 s with the reception"

    run_virtually(swaps())


async def stopped_in(folder: Path, verb: Verb, no: int, part: float, *ways: str) -> None:
    """A swap held or aborted in this step, and brought to its end by the first of these ways that is granted."""
    async with visited(folder, model=MODEL) as bench:
        await bench.at_step(no, part)
        run, truck = bench.state.runs[-1], bench.sim.plant.visitor()
        assert truck is not None and run.job is not None
        await bench.stopped(verb)
        gone = await bench.to_the_end(*ways)
        bench.safe()
        assert len(gone) == 1, gone
        back = gone == [RETREAT]
        assert back == (RETREAT in ways and no <= 355)
        fresh = [exchange.fresh for exchange in run.job.exchanges]
        spent = [exchange.spent for exchange in run.job.exchanges]
        with_what = fresh if not back else [fresh[0], spent[1]] if no > 155 else spent
        assert bench.all_left_with == with_what
        assert bench.state.state is State.EXECUTE and bench.state.runs == () and bench.state.zones == ()


SHORT = [
    (Verb.HOLD, 90, FORWARD), (Verb.ABORT, 350, FORWARD), (Verb.HOLD, 80, BACK), (Verb.HOLD, 160, BACK),
    (Verb.HOLD, 270, BACK), (Verb.HOLD, 280, BACK), (Verb.HOLD, 295, BACK), (Verb.HOLD, 330, BACK),
    (Verb.ABORT, 345, BACK), (Verb.HOLD, 355, BACK),
]  # fmt: skip
"""Each way back of the second pack once, two of the first."""


@pytest.mark.parametrize(
    ("verb", "no", "ways"), SHORT, ids=lambda v: "-".join(v[:1]) if isinstance(v, tuple) else str(v)
)
def test_a_person_who_stopped_it_goes_on_or_back_with_what_is_exchanged(
    tmp_path: Path, verb: Verb, no: int, ways: tuple[str, ...]
) -> None:
    run_virtually(stopped_in(tmp_path, verb, no, 0.4, *ways))


@pytest.mark.long
@pytest.mark.parametrize("ways", [FORWARD, BACK], ids=["forward", "back"])
@pytest.mark.parametrize("verb", [Verb.HOLD, Verb.ABORT])
@pytest.mark.parametrize("part", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("no", STEPS)
def test_a_person_who_stopped_it_in_any_step_goes_on_or_back(
    tmp_path: Path, no: int, part: float, verb: Verb, ways: tuple[str, ...]
) -> None:
    run_virtually(stopped_anywhere(tmp_path, no, part, verb, *ways, model=MODEL))


# ---- the controller dies ----
async def died_in(folder: Path, no: int, *ways: str) -> None:
    """The journal knows both exchanges, and which of them is under way."""
    async with visited(folder, model=MODEL) as bench:
        await bench.at_step(no, 0.4)
        job = bench.state.runs[-1].job
        await bench.crash_and_restart()
        assert bench.state.runs[-1].job == job
        orders = bench.report()["orders"]
        await bench.to_the_end(*ways)
        bench.safe()
        assert bench.report()["orders"] > orders or no >= STEPS[-1]


@pytest.mark.parametrize(("no", "ways"), [(300, FORWARD), (330, BACK)])
def test_a_controller_that_died_is_started_again_and_finds_both_packs(
    tmp_path: Path, no: int, ways: tuple[str, ...]
) -> None:
    run_virtually(died_in(tmp_path, no, *ways))


@pytest.mark.long
@pytest.mark.parametrize("ways", [FORWARD, BACK], ids=["forward", "back"])
@pytest.mark.parametrize("no", STEPS)
def test_a_controller_that_died_in_any_step_finds_both_packs(tmp_path: Path, no: int, ways: tuple[str, ...]) -> None:
    run_virtually(died_in(tmp_path, no, *ways))


def test_a_controller_that_died_on_the_way_back_of_the_second_pack_goes_on_with_it(tmp_path: Path) -> None:
    async def one() -> None:
        async with visited(tmp_path, model=MODEL) as bench:
            await bench.at_step(330, 0.4)
            first = bench.state.runs[-1].job
            assert first is not None
            await bench.stopped(Verb.HOLD)
            await bench.acknowledged()
            await bench.retreat()
            await bench.at_step(105, 0.4)
            way_back = bench.state.runs[-1]
            await bench.crash_and_restart()
            found = bench.state.runs[-1]
            assert found.sequence.key == way_back.sequence.key and found.job == way_back.job
            assert found.job is not None and found.job.turn == 1
            await bench.to_the_end(*FORWARD)
            bench.safe()
            assert bench.all_left_with == [first.fresh, first.also[0].spent]

    run_virtually(one())


# ---- what goes wrong with the second pack ----
FAULTS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("sway", {}, (265, 270, 350)), ("wind", {}, (265, 295, 345)), ("snag", {}, (270, 290, 330)),
    ("overload", {}, (280, 290, 330)), ("gripper-lock-stuck", {}, (270, 275, 300)),
    ("gripper-lock-opens", {}, (280, 295, 345)), ("landing-dead", {}, (265, 270, 325)),
    ("cone-blocked", {}, (265, 300, 350)), ("scan-poor", {}, (270, 295, 340)), ("pose-shift", {}, (270, 290, 350)),
    ("truck-lock-stuck", {"seat": 2}, (270, 280, 350)), ("truck-lock-opens", {"seat": 2}, (270, 355, 365)),
    ("truck-lock-opens", {"seat": 1}, (265, 290, 350)), ("connector-stuck", {"seat": 2}, (265, 280, 345)),
    ("connector-bent", {"seat": 2}, (265, 300, 350)), ("rope-slack", {}, (295, 320, 345)),
    ("hoist-sinks", {}, (265, 295, 345)), ("crane-rolls", {}, (270, 300, 350)), ("hv-on", {}, (270, 290, 350)),
    ("gear-out", {}, (265, 280, 350)), ("radio-lost", {}, (265, 280, 350)),
    ("coolant-leak", {"seat": 2}, (300, 350, 355)),
    ("e-stop", {}, (270, 290, 350)), ("curtain", {}, (265, 295, 350)), ("person", {}, (265, 295, 350)),
    ("fire", {}, (265, 295, 350)), ("link-lost", {"plc": "crane"}, (270, 295, 350)),
    ("plc-restart", {"plc": "crane"}, (270, 295, 350)), ("plc-restart", {"plc": "stand"}, (280, 340, 355)),
    ("drive-idle", {"plc": "crane"}, (265, 295, 335)), ("drive-crossed", {"plc": "crane"}, (265, 295, 345)),
    ("wrong-pack", {}, (265, 300, 320)), ("bay-disabled", {"bay": "A05"}, (265, 290, 295)),
    ("sensor-stuck", {"tag": "stand.VEH_PACK_LATCHED_2", "value": 1}, (270, 290, 350)),
    ("sensor-stuck", {"tag": "stand.VEH_LOCKS_CLOSED", "value": 255}, (270, 280, 350)),
    ("sensor-stuck", {"tag": "stand.VEH_LOCKS_OPEN", "value": 240}, (270, 280, 350)),
    ("sensor-stuck", {"tag": "stand.VEH_CONNECTOR_APART_2", "value": 1}, (270, 280, 350)),
]  # fmt: skip
CASES = [(name, args, no) for name, args, steps in FAULTS for no in steps]
SOME = {("truck-lock-stuck", 280), ("truck-lock-opens", 290), ("connector-stuck", 345), ("plc-restart", 340)}


async def struck(folder: Path, name: str, args: dict[str, Any], no: int) -> None:
    """Struck in this step, and brought to its end by a person: nothing unsafe, every pack in its place."""
    async with visited(folder, model=MODEL) as bench:
        bench.strike(await bench.at_step(no, 0.4), name=name, **args)
        await bench.rest()
        if bench.sim.plant.visitor() is not None:
            bench.undo(name, args)
        await bench.to_the_end(RESUME, LOOK, RETREAT)
        bench.safe()
        assert bench.state.runs == () and bench.state.zones == () and len(bench.all_left_with) == 2


def _named(cases: list[tuple[str, dict[str, Any], int]]) -> list[Any]:
    return [pytest.param(*case, id="-".join(map(str, (case[0], *case[1].values(), case[2])))) for case in cases]


@pytest.mark.parametrize(("name", "args", "no"), _named([c for c in CASES if (c[0], c[2]) in SOME]))
def test_a_fault_at_the_second_pack_has_a_way_out(tmp_path: Path, name: str, args: dict[str, Any], no: int) -> None:
    run_virtually(struck(tmp_path, name, args, no))


@pytest.mark.long
@pytest.mark.parametrize(("name", "args", "no"), _named([c for c in CASES if (c[0], c[2]) not in SOME]))
def test_any_fault_at_the_second_pack_has_a_way_out(tmp_path: Path, name: str, args: dict[str, Any], no: int) -> None:
    run_virtually(struck(tmp_path, name, args, no))


# ---- who is not let in ----
def test_a_truck_is_let_in_only_with_a_charged_pack_for_each_of_its_own(tmp_path: Path) -> None:
    async def one() -> None:
        async with TruckBench(tmp_path, model=MODEL) as bench:
            await bench.make_ready()
            for bay in bench.built.stand.bays:
                pack = bench.sim.plant.places.at(bay.name)
                if pack is not None:
                    pack.soc = 95.0 if bay.name == "A03" else 40.0
            bench.sim.plant.motions.version += 1
            await asyncio.sleep(5.0)
            with pytest.raises(NoReadyPack, match="for pack 2 of 2: no charged pack of type 282 is ready"):
                await bench.swap()
            assert bench.report()["orders"] == 1, "the truck was asked who it is, and nothing else"

    run_virtually(one())


@pytest.mark.parametrize(
    ("model", "tag", "value", "why"),
    [
        ("SIM-TWIN", "VEH_PACK_ID_2", "", "its pack 2 of 2's code '' is not credible"),
        ("SIM-TRACTOR", "VEH_PACK_ID_2", "CN-SIM-282-714A92-000099", "a SIM-TRACTOR carries 1"),
    ],
)
def test_a_truck_whose_packs_do_not_fit_its_model_is_not_believed(
    tmp_path: Path, model: str, tag: str, value: str, why: str
) -> None:
    async def one() -> None:
        async with TruckBench(tmp_path, model=model) as bench:
            await bench.make_ready()
            bench.do(cmd="fault", name="sensor-stuck", on=True, tag=f"stand.{tag}", value=value)
            with pytest.raises(VehicleRefused, match=why):
                await bench.swap()

    run_virtually(one())


def test_one_code_for_two_packs_is_not_believed(tmp_path: Path) -> None:
    async def one() -> None:
        async with TruckBench(tmp_path, model=MODEL) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            truck = bench.sim.plant.visitor()
            assert truck is not None
            code = truck.arrival_code
            bench.do(cmd="fault", name="sensor-stuck", on=True, tag="stand.VEH_PACK_ID_2", value=code)
            await asyncio.sleep(0.5)
            with pytest.raises(VehicleRefused, match=r"one code, .* for two packs"):
                await bench.reception.receive("test")

    run_virtually(one())


# ---- what a journal says of two packs ----
ALSO = ["P-old-2", "P-new-2", "A04", "A07"]
ROW = {
    "sequence": "swap-truck", "vehicle": "V", "model": MODEL, "spent": "P-old", "fresh": "P-new", "fresh_bay": "A03",
    "spent_bay": "A08", "steps": [step.no for step in SWAP.steps],
}  # fmt: skip


def rebuilt(**changes: object) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """What becomes of a run that was opened with this row."""
    paper = the_station()
    found = OpenRun("S-0001", {**ROW, "also": [ALSO], "turn": 0, **changes}, {})
    return rebuild(Restored(Ledger(), 1, (found,)), paper.procedures(), paper.config.recipes)


def test_a_run_of_two_packs_is_put_together_again_from_its_row() -> None:
    (run,), faults = rebuilt()
    assert faults == () and run.job == twin_job()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"also": []}, "it names 1 exchanges, and vehicle model SIM-TWIN has 2 packs"),
        ({"also": [ALSO, ALSO]}, "it names 3 exchanges"),
        ({"also": "P-old-2"}, "its further packs are 'P-old-2'"),
        ({"also": [ALSO[:3]]}, "which are no packs and bays"),
        ({"also": [["P-old-2", "", "A04", "A07"]]}, "which are no packs and bays"),
        ({"also": [["P-old-2", 7, "A04", "A07"]]}, "which are no packs and bays"),
        ({"turn": 2}, "its turn is 2"),
        ({"turn": -1}, "its turn is -1"),
        ({"turn": True}, "its turn is True"),
        ({"model": "SIM-TRACTOR"}, "it names 2 exchanges, and vehicle model SIM-TRACTOR has 1 packs"),
        ({"also": [["P-old-2", "P-new-2", "A04", "A99"]]}, "there is no bay A99"),
    ],
)
def test_a_row_that_is_not_whole_is_told_and_begins_nothing(changes: dict[str, object], why: str) -> None:
    runs, (fault,) = rebuilt(**changes)
    assert runs == () and why in fault and "attended recovery only" in fault


# ---- what persons are shown ----
def test_lists_of_swaps_packs_and_waiting_trucks_name_both_packs(tmp_path: Path) -> None:
    async def one() -> None:
        sim = TruckBenchStation(seed=1, speed=SPEED)
        sim.model = MODEL
        async with DeskBench(tmp_path, speed=SPEED, sim=sim, config=the_config()) as bench:
            await bench.make_ready()
            waiting = (await bench.put("queue.list", VIEWER)).data["reception"]
            (twin,) = (row for row in waiting if row["model"] == MODEL)
            assert twin["pack"] and len(twin["also"]) == 1 and twin["also"][0]["spent_to"] == twin["from"]
            run = await bench.swap()
            assert run.job is not None
            (further,) = run.job.also
            await bench.until(lambda: bench.engine.state.runs == ())
            told = (await bench.put("swap.list", VIEWER)).data["swaps"][-1]
            assert told["also"] == [{"spent": further.spent, "fresh": further.fresh}]
            for pack, role in ((further.spent, "spent"), (further.fresh, "fresh"), (run.job.spent, "spent")):
                shown = (await bench.put("battery.show", VIEWER, params={"pack": pack})).data
                assert [(r["run"], r["as"]) for r in shown["runs"]] == [(run.run_id, role)]
                gone = role == "fresh"
                assert (shown["where"] == "not in the station") == gone

    run_virtually(one())
