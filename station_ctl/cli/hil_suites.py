"""The suites that move nothing: identity, scan, orders.

Knows sentences 1 to 4 of docs/plc_contract.md. An order of these suites has an opcode that no machine knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from station_ctl.cli.finding import Grade
from station_ctl.cli.hil_bench import Bench, Hand
from station_ctl.cli.hil_case import CannotBeTried, Case, Deviation
from station_ctl.cli.probe import findings, identity, tags
from station_ctl.config import ModbusTcpLink, StationConfig
from station_ctl.connections import make_link
from station_ctl.core.orders import AckCode
from station_ctl.core.points import Access, IoList

NO_ORDER = 99
"""An opcode of no machine: whatever a PLC overlooks, it can answer nothing but 8."""

UPTIME_BAND = 0.05
CONNECTIONS = 4


def identity_suite(config: StationConfig) -> Iterator[Case]:
    """Who each PLC is, and that it lives."""
    for name, link in config.links.items():
        version = getattr(link, "map_version", None)
        if version is None:
            continue
        yield Case("identity", name, "2.1", "shows magic, patterns, and its list's version", partial(_identity, name))
        yield Case("identity", name, "2.5", "moves HB_PLC at least every 100 ms", partial(_heartbeat, name))
        if "UPTIME_MS" in config.io[name]:
            yield Case("identity", name, "2.4", "counts UPTIME_MS in milliseconds", partial(_uptime, name))


def scan_suite(config: StationConfig) -> Iterator[Case]:
    """Every tag, and connections."""
    for name, link in config.links.items():
        sentence = "1.7" if link.protocol == "opcua" else "1.5"
        yield Case("scan", name, sentence, "shows every tag", partial(_all_read, name))
        yield Case("scan", name, "13", "shows plausible values", partial(_plausible, name))
        if isinstance(link, ModbusTcpLink) and link.map_version is not None:
            yield Case("scan", name, "1.2", "serves four connections at once", partial(_connections, name))


def orders_suite(bench: Bench) -> Iterator[Case]:
    """Answers to wrong orders. The last case leaves the highest number answered."""
    rows: tuple[tuple[str, str, tuple[str, ...], Callable[[Hand], Awaitable[str]]], ...] = (
        ("3.2", "looks at no block before its commit word", (), _uncommitted),
        ("4.3", "answers a wrong checksum with 2, and the number is not used up", ("CMD_CRC",), _checksum),
        ("4.2", "answers a number that is not above the last one with 5", (), _old_number),
        ("4.2", "answers an order of another epoch with 4", ("CMD_EPOCH",), _epoch),
        ("4.2", "answers an expired order with 3", ("CMD_EXPIRES",), _expired),
        ("4.2", "answers an unknown order with 8", (), _unknown),
        ("3.5", "changes nothing when a number comes again", (), _again),
    )
    for role in bench.hands:
        for sentence, text, needed, attempt in rows:
            yield Case("orders", role, sentence, text, partial(_with_tags, role, needed, attempt))


def _signs_of(bench: Bench, name: str) -> IoList:
    return bench.links[name].io


async def _identity(name: str, bench: Bench) -> str:
    looked, link = await bench.look(name), bench.config.links[name]
    if looked.fault:
        raise Deviation(looked.fault)
    version, own = getattr(link, "map_version", 0), getattr(link, "plc_id", None)
    finding = identity(_signs_of(bench, name), looked.values, version, own)
    if finding.grade is Grade.BAD:
        raise Deviation(f"{finding.found}: {finding.do}")
    return finding.found


async def _heartbeat(name: str, bench: Bench) -> str:
    pulse = (await bench.look(name)).pulse
    if pulse is None or pulse.seconds <= 0:
        raise Deviation("HB_PLC cannot be read")
    if pulse.beats < pulse.seconds / 0.1:
        raise Deviation(f"needs {pulse.seconds / 0.1:.0f} values in {pulse.seconds:.1f} s; found {pulse.beats}")
    return f"{pulse.beats} values in {pulse.seconds:.1f} s"


async def _uptime(name: str, bench: Bench) -> str:
    pulse = (await bench.look(name)).pulse
    if pulse is None or pulse.gained_ms is None or pulse.seconds <= 0:
        raise Deviation("UPTIME_MS cannot be read")
    found = f"{pulse.gained_ms} ms in {pulse.seconds * 1000:.0f} ms"
    if abs(pulse.gained_ms / 1000 / pulse.seconds - 1) > UPTIME_BAND:
        raise Deviation(f"needs as many milliseconds as pass; found {found}")
    return found


async def _all_read(name: str, bench: Bench) -> str:
    looked, io = await bench.look(name), _signs_of(bench, name)
    if looked.fault:
        raise Deviation(looked.fault)
    unread = [row for row in tags(io, looked) if row.access == "r" and row.value is None]
    if unread:
        raise Deviation("; ".join(f"{row.point}: {row.why}" for row in unread[:5]) + f" ({len(unread)} tags)")
    return f"{len(io)} tags"


async def _plausible(name: str, bench: Bench) -> str:
    looked, io = await bench.look(name), _signs_of(bench, name)
    if looked.fault:
        raise CannotBeTried("nothing was read")
    wrong = [f"{row.point} = {row.value}: {row.why}" for row in tags(io, looked) if row.value is not None and row.wrong]
    pairs = [pair for device in bench.paper.devices.values() for pair in device.pairs if pair.one.link == name]
    against = [f for f in findings(io, looked, None, pairs) if " and " in f.what and f.grade is Grade.BAD]
    wrong += [f"{finding.what} {finding.found}" for finding in against]
    if wrong:
        raise Deviation("; ".join(wrong[:5]) + f" ({len(wrong)})")
    return f"{len(pairs)} pairs of end switches"


async def _connections(name: str, bench: Bench) -> str:
    # A link that orders has two of them, for scans and for orders; that of the bench runs already.
    each = 2 if any(point.access is Access.WRITE for point in bench.links[name].io.values()) else 1
    there = [bench.links[name]] if name in bench.ordered else []
    more = [make_link(name, bench.config) for _ in range(CONNECTIONS // each - len(there))]
    links = [*there, *more]
    running = [asyncio.create_task(link.run()) for link in more]
    try:
        await bench.until(
            lambda: all(link.snapshot.fault is None for link in links), 5.0,
            lambda: f"needs {CONNECTIONS} connections; {'; '.join(filter(None, (s.snapshot.fault for s in links)))}",
        )  # fmt: skip
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return f"{CONNECTIONS} connections scan"


async def _with_tags(
    role: str, needed: tuple[str, ...], attempt: Callable[[Hand], Awaitable[str]], bench: Bench
) -> str:
    hand = bench.hands[role]
    lacking = [tag for tag in needed if f"{hand.channel.prefix}{tag}" not in hand.link.io]
    if lacking:
        raise CannotBeTried(f"the list has no {', '.join(lacking)}")
    return await attempt(hand)


async def _uncommitted(hand: Hand) -> str:
    number = hand.bench.next_number()
    await hand.give(NO_ORDER, number=number, commit=1)
    await hand.unchanged(0.5, "ACK_ID", "ACK_CODE", "ORDER_STATE")
    return "no answer for 0.5 s"


async def _checksum(hand: Hand) -> str:
    number = await hand.give(NO_ORDER, crc=1)
    took = await hand.answered(number, AckCode.BAD_CRC)
    await hand.give(NO_ORDER, number=number)
    await hand.bench.until(
        lambda: bool(hand.read("ACK_CODE") == AckCode.UNKNOWN_ORDER), 1.0,
        lambda: f"needs the same number to be looked at again; ACK_CODE is {hand.read('ACK_CODE')}",
    )  # fmt: skip
    return took


async def _old_number(hand: Hand) -> str:
    highest = await hand.give(NO_ORDER)
    await hand.answered(highest, AckCode.UNKNOWN_ORDER)
    await hand.give(NO_ORDER, number=highest - 1)
    return await hand.answered(highest - 1, AckCode.OLD_NUMBER)


async def _epoch(hand: Hand) -> str:
    return await hand.answered(await hand.give(NO_ORDER, epoch=-1), AckCode.WRONG_EPOCH)


async def _expired(hand: Hand) -> str:
    return await hand.answered(await hand.give(NO_ORDER, late_ms=2000), AckCode.EXPIRED)


async def _unknown(hand: Hand) -> str:
    return await hand.answered(await hand.give(NO_ORDER), AckCode.UNKNOWN_ORDER)


async def _again(hand: Hand) -> str:
    number = await hand.give(NO_ORDER)
    await hand.answered(number, AckCode.UNKNOWN_ORDER)
    await hand.write(hand.last, commit="CMD_COMMIT")
    await hand.unchanged(0.5, "ACK_ID", "ACK_CODE", "DONE_ID", "RESULT", "ORDER_STATE")
    return "the first answer stays for 0.5 s"

