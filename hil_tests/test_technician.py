"""A technician's day against the real wire: every command a process, the service killed in between, the page kept true.

Knows the story. What single commands do stands in tests of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests import technician_page
from hil_tests import technician_story as story
from hil_tests.technician_stand import ROOT, Stand

pytestmark = pytest.mark.timeout(400)


def packs_are_where_they_are_said_to_be(at: Stand) -> None:
    """Custody and plant agree on every pack, and one vehicle left with one pack."""
    report = at.ask("sim", "report", "--json").data
    custody = at.ask("status", "--json").data["custody"]
    inside = {pack: place for pack, place in report["packs"].items() if not place.startswith("left:")}
    assert {pack: held["place"] for pack, held in custody.items()} == inside
    assert len(report["packs"]) - len(inside) == 1 and report["violations"] == []


@pytest.mark.long
def test_after_a_bolt_that_sticks_the_vehicle_leaves_with_its_own_pack(tmp_path: Path) -> None:
    technician_page.day(tmp_path, (story.start, story.stuck_bolt), packs_are_where_they_are_said_to_be)


def test_a_swap_that_was_held_and_killed_ends_and_nothing_moves_unasked(tmp_path: Path) -> None:
    technician_page.day(tmp_path, (story.start, story.held_by_hand, story.killed), packs_are_where_they_are_said_to_be)


@pytest.mark.long
def test_the_whole_day_is_the_one_that_the_page_tells(tmp_path: Path) -> None:
    typed = technician_page.commands(technician_page.told(tmp_path))
    page = (ROOT / technician_page.PAGE).read_text(encoding="utf-8")
    assert technician_page.commands(page) == typed, "write it anew: python -m hil_tests.technician_page"
