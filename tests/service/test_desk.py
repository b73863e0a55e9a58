"""The desk: which checks stand before an action, in which order, and what is written of each request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.errors import Exit
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.service.calls import Decision
from station_ctl.service.inventory import packs_in_bays
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN, OPERATOR, TECHNICIAN, VIEWER, DeskBench

Story = Callable[[DeskBench], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story) -> None:
    """Run a story on a fresh bench."""

    async def main() -> None:
        async with DeskBench(folder) as bench:
            await story(bench)

    run_virtually(main())


def test_a_swap_is_run_through_the_desk_alone(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.engine.ask(Verb.ADMIT, "li", admit=packs_in_bays(bench.built.stand.bays, bench.reception.image()))
        for action, params in (
            ("mode.set", {"mode": "automatic"}),
            ("station.reset", {}),
            ("station.start", {}),
        ):
            verdict = await bench.put(action, params=params)
            assert verdict.ok, verdict.text
        bench.do(cmd="vehicle")
        verdict = await bench.put("swap.start")
        assert verdict.ok and verdict.operation == "OP-0001", verdict
        op = await bench.duty.operations.wait(verdict.operation, 600.0)
        assert str(op.state) == "done" and op.run_id == "S-0001", op
        assert bench.audited() == [
            ("li", "mode.set", "accepted"),
            ("li", "station.reset", "accepted"),
            ("li", "station.start", "accepted"),
            ("li", "swap.start", "accepted"),
        ]
        assert not bench.journal.verify_audit().faults

    told(tmp_path, story)


def test_anyone_may_stop_the_station_however_old_the_request(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.make_ready()
        assert (await bench.put("control.take", OPERATOR)).ok
        verdict = await bench.put("station.hold", VIEWER, issued_at=-1e6, seen=0, confirmed=False)
        assert verdict.ok and bench.engine.state.state in (State.HOLDING, State.HELD), verdict.text
        assert (await bench.put("station.abort", VIEWER, issued_at=1e9)).ok
        await bench.duty.durable()
        assert bench.audited()[-2:] == [("guest", "station.hold", "accepted"), ("guest", "station.abort", "accepted")]

    told(tmp_path, story)


def test_a_station_that_is_asked_to_hold_begins_nothing_in_whatever_state_it_is(tmp_path: Path) -> None:
    """Ready is not running: there is nothing to pause, so it is not ready any more; at rest it stays at rest."""

    async def story(bench: DeskBench) -> None:
        async def stopped_by(action: str, *after: State) -> str:
            verdict = await bench.put(action, VIEWER)
            assert verdict.ok and bench.engine.state.state in after, (action, verdict, bench.engine.state.state)
            await bench.duty.durable()
            assert bench.audited()[-1] == ("guest", action, "accepted")
            return verdict.text

        await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        for action in ("station.hold", "swap.hold", "station.stop"):
            await stopped_by(action, State.STOPPED)
        await bench.engine.ask(Verb.RESET, "test")
        assert "made ready again" in await stopped_by("station.hold", State.STOPPED)
        assert not (await bench.put("station.start")).ok, "start alone does not undo a hold"
        await bench.engine.ask(Verb.RESET, "test")
        await bench.engine.ask(Verb.START, "test")
        assert "swap resume" in await stopped_by("station.hold", State.HOLDING, State.HELD)
        await bench.until_state(State.HELD)
        await stopped_by("swap.hold", State.HELD)
        for action in ("station.abort", "station.hold", "station.stop", "station.abort"):
            await stopped_by(action, State.ABORTING, State.ABORTED)
        await bench.until_state(State.ABORTED)
        for action in ("swap.hold", "station.stop", "swap.abort"):
            await stopped_by(action, State.ABORTED)
        for action in ("station.clear", "station.reset", "station.start"):
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.MAINTENANCE) if action == "station.reset" else None
            assert (await bench.put(action)).ok, action
        assert "seq resume" in await stopped_by("station.hold", State.HOLDING, State.HELD), "in mode maintenance"

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("action", "person", "more", "exit_", "code"),
    [
        ("station.reset", VIEWER, {}, Exit.NOT_ALLOWED, "A404"),
        ("station.reset", OPERATOR, {"issued_at": -2.1}, Exit.NOT_ALLOWED, "A406"),
        ("station.reset", OPERATOR, {"issued_at": 1e6}, Exit.NOT_ALLOWED, "A406"),
        ("station.reset", OPERATOR, {"seen": 0}, Exit.NOT_ALLOWED, "A407"),
        ("station.reset", TECHNICIAN, {}, Exit.NOT_ALLOWED, "A405"),
        ("station.reset", OPERATOR, {"confirmed": False}, Exit.CONFIRMATION_NEEDED, "A412"),
        ("station.reset", OPERATOR, {"params": {"force": True}}, Exit.USAGE, "A410"),
        ("swap.start", OPERATOR, {}, Exit.NOT_ALLOWED, "A402"),
        ("mode.set", OPERATOR, {"params": {"mode": "turbo"}}, Exit.USAGE, "A410"),
    ],
)
def test_a_request_is_refused_with_nothing_moved_and_a_row_in_the_chain(
    tmp_path: Path, action: str, person: Any, more: dict[str, Any], exit_: Exit, code: str
) -> None:
    async def story(bench: DeskBench) -> None:
        assert (await bench.put("control.take", OPERATOR)).ok
        before = bench.engine.state
        if more.get("issued_at") == -2.1:
            more["issued_at"] = bench.duty.wall() - 2.1
        verdict = await bench.put(action, person, **more)
        assert (verdict.decision, verdict.exit, verdict.code) == (Decision.REFUSED, exit_, code), verdict.text
        after = bench.engine.state
        assert (after.mode, after.state, after.runs) == (before.mode, before.state, before.runs)
        assert bench.audited()[-1] == (person.name, action, "refused")

    told(tmp_path, story)


def test_what_stands_against_an_action_is_told_with_needed_found_and_source(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="curtain", on=True)
        await asyncio.sleep(2.0)
        verdict = await bench.put("station.reset")
        assert (verdict.exit, verdict.code) == (Exit.BLOCKED, "A401")
        assert "G04" in verdict.text and "[safety" in verdict.text, verdict.text
        assert "G04" in verdict.data["blocked_by"]

    told(tmp_path, story)


def test_a_dry_run_tells_what_stands_against_it_and_changes_nothing(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        verdict = await bench.put("station.reset", dry_run=True, confirmed=False)
        assert verdict.decision is Decision.PLANNED and verdict.exit is Exit.DONE
        assert bench.engine.state.state is State.STOPPED and bench.engine.state.mode is Mode.MAINTENANCE
        assert all(check["holds"] for check in verdict.data["checks"])

    told(tmp_path, story)


def test_the_same_key_has_its_effect_once(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        first = await bench.put("mode.set", params={"mode": "manual"}, key="tap")
        again = await bench.put("mode.set", params={"mode": "manual"}, key="tap")
        assert again == first and bench.audited() == [("li", "mode.set", "accepted")]
        other = await bench.put("mode.set", params={"mode": "automatic"}, key="tap")
        assert other.code == "A406" and bench.engine.state.mode is Mode.MANUAL

    told(tmp_path, story)


def test_reading_is_never_audited_and_needs_no_age(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        for action in ("status", "why", "op.list", "swap.list", "mode.show", "control.who"):
            assert (await bench.put(action, VIEWER, issued_at=0.0)).ok
        assert (await bench.put("audit.list", VIEWER)).code == "A404"
        assert (await bench.put("audit.verify", ADMIN)).data["whole"]
        assert bench.audited() == []

    told(tmp_path, story)


def test_two_persons_state_where_a_pack_is(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        assert (await bench.put("bay.inventory", TECHNICIAN)).ok
        pack = bench.engine.state.ledger.at("A01")
        assert pack is not None
        asked = {"params": {"pack": pack, "place": "A01"}, "reason": "seen in its bay"}
        refused = await bench.put("battery.is-at", TECHNICIAN, params={"pack": pack, "place": "B12"}, reason="so it is")
        assert refused.exit is Exit.BLOCKED and "B12" in refused.text, refused.text
        assert (await bench.put("battery.is-at", TECHNICIAN, params=asked["params"])).code == "A410", "no reason"
        waiting = await bench.put("battery.is-at", TECHNICIAN, **asked)
        assert waiting.decision is Decision.WAITING and waiting.operation
        agree = {"params": {"operation": waiting.operation}}
        assert (await bench.put("op.approve", TECHNICIAN, **agree)).code == "A408"
        assert (await bench.put("op.approve", OPERATOR, **agree)).code == "A404"
        assert (await bench.put("op.approve", ADMIN, **agree)).ok
        assert bench.audited()[-2:] == [("zhao", "op.approve", "accepted"), ("wang", "battery.is-at", "accepted")]
        assert (await bench.put("op.approve", ADMIN, **agree)).code == "A402", "once is enough"

    told(tmp_path, story)


def test_a_swap_is_resumed_step_by_step(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.make_ready()
        bench.do(cmd="vehicle")
        assert (await bench.put("swap.start")).ok
        await bench.until_step(50)
        assert (await bench.put("station.hold", VIEWER)).ok
        await bench.until_state(State.HELD)
        plan = (await bench.put("swap.recover", VIEWER)).data
        assert [way["way"] for way in plan["ways"]][:1] == ["RESUME"], plan
        assert plan["runs"][0]["id"] == "S-0001" and plan["where"]
        proven = sum(step.status == "proven" for run in bench.state.runs for step in run.steps)
        assert (await bench.put("swap.resume", params={"step": True})).ok
        await bench.until_state(State.HELD)
        now = sum(step.status == "proven" for run in bench.state.runs for step in run.steps)
        assert proven < now <= proven + 2, (proven, now)

    told(tmp_path, story)


def test_a_vehicle_that_nobody_announced_is_refused_before_anything_moves(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.make_ready()
        bench.do(cmd="vehicle", vin="LSZSMA00100000009")
        verdict = await bench.put("swap.start", params={"vehicle": "LSZSMA00100000008"})
        op = await bench.duty.operations.wait(verdict.operation, 60.0)
        assert (str(op.state), op.code) == ("failed", "A305") and "LSZSMA00100000008" in op.text, op
        assert bench.state.runs == () and bench.state.state is State.EXECUTE
        announced = await bench.put("swap.start", params={"vehicle": "LSZSMA00100000009"})
        await bench.until_step(20)
        assert bench.duty.operations.named(announced.operation).run_id == "S-0002"

    told(tmp_path, story)
