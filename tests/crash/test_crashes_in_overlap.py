"""Two swaps overlap: the first pack is put away while the next vehicle drives in; a crash interrupts both.

Stands beside test_crashes.py so that the two run at once.
"""

from __future__ import annotations

import pytest

from tests.crash.evidence import told_by
from tests.crash.test_crashes import nothing_wrong

pytestmark = pytest.mark.timeout(900)


def test_two_swaps_crashed_at_every_point_of_their_overlap_come_to_their_ends() -> None:
    told = told_by("campaign", "--vehicles", "2")
    nothing_wrong(told)
    assert told["points"] >= 20 and told["crashes"] >= 35


@pytest.mark.long
def test_overlap_with_every_outage() -> None:
    nothing_wrong(told_by("campaign", "--vehicles", "2", "--long"))
