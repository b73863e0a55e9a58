"""The suites that need faults: restart of a PLC, a cut link, a program that stands.

Knows sentences 2.3, 6.5 and 7 of docs/plc_contract.md and the names of the plant's faults. Takes every fault back.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

from station_ctl.cli.hil_bench import Bench, Hand
from station_ctl.cli.hil_case import CannotBeTried, Case, Deviation, Need
from station_ctl.cli.hil_suites import NO_ORDER
from station_ctl.core.orders import AckCode, OrderState

CONTROL = frozenset((Need.CONTROL,))
NOTICED_WITHIN = 2.0
BACK_WITHIN = 10.0


def restart_suite(bench: Bench) -> Iterator[Case]:
    """A PLC starts anew."""
    for role, hand in _first_channels(bench):
        text = "counts its starts, has no order pending and still knows the last number (2.3, 7.3)"
        yield Case("restart", role, "7.1", text, partial(_restart, role), CONTROL)
        if hand.channel.prefix == "" and "CMD_EPOCH" in hand.link.io:
            text = "refuses an order from before its start, by its epoch"
            yield Case("restart", role, "7.3", text, partial(_late, role), CONTROL)


def faults_suite(bench: Bench) -> Iterator[Case]:
    """What the station's own link notices."""
    for role, _hand in _first_channels(bench):
        text = "is missed when its cable is cut, and believed again after"
        yield Case("faults", role, "1.8", text, partial(_cut, role), CONTROL)
        text = "is not believed while its program stands and its network card answers"
        yield Case("faults", role, "6.5", text, partial(_stands, role), CONTROL)


def _first_channels(bench: Bench) -> Iterator[tuple[str, Hand]]:
    """One order channel of each PLC."""
    seen = set()
    for role, hand in bench.hands.items():
        if hand.channel.link not in seen:
            seen.add(hand.channel.link)
            yield role, hand


async def _restarted(hand: Hand) -> tuple[int, int]:
    """Start the PLC anew; its epoch and last number before."""
    number = await hand.give(NO_ORDER)
    await hand.answered(number, AckCode.UNKNOWN_ORDER)
    epoch = hand.read("EPOCH", own=False)
    if epoch is None:
        raise CannotBeTried("the list has no EPOCH")
    await hand.bench.inject(name="plc-restart", plc=hand.channel.link, seconds=0.5, on=True)
    await hand.bench.until(
        lambda: hand.read("EPOCH", own=False) not in (epoch, None), BACK_WITHIN,
        lambda: f"needs another EPOCH than {epoch} after a start; found {hand.read('EPOCH', own=False)}",
    )  # fmt: skip
    return int(epoch), number


async def _restart(role: str, bench: Bench) -> str:
    hand = bench.hands[role]
    began = time.monotonic()
    epoch, number = await _restarted(hand)
    back = time.monotonic() - began
    found = (hand.read("EPOCH", own=False), hand.read("ORDER_STATE"), hand.read("ACK_ID"))
    needed = ((epoch + 1) & 0xFFFF, int(OrderState.IDLE), number)
    if found != needed:
        raise Deviation(f"needs EPOCH, ORDER_STATE and ACK_ID {needed}; found {found}")
    return f"believed again after {back:.1f} s"


async def _late(role: str, bench: Bench) -> str:
    hand = bench.hands[role]
    await _restarted(hand)
    return await hand.answered(await hand.give(NO_ORDER, epoch=-1), AckCode.WRONG_EPOCH)


@asynccontextmanager
async def _fault(hand: Hand, name: str) -> AsyncIterator[None]:
    await hand.bench.inject(name=name, plc=hand.channel.link, on=True)
    try:
        yield
    finally:
        await hand.bench.inject(name=name, plc=hand.channel.link, on=False)


async def _cut(role: str, bench: Bench) -> str:
    hand = bench.hands[role]
    async with _fault(hand, "link-lost"):
        missed = await bench.until(
            lambda: hand.link.snapshot.fault is not None, NOTICED_WITHIN, lambda: "needs the loss to be noticed"
        )
    back = await bench.until(
        lambda: hand.link.snapshot.fault is None, BACK_WITHIN,
        lambda: f"needs the link back: {hand.link.snapshot.fault}",
    )  # fmt: skip
    return f"missed after {missed:.2f} s, back after {back:.2f} s"


async def _stands(role: str, bench: Bench) -> str:
    hand = bench.hands[role]
    limit = (getattr(bench.config.links[hand.channel.link], "heartbeat_timeout_ms", None) or 400) / 1000
    async with _fault(hand, "plc-stop"):
        seen = await bench.until(
            lambda: _still_for(hand) > limit, NOTICED_WITHIN, lambda: "needs HB_PLC to stand still with the program"
        )
    await bench.until(lambda: _still_for(hand) < limit, BACK_WITHIN, lambda: "needs HB_PLC to move again")
    return f"noticed after {seen:.2f} s"


def _still_for(hand: Hand) -> float:
    return time.monotonic() - hand.link.snapshot.alive_at
