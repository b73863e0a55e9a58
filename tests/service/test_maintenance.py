"""Maintenance through the desk: every procedure does its work; nothing moves without mode, key and enabling device."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.errors import Exit
from station_ctl.core.modes import Mode, State
from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import Verb
from station_ctl.service import recovery
from station_ctl.service.catalogue.jog import ACTIONS as JOGS
from station_ctl.service.catalogue.sequence import PROCEDURES
from tests.bench.virtual_bench import run_virtually
from tests.sequences.conftest import SAME_STEPS, the_station
from tests.service.desk_bench import OPERATOR, TECHNICIAN, DeskBench
from tests.service.maintenance_bench import MaintenanceBench, told


def _bays(bench: MaintenanceBench) -> tuple[str, str, str]:
    """A bay with a pack, an empty one, and the pack."""
    full = next(b.name for b in bench.duty.bays if bench.state.ledger.at(b.name))
    empty = next(b.name for b in bench.duty.bays if bench.state.ledger.is_free(b.name))
    return full, empty, str(bench.state.ledger.at(full))


def _ended(op: Any) -> None:
    assert str(op.state) == "done", op.text


def test_every_device_is_homed_one_after_the_other(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        plant = bench.sim.plant
        for body in (plant.robot, plant.stacker, plant.lift):
            body.homed = False
        plant.robot.z, plant.motions.version = 180.0, plant.motions.version + 1
        await asyncio.sleep(0.5)
        _ended(await bench.done("station.home"))
        assert bench.moved() == ["robot.home", "stacker.home", "lift.home"]
        assert plant.robot.homed and plant.stacker.homed and plant.lift.homed and plant.robot.z == 0.0
        proven = [row for row in bench.journal.rows("M-0001") if row.kind in ("step-ordered", "step-proven")]
        assert [row.kind for row in proven] == ["step-ordered", "step-proven"] * 3, "one device at a time"
        bench.safe()

    told(tmp_path, story)


def test_a_pack_is_moved_between_bays_and_custody_goes_with_it(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        _ended(await bench.done("battery.move", params={"origin": full, "target": empty}))
        assert bench.state.ledger.at(empty) == pack and bench.true_place(pack) == empty
        told = (await bench.technician("battery.show", params={"pack": pack})).data
        assert told["where"] == empty and [run["as"] for run in told["runs"]] == ["battery.move"]
        assert bench.duty.bays[[b.name for b in bench.duty.bays].index(empty)].plug_in.read(bench.duty.image).value
        bench.safe()

    told(tmp_path, story)


def test_a_pack_leaves_the_station_and_comes_back(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        verdict = await bench.technician("battery.out", params={"bay": full})
        await bench.until_step(60)
        assert bench.true_place(pack) == "handover_in" and bench.state.ledger.at("handover_in") == pack
        assert bench.do(cmd="pack")["pack"] == pack
        _ended(await bench.duty.operations.wait(verdict.operation, 60.0))
        assert pack not in bench.state.ledger
        verdict = await bench.technician("battery.in", params={"bay": empty, "pack": pack})
        assert pack not in bench.state.ledger, "custody begins when its code is read at the handover"
        bench.do(cmd="pack", code=pack)
        _ended(await bench.duty.operations.wait(verdict.operation, 600.0))
        assert bench.state.ledger.at(empty) == pack and bench.true_place(pack) == empty
        bench.safe()

    told(tmp_path, story)


def test_plugs_are_drawn_and_put_in_and_a_pack_is_isolated(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, _, pack = _bays(bench)
        bay = next(b for b in bench.duty.bays if b.name == full)
        _ended(await bench.done("bay.plug-out", params={"bay": full}))
        assert bay.plug_out.is_on().proven(bench.duty.image)
        _ended(await bench.done("seq.run", params={"name": "bay.plug-in", "args": [f"bay={full}"]}))
        assert bay.plug_in.is_on().proven(bench.duty.image)
        _ended(await bench.done("bay.isolate", params={"bay": full}))
        assert bench.state.ledger.at("isolation") == pack and bench.true_place(pack) == "isolation"
        bench.safe()

    told(tmp_path, story)


def test_locks_and_lift_are_exercised_on_a_test_vehicle_and_the_torque_is_recorded(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        for action, ordered in (("lift.exercise", "lift.lift_to_work"), ("torque.test", "robot.lock")):
            bench.do(cmd="vehicle")
            await asyncio.sleep(0.5)
            op = await bench.done(action, params={"cycles": 2})
            _ended(op)
            assert sum(order.startswith(f"{ordered}(") for order in bench.moved()) == 2, bench.moved()
        curves = op.data["curves"]
        for no in ("115", "125"):
            last = curves[no][-1]
            assert all(80.0 <= torque <= 90.0 for torque in last[1]), last
            assert len(curves[no]) >= 6 and curves[no][0][0] < 3.0, "a curve, not an end"
            assert any(0.0 < point[1][0] < 10.0 for point in curves[no]), "a bolt runs in before it seats"
        rows = [row for row in bench.journal.rows(op.run_id) if row.kind == "measured"]
        assert {row.step for row in rows} == {110, 115, 120, 125}
        bench.safe()

    told(tmp_path, story)


@pytest.mark.parametrize("switch", ["enabling", "key"])
def test_a_switch_that_is_lost_half_way_holds_the_machine_and_a_person_goes_on(tmp_path: Path, switch: str) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        verdict = await bench.technician("battery.move", params={"origin": full, "target": empty})
        await bench.until_step(30)
        await bench.until(lambda: bench.true_place(pack) == "stacker")
        bench.switch(switch, on=False)
        await bench.until_state(State.HELD)
        op = await bench.duty.operations.wait(verdict.operation, 5.0)
        assert str(op.state) == "stopped half-way", op
        (trip,) = bench.state.trips
        assert trip.interlock == {"enabling": "G32", "key": "G31"}[switch] and trip.reaction is OnLoss.HOLD
        stood = bench.sim.plant.stacker.x, bench.sim.plant.stacker.fork
        await asyncio.sleep(5.0)
        assert (bench.sim.plant.stacker.x, bench.sim.plant.stacker.fork) == stood, "it stands"
        refused = await bench.technician("seq.resume", params={"looked": True})
        assert refused.exit is Exit.BLOCKED and refused.data["blocked_by"], refused.text
        bench.switch(switch, on=True)
        await asyncio.sleep(0.5)
        assert bench.state.state is State.HELD, "nothing starts by itself"
        await bench.engine.ask(Verb.ACKNOWLEDGE, "wang")
        _ended(await bench.done("seq.resume", params={"looked": True}))
        assert bench.state.ledger.at(empty) == pack
        bench.safe()

    told(tmp_path, story)


@pytest.mark.parametrize("switch", ["enabling", "key"])
def test_pressing_again_starts_nothing_between_two_steps_either(tmp_path: Path, switch: str) -> None:
    """a pack is awaited, the device is let go: what is set down starts no stacker, nor does the hand that presses."""

    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        verdict = await bench.technician("battery.out", params={"bay": full})
        await bench.until_step(60)
        bench.do(cmd="pack")
        _ended(await bench.duty.operations.wait(verdict.operation, 60.0))
        await bench.technician("battery.in", params={"bay": empty, "pack": pack})
        bench.switch(switch, on=False)
        await asyncio.sleep(1.0)
        assert bench.state.state is State.EXECUTE, "waiting for people needs no enabling device"
        before = bench.moved()
        bench.do(cmd="pack", code=pack)
        await bench.until(lambda: bench.state.ledger.at("handover_out") == pack)
        await asyncio.sleep(0.2)
        assert bench.state.state is State.HELD, "at once: a hand that presses a moment later starts nothing"
        (trip,) = bench.state.trips
        assert trip.code == "A103" and {"enabling": "G32", "key": "G31"}[switch] in trip.text
        bench.switch(switch, on=True)
        await asyncio.sleep(4.0)
        assert bench.moved() == before and bench.state.state is State.HELD
        await bench.engine.ask(Verb.ACKNOWLEDGE, "wang")
        bench.switch(switch, on=False)
        await asyncio.sleep(0.5)
        await bench.technician("seq.resume")
        await asyncio.sleep(0.2)
        bench.switch(switch, on=True)
        await asyncio.sleep(4.0)
        assert bench.moved() == before, "resumed without it, then pressed: nothing"
        await bench.engine.ask(Verb.ACKNOWLEDGE, "wang")
        _ended(await bench.done("seq.resume"))
        assert bench.state.ledger.at(empty) == pack
        bench.safe()

    told(tmp_path, story)


@pytest.mark.parametrize(("switch", "code"), [("enabling", "G32"), ("key", "G31")])
def test_nothing_begins_without_key_and_enabling_device(tmp_path: Path, switch: str, code: str) -> None:
    async def story(bench: MaintenanceBench) -> None:
        bench.switch(switch, on=False)
        await asyncio.sleep(0.5)
        for procedure in PROCEDURES:
            if procedure.name in ("battery.in", "lift.exercise", "lock.exercise", "torque.test", "battery.put-back"):
                continue  # their first step moves nothing; test_every_step_that_moves_is_attended has the others
            full, empty, _ = _bays(bench)
            given = {"bay": full, "origin": full, "target": empty}
            params = {name: given[name] for name in procedure.params.model_fields if name in given}
            verdict = await bench.technician(procedure.name, params=params)
            assert verdict.exit is Exit.BLOCKED and verdict.data["blocked_by"] == [code], verdict.text
        assert bench.moved() == [] and bench.state.runs == ()

    told(tmp_path, story)


def test_every_step_that_moves_is_attended() -> None:
    for procedure in the_station().procedures().maintenance.values():
        sequence = procedure.specimen([b.name for b in the_station().stand.bays], "SIM-SEDAN")
        assert sequence.mode is Mode.MAINTENANCE and sequence.faults() == ()
        for step in sequence.steps:
            if step.do is not None and "identify" not in step.do.text:
                kept = {k.interlock.code: k.on_loss for k in step.interlocks}
                assert (kept["G07"], kept["G31"], kept["G32"]) == (OnLoss.HOLD,) * 3, step.text


def test_maintenance_is_refused_in_automatic_and_a_swap_in_maintenance(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        assert (await bench.put("swap.start", OPERATOR)).exit is Exit.NOT_ALLOWED
        await bench.engine.ask(Verb.STOP, "test")
        await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        await bench.engine.ask(Verb.RESET, "test")
        await bench.engine.ask(Verb.START, "test")
        verdict = await bench.technician("robot.home")
        assert verdict.exit is Exit.NOT_ALLOWED and "needs mode maintenance" in verdict.text
        home = bench.duty.procedures.of_maintenance("robot.home").make({})
        with pytest.raises(Exception, match=r"robot.home needs mode maintenance; the mode is automatic"):
            await bench.engine.begin("M-0001", home, None, "test")
        assert bench.moved() == []

    told(tmp_path, story)


def test_one_device_at_a_time(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        first = await bench.technician("stacker.home")
        second = await bench.technician("robot.home")
        assert first.ok and second.exit is Exit.BLOCKED and "no run is open" in second.text
        home = bench.duty.procedures.of_maintenance("robot.home").make({})
        with pytest.raises(Exception, match="run M-0001 is open"):
            await bench.engine.begin("M-0009", home, None, "test")

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("action", "params", "exit_", "words"),
    [
        ("battery.move", {"origin": "A01", "target": "A01"}, Exit.USAGE, "two different bays"),
        ("battery.move", {"origin": "A01", "target": "Z99"}, Exit.NOT_FOUND, "no bay Z99"),
        ("seq.run", {"name": "robot.dance"}, Exit.NOT_FOUND, "there are station.home"),
        ("seq.run", {"name": "robot.home", "args": ["bay=A01"]}, Exit.USAGE, "does not take bay"),
        ("seq.run", {"name": "bay.plug-in", "args": ["A01"]}, Exit.USAGE, "write each once"),
        ("seq.run", {"name": "bay.plug-in"}, Exit.USAGE, "needs bay"),
        ("lock.exercise", {"model": "TRACTOR"}, Exit.USAGE, "no vehicle model TRACTOR"),
        ("seq.run", {"name": "lock.exercise", "args": ["cycles=999"]}, Exit.USAGE, "from 1 to 20"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    tmp_path: Path, action: str, params: dict[str, Any], exit_: Exit, words: str
) -> None:
    async def story(bench: MaintenanceBench) -> None:
        verdict = await bench.technician(action, params=params)
        assert verdict.exit is exit_ and words in verdict.text, verdict.text
        assert bench.state.runs == () and bench.moved() == []

    told(tmp_path, story)


def test_an_operator_may_not(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        for procedure in PROCEDURES:
            assert (await bench.put(procedure.name, OPERATOR)).code in ("A404", "A410"), procedure.name
        assert (await bench.put("robot.home", OPERATOR)).code == "A404"

    told(tmp_path, story)


def test_a_dry_run_shows_steps_and_permissives_and_moves_nothing(tmp_path: Path) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        verdict = await bench.technician("battery.move", params={"origin": full, "target": empty}, dry_run=True)
        assert [line.split()[0] for line in verdict.data["steps"]] == ["10", "20", "30", "40", "50"]
        assert {"G31", "G32", "G01"} <= {check["code"] for check in verdict.data["checks"]}
        assert bench.moved() == [] and bench.state.ledger.at(full) == pack

    told(tmp_path, story)


@pytest.mark.parametrize("way", ["seq.resume", "seq.give-up"])
def test_a_crash_half_way_is_recovered_from_the_journal(tmp_path: Path, way: str) -> None:
    async def story(bench: MaintenanceBench) -> None:
        full, empty, pack = _bays(bench)
        verdict = await bench.technician("battery.move", params={"origin": full, "target": empty})
        await bench.until_step(30)
        before = "stacker" if way == "seq.resume" else empty
        await bench.until(lambda: bench.true_place(pack) == before)
        await bench.crash_and_restart()
        await bench.attend()
        (run,) = bench.state.runs
        assert (run.run_id, run.sequence.key, run.job) == ("M-0001", "battery.move", None)
        assert verdict.operation and recovery.ways_out(bench.engine.facts, bench.state, bench.duty.image).findings
        machines = recovery.ways_out(bench.engine.facts, bench.state, bench.duty.image).machines
        assert {f"bay {full}", f"bay {empty}"} <= {text.partition(":")[0] for text in machines}
        told = "\n".join((await bench.technician("why")).data["do_next"])
        assert "seq resume --looked" in told and "swap" not in told
        assert ("seq give-up M-0001" in told) is (way == "seq.give-up")
        if way == "seq.resume":
            refused = await bench.technician("seq.give-up", params={"run": "M-0001"})
            assert refused.exit is Exit.BLOCKED and "not certain" in refused.text, "a pack on the fork is nowhere"
            _ended(await bench.done(way, params={"looked": True}))
        else:
            assert (await bench.technician(way, params={"run": "M-0001"})).ok
            assert bench.state.runs == ()
            _ended(await bench.done("stacker.home"))
        assert bench.state.ledger.at(empty) == pack
        bench.safe()

    told(tmp_path, story, speed=2.0)  # so that the machine stops on its way: without our heartbeat it goes on for 1 s


def test_procedures_that_are_judged_elsewhere_have_those_steps() -> None:
    known, bays = the_station().procedures().maintenance, [b.name for b in the_station().stand.bays]
    for name, other in SAME_STEPS.items():
        steps = [replace(s, after=()) for s in known[name].specimen(bays, "SIM-SEDAN").steps]
        others = [replace(s, after=()) for s in known[other].specimen(bays, "SIM-SEDAN").steps]
        assert steps and all(s in others for s in steps), name


def test_every_procedure_is_an_action_and_every_such_action_a_procedure() -> None:
    known = the_station().procedures().maintenance
    assert {action.name for action in (*PROCEDURES, *JOGS)} == set(known)
    assert {action.name for action in JOGS} == {name for name, p in known.items() if p.axes}
    for action in PROCEDURES:
        assert set(action.params.model_fields) <= {p.name for p in known[action.name].parameters}, action.name


def test_a_swap_half_done_keeps_maintenance_away(tmp_path: Path) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            await asyncio.sleep(0.5)
            await bench.reception.receive("test")
            await bench.until_step(50)
            await bench.engine.ask(Verb.HOLD, "test")
            await bench.until_state(State.HELD)
            await bench.engine.ask(Verb.STOP, "test")
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.MAINTENANCE)
            for verb in (Verb.RESET, Verb.RESUME):
                with pytest.raises(Exception, match=r"is half done|needs automatic"):
                    await bench.engine.ask(verb, "test", confirmed=True)
            assert not (await bench.put("robot.home", TECHNICIAN)).ok
            assert bench.state.state is State.STOPPED

    run_virtually(main())
