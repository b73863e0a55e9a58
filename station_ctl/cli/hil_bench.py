"""The bench of the black-box suites: the station's own links, and a hand on each order channel for single orders.

Knows order blocks, right and wrong ones, and how answers are awaited. Does not know what is tried with them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from station_ctl.build import PaperStation
from station_ctl.cli.hil_case import CannotBeTried, Deviation
from station_ctl.cli.probe_wire import Looked, look_at
from station_ctl.config import StationConfig
from station_ctl.connections import make_links
from station_ctl.core.devices import Channel, Device
from station_ctl.core.links import Link, LinkError
from station_ctl.core.orders import ACK_TEXT, ORDER_TTL_MS, AckCode, Order, OrderState
from station_ctl.core.points import Value

UP_WITHIN = 10.0
ANSWER_WITHIN = 1.0
"""Seconds for an answer that the contract wants within 50 ms: what is measured is said, this PC may be busy."""

BEAT_S = 0.2
RESERVED = 1000
"""Order numbers that one call may use up at most."""


class Bench:
    """The links over which a station gives orders, running; `hands` by role, of those that are `meant`.

    `control` is the folder of a simulated plant that takes faults.
    """

    def __init__(
        self, config: StationConfig, paper: PaperStation, control: Path | None = None,
        meant: Callable[[str, str], bool] = lambda role, link: True,
    ) -> None:  # fmt: skip
        self.config, self.paper, self.control = config, paper, control
        self.links: Mapping[str, Link] = make_links(config)
        self.looked: dict[str, Looked] = {}
        self.hands = {
            name: Hand(self, device, device.channel)
            for name, device in paper.devices.items()
            if device.channel is not None and meant(name, device.link)
        }
        self.ordered = {hand.channel.link for hand in self.hands.values()}
        """The links that run: those of instruments and of PLCs that are only read are looked at one by one."""
        self._number = 0

    async def look(self, name: str) -> Looked:
        """A look at one PLC, taken once."""
        if name not in self.looked:
            self.looked |= await look_at(self.config, [name])
        return self.looked[name]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The links run inside the block."""
        tasks = [asyncio.create_task(self.links[name].run(), name=f"bench {name}") for name in self.ordered]
        try:
            with suppress(Deviation):
                await self.until(self._all_up, UP_WITHIN, lambda: "")
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _all_up(self) -> bool:
        return all(self.links[name].snapshot.fault is None for name in self.ordered)

    def begin_at(self, number: int) -> None:
        """The lowest number that may be used from now on."""
        self._number = max(self._number, number - 1)

    def next_number(self) -> int:
        """An order number that no PLC of the station has seen."""
        known = [hand.read(tag) or 0 for hand in self.hands.values() for tag in ("ACK_ID", "DONE_ID")]
        self._number = max(self._number, *known) + 1
        return self._number

    async def until(self, true: Callable[[], bool], within: float, missing: Callable[[], str]) -> float:
        """Wait until something is true; the seconds it took. Raises Deviation with what is missing."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > within:
                raise Deviation(f"{missing()} for {within:g} s")
            await asyncio.sleep(0.005)
        return time.monotonic() - began

    async def inject(self, **fault: Any) -> None:
        """Switch a fault of the plant on or off. Raises CannotBeTried where the plant has none such."""
        from station_ctl.cli.plant_control import ask
        from station_ctl.core.errors import StationError

        if self.control is None:
            raise CannotBeTried("no control channel")
        try:
            await asyncio.to_thread(ask, self.control, cmd="fault", **fault)
        except StationError as error:
            raise CannotBeTried(str(error)) from None


class Hand:
    """A hand on one order channel."""

    def __init__(self, bench: Bench, device: Device, channel: Channel) -> None:
        self.bench, self.device, self.channel = bench, device, channel
        self.last: dict[str, int] = {}
        """The block given last."""

    @property
    def link(self) -> Link:
        """The link of the channel's PLC."""
        return self.bench.links[self.channel.link]

    def read(self, tag: str, *, own: bool = True) -> Any:
        """What a tag of the channel (`own`) or of the PLC shows; None while nothing may be believed."""
        tag = f"{self.channel.prefix}{tag}" if own else tag
        point = self.link.io.get(tag)
        block = self.link.snapshot.blocks.get(point.scan) if point is not None else None
        believed = block is not None and self.link.snapshot.fault is None and tag not in block.bad
        return block.values.get(tag) if block is not None and believed else None

    def home(self) -> int:
        """The order that moves this machine home. Raises CannotBeTried for one that has none."""
        orders = self.device.orders
        if orders is None or "HOME" not in orders.__members__:
            raise CannotBeTried(f"{self.channel.role} has no order HOME, the only motion that is safe from anywhere")
        return int(orders["HOME"])

    async def write(self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False) -> None:
        """Write tags of the channel. Raises Deviation when the link does not let it through."""
        p = self.channel.prefix
        known = {f"{p}{tag}": value for tag, value in values.items() if f"{p}{tag}" in self.link.io}
        try:
            await self.link.write(known, commit=f"{p}{commit}" if commit else None, urgent=urgent)
        except LinkError as error:
            raise Deviation(f"not written: {error}") from None

    async def give(
        self, opcode: int, *, number: int | None = None, epoch: int = 0, late_ms: int = 0, crc: int = 0, commit: int = 0
    ) -> int:
        """Give one order and return its number. What is added to epoch, checksum and commit word makes them wrong.

        The checksum is that of the whole block, also of one with another epoch. Raises Deviation.
        """
        known = self.link.io.get(f"{self.channel.prefix}CMD_OPCODE")
        if known is not None and known.codes and opcode not in dict(known.codes).values():
            raise CannotBeTried(f"the codes of {known.tag} in the list let no order {opcode} through")
        given = number if number is not None else self.bench.next_number()
        now, uptime = self.read("EPOCH", own=False), self.read("UPTIME_MS", own=False)
        if "EPOCH" in self.link.io and (now is None or uptime is None):
            raise Deviation(f"nothing of the PLC is believed: {self.link.snapshot.fault or 'not read yet'}")
        expires = (int(uptime or 0) + ORDER_TTL_MS - late_ms) % 2**32
        order = Order(given, (int(now or 0) + epoch) & 0xFFFF, opcode, (), expires)
        block = order.tags()
        added = {"CMD_CRC": crc, "CMD_COMMIT": commit}
        self.last = block | {tag: (block[tag] + more) & 0xFFFF for tag, more in added.items()}
        await self.write(self.last, commit="CMD_COMMIT")
        return given

    async def answered(self, number: int, needed: AckCode, within: float = ANSWER_WITHIN) -> str:
        """Wait until the number is answered. Raises Deviation for no answer, and for another than is needed."""
        took = await self.bench.until(
            lambda: bool(self.read("ACK_ID") == number), within,
            lambda: f"needs an answer to order {number}; ACK_ID is {self.read('ACK_ID')}",
        )  # fmt: skip
        code = self.read("ACK_CODE")
        if code != needed:
            raise Deviation(f"needs answer {int(needed)} ({ACK_TEXT[needed]}); found {_answer(code)}")
        return f"answered {int(needed)} after {took * 1000:.0f} ms"

    async def begun(self, opcode: int) -> int:
        """Give an order that moves, see it under way or at its end. Raises CannotBeTried for a machine not ready."""
        number = await self.give(opcode)
        await self.bench.until(
            lambda: bool(self.read("ACK_ID") == number), ANSWER_WITHIN, lambda: f"order {number} is not answered"
        )
        code = self.read("ACK_CODE")
        if code != AckCode.ACCEPTED:
            raise CannotBeTried(f"the machine is not ready to move: {_answer(code)}")
        await self.bench.until(
            lambda: self.read("ORDER_STATE") == OrderState.BUSY or self.read("DONE_ID") == number, ANSWER_WITHIN,
            lambda: f"needs ORDER_STATE 1 after the order is accepted; found {self.read('ORDER_STATE')}",
        )  # fmt: skip
        return number

    async def unchanged(self, seconds: float, *tags: str) -> None:
        """Watch tags of the channel for a while. Raises Deviation if one changes."""
        before = {tag: self.read(tag) for tag in tags}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(0.01)
            now = {tag: self.read(tag) for tag in tags}
            changed = [f"{tag} {before[tag]} → {now[tag]}" for tag in tags if now[tag] not in (before[tag], None)]
            if changed:
                raise Deviation(f"needs nothing to change for {seconds:g} s; found {', '.join(changed)}")

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Our heartbeat goes to the PLC inside the block."""
        task = asyncio.create_task(self._beat(), name=f"heartbeat to {self.link.name}")
        try:
            await asyncio.sleep(2 * BEAT_S)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, LinkError):
                await task

    async def _beat(self) -> None:
        beat = 0
        while True:
            beat = (beat + 1) % 65536
            with suppress(LinkError):  # a cut link is what some cases are about; the case itself sees it
                await self.link.write({"HB_CTL": beat})
            await asyncio.sleep(BEAT_S)


def _answer(code: Any) -> str:
    return f"{code} ({ACK_TEXT[AckCode(code)]})" if code in tuple(AckCode) else f"{code}"
