"""Faults of the station's trade on the real wire: swaps that are struck in step after step, and gone on with.

The whole matrix of faults and steps runs in virtual time, in tests/faults. Faults of links are in
test_faults_in_swaps.py, those of the demo in test_faults_on_the_wire.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.struck_swap import MOST_STALLS, StruckSwap, struck_swap
from station_ctl.engine.state import StepStatus, Trip
from tests.faults.struck_bench import custody_errors

pytestmark = pytest.mark.timeout(500)

HOLD, ABORT = Reaction.HOLD, Reaction.ABORT
STALLS = ("A201", "A701")
VISITS = 6
"""On a machine that stands still at times a step may be over before one looks: then the next vehicle's is struck."""

NOTICED_WITHIN = 8.0
"""Wall seconds in which a step that waits for a permissive gives up (60 s of the process), and more."""


@dataclass(frozen=True)
class Struck:
    """Fault `code` of the catalogue as the plant is told; the first-out has `word` in it."""

    code: str
    name: str
    word: str
    reactions: tuple[Reaction, ...] = (HOLD,)
    args: Mapping[str, Any] = field(default_factory=dict)
    bay: str = ""
    """`spent`: the fault is at that bay of the swap; `rack`: at its rack."""


@dataclass(frozen=True)
class Group:
    """Its first fault strikes while the step is at work; each other one is there before a person goes on."""

    step: int
    faults: tuple[Struck, ...]


OFTEN = (
    Group(60, (Struck("F24", "fire", "G05"),)),
    Group(70, (Struck("F07", "creep", "G10", args={"mm": 35.0}),)),
    Group(90, (Struck("F08", "gear-out", "G11"),)),
    Group(100, (Struck("F31", "scanner", "G04", (ABORT,)),)),
    Group(110, (Struck("F27", "grid-lost", "G27"),)),
    Group(130, (Struck("F15", "pack-sick", "insulation", args={"target": "fresh", "how": "insulation"}),)),
    Group(
        190,
        (
            Struck("F19", "sensor-stuck", "G30", (ABORT,), {"tag": "stacker.CHAIN_TIGHT", "value": False}),
            Struck("F20", "drive-stuck", "step 200", bay="rack"),
        ),
    ),
)
SELDOM = (
    Group(
        20,
        (
            Struck("F06", "askew", "G10", args={"mm": 17.0}),
            Struck("F09", "hv-on", "hv_"),
        ),
    ),
    Group(
        110,
        (
            Struck("F26", "water", "G06"),
            Struck("F14", "coolant-leak", "coolant_mated"),
            Struck(
                "F13", "sensor-stuck", "locks_closed", args={"tag": "lift.VEH_LOCKS_CLOSED", "value": 0x3EF}
            ),
            Struck("F02", "sensor-stuck", "has not said done", args={"tag": "lift.VEH_DONE_ID"}),
            Struck("F03", "sensor-stuck", "A108", args={"tag": "stacker.ACK_ID"}),
        ),
    ),
    Group(
        190,
        (
            Struck("F23", "hot-pack", "no_smoke", args={"smoke": True}, bay="spent"),
            Struck("F21", "pack-sick", "bms_link", args={"how": "bms"}, bay="spent"),
        ),
    ),
)


@pytest.mark.parametrize(
    "groups", [OFTEN, pytest.param(SELDOM, marks=pytest.mark.long)], ids=["often", "seldom"]
)
async def test_swaps_are_struck_by_the_faults_of_their_trade_and_go_on(
    groups: tuple[Group, ...], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    left = list(groups)
    async with struck_swap(tmp_path) as it:
        for number in range(1, VISITS + 1):
            await _visit(it, number, left, record_property)
            if not left:
                break
        report = await it.report()
        assert report["violations"] == []
        assert custody_errors(it.engine.state.ledger, report["packs"]) == []
    assert left == []


async def _visit(
    it: StruckSwap, number: int, left: list[Group], record_property: Callable[[str, object], None]
) -> None:
    """One vehicle to its end; groups whose step is met are struck and leave the list."""
    run = f"S-{number:04d}"
    visiting = asyncio.create_task(it.visit(), name="visit")
    await it.through(lambda: it.engine.state.run(run) is not None, f"{run} is open")
    for group in tuple(left):
        await it.through(
            lambda g=group: _status(it, run, g.step) is not StepStatus.WAITING, f"step {group.step}"
        )
        if _status(it, run, group.step) is StepStatus.PROVEN:
            continue
        if not await _stopped_by(it, run, group):
            continue
        for struck, following in pairwise((*group.faults, None)):
            assert struck is not None
            (await _struck(it, run, struck, following)).record(record_property)
        left.remove(group)
    await it.through(lambda: run in it.watch.closed, f"{run} is complete")
    assert it.watch.closed[run].complete
    await visiting


async def _stopped_by(it: StruckSwap, run: str, group: Group) -> bool:
    """Strike; False if the step was over before the fault was there, and then it is gone again."""
    first = _command(it, run, group.faults[0])
    await it.plant.ask(cmd="fault", on=True, **first)
    await it.until(
        lambda: it.engine.state.trips or _status(it, run, group.step) is StepStatus.PROVEN,
        f"step {group.step}",
    )
    with suppress(TimeoutError):
        await it.engine.until(lambda: bool(it.engine.state.trips), NOTICED_WITHIN, lambda: "")
        return True
    await it.plant.ask(cmd="fault", on=False, **first)
    return False


def _status(it: StruckSwap, run: str, step: int) -> StepStatus:
    opened = it.engine.state.run(run)
    return StepStatus.PROVEN if opened is None else opened.of(step).status


async def _struck(it: StruckSwap, run: str, struck: Struck, following: Struck | None) -> Outcome:
    """The stop, its cause, nothing ordered at rest; then the cause goes and a person goes on."""
    reaction, trip = await _at_rest(it, struck.word)
    assert reaction in struck.reactions, f"{struck}: {trip.text}"
    assert reaction in CATALOGUE[struck.code].expected
    assert struck.word in f"{trip.code} {trip.interlock} {trip.text}", f"{struck}: {trip.text}"
    orders = (await it.report())["orders"]
    await asyncio.sleep(0.3)
    report = await it.report()
    assert report["orders"] == orders, "ordered while nobody acted"
    assert report["violations"] == []
    await it.plant.ask(cmd="fault", on=False, **_command(it, run, struck))
    await it.plant.ask(cmd="safety-reset")
    if following is not None:
        await it.plant.ask(cmd="fault", on=True, **_command(it, run, following))
    await it.go_on()
    return Outcome(struck.code, trip.step, reaction, trip.code)


async def _at_rest(it: StruckSwap, word: str) -> tuple[Reaction, Trip]:
    """The stop by the fault; where this machine stood still for too long before it, a person goes on first."""
    for _ in range(MOST_STALLS):
        reaction = await it.at_rest("safety")
        trip = it.first_out
        if trip.code not in STALLS or word in f"{trip.code} {trip.interlock} {trip.text}":
            return reaction, trip
        it.stalls.append(trip.text)
        await it.go_on()
    raise AssertionError(f"stopped again and again: {it.stalls}")


def _command(it: StruckSwap, run: str, struck: Struck) -> dict[str, Any]:
    """The fault as the plant is told, with bay, rack or slot of this swap."""
    told: dict[str, Any] = {"name": struck.name, **struck.args}
    opened = it.engine.state.run(run)
    assert opened is not None and opened.job is not None
    bay = opened.job.spent_bay
    rack = f"rack_{bay[0].lower()}"
    if struck.bay == "rack":
        return {**told, "plc": rack}
    return {**told, "bay": bay} if struck.bay else told
