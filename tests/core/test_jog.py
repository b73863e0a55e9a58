"""The button of a jog: held while it is renewed, and told in words that a technician reads when it is let go."""

from __future__ import annotations

import pytest

from station_ctl.core.conditions import NOT_SAMPLED, Unmet
from station_ctl.core.jog import LEASE, ButtonHeld, Hand
from station_ctl.core.signals import Image, OwnFacts

NOW = 1000.0
BUTTON = ButtonHeld()


def image(ago: float | None) -> Image:
    """The button was renewed `ago` s before; None: never."""
    hand = Hand("wang", NOW - 5.0, NOW - ago) if ago is not None else None
    return Image(NOW, {}, {}, OwnFacts(hand=hand))


@pytest.mark.parametrize(
    ("ago", "held"), [(0.0, True), (LEASE, True), (LEASE + 0.001, False), (-0.001, False), (None, False)]
)
def test_the_button_counts_as_held_from_its_renewal_to_the_end_of_the_lease(ago: float | None, held: bool) -> None:
    assert BUTTON.proven(image(ago)) is held
    assert (BUTTON.unmet(image(ago)) == ()) is held


@pytest.mark.parametrize(("ago", "found", "age"), [(2.0, "let go by wang", 2.0), (None, "nobody holds it", 0.0)])
def test_who_is_refused_a_jog_reads_who_let_go_and_how_long_ago(ago: float | None, found: str, age: float) -> None:
    assert str(BUTTON) == "jog button renewed within 250 ms"
    assert BUTTON.unmet(image(ago)) == (Unmet("jog button renewed within 250 ms", found, "jog button", age),)


def test_the_button_is_as_old_as_its_last_renewal_and_one_that_was_never_pressed_was_never_seen() -> None:
    assert BUTTON.sampled_at(image(0.125)) == NOW - 0.125
    assert BUTTON.sampled_at(image(None)) == NOT_SAMPLED
