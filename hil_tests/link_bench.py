"""What the wire tests of the links share: a PLC with nothing behind it, the station's I/O lists, patience.

Knows both ends of the wire. Does not know the plant.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from hil_tests.simplc.wire.io_list import Plain, PlcValue, Row, read_rows
from hil_tests.simplc.wire.modbus_server import ModbusServer
from station_ctl.core.links import Link
from station_ctl.core.points import Access, BaseType, IoList, Point, PointType, ScanClass, Value

IO_DIR = Path(__file__).parents[1] / "config" / "io"
IDENTITY = {"MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678, "MAP_VERSION": 1}
PATIENCE = 20.0
"""Upper bound of every wait, s. No test measures time: this machine may stand still for seconds."""


def io_list(name: str) -> IoList:
    """The I/O list as the controller sees it."""
    with (IO_DIR / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return IoList(name, tuple(_point(row) for row in csv.DictReader(file)))


def _point(row: dict[str, str]) -> Point:
    low, high = (float(row[limit]) if row[limit] else None for limit in ("min", "max"))
    kind, scale = PointType.parse(row["type"]), float(row["scale"] or 1)
    access, scan = Access(row["access"]), ScanClass(row["scan"])
    return Point(row["tag"], row["address"], kind, access, scan, row["unit"], scale, low, high, row["text"])


def rows(name: str) -> list[Row]:
    """The I/O list as the simulated PLC sees it."""
    return read_rows(IO_DIR / f"{name}.csv")


class BarePlc:
    """A PLC program without a plant: every read tag has a value of its own, writes are noted."""

    def __init__(self, name: str, io: IoList) -> None:
        self.name = name
        self.values: dict[str, PlcValue] = {}
        for number, point in enumerate(io.values()):
            if point.access is Access.READ:
                self.values[point.tag] = some_value(point, number)
        self.values.update({tag: value for tag, value in IDENTITY.items() if tag in io})
        self.written: list[dict[str, Plain]] = []
        self.online, self.boot_id = True, 1

    def write(self, values: dict[str, Plain]) -> None:
        """Note a write."""
        self.written.append(dict(values))

    def beat(self) -> None:
        """Move the heartbeat."""
        self.values["HB_PLC"] = (int(str(self.values.get("HB_PLC", 0))) + 1) % 65536


def some_value(point: Point, number: int) -> PlcValue:
    """A plausible value of the right type that differs from tag to tag."""
    kind = point.type
    if kind.base is BaseType.BOOL:
        return number % 3 == 0
    if kind.base is BaseType.STR:
        return f"{point.tag}{number}"[: kind.length]
    if point.codes:
        code = point.codes[number % len(point.codes)][1]
        return (code,) * kind.count if kind.count > 1 else code
    low = point.low if point.low is not None else 0.0
    fits = 30000.0 * min(1.0, point.scale)
    high = min(point.high if point.high is not None else fits, low + 30000.0)
    raw = round((low + (high - low) * (number % 17) / 20 - point.offset) / point.scale)
    value: PlcValue = raw if point.whole and not point.offset else float(raw * point.scale + point.offset)
    return (value,) * kind.count if kind.count > 1 else value  # type: ignore[return-value]


def plain(value: Value) -> Value:
    """A value with floats rounded, so that scaled values compare."""
    if isinstance(value, tuple):
        return tuple(round(item, 6) if isinstance(item, float) else item for item in value)
    return round(value, 6) if isinstance(value, float) else value


def shown(link: Link) -> dict[str, Value]:
    """All good values of the newest snapshot."""
    return {
        tag: plain(value)
        for block in link.snapshot.blocks.values()
        for tag, value in block.values.items()
        if tag not in block.bad
    }


def order(number: int = 70000, opcode: int = 10) -> dict[str, Value]:
    """An order block."""
    block: dict[str, Value] = {"CMD_ID": number, "CMD_EPOCH": 3, "CMD_OPCODE": opcode}
    block |= {"CMD_P1": -5, "CMD_P2": 0, "CMD_P3": 2**31 - 1, "CMD_P4": -(2**31)}
    return block | {"CMD_EXPIRES": 123456789, "CMD_CRC": 0xBEEF, "CMD_COMMIT": number & 0xFFFF}


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait until `true()`; fails with `what` after a long time."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE} s in vain until {what}") from None


async def until_usable(link: Link) -> None:
    """Wait until the link has no fault."""
    await until(lambda: link.snapshot.fault is None, f"{link.name} is usable: {link.snapshot.fault}")


async def until_fault(link: Link, words: str) -> None:
    """Wait until the link's fault has `words` in it."""
    await until(lambda: words in (link.snapshot.fault or ""), f"{link.name} says {words!r}: {link.snapshot}")


@contextlib.asynccontextmanager
async def running(*links: Link) -> AsyncIterator[None]:
    """The links run inside the block; afterwards they are cancelled and no task of theirs is left."""
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(link.run(), name=link.name) for link in links]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: not _new_tasks(before), f"no task is left: {_new_tasks(before)}")
        assert not ended, f"ended by itself: {ended}"


@contextlib.asynccontextmanager
async def serving(plc: BarePlc, name: str) -> AsyncIterator[ModbusServer]:
    """A Modbus TCP server for the PLC, with the I/O list of that name."""
    server = ModbusServer(plc, rows(name))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _new_tasks(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    here = asyncio.current_task()
    return {task for task in asyncio.all_tasks() if task not in before and task is not here}

