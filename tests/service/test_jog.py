"""Jogging with the real engine and the real PLC programs: a machine moves while a person holds the button, no longer.

Every way in which the hand can be gone is tried alone: let go, late, killed, cut off, and each stop without the other.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hil_tests.simplc import plc as plc_program
from hil_tests.simplc.jog import CREEP_MM_S
from station_ctl.core.jog import LEASE
from station_ctl.core.modes import State
from station_ctl.service.calls import Verdict
from station_ctl.service.jog_button import JogButton
from station_ctl.service.operations import OperationState
from station_ctl.service.persons import Role
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN
from tests.service.http_bench import served
from tests.service.maintenance_bench import MaintenanceBench, hand, told

BUTTON = "/api/v1/jog-button"
COUNTED = 0.05
SCANS = 0.1
"""Wall seconds for the order of things between two programs: a renewal, a count, a scan, a cycle of the PLC."""


async def begin(at: MaintenanceBench, machine: str = "stacker", axis: str = "x", distance: float = 100.0) -> Verdict:
    return await at.technician(f"{machine}.jog", params={"axis": axis, "distance": distance})


async def creeps(at: MaintenanceBench) -> float:
    """The way of the carriage from here until it stands."""
    body = at.sim.plant.stacker
    await at.until(lambda: body.x != 1500.0, 3.0)
    begun = body.x
    last = None
    while last != body.x:
        last = body.x
        await asyncio.sleep(SCANS)
    return body.x - begun


@pytest.mark.parametrize(
    ("machine", "axis", "distance"),
    [
        ("stacker", "x", -60.0), ("stacker", "z", 20.0), ("stacker", "fork", 30.0),
        ("robot", "x", 100.0), ("robot", "z", 15.0), ("lift", "z", 25.0),
    ],
)  # fmt: skip
def test_an_axis_goes_as_far_as_it_was_asked_to_and_the_machine_comes_home(
    tmp_path: Path, machine: str, axis: str, distance: float
) -> None:
    async def story(at: MaintenanceBench) -> None:
        body, moved = getattr(at.sim.plant, machine), "height" if machine == "lift" else axis
        before = getattr(body, moved)
        async with hand(at):
            op = await at.done(f"{machine}.jog", params={"axis": axis, "distance": distance})
            assert op.state is OperationState.DONE and "done" in op.text, op
        assert getattr(body, moved) == pytest.approx(before + distance, abs=1.0)
        assert at.audited()[-1] == ("wang", f"{machine}.jog", "accepted")
        assert (await at.done(f"{machine}.home")).state is OperationState.DONE
        at.safe()

    told(tmp_path, story, speed=5.0)


def test_letting_go_is_a_controlled_stop_and_no_fault_and_the_next_jog_goes_on_from_there(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        async with hand(at):
            op = at.duty.operations.named((await begin(at)).operation)
            await at.until(lambda: at.sim.plant.stacker.x > 1510.0)
        way = await creeps(at)
        assert way <= CREEP_MM_S * (LEASE + SCANS)
        assert at.state.state is State.HELD and at.state.trips == ()
        assert (op.state, op.code) == (OperationState.DONE, "") and "the button was let go" in op.text
        assert [row.kind for row in at.journal.rows() if row.kind in ("let-go", "tripped")] == ["let-go"]
        stood = at.sim.plant.stacker.x
        told = (await at.technician("why")).data["do_next"]
        again, give_up = "station-ctl stacker jog AXIS MM", "station-ctl seq give-up M-0001"
        assert told == [f"with the button held: {again}", f"or give it up: {give_up}"]
        async with hand(at):
            await asyncio.sleep(1.0)
            assert at.sim.plant.stacker.x == stood, "a hand on the button alone moves nothing after a stop"
            again = await at.done("stacker.jog", params={"axis": "x", "distance": -10.0})
            assert again.state is OperationState.DONE
        assert at.sim.plant.stacker.x == pytest.approx(stood - 10.0, abs=1.0)
        at.safe()

    told(tmp_path, story, speed=1.0)


def test_taken_up_again_it_ends_where_it_was_to_end_the_first_time(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        async with hand(at):
            await begin(at, distance=40.0)
            await at.until(lambda: at.sim.plant.stacker.x > 1520.0)
        await at.until_state(State.HELD)
        async with hand(at):
            op = await at.done("seq.resume", params={"looked": True})
            assert op.state is OperationState.DONE, op.text
        assert at.sim.plant.stacker.x == pytest.approx(1540.0, abs=1.0)
        at.safe()

    told(tmp_path, story, speed=1.0)


def test_resumed_without_a_hand_it_holds_again_before_anything_moves(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        async with hand(at):
            await begin(at, distance=40.0)
            await at.until(lambda: at.sim.plant.stacker.x > 1520.0)
        await at.until_state(State.HELD)
        stood, orders = at.sim.plant.stacker.x, len(at.moved())
        await at.technician("seq.resume", params={"looked": True})
        await asyncio.sleep(1.0)
        assert (at.state.state, at.sim.plant.stacker.x, len(at.moved())) == (State.HELD, stood, orders)

    told(tmp_path, story, speed=1.0)


async def killed(at: MaintenanceBench) -> None:
    await at.crash_and_restart()


async def cut_off(at: MaintenanceBench) -> None:
    at.sim.plcs["stacker"].link(False)


async def stalled(at: MaintenanceBench) -> None:
    """The task that watches the journal's gate is dead: our heartbeat and the counter stand."""
    at.engine.liveness.declare_dead("gate")


@pytest.mark.parametrize("gone", [killed, cut_off, stalled])
def test_the_plc_stops_alone_when_nobody_can_tell_it_to(tmp_path: Path, gone: Any) -> None:
    async def story(at: MaintenanceBench) -> None:
        async with hand(at) as holding:
            assert (await begin(at)).ok
            await at.until(lambda: at.sim.plant.stacker.x > 1510.0)
            at.sim.plcs["stacker"].deaf = True  # No stop request reaches it: the counter is all there is.
            began = at.sim.plant.stacker.x
            await gone(at)
            holding.cancel()
            await asyncio.sleep(1.0)
        stood = at.sim.plant.stacker.x
        assert 0.0 <= stood - began <= CREEP_MM_S * (LEASE + COUNTED + SCANS)
        await asyncio.sleep(2.0)
        assert at.sim.plant.stacker.x == stood and at.state.state is not State.EXECUTE
        at.safe()

    told(tmp_path, story, speed=1.0)


def test_the_stop_request_is_enough_where_a_plc_forgets_its_counter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plc_program, "JOG_CYCLES", 10**9)

    async def story(at: MaintenanceBench) -> None:
        async with hand(at):
            assert (await begin(at)).ok
            await at.until(lambda: at.sim.plant.stacker.x > 1510.0)
        assert await creeps(at) <= CREEP_MM_S * (LEASE + SCANS)
        assert at.state.state is State.HELD

    told(tmp_path, story, speed=1.0)


def test_renewals_that_come_late_hold_nothing(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        async with hand(at, every=LEASE + 0.02):
            assert at.state.hand is None
            refused = await begin(at)
            assert refused.code == "A401" and "G34" in refused.text, refused
        async with hand(at) as holding:
            assert (await begin(at)).ok
            await at.until(lambda: at.sim.plant.stacker.x > 1510.0)
            holding.cancel()
            async with hand(at, every=LEASE + 0.02):
                await at.until_state(State.HELD)
        assert at.sim.plant.stacker.x < 1510.0 + CREEP_MM_S * (3 * LEASE + SCANS) and at.state.trips == ()

    told(tmp_path, story, speed=1.0)


def test_a_stamp_counts_once_in_its_time_and_for_its_person(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        button = JogButton(at.engine)
        first, held = button.press("wang", "")
        assert not held, "the first word of a program proves no hand: it may be an old one"
        assert not button.press("chen", first)[1] and at.state.hand is None
        second, held = button.press("wang", first)
        assert held
        await asyncio.sleep(LEASE / 2)
        assert not button.press("chen", button.press("chen", "")[0])[1], "one button, one hand"
        assert at.state.hand is not None and at.state.hand.who == "wang"
        await asyncio.sleep(LEASE / 2 + 0.02)
        third, held = button.press("wang", second)
        assert not held, "what waited longer than the lease on its way"
        assert button.press("wang", third)[1]
        seen = at.state.hand.at
        await asyncio.sleep(LEASE / 2)
        for replayed in (third, second, "", "0" * 16):
            button.press("wang", replayed)
            assert at.state.hand.at == seen, "a stamp that was used up, and one that was never given"

    told(tmp_path, story)


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "further than the reach": ("stacker.jog", {"axis": "x", "distance": 100.1}, "A410", "100"),
    "no way at all": ("stacker.jog", {"axis": "x", "distance": 0.0}, "A410", "none"),
    "no such axis": ("lift.jog", {"axis": "x", "distance": 10.0}, "A410", "there are z"),
    "beyond the end": ("robot.jog", {"axis": "x", "distance": -10.0}, "A410", "0 to 10000"),
    "as a sequence": ("seq.run", {"name": "stacker.jog", "args": ("axis=x", "target=1510")}, "A410", "stacker jog"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_jog_is_refused(tmp_path: Path, why: str) -> None:
    action, params, code, words = REFUSED[why]

    async def story(at: MaintenanceBench) -> None:
        async with hand(at):
            verdict = await at.technician(action, params=params)
            assert verdict.code == code and words in verdict.text, verdict
            assert at.moved() == [] and at.state.runs == ()

    told(tmp_path, story)


def test_only_whoever_holds_the_button_jogs_with_key_and_enabling_device(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        dry = await at.technician("robot.jog", params={"axis": "x", "distance": 10.0}, dry_run=True)
        assert dry.exit == 0, "a dry run asks for no hand"
        async with hand(at):
            at.duty.control = at.duty.control.release()
            another = await at.put("robot.jog", ADMIN, params={"axis": "x", "distance": 10.0})
            assert another.code == "A401" and "G34" in another.text
            for switch, row in (("enabling", "G32"), ("key", "G31")):
                at.switch(switch, on=False)
                await asyncio.sleep(0.5)
                refused = await at.technician("robot.jog", params={"axis": "x", "distance": 10.0})
                assert refused.code == "A401" and row in refused.text
                at.switch(switch, on=True)
                await asyncio.sleep(0.5)
            assert (await begin(at, "robot")).ok
            await at.until(lambda: at.sim.plant.robot.x > 5.0)
            at.switch("enabling", on=False)
            await at.until_state(State.HELD)
            assert [trip.interlock for trip in at.state.trips] == ["G32"]
            assert at.sim.plant.robot.x < 5.0 + CREEP_MM_S * 1.0
        at.safe()

    told(tmp_path, story, speed=1.0)


def test_the_button_at_the_door_is_for_technicians_and_leaves_no_rows(tmp_path: Path) -> None:
    async def main() -> None:
        async with served(tmp_path) as bench:
            before = bench.journal.audit_head.seq
            for role, status in ((None, 401), (Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.TECHNICIAN, 200)):
                assert (await bench.ask("POST", BUTTON, b"{}", role=role)).status == status, role
            for body in (b"{", b"[]", b'{"stamp": 1}', b"[" * 30_000):
                assert (await bench.ask("POST", BUTTON, body, role=Role.TECHNICIAN)).status == 400, body[:20]
            stamp = (await bench.ask("POST", BUTTON, b"", role=Role.TECHNICIAN)).json["stamp"]
            said = json.dumps({"stamp": stamp}).encode()
            assert (await bench.ask("POST", BUTTON, said, role=Role.TECHNICIAN)).json["held"] is True
            hand = bench.engine.state.hand
            assert hand is not None and hand.who == Role.TECHNICIAN.word
            await asyncio.sleep(LEASE + 0.1)
            assert (await bench.ask("POST", BUTTON, said, role=Role.TECHNICIAN)).json["held"] is False, "recorded"
            assert bench.journal.audit_head.seq == before

    run_virtually(main())
