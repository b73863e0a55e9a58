"""The custody ledger: every pack at exactly one place, or moving between two under one order.

Knows packs, places and the rules of moving. Does not know sensors or storage; every change returns a new ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


class CustodyError(Exception):
    """A change would lose, double or teleport a pack; the ledger is unchanged."""


@dataclass(frozen=True, slots=True)
class Custody:
    """Where one pack is: resting at `place`, or on its way from `place` to `to` under order `order`."""

    place: str
    to: str | None = None
    order: int | None = None

    @property
    def moving(self) -> bool:
        """True while an order is moving the pack."""
        return self.to is not None

    def __str__(self) -> str:
        return f"moving from {self.place} to {self.to} (order {self.order})" if self.moving else self.place


@dataclass(frozen=True, slots=True)
class Move:
    """What a step does to custody: `pack` goes from one place to another."""

    pack: str
    origin: str
    target: str

    def __str__(self) -> str:
        return f"{self.pack}: {self.origin} → {self.target}"


class Ledger:
    """Immutable map from pack code to custody. A place holds at most one pack, counting both ends of a move."""

    __slots__ = ("_by_pack",)

    def __init__(self, by_pack: Mapping[str, Custody] = MappingProxyType({})) -> None:
        self._by_pack = dict(by_pack)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self._by_pack == other._by_pack

    def __hash__(self) -> int:
        return hash(frozenset(self._by_pack.items()))

    def __len__(self) -> int:
        return len(self._by_pack)

    def __iter__(self) -> Iterator[tuple[str, Custody]]:
        return iter(sorted(self._by_pack.items()))

    def __contains__(self, pack: str) -> bool:
        return pack in self._by_pack

    def where(self, pack: str) -> Custody | None:
        """Custody of a pack, None if the station does not hold it."""
        return self._by_pack.get(pack)

    def at(self, place: str) -> str | None:
        """The pack that rests at a place; None if empty or if the pack is just leaving or coming."""
        for pack, custody in self._by_pack.items():
            if custody.place == place and not custody.moving:
                return pack
        return None

    def is_free(self, place: str) -> bool:
        """True if no pack rests at the place, leaves it or comes to it."""
        return all(place not in (c.place, c.to) for c in self._by_pack.values())

    def describe(self, place: str) -> str:
        """What the ledger says of a place, in words."""
        words = [f"{pack} {custody}" for pack, custody in self if place in (custody.place, custody.to)]
        return "; ".join(words) or "empty"

    def admit(self, pack: str, place: str) -> Ledger:
        """A pack enters the station's custody. Raises CustodyError if it is already held or the place is taken."""
        if not pack:
            raise CustodyError(f"a pack without a code cannot be admitted at {place}")
        if pack in self._by_pack:
            raise CustodyError(f"pack {pack} is already here: {self._by_pack[pack]}")
        if not self.is_free(place):
            raise CustodyError(f"{place} is taken: {self.describe(place)}")
        return Ledger({**self._by_pack, pack: Custody(place)})

    def release(self, pack: str) -> Ledger:
        """A pack leaves the station's custody. Raises CustodyError if it is unknown or moving."""
        custody = self._by_pack.get(pack)
        if custody is None or custody.moving:
            raise CustodyError(f"pack {pack} cannot be released: {custody or 'not held here'}")
        return Ledger({p: c for p, c in self._by_pack.items() if p != pack})

    def recode(self, was: str, code: str) -> Ledger:
        """A pack that rests gets its true code. Raises CustodyError if it is unknown, moving, or the code is taken."""
        custody = self._by_pack.get(was)
        if custody is None or custody.moving:
            raise CustodyError(f"pack {was} cannot be called {code}: {custody or 'not held here'}")
        if not code or code in self._by_pack:
            raise CustodyError(f"pack {was} cannot be called {code!r}: {self._by_pack.get(code, 'no code')}")
        return Ledger({**{p: c for p, c in self._by_pack.items() if p != was}, code: custody})

    def begin(self, move: Move, order: int) -> Ledger:
        """An order starts to move a pack. Raises CustodyError unless it rests at the origin and the target is free."""
        custody = self._by_pack.get(move.pack)
        if custody != Custody(move.origin):
            raise CustodyError(f"{move}: the pack is {custody or 'not held here'}")
        if not self.is_free(move.target):
            raise CustodyError(f"{move}: {move.target} is taken: {self.describe(move.target)}")
        return Ledger({**self._by_pack, move.pack: Custody(move.origin, move.target, order)})

    def finish(self, order: int) -> Ledger:
        """The order's move is proven done: its pack rests at the target."""
        return self._settle(order, arrived=True)

    def cancel(self, order: int) -> Ledger:
        """The order is proven not started: its pack rests where it was."""
        return self._settle(order, arrived=False)

    def continue_under(self, order: int, new_order: int) -> Ledger:
        """A stopped move is taken up again by a new order."""
        changed = {p: Custody(c.place, c.to, new_order) for p, c in self._by_pack.items() if c.order == order}
        return Ledger({**self._by_pack, **changed})

    def _settle(self, order: int, *, arrived: bool) -> Ledger:
        changed = {
            pack: Custody((c.to or c.place) if arrived else c.place)
            for pack, c in self._by_pack.items()
            if c.order == order
        }
        return Ledger({**self._by_pack, **changed})


EMPTY_LEDGER = Ledger()
