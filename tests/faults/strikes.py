"""Every strike of the virtual campaign, gathered from the files of the trades; and the sample for every push.

Knows the order of the catalogue. Does not know what a strike does.
"""

from __future__ import annotations

from collections import Counter

from tests.faults.lock_strikes import LOCK_STRIKES
from tests.faults.machine_strikes import MACHINE_STRIKES
from tests.faults.pack_strikes import PACK_STRIKES
from tests.faults.process_strikes import PROCESS_STRIKES
from tests.faults.site_strikes import SITE_STRIKES
from tests.faults.strike import Strike
from tests.faults.vehicle_strikes import VEHICLE_STRIKES

STRIKES: tuple[Strike, ...] = (
    *MACHINE_STRIKES, *LOCK_STRIKES, *VEHICLE_STRIKES, *PACK_STRIKES, *SITE_STRIKES, *PROCESS_STRIKES,
)  # fmt: skip


def _sample() -> frozenset[tuple[str, int]]:
    """Every strike once, at a step that few others have taken, so that every step has its share."""
    taken: Counter[int] = Counter()
    chosen = set()
    for strike in sorted(STRIKES, key=lambda s: len(s.steps)):
        no = min(strike.steps, key=lambda n: (taken[n], n))
        taken[no] += 1
        chosen.add((strike.case(no), no))
    return frozenset(chosen)


_SAMPLE = _sample()


def in_the_sample(strike: Strike, no: int) -> bool:
    """Whether a case runs at every push."""
    return (strike.case(no), no) in _SAMPLE
