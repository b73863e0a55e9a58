"""Devices: one machine with signals to read and commands to give, filling a role of the station.

Knows the form of a device and its order channel. Does not know any machine; those are in `drivers/`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, TypeVar, overload

from station_ctl.core.conditions import Condition, NeverBoth
from station_ctl.core.jog import COUNTER, Axis
from station_ctl.core.levels import MAY_LACK, Level, cost_of_b
from station_ctl.core.orders import OrderState
from station_ctl.core.points import Access, BaseType, IoList, Point, ScanClass
from station_ctl.core.signals import Image, Signal

MAX_AGE = {ScanClass.FAST: 0.25, ScanClass.NORMAL: 0.5, ScanClass.SLOW: 5.0, ScanClass.NONE: 0.0}
"""Default age (s) after which a reading proves nothing: several missed scans of its class. The fast one is as long as
a link waits for an answer, so that a busy PC alone stops nothing, and a loss is still noticed within 0.3 s."""

B = TypeVar("B", bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A tag that a driver asks for and the I/O list does not have as needed; `column` is the cell that is wrong."""

    tag: str
    column: str
    text: str

    def __str__(self) -> str:
        return f"{'tags' if ' and ' in self.tag else 'tag'} {self.tag} {self.text}" if self.tag else self.text


class DeviceDeclarationError(Exception):
    """A driver asks for tags that the I/O list does not have as it needs them; all of them are named."""

    def __init__(self, device: str, misfits: tuple[Misfit, ...]) -> None:
        super().__init__(f"{device}: " + "; ".join(map(str, misfits)))
        self.misfits = misfits


@dataclass(frozen=True, slots=True)
class Command:
    """An order not yet given: which role, which opcode, four parameters at most, and how a technician reads it."""

    role: str
    opcode: int
    params: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Channel:
    """The order channel of a device: where its orders are written and where the PLC answers."""

    role: str
    link: str
    prefix: str
    epoch: Signal[int] | None
    uptime_ms: Signal[int] | None
    ack_id: Signal[int]
    ack_code: Signal[int]
    done_id: Signal[int]
    result: Signal[int]
    state: Signal[int]
    fault: Signal[int]
    no_fault: Signal[bool] | None = None
    """Off while a fault stands that a person must reset at the device; None where the PLC has no such tag."""
    level: Level = Level.A
    lacks: frozenset[str] = frozenset()
    """Tags of the handshake, without prefix, that a PLC of level B does not have."""

    @property
    def stop_tag(self) -> str:
        """The level that asks the PLC for a controlled stop."""
        return f"{self.prefix}STOP_REQ"

    @property
    def answers(self) -> Signal[int]:
        """What shows that the PLC answers: its boot counter, or its order state where it has none."""
        return self.epoch if self.epoch is not None else self.state

    @property
    def up(self) -> Condition:
        """Proven while the PLC answers and its clock, if it has one, can be read."""
        alive = self.answers.at_least(0)
        return alive if self.uptime_ms is None else alive & self.uptime_ms.at_least(0)

    def boot(self, image: Image) -> int:
        """The boot counter now, 0 of a PLC without one. Raises ValueError when it is not proven."""
        if self.epoch is None:
            return 0
        reading = self.epoch.read(image)
        if not isinstance(reading.value, int):
            raise ValueError(f"boot counter of {self.link} {reading}")
        return reading.value

    def same_life(self, epoch: int, order: int) -> Condition:
        """Proven while the PLC has not started since boot `epoch`, in which it acknowledged `order` (0 = not yet).

        One without a boot counter is believed as long as it remembers the order.
        """
        if self.epoch is not None:
            return self.epoch.equals(epoch)
        alive = self.answers.at_least(0)
        return alive & self.ack_id.equals(order) if order else alive

    @property
    def attended(self) -> str:
        """Why a person must look before anything of this device goes on; empty = the PLC itself can tell."""
        return cost_of_b(self.lacks) if self.level is not Level.A else ""

    @property
    def at_rest(self) -> Condition:
        """Proven while the PLC says that it carries no order out."""
        return self.state.equals(OrderState.IDLE) | self.state.at_least(OrderState.DONE)

    @property
    def name(self) -> str:
        """Name of the channel: the link, and the prefix where a PLC has more than one."""
        return f"{self.link}.{self.prefix.rstrip('_')}" if self.prefix else self.link


class Device:
    """One machine, written for one model. Subclasses declare signals in `__init__` and commands as methods.

    `role` is the place the device fills, `link` the name of its link, `io` the I/O list of its PLC program.
    `driver` is the name of the file in `drivers/`, by which a station file names the device.
    """

    driver: str = "device"
    prefix: str = ""
    orders: type[IntEnum] | None = None

    def __init__(self, role: str, link: str, io: IoList) -> None:
        self.role = role
        self.link = link
        self.io = io
        self._missing: list[Misfit] = []
        self.pairs: list[NeverBoth] = []
        self.axes: dict[str, Axis] = {}
        """Axes that can be jogged, by name; none where the PLC's list lacks the counter that it watches meanwhile."""
        self.channel: Channel | None = self._channel() if self.orders is not None else None
        self.declare()
        if self._missing:
            raise DeviceDeclarationError(f"{role} ({self.driver}) and I/O list {io.name}", tuple(self._missing))

    def declare(self) -> None:
        """Declare the signals of the machine."""

    @overload
    def signal(self, kind: type[B], tag: str, name: str = "", *, unit: str | None = None) -> Signal[B]: ...
    @overload
    def signal(
        self, kind: type[B], tag: str, name: str = "", *, count: int, unit: str | None = None
    ) -> Signal[tuple[B, ...]]: ...
    def signal(self, kind: type, tag: str, name: str = "", *, count: int = 1, unit: str | None = None) -> Any:
        """A tag of the I/O list as a typed signal; what does not fit is collected and raised at once.

        `unit`: the one in which this driver and the procedures take the value; a list in another one does not fit.
        """
        point = self.io.get(tag) or self.io.elsewhere.get(tag)
        if point is None:
            self._missing.append(Misfit(tag, "", "is missing"))
        elif fault := _misfit(point, kind, count):
            self._missing.append(Misfit(tag, "type", fault))
        elif unit is not None and point.unit != unit:
            self._missing.append(Misfit(tag, "unit", f"is in {point.unit or 'no unit'}, needs {unit}"))
        scan = point.scan if point is not None else ScanClass.FAST
        shown = f"{self.role}.{name or tag.removeprefix(self.prefix).lower()}"
        link, listed = (point.link or self.link, point.unit) if point is not None else (self.link, "")
        return Signal(shown, link, tag, scan, MAX_AGE[scan], listed)

    def exclusive(self, one: Signal[B], other: Signal[B]) -> tuple[Signal[B], Signal[B]]:
        """Two signals of which one at most can be on, as end switches of a motion: both on, neither proves anything.

        They must be scanned together, or a motion between two scans would look like a contradiction.
        """
        if (one.link, one.scan) != (other.link, other.scan):
            text = "exclude each other and are not scanned together"
            self._missing.append(Misfit(f"{one.tag} and {other.tag}", "", text))
        self.pairs.append(NeverBoth(one, other))
        return (
            replace(one, against=(*one.against, (other.name, other.tag))),
            replace(other, against=(*other.against, (one.name, one.tag))),
        )

    def command(self, order: IntEnum, *params: int, text: str) -> Command:
        """An order of this device as data. Parameters are whole numbers in the unit the PLC expects."""
        return Command(self.role, int(order), params, f"{self.role}.{text}")

    def axis(self, name: str, number: int, position: Signal[Any], low: float, high: float) -> None:
        """Declare an axis that can be jogged between `low` and `high` mm, if the PLC watches the counter for it."""
        point = self.io.get(COUNTER)
        if point is not None and point.access is Access.WRITE:
            self.axes[name] = Axis(name, number, position, low, high)

    def jog(self, name: str, target_mm: float) -> Command:
        """Move one axis to `target_mm` at the PLC's creeping speed.

        Raises ValueError for another axis or a place beyond its ends; that it is near enough is for the PLC to know.
        """
        axis = self.axes.get(name)
        if axis is None or self.orders is None:
            raise ValueError(f"{self.role} has no axis {name!r} to jog; there are {', '.join(self.axes) or 'none'}")
        if not axis.low <= target_mm <= axis.high:
            raise ValueError(f"{self.role} {name} to {target_mm:g} mm: needs {axis.low:g} to {axis.high:g} mm")
        text = f"jog({name} to {target_mm:g} mm)"
        return self.command(self.orders["JOG"], axis.number, round(target_mm * 10), text=text)

    def _channel(self) -> Channel:
        p, level = self.prefix, self.io.level
        here = {tag for tag in MAY_LACK if (tag if tag in ("EPOCH", "UPTIME_MS") else p + tag) in self.io}
        lacks = frozenset(MAY_LACK.keys() - here) if level is Level.B else frozenset()
        epoch, uptime = (self.signal(int, tag) if tag not in lacks else None for tag in ("EPOCH", "UPTIME_MS"))
        answers = ("ACK_ID", "ACK_CODE", "DONE_ID", "RESULT", "ORDER_STATE", "FAULT")
        ack_id, ack_code, done_id, result, state, fault = (self.signal(int, p + tag) for tag in answers)
        has_no_fault = f"{p}NO_FAULT" in self.io or f"{p}NO_FAULT" in self.io.elsewhere
        no_fault = self.signal(bool, f"{p}NO_FAULT") if has_no_fault else None
        return Channel(
            self.role, self.link, p, epoch, uptime, ack_id, ack_code, done_id, result, state, fault, no_fault, level,
            lacks,
        )  # fmt: skip


def _misfit(point: Point, kind: type, count: int) -> str:
    if point.access is not Access.READ:
        return "is a write tag, a signal needs a read tag"
    if point.type.count != count:
        return f"is {point.type}, needs {count} element(s)"
    kinds: dict[BaseType, type] = {BaseType.BOOL: bool, BaseType.STR: str}
    found = kinds.get(point.type.base, int if point.whole else float)
    if found is not kind and not (kind is float and found is int):
        return f"gives {found.__name__}, needs {kind.__name__}"
    return ""
