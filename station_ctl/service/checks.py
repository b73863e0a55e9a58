"""Conditions and interlocks as checks that a person can read: needed, found, source, age.

Knows how to look. Does not know which checks an action needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from station_ctl.core.signals import Image
from station_ctl.core.steps import Interlock
from station_ctl.service.calls import Check


def of_interlocks(rows: Iterable[Interlock], image: Image) -> Iterator[Check]:
    """A check for each reason why a row does not hold, or one that says that it does."""
    for row in rows:
        unmet = row.holds.unmet(image)
        if not unmet:
            yield Check(row.code, row.text, True, follows=row.follows)
        for reason in unmet:
            yield Check(
                row.code, row.text, False, reason.needed, reason.found, reason.source, reason.age, reason.known,
                row.follows,
            )  # fmt: skip


def of_reason(code: str, text: str, why_not: str) -> Check:
    """A check from a sentence: `why_not` says why it does not hold; empty if it does."""
    return Check(code, text, not why_not, found=why_not)


def roots_first(checks: Iterable[Check]) -> list[Check]:
    """Checks that do not hold, causes before what follows from them."""
    failed = [check for check in checks if not check.holds]
    codes = {check.code for check in failed}
    return sorted(failed, key=lambda check: bool(codes.intersection(check.follows)))
