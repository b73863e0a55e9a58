"""A case of a black-box suite: a sentence of the PLC contract, what it needs, and what trying it came to.

Knows the form of cases and of their outcome. Does not know any PLC.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from station_ctl.cli.hil_bench import Bench

SUITES = {
    "identity": "magic, patterns, version, heartbeat and uptime of each PLC",
    "scan": "every tag is read and plausible, end switches, four connections at once",
    "orders": "numbers, checksum, epoch, expiry and unknown orders are answered as the contract says; nothing moves",
    "swap": "a whole swap through the engine, one vehicle in and out",
    "stop": "STOP_REQ stops a motion and holds every order back; the same number twice moves once",
    "heartbeat": "without our heartbeat a motion stops and no order is accepted; its return starts nothing",
    "restart": "after a start of the PLC no order is pending, its number is kept, a late order is refused",
    "faults": "a cut link and a program that stands are noticed, and noticed to be over",
}
"""Suites by name, in the order in which they run."""


class Need(StrEnum):
    """What a case needs beyond addresses; what the target cannot do is not tried."""

    MOVES = "moves machinery: --moves, with a person at the emergency stop"
    CONTROL = "fault injection and vehicles: --control DIR of `station-ctl sim serve`"


class Deviation(Exception):
    """The PLC does not do what the sentence says; the text has what was needed and what was found."""


class CannotBeTried(Exception):
    """The target cannot do what the case needs; the text says what is missing."""


class Verdict(StrEnum):
    """What trying a case came to. A case that was not tried has not passed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence tried on one PLC or order channel. `sentence` is its number in docs/plc_contract.md.

    `attempt` gives what was measured, in words, or raises Deviation or CannotBeTried.
    """

    suite: str
    target: str
    sentence: str
    text: str
    attempt: Callable[[Bench], Awaitable[str]]
    needs: frozenset[Need] = frozenset()

    @property
    def name(self) -> str:
        """The case as a report names it."""
        return f"{self.sentence} {self.text}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case and what it came to, in `seconds`; `found` is the measurement, the deviation or what is missing."""

    case: Case
    verdict: Verdict
    found: str
    seconds: float


async def tried(case: Case, bench: Bench, able: frozenset[Need]) -> Outcome:
    """Try one case. An error of the link is a deviation: the target has to be reached."""
    began = time.monotonic()
    missing = [str(need) for need in sorted(case.needs - able)]
    if missing:
        return Outcome(case, Verdict.SKIPPED, f"needs {'; '.join(missing)}", 0.0)
    verdict, found = Verdict.PASSED, ""
    try:
        found = await case.attempt(bench)
    except CannotBeTried as missing_here:
        verdict, found = Verdict.SKIPPED, str(missing_here)
    except Deviation as deviation:
        verdict, found = Verdict.FAILED, str(deviation)
    return Outcome(case, verdict, found, time.monotonic() - began)


def counts(outcomes: Sequence[Outcome]) -> Iterator[tuple[Verdict, int]]:
    """How many cases came to each verdict."""
    return ((verdict, sum(outcome.verdict is verdict for outcome in outcomes)) for verdict in Verdict)
