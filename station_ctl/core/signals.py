"""Signals and the image they are read from: value, quality and age, never a bare value.

Knows when a value may be believed. Does not know where it comes from nor what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from station_ctl.core.bypass import Bypass
from station_ctl.core.custody import EMPTY_LEDGER, Ledger
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.modes import Mode
from station_ctl.core.points import ScanClass, Value

if TYPE_CHECKING:
    from station_ctl.core.conditions import Condition
    from station_ctl.core.jog import Hand

T = TypeVar("T", bound=Value)
Number = TypeVar("Number", int, float)


class Quality(StrEnum):
    """Only GOOD proves anything."""

    GOOD = "good"
    STALE = "stale"
    BAD = "bad"
    NEVER = "never read"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as known now: `age` in s, `at` its monotonic sample time, `why` it is not good (empty if it is)."""

    value: Value | None
    quality: Quality
    age: float
    at: float
    why: str = ""

    @property
    def good(self) -> bool:
        """True if the value may prove something."""
        return self.quality is Quality.GOOD

    def __str__(self) -> str:
        if self.value is None:
            return f"nothing ({self.why or self.quality})"
        shown = _plain(self.value)
        shown = {"True": "on", "False": "off"}.get(shown, shown or "empty")
        return shown if self.good else f"{shown} ({self.why or self.quality})"


def _plain(value: object) -> str:
    """A value as a person reads it: no more digits than say something."""
    if isinstance(value, tuple):
        return f"({', '.join(str(round(v, 2)) if isinstance(v, float) else str(v) for v in value)})"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """What the controller itself contributes to a decision: its mode, its journal, its custody ledger, the bypasses
    that two persons gave it, the hand on the jog button.

    `locks` names every pack that charging has locked (hot, or in quarantine), with the reason; None: not known.
    """

    mode: Mode = Mode.MAINTENANCE
    journal_writable: bool = False
    ledger: Ledger = EMPTY_LEDGER
    bypasses: tuple[Bypass, ...] = ()
    hand: Hand | None = None
    locks: tuple[tuple[str, str], ...] | None = None


class Image:
    """All that is known at one instant. Immutable; every decision is taken on exactly one image.

    `now` is monotonic time in s. `heartbeat_limits` gives, per link, how long (s) a PLC's heartbeat may stand
    still before its readings are stale; a link without an entry has no heartbeat (an instrument).
    """

    __slots__ = ("heartbeat_limits", "links", "now", "own")

    def __init__(
        self,
        now: float,
        links: Mapping[str, LinkSnapshot],
        heartbeat_limits: Mapping[str, float] = MappingProxyType({}),
        own: OwnFacts = OwnFacts(),
    ) -> None:
        self.now = now
        self.links = links
        self.heartbeat_limits = heartbeat_limits
        self.own = own

    def with_own(self, own: OwnFacts) -> Image:
        """The same instant with the controller's own facts replaced."""
        return Image(self.now, self.links, self.heartbeat_limits, own)

    def forced(self, values: Mapping[str, Value]) -> Image:
        """The same instant with these points (link.TAG) reading what they are forced to."""
        return _Forced(self, values)

    def link_fault(self, link: str) -> str | None:
        """Why nothing of this PLC may be believed now, or None."""
        snapshot = self.links.get(link)
        if snapshot is None:
            return f"link {link} does not exist"
        if snapshot.fault is not None:
            return f"link {link}: {snapshot.fault}"
        limit = self.heartbeat_limits.get(link)
        if limit is not None and self.now - snapshot.alive_at > limit:
            return f"link {link}: heartbeat of the PLC stands still"
        return None

    def reading(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Reading:
        """One tag with its quality now. Not connected, wrong PLC, stuck heartbeat, old or flagged: not good."""
        snapshot = self.links.get(link)
        block = snapshot.blocks.get(scan) if snapshot is not None else None
        value = block.values.get(tag) if block is not None else None
        if snapshot is None or block is None or value is None:
            flagged = block is not None and tag in block.bad
            why = "declared bad by the PLC" if flagged else (self.link_fault(link) or "never read")
            return Reading(None, Quality.BAD if flagged else Quality.NEVER, float("inf"), float("-inf"), why)
        age = self.now - block.at
        if (fault := self.link_fault(link)) is not None:
            return Reading(value, Quality.BAD, age, block.at, fault)
        if tag in block.bad:
            return Reading(value, Quality.BAD, age, block.at, "not plausible or declared bad by the PLC")
        if age > max_age:
            return Reading(value, Quality.STALE, age, block.at, f"stale, {age:.1f} s old")
        return Reading(value, Quality.GOOD, age, block.at)

    def good_value(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Value | None:
        """The value of a tag whose `reading` is good, else None: for those who need neither age nor words."""
        if type(self) is not Image:
            # An image that reads otherwise has one place where it says so.
            reading = self.reading(link, scan, tag, max_age)
            return reading.value if reading.good else None
        snapshot = self.links.get(link)
        block = snapshot.blocks.get(scan) if snapshot is not None else None
        if snapshot is None or block is None or snapshot.fault is not None or tag in block.bad:
            return None
        limit = self.heartbeat_limits.get(link)
        if self.now - block.at > max_age or (limit is not None and self.now - snapshot.alive_at > limit):
            return None
        return block.values.get(tag)


class _Forced(Image):
    """An image in which some points read what two persons say. Only a bypassable row ever looks at one."""

    __slots__ = ("_values",)

    def __init__(self, image: Image, values: Mapping[str, Value]) -> None:
        super().__init__(image.now, image.links, image.heartbeat_limits, image.own)
        self._values = values

    def reading(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Reading:
        value = self._values.get(f"{link}.{tag}")
        if value is None:
            return super().reading(link, scan, tag, max_age)
        return Reading(value, Quality.GOOD, 0.0, self.now, "forced")


@dataclass(frozen=True, slots=True)
class Signal(Generic[T]):
    """A tag as a device shows it. `max_age` (s): older than this proves nothing.

    `against`: name and tag of signals of the same machine that can never be on together with this one, as the two end
    switches of a motion. While such a pair is on, one of them lies, nobody knows which, and neither proves anything.
    """

    name: str
    link: str
    tag: str
    scan: ScanClass
    max_age: float
    unit: str = ""
    against: tuple[tuple[str, str], ...] = ()

    def read(self, image: Image) -> Reading:
        """Value, quality and age at the instant of `image`."""
        reading = image.reading(self.link, self.scan, self.tag, self.max_age)
        if not self.against or not reading.good:
            return reading
        for name, tag in self.against:
            other = image.reading(self.link, self.scan, tag, self.max_age)
            if other.good and both_on(reading.value, other.value):
                return replace(reading, quality=Quality.BAD, why=f"contradicted by {name}")
        return reading

    def good_value(self, image: Image) -> Value | None:
        """The value if what is read at the instant of `image` is good, else None."""
        value = image.good_value(self.link, self.scan, self.tag, self.max_age)
        if value is None or not self.against:
            return value
        others = (image.good_value(self.link, self.scan, tag, self.max_age) for _, tag in self.against)
        return None if any(both_on(value, other) for other in others) else value

    def is_on(self: Signal[bool]) -> Condition:
        """Proven while the signal is good and true."""
        return Compare(self, "is", True)

    def is_off(self: Signal[bool]) -> Condition:
        """Proven while the signal is good and false."""
        return Compare(self, "is", False)

    def equals(self, needed: T) -> Condition:
        """Proven while the signal is good and equal to `needed`."""
        return Compare(self, "=", needed)

    def differs(self, other: T) -> Condition:
        """Proven while the signal is good and not equal to `other`."""
        return Compare(self, "≠", other)

    def at_least(self: Signal[Number], needed: Number) -> Condition:
        """Proven while the signal is good and ≥ `needed` (in the signal's unit)."""
        return Compare(self, "≥", needed)

    def at_most(self: Signal[Number], needed: Number) -> Condition:
        """Proven while the signal is good and ≤ `needed` (in the signal's unit)."""
        return Compare(self, "≤", needed)

    def between(self: Signal[Number], low: Number, high: Number) -> Condition:
        """Proven while the signal is good and low ≤ value ≤ high (in the signal's unit)."""
        return Compare(self, "between", (low, high))

    def has_bits(self: Signal[int], mask: int) -> Condition:
        """Proven while the signal is good and every bit of `mask` is set."""
        return Compare(self, "has bits", mask)

    def each_between(self: Signal[tuple[float, ...]], mask: int, low: float, high: float) -> Condition:
        """Proven while every element k-1 with bit k-1 in `mask` is within low..high."""
        return Compare(self, "each between", (mask, low, high))


# At the end: conditions need signals and signals offer conditions.
from station_ctl.core.conditions import Compare, both_on  # noqa: E402
