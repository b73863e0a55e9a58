"""Faults of the wire in the middle of real swaps: the demanded stop, nothing unsafe, every pack known, and on it goes.

The plant is a process behind proxies, its independent monitor is the judge. By default one swap with a sample of the
catalogue; with --long each way of each fault strikes in three steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_serial import SerialProxy
from hil_tests.faults.struck_swap import StruckSwap, struck_swap
from hil_tests.faults.wire_faults import WIRE_FAULTS
from hil_tests.faults.wire_strikes import MODBUS_STRIKES, OPCUA_STRIKES, SERIAL_STRIKES, Strike
from tests.faults.struck_bench import custody_errors

pytestmark = pytest.mark.timeout(400)

LIFT_STEPS = (20, 30, 40, 50, 60, 130, 145, 150, 155, 160)
ROBOT_STEPS = (70, 80, 90, 100, 105, 110, 120, 140)
STEPS_EACH = 3
ATTEMPTS = 3
EXPECTED = {fault.code: fault.expected for fault in WIRE_FAULTS}

Plan = list[tuple[int, str, Strike]]
"""Step, link, strike: in the order of the swap."""


def _dealt(strikes: tuple[Strike, ...], steps: tuple[int, ...], link: str) -> list[Plan]:
    """Swaps in which each strike comes STEPS_EACH times, each time in another step."""
    plans: list[Plan] = []
    for number in range(STEPS_EACH * len(strikes)):
        if number % len(steps) == 0:
            plans.append([])
        place = (number + number // len(strikes)) % len(steps)
        plans[-1].append((steps[place], link, strikes[number % len(strikes)]))
    return plans


def _visits() -> list[tuple[Strike, Plan]]:
    """Every strike in three steps: what is on the bus the whole time, and what strikes step by step."""
    lift = _dealt(MODBUS_STRIKES, LIFT_STEPS, "lift")
    robot = _dealt(OPCUA_STRIKES, ROBOT_STEPS, "robot")
    count = max(len(lift), len(robot))
    both = [
        [*(lift[n] if n < len(lift) else []), *(robot[n] if n < len(robot) else [])] for n in range(count)
    ]
    order = (*LIFT_STEPS[:5], *ROBOT_STEPS[:7], *LIFT_STEPS[5:6], ROBOT_STEPS[7], *LIFT_STEPS[6:])
    return [
        (SERIAL_STRIKES[n % len(SERIAL_STRIKES)], sorted(plan, key=lambda struck: order.index(struck[0])))
        for n, plan in enumerate(both)
    ]


def _strike(key: str) -> Strike:
    (found,) = [s for s in (*MODBUS_STRIKES, *OPCUA_STRIKES, *SERIAL_STRIKES) if s.key == key]
    return found


SAMPLE: tuple[Strike, Plan] = (
    _strike("T08 unplugged"),
    [
        (30, "lift", _strike("M12 at a scan")),
        (50, "lift", _strike("M06 the order itself is lost")),
        (70, "robot", _strike("O06 heartbeat")),
        (80, "robot", _strike("O14 commit taken, called refused")),
        (100, "robot", _strike("O16 the commit comes too late")),
        (110, "robot", _strike("O02 sensor failure")),
        (130, "lift", _strike("M08 a fifth of the time-out")),
        (150, "lift", _strike("M07 the process is stopped")),
        (160, "lift", _strike("M24 restarted")),
    ],
)


async def test_a_swap_is_struck_and_goes_on(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    await _visit(tmp_path, *SAMPLE, record_property)


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(_visits())))
async def test_each_fault_strikes_in_three_steps(
    number: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    await _visit(tmp_path, *_visits()[number], record_property)


async def _visit(
    folder: Path, bus: Strike, plan: Plan, record_property: Callable[[str, object], None]
) -> None:
    async with struck_swap(folder) as it:
        visiting = asyncio.create_task(it.visit(), name="visit")
        await bus.begin(it, "meter")
        for step, link, strike in plan:
            outcome = await (
                _calm(it, step, link, strike) if strike.calm else _struck(it, step, link, strike)
            )
            outcome.record(record_property)
            print(f"{strike.key} planned in {step}: {outcome.as_text()}")  # noqa: T201
            assert outcome.reaction in EXPECTED[outcome.code], outcome
        await bus.end(it, "meter")
        await it.through(lambda: "S-0001" in it.watch.closed, "the swap is complete")
        assert it.watch.closed["S-0001"].complete
        await visiting
        await _judge(it)
        meter = it.proxies["meter"]
        assert isinstance(meter, SerialProxy)
        assert meter.struck or bus.code == "T08"
        print(f"stopped by stalls of this machine: {it.stalls}")  # noqa: T201
    Outcome(bus.code, plan[0][0], Reaction.TRANSPARENT).record(record_property)


async def _calm(it: StruckSwap, step: int, link: str, strike: Strike) -> Outcome:
    """Nobody notices. Where this machine stood still for longer than a reading proves anything, again."""
    for _ in range(ATTEMPTS):
        step = await _begin(it, step, link, strike)
        await it.until(lambda s=step: s not in it.active(), f"step {step} is done under {strike.key}")
        await strike.end(it, link)
        trips = it.engine.state.trips
        if not trips:
            return await _outcome(it, strike, step, Reaction.TRANSPARENT)
    raise AssertionError(f"{strike.key} stopped the station {ATTEMPTS} times: {trips}")


async def _begin(it: StruckSwap, least: int, link: str, strike: Strike) -> int:
    step = await it.at_work(link, least)
    if strike.on_order:
        # A pause, so that the step has its order given again, and struck.
        await it.pause()
    await strike.begin(it, link)
    if strike.on_order:
        await it.go_on()
    return step


async def _struck(it: StruckSwap, step: int, link: str, strike: Strike) -> Outcome:
    """The demanded stop, nothing ordered until a person goes on, and on it goes."""
    step = await _begin(it, step, link, strike)
    reaction, demanded = await it.at_rest(*(it.engine.links if strike.everywhere else (link,)))
    assert strike.on_order or reaction in demanded, (reaction, demanded, it.first_out)
    if strike.on_order:
        step = it.step_ordered_last(link)
    await strike.end(it, link)
    await it.links_up("meter")
    outcome = await _outcome(it, strike, step, reaction)
    await it.go_on()
    return outcome


async def _outcome(it: StruckSwap, strike: Strike, step: int, reaction: Reaction) -> Outcome:
    report = await it.report()
    errors = custody_errors(it.engine.state.ledger, report["packs"])
    assert not report["violations"], f"{strike.key} in {step}: {report['violations']}"
    assert errors == [], f"{strike.key} in {step}: {errors}"
    trips = it.engine.state.trips
    first_out = trips[0].code if trips else ""
    return Outcome(strike.code, step, reaction, first_out, len(report["violations"]), not errors)


async def _judge(it: StruckSwap) -> None:
    report = await it.report()
    assert report["violations"] == []
    inside = {pack: place for pack, place in report["packs"].items() if not place.startswith("left:")}
    assert {pack: str(place) for pack, place in it.engine.state.ledger} == inside
    assert len(report["packs"]) - len(inside) == 1
