"""Power cuts at every call of real swaps: no image of the disk may lose an acknowledged row.

Needs strace, which is a tool of the system; without it the test says so and is skipped.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.crash.disk_log import Op
from tests.crash.evidence import power_cut
from tests.crash.power_cut import SECTOR, Disk

pytestmark = pytest.mark.timeout(600)


def _cut(*, long: bool) -> None:
    told = power_cut(long=long)
    if "skipped" in told:
        pytest.skip(told["skipped"])
    assert told["corrupt"] == told["lost"] == 0
    assert told["controls_caught"] == 2, "a journal with weaker settings must be caught losing rows"
    assert told["images"] >= (10000 if long else 1500)


def test_no_power_cut_takes_an_acknowledged_row() -> None:
    _cut(long=False)


@pytest.mark.long
def test_none_of_ten_thousand_power_cuts_takes_an_acknowledged_row() -> None:
    _cut(long=True)


def test_a_disk_keeps_what_is_synchronised_and_any_part_of_the_rest() -> None:
    disk = Disk()
    old, new = b"o" * 2 * SECTOR, b"n" * 2 * SECTOR
    for op in (Op("create", "f"), Op("write", "f", 0, old), Op("sync", "f"), Op("write", "f", 0, new)):
        disk.do(op)
    images = {disk.image(Random(seed))["f"] for seed in range(200)}
    assert {old, new} <= images, "none of it, or all of it"
    halves = {image[:SECTOR] for image in images} | {image[SECTOR:] for image in images}
    assert len(halves) > 2, "and a sector may be torn"
    assert all(set(image) <= set(b"on") and len(image) == len(old) for image in images)
