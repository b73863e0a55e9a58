"""The suites that move machines: stop and heartbeat, by the order HOME of each device.

Knows sentences 3.5, 5 and 6 of docs/plc_contract.md. Every case leaves STOP_REQ at 0 and the machine at rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

from station_ctl.cli.hil_bench import Bench, Hand
from station_ctl.cli.hil_case import CannotBeTried, Case, Deviation, Need
from station_ctl.core.orders import AckCode, OrderState, Result

MOVES = frozenset((Need.MOVES,))
UNDER_WAY_S = 0.2
REST_WITHIN = 10.0
"""Seconds after which a device that was told to stop calls for the emergency stop (5.2)."""

HOME_WITHIN = 90.0
SILENCE_S = 1.0
"""HB_CTL still for so long is a stop (6.2)."""

BY_ITSELF_S = 0.1
"""A motion that ends so soon after a stop was at its end anyway: the stop has 20 ms, our scans and answers the rest."""

NOTHING = ("ACK_ID", "DONE_ID", "ORDER_STATE")


def stop_suite(bench: Bench) -> Iterator[Case]:
    """STOP_REQ in the middle of a motion, and numbers that come twice."""
    rows: tuple[tuple[str, str, Callable[[Hand], Awaitable[str]]], ...] = (
        ("5.1", "answers every order with 9 while STOP_REQ is 1", _refused_by_stop),
        ("5.2", "stops a motion when STOP_REQ becomes 1, and nothing starts when it is 0 again (5.4)", _stops),
        ("3.5", "moves once when a number comes twice", _moves_once),
    )
    yield from _cases("stop", bench, rows)


def heartbeat_suite(bench: Bench) -> Iterator[Case]:
    """What the PLC does without us."""
    rows: tuple[tuple[str, str, Callable[[Hand], Awaitable[str]]], ...] = (
        ("6.2", "accepts no order while our heartbeat stands still", _refused_in_silence),
        ("6.2", "stops a motion when our heartbeat stands still, and its return starts nothing (6.3)", _stops_alone),
    )
    yield from _cases("heartbeat", bench, rows)


def _cases(
    suite: str, bench: Bench, rows: tuple[tuple[str, str, Callable[[Hand], Awaitable[str]]], ...]
) -> Iterator[Case]:
    for role, hand in bench.hands.items():
        orders = hand.device.orders
        if orders is None or "HOME" not in orders.__members__:
            continue
        for sentence, text, attempt in rows:
            yield Case(suite, role, sentence, text, partial(_tried, role, attempt), MOVES)


async def _tried(role: str, attempt: Callable[[Hand], Awaitable[str]], bench: Bench) -> str:
    hand = bench.hands[role]
    try:
        return await attempt(hand)
    finally:
        await hand.write({"STOP_REQ": 0}, urgent=True)


@asynccontextmanager
async def _moving(hand: Hand) -> AsyncIterator[int]:
    """The machine on its way home."""
    number = await hand.begun(hand.home())
    await asyncio.sleep(UNDER_WAY_S)
    if hand.read("ORDER_STATE") != OrderState.BUSY:
        raise CannotBeTried("the motion was over before it could be stopped: bring the machine away from home")
    yield number


async def _refused_by_stop(hand: Hand) -> str:
    async with hand.beating():
        await hand.write({"STOP_REQ": 1}, urgent=True)
        return await hand.answered(await hand.give(hand.home()), AckCode.STOP_REQUESTED)


async def _stops(hand: Hand) -> str:
    async with hand.beating(), _moving(hand) as number:
        told = time.monotonic()
        await hand.write({"STOP_REQ": 1}, urgent=True)
        await _at_rest(hand, number, "STOP_REQ", BY_ITSELF_S)
        took = time.monotonic() - told
        await hand.write({"STOP_REQ": 0}, urgent=True)
        await hand.unchanged(1.0, *NOTHING)
        return f"stood after {took:.2f} s"


async def _moves_once(hand: Hand) -> str:
    async with hand.beating():
        number = await hand.begun(hand.home())
        await hand.write(hand.last, commit="CMD_COMMIT")
        await hand.bench.until(
            lambda: bool(hand.read("DONE_ID") == number), HOME_WITHIN,
            lambda: f"needs order {number} to end; DONE_ID is {hand.read('DONE_ID')}, state {hand.read('ORDER_STATE')}",
        )  # fmt: skip
        if hand.read("RESULT") != Result.OK:
            raise CannotBeTried(f"HOME ended with result {hand.read('RESULT')}, fault {hand.read('FAULT')}")
        await hand.write(hand.last, commit="CMD_COMMIT")
        await hand.unchanged(1.0, *NOTHING, "ACK_CODE", "RESULT")
        return "written three times, done once"


async def _refused_in_silence(hand: Hand) -> str:
    async with hand.beating():
        pass
    await asyncio.sleep(1.5 * SILENCE_S)
    return await hand.answered(await hand.give(hand.home()), AckCode.DRIVES_OFF)


async def _stops_alone(hand: Hand) -> str:
    number = 0
    async with hand.beating(), _moving(hand) as moving:
        number = moving
    silent = time.monotonic()
    await _at_rest(hand, number, "a silent controller", SILENCE_S)
    took = time.monotonic() - silent
    async with hand.beating():
        await hand.unchanged(1.0, *NOTHING)
    return f"stood {took:.2f} s after the last beat"


async def _at_rest(hand: Hand, number: int, why: str, by_itself: float) -> None:
    """Wait for the stop. An order that ends well within `by_itself` seconds has ended too early to tell anything."""
    took = await hand.bench.until(
        lambda: hand.read("ORDER_STATE") not in (OrderState.BUSY, None), REST_WITHIN,
        lambda: f"needs a stop by {why}; ORDER_STATE is {hand.read('ORDER_STATE')}",
    )  # fmt: skip
    state, result, done = (hand.read(tag) for tag in ("ORDER_STATE", "RESULT", "DONE_ID"))
    if (state, result) == (OrderState.DONE, Result.OK) and took < by_itself:
        raise CannotBeTried("the motion was over before it could be stopped: bring the machine away from home")
    if (state, result, done) != (OrderState.STOPPED, Result.STOPPED, number):
        needed = f"ORDER_STATE 3, RESULT 3, DONE_ID {number}"
        raise Deviation(f"needs {needed} after {why}; found {state}, {result}, {done}")
