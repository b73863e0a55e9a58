"""What a person reads after a stop: where every pack and machine is, how sure that is, and which ways lead on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.steps import OnResume, Sequence, Step
from station_ctl.engine.events import Verb
from station_ctl.engine.recovery import Assessment, Finding, why_step_may_not_go_on
from station_ctl.engine.state import StationState
from station_ctl.service import whereabouts
from station_ctl.service.recovery import WaysOut, ways_out
from tests.bench.world import World, compares
from tests.faults.struck_bench import StruckBench, run, visited
from tests.sequences.conftest import EACH_STEP, the_job, the_station


def said(bench: StruckBench) -> WaysOut:
    return ways_out(bench.engine.facts, bench.state, bench.engine.image())


async def stopped(bench: StruckBench, no: int, part: float) -> WaysOut:
    """What is offered after an operator has aborted in this step."""
    await bench.at_step(no, part)
    await bench.engine.ask(Verb.ABORT, "test")
    await bench.rest()
    await asyncio.sleep(1.0)
    return said(bench)


# ---- a real stop ----
def test_a_pack_between_two_places_is_said_to_be_uncertain_and_machines_say_the_rest(tmp_path: Path) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            ways = await stopped(bench, 90, 0.5)
            job = bench.state.runs[0].job
            assert job is not None
            packs = {line.split(":")[0].removeprefix("pack "): line for line in ways.custody}
            assert packs.keys() == {pack for pack, _ in bench.state.ledger}
            assert "not certain: sensors prove neither" in packs[job.spent]
            assert packs[job.fresh].endswith("handover_in, seen and its code read")
            machines = dict(line.split(": ", 1) for line in ways.machines)
            assert machines["robot"] == "under the vehicle, table raised, a pack on the table"
            assert machines["lift"].startswith("platform locked at working height, wheels clamped, floor open")
            assert machines["stacker"] == "parked, fork in, no pack on the fork"
            assert machines[f"bay {job.spent_bay}"] == "empty, plug out, socket dead"
            assert machines.keys() == {
                "robot", "lift", "vehicle", "stacker", f"bay {job.fresh_bay}", f"bay {job.spent_bay}",
            }  # fmt: skip

    run(story)


def test_a_machine_that_cannot_be_read_is_not_said_to_stand_anywhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            bench.strike(await bench.at_step(90, 0.5), name="link-lost", plc="robot")
            await bench.rest()
            await asyncio.sleep(1.0)
            ways = said(bench)
            (robot,) = (line for line in ways.machines if line.startswith("robot"))
            assert "where it stands not known (" in robot and "under the vehicle" not in robot
            (hand,) = ways.by_hand
            assert "bring robot back" in hand
            assert ways.why_not_resume_confirmed

    run(story)


@pytest.mark.parametrize(("no", "why"), [(110, "has no pack"), (140, "locked in the vehicle")])
def test_where_only_forward_leads_on_a_retreat_is_not_offered(tmp_path: Path, no: int, why: str) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            ways = await stopped(bench, no, 0.0)
            assert why in ways.why_not_retreat["S-0001"] and "forward, resume" in ways.why_not_retreat["S-0001"]
            assert not ways.why_not_resume_confirmed

    run(story)


# ---- every step, every finding ----
@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_goes_on_or_a_person_is_told_what_to_do_by_hand(
    sequence: Sequence, step: Step, finding: Finding
) -> None:
    found = Assessment("S-1", step, 7, finding, "the reason")
    why = why_step_may_not_go_on(found, confirmed=True)
    told = list(whereabouts.by_hand(the_station().facts, [found], World().image()))
    assert bool(told) == bool(why) or step.do is None
    for sentence in told:
        assert sentence.startswith(f"step {step.no} {step.text}: ")
        assert step.do is not None and (step.do.role in sentence or finding is Finding.UNKNOWN)
        assert finding in (Finding.UNKNOWN, Finding.MOVING) or str(step.done) in sentence
    # What a person is asked to look at is named with its reason, whatever has been found.
    unseen = why_step_may_not_go_on(found, confirmed=False)
    assert unseen == "" or "the reason" in unseen


def test_a_step_that_may_never_be_repeated_is_brought_on_by_hand() -> None:
    step = next(s for s in the_station().procedures().swap(the_job()).steps if s.on_resume is OnResume.ASK)
    found = Assessment("S-1", replace(step, on_resume=OnResume.NEVER), 7, Finding.HALF_WAY, "the reason")
    (told,) = whereabouts.by_hand(the_station().facts, [found], World().image())
    assert "by hand to where the step is done" in told and "not begun" in told


@pytest.mark.parametrize(("number", "answer", "told"), [(7, 6, True), (8, 6, False), (7, 1, False), (7, 10, False)])
def test_where_the_plc_refuses_a_step_by_its_own_interlock_a_person_is_told_to_bring_the_machine_there(
    number: int, answer: int, told: bool
) -> None:
    """The PLC's answer to this very order; without it the step may simply be tried again."""
    step = next(s for s in the_station().procedures().swap(the_job()).steps if s.no == 110)
    channel, world = the_station().facts.channels["robot"], World()
    world.set(channel.ack_id, number)
    world.set(channel.ack_code, answer)
    for finding in (Finding.HALF_WAY, Finding.NOT_BEGUN):
        found = Assessment("S-1", step, 7, finding, "the reason")
        said = list(whereabouts.by_hand(the_station().facts, [found], world.image()))
        assert bool(said) is told
        assert all("robot refuses it by its own interlock" in text and "by hand" in text for text in said)
    done = Assessment("S-1", step, 7, Finding.DONE, "the reason")
    assert list(whereabouts.by_hand(the_station().facts, [done], world.image())) == []


@pytest.mark.parametrize(("no", "code", "tag"), [(100, "G16l", "robot.z"), (105, "G14w", "stacker.in_present")])
def test_a_person_is_told_to_bring_a_machine_on_where_its_step_can_neither_begin_again_nor_be_proven(
    no: int, code: str, tag: str
) -> None:
    """A row that needs what the step itself has moved; one that needs anything else is waited for."""
    step = next(s for s in the_station().procedures().swap(the_job()).steps if s.no == no)
    assert step.start is not None
    row = next(row for row in step.permissives if row.code == code)
    found = Assessment("S-1", step, 7, Finding.HALF_WAY, "the reason")
    world = World()
    world.prove(step.start, *(needed.holds for needed in step.permissives))
    assert list(whereabouts.by_hand(the_station().facts, [found], world.image())) == []
    (moved,) = (part for part in compares(row.holds) if part.signal.name == tag)
    assert world.break_(moved)
    (told,) = whereabouts.by_hand(the_station().facts, [found], world.image())
    assert f"it cannot begin from there, {code} " in told and "by hand" in told
    # What else the row lacks may come by waiting, and helps nothing: a pack that is taken has no code there either.
    for other in compares(row.holds):
        world.break_(other)
    assert list(whereabouts.by_hand(the_station().facts, [found], world.image())) != []
    world.flag(moved.signal)
    assert list(whereabouts.by_hand(the_station().facts, [found], world.image())) == []


@pytest.mark.parametrize("role", ["robot", "lift", "stacker"])
def test_a_person_is_told_which_device_to_reset_at_its_panel(role: str) -> None:
    """Said while the fault stands and is seen; nothing is said of a device whose tag cannot be read."""
    facts, world = the_station().facts, World()
    assert {name for name, channel in facts.channels.items() if channel.no_fault} == {"robot", "lift", "stacker"}
    channel = facts.channels[role]
    assert channel.no_fault is not None
    for shown, said in ((True, 0), (False, 1)):
        world.set(channel.no_fault, shown)
        world.set(channel.fault, 23)
        told = list(whereabouts.resets(facts, world.image()))
        assert len(told) == said
        assert all(text.startswith(f"{role}: fault code 23 stands") and "own panel" in text for text in told)
    world.flag(channel.no_fault)
    assert list(whereabouts.resets(facts, world.image())) == []

# ---- how sure ----
@pytest.mark.parametrize(
    ("present", "code", "sure"),
    [
        (True, "P-1", "seen and its code read"),
        (True, "", "sees a pack, its code is not read"),
        (True, "P-2", "not certain: "),
        (False, "", "sees no pack"),
        (None, "", "by the ledger alone: "),
    ],
)
def test_how_sure_the_place_of_a_pack_is_depends_on_what_its_sensors_say(
    present: bool | None, code: str, sure: str
) -> None:
    facts, world = the_station().facts, World()
    place = next(p for p in facts.places if p.place == "handover_in")
    assert place.code is not None
    world.set(place.present, bool(present))
    world.set(place.code, code)
    if present is None:
        world.flag(place.present)
    state = StationState(ledger=Ledger({"P-1": Custody("handover_in"), "P-9": Custody("vehicle:V")}))
    first, second = whereabouts.packs(facts, state, world.image())
    assert first.startswith("pack P-1: handover_in, ") and sure in first
    assert second == "pack P-9: vehicle:V, by the ledger alone: no sensor of the station sees this place"
