"""Bypasses and forces from desk to machine: two persons, shown everywhere, over by themselves, gone for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.service import view
from station_ctl.service.alarm_levels import levels
from station_ctl.service.calls import Decision, Verdict
from station_ctl.service.persons import Person, Role
from tests.service.maintenance_bench import MaintenanceBench, told

SECOND = Person("chen", Role.TECHNICIAN)
FORK = "stacker.FORK_RETRACTED"
REASON = "fork switch broken, fork seen in"


async def agreed(at: MaintenanceBench, action: str, **params: Any) -> Verdict:
    """What the first person asks for and the second agrees to."""
    asked = await at.technician(action, params=params, reason=REASON)
    if asked.decision is not Decision.WAITING:
        return asked
    return await at.put("op.approve", SECOND, params={"operation": asked.operation})


async def break_fork_switch(at: MaintenanceBench) -> None:
    """The switch of the fork says out, wherever the fork is."""
    at.do(cmd="fault", name="sensor-stuck", tag=FORK, value=False, on=True)
    await asyncio.sleep(0.3)


async def ended(at: MaintenanceBench) -> list[tuple[str, str]]:
    """What has ended and why, by the journal."""
    await at.engine.gate.drain()
    return [(row.data["what"], row.data["why"]) for row in at.journal.rows() if row.kind == "bypass-ended"]


@pytest.mark.parametrize(
    ("action", "params", "what", "ending"),
    [
        ("interlock.bypass", {"row": "G19f", "for": "10m"}, "G19f", "interlock.restore"),
        ("io.force", {"point": FORK, "value": "on", "for": "10m"}, FORK, "io.release"),
    ],
    ids=["bypass", "force"],
)
def test_a_machine_moves_past_a_broken_sensor_and_everybody_is_told(
    tmp_path: Path, action: str, params: dict[str, Any], what: str, ending: str
) -> None:
    async def story(at: MaintenanceBench) -> None:
        await break_fork_switch(at)
        refused = await at.technician("robot.home")
        assert refused.code == "A401" and "G19f" in refused.text
        before = len(at.journal.audit_rows(999))
        done = await agreed(at, action, **params)
        assert done.ok, done.text
        rows = at.journal.audit_rows(999)[before:]
        assert [(r.actor, r.action, r.decision) for r in rows] == [
            ("wang", action, "waiting for a second person"), ("chen", "op.approve", "accepted"),
            ("wang", action, "accepted"),
        ]  # fmt: skip
        assert '"second_person": "chen"' in rows[-1].args and rows[-1].reason == REASON
        (shown,) = view.snapshot(at.duty)["bypasses"]
        assert (shown["what"], shown["by"], shown["second"], shown["reason"]) == (what, "wang", "chen", REASON)
        assert 590 < shown["left_s"] <= 600
        standing = levels(at.state, at.engine.image(), {}, ())
        assert [level.code for level in standing.values()] == ["A110"] and REASON in standing[f"A110-{what}"].detail
        why = await at.technician("why", params={"subject": "station"})
        assert [b["what"] for b in why.data["bypasses"]] == [what]
        assert (await at.done("robot.home")).state == "done"
        assert (await at.technician(ending, params={next(iter(params)): what})).ok
        assert at.state.bypasses == () and await ended(at) == [(what, "taken back by wang")]
        assert (await at.technician("robot.home")).code == "A401"
        assert (await at.technician(ending)).code == "A901", "nothing more to end"
        at.safe()

    told(tmp_path, story)


async def by_time(at: MaintenanceBench) -> None:
    await asyncio.sleep(5.1)


async def by_key(at: MaintenanceBench) -> None:
    at.switch("key", on=False)
    await asyncio.sleep(0.5)
    at.switch("key", on=True)
    await asyncio.sleep(0.5)


async def by_lost_key(at: MaintenanceBench) -> None:
    at.sim.plcs["safety"].link(False)
    await asyncio.sleep(1.0)
    at.sim.plcs["safety"].link(True)
    await asyncio.sleep(1.0)


async def by_mode(at: MaintenanceBench) -> None:
    await at.engine.ask(Verb.STOP, "test")
    await at.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
    await at.engine.ask(Verb.MODE, "test", mode=Mode.MAINTENANCE)


ENDS = {
    "time": (by_time, "its time is over"),
    "key": (by_key, "the maintenance key is off or not known"),
    "lost key": (by_lost_key, "the maintenance key is off or not known"),
    "mode": (by_mode, "the mode is automatic"),
}


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_by_itself_and_never_comes_back(tmp_path: Path, how: str) -> None:
    happens, why = ENDS[how]

    async def story(at: MaintenanceBench) -> None:
        assert (await agreed(at, "interlock.bypass", row="G19f", **{"for": "5s"})).ok
        assert (await agreed(at, "io.force", point="lift.ENTRY_BEAM", value="on", **{"for": "5s"})).ok
        assert len(at.state.bypasses) == 2
        await happens(at)
        assert at.state.bypasses == () and await ended(at) == [("G19f", why), ("lift.ENTRY_BEAM", why)]

    told(tmp_path, story)


def test_it_dies_with_the_program(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        assert (await agreed(at, "interlock.bypass", row="G19f", **{"for": "30m"})).ok
        await at.crash_and_restart()
        assert at.state.bypasses == () and at.state.mode is Mode.MAINTENANCE

    told(tmp_path, story)


def test_its_end_stops_a_motion_that_rests_on_it(tmp_path: Path) -> None:
    """The level is looked at on every scan: nobody has to notice that the time is over."""

    async def story(at: MaintenanceBench) -> None:
        await break_fork_switch(at)
        assert (await agreed(at, "interlock.bypass", row="G19f", **{"for": "5s"})).ok
        at.engine.press("wang")
        holding = asyncio.create_task(hold(at))
        await asyncio.sleep(0.3)
        begun = await at.technician("robot.jog", params={"axis": "x", "distance": 100.0})
        assert begun.ok, begun.text
        await at.until_state(State.HELD)
        holding.cancel()
        (trip,) = at.state.trips
        assert (trip.code, trip.interlock) == ("A101", "G19f") and at.sim.plant.robot.x < 60.0
        at.safe()

    told(tmp_path, story, speed=1.0)


async def hold(at: MaintenanceBench) -> None:
    """A hand on the jog button."""
    while True:
        at.engine.press("wang")
        await asyncio.sleep(0.1)


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a row of the safety PLC": ("interlock.bypass", {"row": "G03"}, "A401"),
    "the key": ("interlock.bypass", {"row": "G31"}, "A401"),
    "the enabling device": ("interlock.bypass", {"row": "G32"}, "A401"),
    "the aisle scanner": ("interlock.bypass", {"row": "G04a"}, "A401"),
    "a row that there is not": ("interlock.bypass", {"row": "G99"}, "A401"),
    "too long": ("interlock.bypass", {"row": "G19f", "for": "31m"}, "A410"),
    "no time": ("interlock.bypass", {"row": "G19f", "for": "0s"}, "A410"),
    "the safety PLC's link": ("io.force", {"point": "safety.ENABLING", "value": "on"}, "A401"),
    "an output": ("io.force", {"point": "stacker.STOP_REQ", "value": "0"}, "A401"),
    "a signal of no such row": ("io.force", {"point": "robot.HOMED", "value": "on"}, "A401"),
    "no point": ("io.force", {"point": "stacker.NONSENSE", "value": "on"}, "A901"),
    "no value of it": ("io.force", {"point": FORK, "value": "maybe"}, "A410"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_may_not_be_weakened_is_refused_before_anybody_is_asked_to_agree(tmp_path: Path, wrong: str) -> None:
    action, params, code = WRONG[wrong]

    async def story(at: MaintenanceBench) -> None:
        verdict = await at.technician(action, params=params, reason=REASON)
        assert (verdict.decision, verdict.code) == (Decision.REFUSED, code), verdict.text
        assert at.state.bypasses == () and list(at.duty.operations) == []

    told(tmp_path, story)


def test_what_has_changed_until_the_second_agrees_refuses(tmp_path: Path) -> None:
    async def story(at: MaintenanceBench) -> None:
        asked = await at.technician("interlock.bypass", params={"row": "G19f"}, reason=REASON)
        at.switch("key", on=False)
        await asyncio.sleep(0.5)
        late = await at.put("op.approve", SECOND, params={"operation": asked.operation})
        assert late.code == "A401" and "key" in late.text and at.state.bypasses == ()
        alone = await at.technician("op.approve", params={"operation": asked.operation})
        assert not alone.ok and at.state.bypasses == ()

    told(tmp_path, story)
