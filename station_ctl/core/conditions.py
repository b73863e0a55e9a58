"""Conditions: sentences about signals that are proven now, or not and why.

Pure and total: a condition never raises, and a reading that is not good proves nothing.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from station_ctl.core.modes import Mode
    from station_ctl.core.signals import Image, Reading, Signal

NOT_SAMPLED = float("inf")


@dataclass(frozen=True, slots=True)
class Unmet:
    """One reason why a condition is not proven: what is needed, what was found, where, how old (s).

    `known` is False when the reading itself is not good: then the reason is `link`, not the machine.
    """

    needed: str
    found: str
    source: str
    age: float = 0.0
    known: bool = True
    link: str = ""

    def __str__(self) -> str:
        return f"needs {self.needed}; found {self.found} [{self.source}]"


class Condition(ABC):
    """A sentence that is proven on an image or not."""

    @abstractmethod
    def proven(self, image: Image) -> bool:
        """True only if every reading involved is good and the sentence is true."""

    @abstractmethod
    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        """The reasons why it is not proven; empty if it is."""

    @abstractmethod
    def sampled_at(self, image: Image) -> float:
        """Monotonic time of the oldest reading involved; +inf if none is."""

    @abstractmethod
    def __str__(self) -> str:
        """The sentence, as printed in refusals, alarms and the manual."""

    def why_not(self, image: Image) -> str:
        """The reasons in one line; empty if the condition is proven."""
        return "; ".join(str(reason) for reason in self.unmet(image))

    def __and__(self, other: Condition) -> Condition:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: Condition) -> Condition:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))


def _parts(condition: Condition, kind: type[AllOf] | type[AnyOf]) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, kind) else (condition,)


def _between(value: Any, needed: Any) -> bool:
    return bool(needed[0] <= value <= needed[1])


def _each_between(value: Any, needed: Any) -> bool:
    mask, low, high = needed
    chosen = [v for k, v in enumerate(value) if mask >> k & 1]
    return len(chosen) == int(mask).bit_count() and all(low <= v <= high for v in chosen)


def _differs(value: Any, needed: Any) -> bool:
    # Text is no other number and a number that is none differs from nothing: neither proves that something is gone.
    same_kind = isinstance(value, str) == isinstance(needed, str) and not isinstance(value, tuple)
    return bool(same_kind and value == value and value != needed)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": operator.is_,
    "=": operator.eq,
    "≠": _differs,
    "≥": operator.ge,
    "≤": operator.le,
    "between": _between,
    "has bits": lambda value, mask: value & mask == mask,
    "each between": _each_between,
}


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    """One signal compared with a needed value."""

    signal: Signal[Any]
    relation: str
    needed: Any

    def proven(self, image: Image) -> bool:
        value = self.signal.good_value(image)
        return value is not None and self._holds_for(value)

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        reading = self.signal.read(image)
        if reading.good and self._holds_for(reading.value):
            return ()
        unit = f" {self.signal.unit}" if self.signal.unit and reading.value is not None else ""
        found = f"{reading}{unit}"
        link = self.signal.link
        return (Unmet(str(self), found, f"{link} {self.signal.tag}", reading.age, reading.good, link),)

    def sampled_at(self, image: Image) -> float:
        return self.signal.read(image).at

    def _holds_for(self, value: Any) -> bool:
        try:
            return bool(_COMPARE[self.relation](value, self.needed))
        except TypeError:
            # A value of another type than the signal promises proves nothing.
            return False

    def __str__(self) -> str:
        name, unit = self.signal.name, f" {self.signal.unit}" if self.signal.unit else ""
        match self.relation:
            case "is":
                return f"{name} {'on' if self.needed else 'off'}"
            case "between":
                return f"{name} {self.needed[0]:g} to {self.needed[1]:g}{unit}"
            case "has bits":
                return f"{name} with all of bits {self.needed:#x}"
            case "each between":
                mask, low, high = self.needed
                return f"each {name} of {mask:#x} {low:g} to {high:g}{unit}"
            case "=" | "≠":
                needed = "empty" if self.needed == "" else self.needed
                return f"{name} {self.relation} {getattr(needed, 'name', needed)}{unit}"
            case _:
                return f"{name} {self.relation} {self.needed:g}{unit}"


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """Every part is proven."""

    parts: tuple[Condition, ...]

    def proven(self, image: Image) -> bool:
        # Plain loops: this is asked some hundred times in every decision.
        for part in self.parts:  # noqa: SIM110
            if not part.proven(image):
                return False
        return True

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        return tuple(reason for part in self.parts for reason in part.unmet(image))

    def sampled_at(self, image: Image) -> float:
        return min((part.sampled_at(image) for part in self.parts), default=NOT_SAMPLED)

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """At least one part is proven."""

    parts: tuple[Condition, ...]

    def proven(self, image: Image) -> bool:
        return any(part.proven(image) for part in self.parts)

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        return () if self.proven(image) else tuple(r for part in self.parts for r in part.unmet(image))

    def sampled_at(self, image: Image) -> float:
        proven = [part.sampled_at(image) for part in self.parts if part.proven(image)]
        return max(proven, default=float("-inf"))

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


def both_on(one: Any, other: Any) -> bool:
    """Two switches that exclude each other are on together; of two masks: in some bit."""
    return isinstance(one, int) and isinstance(other, int) and bool(one & other)


@dataclass(frozen=True, slots=True)
class NeverBoth(Condition):
    """Two signals of one machine that exclude each other are not on together. Judges what they show, whatever else."""

    one: Signal[Any]
    other: Signal[Any]

    def proven(self, image: Image) -> bool:
        return not self.unmet(image)

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        one, other = (self._shown(signal, image) for signal in (self.one, self.other))
        if one.good and other.good and not both_on(one.value, other.value):
            return ()
        source = f"{self.one.link} {self.one.tag}, {self.other.tag}"
        found = f"{one} and {other}"
        return (Unmet(str(self), found, source, max(one.age, other.age), one.good and other.good, self.one.link),)

    def sampled_at(self, image: Image) -> float:
        return min(self._shown(signal, image).at for signal in (self.one, self.other))

    @staticmethod
    def _shown(signal: Signal[Any], image: Image) -> Reading:
        return image.reading(signal.link, signal.scan, signal.tag, signal.max_age)

    def __str__(self) -> str:
        return f"{self.one.name} and {self.other.name} not both on"


@dataclass(frozen=True, slots=True)
class ModeIs(Condition):
    """The station is in this mode."""

    mode: Mode

    def proven(self, image: Image) -> bool:
        return image.own.mode is self.mode

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        return () if self.proven(image) else (Unmet(str(self), str(image.own.mode), "station mode"),)

    def sampled_at(self, image: Image) -> float:
        return NOT_SAMPLED

    def __str__(self) -> str:
        return f"mode {self.mode}"


@dataclass(frozen=True, slots=True)
class JournalWritable(Condition):
    """The last commit of the journal succeeded and there is room for a whole swap."""

    def proven(self, image: Image) -> bool:
        return image.own.journal_writable

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        return () if self.proven(image) else (Unmet(str(self), "not writable", "journal"),)

    def sampled_at(self, image: Image) -> float:
        return NOT_SAMPLED

    def __str__(self) -> str:
        return "journal writable"


@dataclass(frozen=True, slots=True)
class PlaceHolds(Condition):
    """By the custody ledger this pack rests at this place; an empty `pack` means the place is empty."""

    place: str
    pack: str = ""

    def proven(self, image: Image) -> bool:
        ledger = image.own.ledger
        return ledger.is_free(self.place) if not self.pack else ledger.at(self.place) == self.pack

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        if self.proven(image):
            return ()
        return (Unmet(str(self), image.own.ledger.describe(self.place), "custody ledger"),)

    def sampled_at(self, image: Image) -> float:
        return NOT_SAMPLED

    def __str__(self) -> str:
        return f"{self.place} holds pack {self.pack}" if self.pack else f"{self.place} empty by the ledger"


@dataclass(frozen=True, slots=True)
class NotLocked(Condition):
    """Charging has locked neither a pack nor a bay of this name: nothing of it is hot or in quarantine, or a person has
    cleared it."""

    name: str

    def proven(self, image: Image) -> bool:
        return image.own.locks is not None and all(name != self.name for name, _ in image.own.locks)

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        if self.proven(image):
            return ()
        found = "not known" if image.own.locks is None else dict(image.own.locks)[self.name]
        return (Unmet(str(self), found, "charging"),)

    def sampled_at(self, image: Image) -> float:
        return NOT_SAMPLED

    def __str__(self) -> str:
        return f"{self.name} not locked"


@dataclass(frozen=True, slots=True)
class OnItsWay(Condition):
    """By the custody ledger an order is moving this pack to this place."""

    pack: str
    target: str

    def proven(self, image: Image) -> bool:
        custody = image.own.ledger.where(self.pack)
        return custody is not None and custody.to == self.target

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        if self.proven(image):
            return ()
        found = str(image.own.ledger.where(self.pack) or "not held here")
        return (Unmet(str(self), found, "custody ledger"),)

    def sampled_at(self, image: Image) -> float:
        return NOT_SAMPLED

    def __str__(self) -> str:
        return f"pack {self.pack} on its way to {self.target}"
