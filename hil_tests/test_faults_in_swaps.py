"""Faults of the wire in the middle of real swaps: the right stop, nothing unsafe, every pack known, and on it goes.

The plant is a process behind proxies, its independent monitor is the judge. By default one swap with a sample of the
catalogue; with --long each way of each fault strikes in three rounds, each time in another step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_serial import SerialProxy
from hil_tests.faults.struck_swap import StruckSwap, struck_swap
from hil_tests.faults.wire_faults import WIRE_FAULTS
from hil_tests.faults.wire_strikes import MODBUS_STRIKES, OPCUA_STRIKES, SERIAL_STRIKES, Strike
from station_ctl.engine.state import Trip
from tests.faults.struck_bench import custody_errors

pytestmark = pytest.mark.timeout(900)

STEPS = {
    "lift": (20, 30, 40, 50, 60, 130, 145, 150, 155, 160, 170),
    "robot": (70, 80, 90, 100, 105, 110, 120, 140),
}
"""Steps that are struck, by the PLC that carries them out."""

ROUNDS = 3
OFFSETS = {"lift": 5, "robot": 3}
"""How far the strikes move on from round to round, so that each meets another step."""

ATTEMPTS = 10
"""How often a strike may coincide with a stall of this machine before it is called the cause."""

EXPECTED = {fault.code: fault.expected for fault in WIRE_FAULTS}

Record = Callable[[str, object], None]


def _strike(key: str) -> Strike:
    (found,) = [s for s in (*MODBUS_STRIKES, *OPCUA_STRIKES, *SERIAL_STRIKES) if s.key == key]
    return found


SAMPLE = (
    (30, "lift", "M12 at a scan"),
    (50, "lift", "M06 the order itself is lost"),
    (70, "robot", "O06 heartbeat"),
    (80, "robot", "O14 commit taken, called refused"),
    (100, "robot", "O16 the commit comes too late"),
    (110, "robot", "O02 sensor failure"),
    (130, "lift", "M08 a fifth of the time-out"),
    (150, "lift", "M07 the process is stopped"),
    (160, "lift", "M24 restarted"),
)
"""Step, link and strike, in the order of the swap."""


NO_STRIKE = {"O17"}
"""A certificate decides before anything moves; test_faults_of_certificates.py has it."""


def test_every_fault_of_the_wire_strikes_a_swap() -> None:
    struck = {strike.code for strike in (*MODBUS_STRIKES, *OPCUA_STRIKES, *SERIAL_STRIKES)}
    assert struck == {fault.code for fault in WIRE_FAULTS if not fault.not_here} - NO_STRIKE
    keys = [strike.key for strike in (*MODBUS_STRIKES, *OPCUA_STRIKES, *SERIAL_STRIKES)]
    assert len(keys) == len(set(keys))


async def test_a_swap_is_struck_and_goes_on(tmp_path: Path, record_property: Record) -> None:
    async with struck_swap(tmp_path) as it:
        visiting = asyncio.create_task(it.visit(), name="visit")
        bus = await _strike_the_bus(it, 7)
        for step, link, key in SAMPLE:
            while not await _one(it, step, link, _strike(key), record_property):
                pass
        await it.through(lambda: it.served, "the swap is complete")
        await _relieve_the_bus(it, bus, record_property)
        await visiting
        await _judge(it)


@pytest.mark.long
@pytest.mark.parametrize("number", range(ROUNDS))
async def test_vehicle_after_vehicle_until_every_fault_has_struck(
    number: int, tmp_path: Path, record_property: Record
) -> None:
    waiting = {
        "lift": _turned(MODBUS_STRIKES, number * OFFSETS["lift"]),
        "robot": _turned(OPCUA_STRIKES, number * OFFSETS["robot"]),
    }
    async with struck_swap(tmp_path) as it:
        while any(waiting.values()):
            visiting = asyncio.create_task(it.visit(), name="visit")
            bus = await _strike_the_bus(it, it.vehicles + 3 * number)
            await it.through(lambda: not it.served, "the vehicle is taken in")
            while (found := await _next(it, waiting)) is not None:
                step, link = found
                strike = waiting[link].pop(0)
                if not await _one(it, step, link, strike, record_property):
                    waiting[link].append(strike)
            await _relieve_the_bus(it, bus, record_property)
            await visiting
            await _judge(it)


def _turned(strikes: tuple[Strike, ...], by: int) -> list[Strike]:
    return [*strikes[by:], *strikes[:by]]


async def _next(it: StruckSwap, waiting: Mapping[str, list[Strike]]) -> tuple[int, str] | None:
    """A step that is at work on a PLC for which a strike waits, not struck yet in this swap; None once it is over."""

    def found() -> list[tuple[int, str]]:
        here = [(no, link) for link, strikes in waiting.items() if strikes for no in it.active(link)]
        return [(no, link) for no, link in here if no in STEPS[link] and (it.vehicles, no) not in it.struck]

    await it.through(lambda: found() or it.served, "the next step, or the end of the swap")
    return found()[0] if found() else None


async def _strike_the_bus(it: StruckSwap, number: int) -> Strike:
    """What is wrong with the serial bus for the whole of this swap."""
    bus = SERIAL_STRIKES[number % len(SERIAL_STRIKES)]
    await bus.begin(it, "meter")
    return bus


async def _relieve_the_bus(it: StruckSwap, bus: Strike, record_property: Record) -> None:
    meter = it.proxies["meter"]
    assert isinstance(meter, SerialProxy)
    assert meter.struck or bus.code == "T08"
    await bus.end(it, "meter")
    await it.links_up()
    Outcome(bus.code, STEPS["lift"][0], Reaction.TRANSPARENT).record(record_property)


async def _one(it: StruckSwap, step: int, link: str, strike: Strike, record_property: Record) -> bool:
    """One strike; False where nothing can be said of it, because this machine stood still meanwhile."""
    outcome = await (_calm(it, step, link, strike) if strike.calm else _struck(it, step, link, strike))
    if outcome is None:
        return False
    it.struck.add((it.vehicles, outcome.step))
    outcome.record(record_property)
    print(f"{strike.key} at {step}: {outcome.as_text()}; stalls {len(it.stalls)}")  # noqa: T201
    assert outcome.reaction in EXPECTED[outcome.code], outcome
    return True


async def _calm(it: StruckSwap, step: int, link: str, strike: Strike) -> Outcome | None:
    """Nobody notices. A stall of this machine stops the station, too, but not again and again at the same strike."""
    step = await _begin(it, step, link, strike)
    await it.until(lambda: step not in it.active(), f"step {step} is done under {strike.key}")
    await strike.end(it, link)
    if not (trips := it.engine.state.trips):
        return await _outcome(it, strike, step, Reaction.TRANSPARENT)
    it.stalls.append(strike.key)
    assert it.stalls.count(strike.key) < ATTEMPTS, (strike.key, trips)
    await it.go_on()
    return None


async def _begin(it: StruckSwap, least: int, link: str, strike: Strike) -> int:
    step = await it.at_work(link, least)
    if strike.on_order:
        # A pause, so that the step has its order given again, and struck.
        await it.pause()
    await strike.begin(it, link)
    if strike.on_order:
        await it.go_on()
    return step


async def _struck(it: StruckSwap, step: int, link: str, strike: Strike) -> Outcome | None:
    """The right stop, nothing ordered until a person goes on, and on it goes."""
    links = it.engine.links if strike.everywhere else (link,)
    step = await _begin(it, step, link, strike)
    reaction = await it.at_rest(*links)
    orders = it.orders
    if strike.on_order:
        step = it.step_ordered_last(link)
    await strike.end(it, link)
    await it.links_up("meter")
    outcome: Outcome | None = await _outcome(it, strike, step, reaction)
    assert it.orders == orders, f"{strike.key} in {step}: ordered before a person went on"
    if _of_another_link(it.first_out, link) and not strike.everywhere:
        it.stalls.append(strike.key)
        assert it.stalls.count(strike.key) < ATTEMPTS, (strike.key, it.first_out)
        outcome = None
    else:
        # Of an order the reaction is that to its outcome, not to a link; everywhere, the safety PLC is silent, too.
        # A PLC that takes orders stops by itself: whatever silences it alone, and whatever is read from it, holds.
        assert strike.on_order or strike.everywhere or reaction is Reaction.HOLD, (reaction, it.first_out)
    await it.go_on()
    return outcome


def _of_another_link(trip: Trip, link: str) -> bool:
    """Whether the first cause is a reading of a PLC that was not struck: this machine stood still."""
    return trip.code in ("A101", "A102", "A201") and f"[{link} " not in trip.text


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
    assert len(report["packs"]) - len(inside) == it.vehicles
