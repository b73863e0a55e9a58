"""Inventory: what the sensors show is offered to a person; what they do not show clearly is named."""

from __future__ import annotations

import pytest

from station_ctl.core.errors import Refused
from station_ctl.service.inventory import packs_in_bays
from tests.bench.world import World
from tests.sequences.conftest import the_station

BAYS = the_station().stand.bays[:3]


def shown(*packs: str | None) -> World:
    """Bays A01, A02, A03 with these packs; None = empty."""
    world = World()
    for bay, pack in zip(BAYS, packs, strict=True):
        world.set(bay.present, pack is not None)
        world.set(bay.pack_id, pack or "")
    return world


def test_packs_are_found_where_the_sensors_show_them() -> None:
    found = packs_in_bays(BAYS, shown("P-1", None, "P-3").image())
    assert found == (("P-1", "A01"), ("P-3", "A03"))
    assert packs_in_bays(BAYS, shown(None, None, None).image()) == ()


def test_every_bay_that_is_not_clear_is_named_and_nothing_is_offered() -> None:
    world = shown("P-1", "", "P-3")
    world.flag(BAYS[2].present)
    with pytest.raises(Refused) as refusal:
        packs_in_bays(BAYS, world.image())
    assert str(refusal.value) == (
        "inventory is not clear: A02: present on, code empty; "
        "A03: present on (not plausible or declared bad by the PLC), code P-3"
    )


def test_a_silent_rack_has_no_inventory() -> None:
    world = shown("P-1", None, None)
    world.silence("rack_a")
    with pytest.raises(Refused, match=r"A01: .*heartbeat.*A02: .*A03: "):
        packs_in_bays(BAYS, world.image())


def test_a_code_without_a_pack_is_no_pack() -> None:
    world = shown(None, None, None)
    world.set(BAYS[0].pack_id, "P-9")
    assert packs_in_bays(BAYS, world.image()) == ()
