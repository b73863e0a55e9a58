"""Strikes at bolts and lock runners, alone and several together.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

from tests.faults.strike import (
    AT_ONCE,
    Foreseen,
    Moment,
    Strike,
    held,
    sim,
    steps_from,
)

BOLTS = ([4], [1, 6], [2, 5, 9])
BEFORE_OPEN, BEFORE_CLOSED = steps_from(60, 80), steps_from(90, 120)
FAILED = ("A106", "A107", "bolt")


def turning(moment: Moment) -> Foreseen:
    """Held in the step that turns the bolts next."""
    return held("step 80" if moment.no <= 80 else "step 120")


def _of(code: tuple[str, ...], what: str, name: str, steps: tuple[int, ...]) -> tuple[Strike, ...]:
    return tuple(
        Strike(code, f"{what}, {len(bolts)} of 10", *sim(name, bolts=bolts), turning, steps, AT_ONCE)
        for bolts in BOLTS
    )


LOCK_STRIKES: tuple[Strike, ...] = (
    *_of(("P18", "F11"), "bolt does not turn", "bolt-stuck", BEFORE_OPEN + BEFORE_CLOSED),
    *_of(("P15", "F12"), "torque too low", "bolt-loose", BEFORE_CLOSED),
    *_of(("P16",), "torque too high", "bolt-tight", BEFORE_CLOSED),
    *_of(("P17", "F10"), "runner slips, turns do not fit", "runner-slips", BEFORE_OPEN + BEFORE_CLOSED),
    *_of(("P19",), "crossed thread", "bolt-crossed", BEFORE_CLOSED),
)
