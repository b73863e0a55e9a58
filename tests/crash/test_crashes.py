"""The controller dies at every commit and every order or stop of a swap; a person brings the swap to its end.

What is checked after each is in aftermath.py. Here stands only that nothing was found, and that something would be.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.crash.evidence import told_by

pytestmark = pytest.mark.timeout(900)


def nothing_wrong(told: dict[str, Any]) -> None:
    assert told["examples"] == []
    assert not any(told["wrong"].values())


def test_a_swap_crashed_at_every_point_and_interrupted_in_every_step_comes_to_its_end() -> None:
    told = told_by("campaign")
    nothing_wrong(told)
    assert told["points"] >= 130 and told["crashes"] >= 230 and told["interruptions"] >= 50
    assert told["pairs"] >= 40
    assert told["ways"]["resume"] > 100 and told["ways"]["retreat"] > 50, told["ways"]
    # Whoever is refused a way learns what stands against it, or which way is open.
    silent = [text for text in told["refusals"] if not re.search("resume$|needs|there is no open run", text)]
    assert told["refusals"] and silent == []


@pytest.mark.long
def test_every_point_with_every_outage_and_two_thousand_pairs() -> None:
    told = told_by("campaign", "--long")
    nothing_wrong(told)
    assert told["pairs"] >= 2000


@pytest.mark.parametrize("sabotage", ["forgetful", "hasty"])
def test_the_campaign_would_notice(sabotage: str) -> None:
    """A journal that loses its newest rows, and a gate that sends before it has committed, are found out."""
    told = told_by("campaign", "--only", "order to robot", "--sabotage", sabotage)
    assert told["examples"], f"a {sabotage} controller passed"
