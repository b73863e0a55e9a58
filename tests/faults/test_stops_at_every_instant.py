"""Whatever stops a swap at whatever instant: a person who mends the cause and resumes, or retreats, ends it.

The dense sweep over all instants runs with --long; every push stops a swap on a coarse grid and where it once failed.
"""

from __future__ import annotations

import pytest

from tests.faults.stop_sweep import CAUSES, VISIT, instants, stopped

LONG = 20.0
"""Plant seconds of one case of the dense sweep."""


GIVEN_UP = {"before the bolts": 68.0, "bolts half open": 88.0, "pack on the robot": 105.5}
"""Instants at which a swap is aborted and given up: its way back leads over every step that there is."""


def assert_ends(
    cause: str, instants: list[float], ways: tuple[str, ...], given_up: float | None = None
) -> int:
    """Every stop that found something to stop ends; returns how many did."""
    found = [stopped(cause, at, ways, given_up) for at in instants]
    stuck = [str(f) for f in found if f.end not in ("ended", "not struck")]
    assert not stuck, "\n".join(stuck)
    return sum(f.end == "ended" for f in found)


@pytest.mark.parametrize("at", [17.5, 20.5, 23.5, 275.0, 279.0])
def test_a_stacker_stopped_after_it_has_set_its_pack_down_is_driven_home(at: float) -> None:
    """The bay, or handover IN, is taken already: the same order again would be refused, and is not needed."""
    assert assert_ends("hold", [at], ("resume",)) == 1


@pytest.mark.parametrize(
    ("cause", "at"),
    [
        ("hold", 11.0), ("e-stop", 37.0), ("hold", 61.0), ("restart:lift", 69.0), ("abort", 90.0), ("e-stop", 108.0),
        ("curtain", 127.0), ("restart:robot", 151.0), ("hold", 168.0), ("link:lift", 180.0), ("hold", 231.0),
        ("restart:stacker", 268.0), ("e-stop", 286.0), ("hold", 294.0),
    ],
)  # fmt: skip
def test_a_swap_stopped_at_this_instant_ends(cause: str, at: float) -> None:
    assert assert_ends(cause, [at], ("resume",)) == 1


def test_a_swap_given_up_at_this_instant_ends() -> None:
    assert assert_ends("abort", [21.0, 95.0, 140.0], ("retreat", "resume")) == 3


@pytest.mark.parametrize("at", [15.0, 79.0])
def test_a_way_back_stopped_at_this_instant_ends(at: float) -> None:
    assert assert_ends("hold", [at], ("resume",), GIVEN_UP["before the bolts"]) == 1


@pytest.mark.long
@pytest.mark.parametrize("begin", [LONG * n for n in range(10)])
@pytest.mark.parametrize("given_up", GIVEN_UP)
@pytest.mark.parametrize("cause", ["hold", "e-stop"])
def test_a_way_back_stopped_at_any_instant_ends(cause: str, given_up: str, begin: float) -> None:
    grid = instants(cause, begin, LONG, sparse=cause != "hold")
    assert_ends(cause, grid, ("resume",), GIVEN_UP[given_up])


@pytest.mark.long
@pytest.mark.parametrize("ways", [("resume",), ("retreat", "resume")], ids=["resume", "retreat"])
@pytest.mark.parametrize("begin", [LONG * n for n in range(int(VISIT / LONG) + 1)])
@pytest.mark.parametrize("cause", CAUSES)
def test_a_swap_stopped_at_any_instant_ends(cause: str, begin: float, ways: tuple[str, ...]) -> None:
    """A retreat that is refused with its reason leaves resuming; one that is accepted leads to the end."""
    assert_ends(cause, instants(cause, begin, LONG, sparse="retreat" in ways), ways)
