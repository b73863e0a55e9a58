"""What the engine may ask of a link: scans with quality and age, and single-shot writes.

Knows the promises every link keeps. Does not know any protocol; the links themselves live in `drivers/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from station_ctl.core.points import IoList, ScanClass, Value

_NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Block:
    """The tags of one scan class as read in one pass.

    `at` is the monotonic time (s) when the request left, so an age never looks younger than it is.
    `bad` names tags whose value the PLC itself declared not good, or that could not be decoded.
    """

    values: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    at: float = float("-inf")
    bad: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LinkSnapshot:
    """Everything known of one PLC after its newest scan. Immutable; replaced, never changed.

    `connection` counts connections (an order decided on one connection dies with it).
    `alive_at` is when the PLC's own heartbeat counter last moved (s, monotonic); -inf = never seen.
    `fault` says in words why nothing of this PLC may be believed now (not connected, wrong magic …); None = usable.
    """

    link: str
    connection: int = 0
    alive_at: float = float("-inf")
    fault: str | None = "never connected"
    blocks: Mapping[ScanClass, Block] = field(default_factory=lambda: MappingProxyType({}))


class LinkError(Exception):
    """A link could not do what it was asked; the text says what was asked and what came back."""


class NotSent(LinkError):
    """Nothing left this machine: the PLC has surely not seen the write."""


class OutcomeUnknown(LinkError):
    """The write may or may not have reached the PLC: read back before anything else is ordered."""


class WriteRefused(LinkError):
    """The PLC answered that it did not take the write (exception reply, Bad status)."""


class Link(Protocol):
    """One connection to one PLC.

    Promises: a new client object for each connection; no library reconnect, no retries; every reply checked
    (unit, function, length, transaction, echo); after a failure the scan says so at once; a cancelled call leaves no
    reply behind that could answer a later question.
    """

    name: str
    io: IoList

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest scan."""
        ...

    def on_scan(self, listener: Callable[[LinkSnapshot], None]) -> None:
        """Call `listener` synchronously after every scan and every change of `fault`."""
        ...

    async def run(self) -> None:
        """Connect, scan, reconnect with back-off; ends only by cancellation."""
        ...

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Write tags once, in the given order; `commit` is on the PLC last.

        `urgent` is the path of STOP: it never waits behind a scan or another write.
        Raises NotSent, OutcomeUnknown or WriteRefused; ValueError for a tag that is no write tag or out of range.
        """
        ...
