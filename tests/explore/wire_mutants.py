"""Seeded defects that do not show in states but in what goes on the wire: defects a, g and h of the fix log.

Knows the worked example of the contract and the charger's range. Does not know the explorer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import station_ctl.core.orders as orders
from drivers import charging_rack_cr12
from station_ctl.core.orders import Order
from tests.explore.defects import Patch
from tests.explore.mutants import planted
from tests.explore.specimen import specimen

EXAMPLE = Order(70001, 7, 21, (1023, 8500, 500), 123_456)
"""The worked example of docs/plc_contract.md §14."""


@dataclass(frozen=True)
class WireMutant:
    """A defect: what it is, which check of the wire must see it."""

    text: str
    healthy: Callable[[], bool]
    patches: Callable[[], tuple[Patch, ...]]

    def killed(self) -> bool:
        """The check passes without the defect and fails with it."""
        if not self.healthy():
            return False
        with planted(self):
            return not self.healthy()


def sealed_as_the_contract_says() -> bool:
    """Number, checksum and commit word of the example, and every word under the checksum."""
    tags = EXAMPLE.tags()
    whole = (tags["CMD_ID"], tags["CMD_CRC"], tags["CMD_COMMIT"]) == (70001, 0x2976, 0x1171)
    return whole and len(EXAMPLE.words()) == 14


def too_much_power_is_refused() -> bool:
    """A set point beyond the charger's range is an error, never another number."""
    stand = specimen().paper.stand
    bay = stand.bays[0]
    try:
        stand.rack_of(bay).start_charge(bay, 501.0)
    except ValueError:
        return True
    return False


def _one_word_more() -> tuple[Patch, ...]:
    real: Any = Order.words
    return ((Order, "words", lambda self: (*real(self), 0)),)


def _silently_zero() -> tuple[Patch, ...]:
    real = charging_rack_cr12._power
    return ((charging_rack_cr12, "_power", lambda kw: real(kw) if kw <= 30 else 0),)


WIRE_MUTANTS: Mapping[str, WireMutant] = {
    "a": WireMutant("orders have no checksum", sealed_as_the_contract_says, lambda: ((orders, "crc16", lambda words: 0),)),
    "g": WireMutant("too much power silently becomes none", too_much_power_is_refused, _silently_zero),
    "h": WireMutant("an order is a word longer than it says", sealed_as_the_contract_says, _one_word_more),
}  # fmt: skip
