"""A bay's view believes what may be believed and says why not of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from station_ctl.charging.bay_view import CHARGING, BayView, neighbours, view
from station_ctl.core.custody import Ledger, Move
from station_ctl.core.modes import Mode
from station_ctl.core.signals import OwnFacts
from tests.bench.world import World
from tests.charging.yard import bay
from tests.sequences.conftest import the_station

A01 = the_station().stand.bays[0]
VALUES: dict[str, Any] = {
    "present": True, "seated": True, "plug_in": True, "plug_out": False, "enabled": True, "charger_link": True,
    "bms_link": True, "no_smoke": True, "no_prealarm": True, "no_crash": True, "coolant_ok": True, "charge_state": 4,
    "stop_reason": 0, "power": 39.5, "soc": 50.0, "soh": 92.0, "temp_max": 25.0, "gas": 5, "insulation": 1500,
    "pack_id": "P-1", "pack_type": 100, "energy": 1.5, "remain_min": 90,
}  # fmt: skip


def seen(ledger: Ledger = Ledger().admit("P-1", "A01"), **changed: Any) -> tuple[World, BayView]:  # noqa: B008
    world = World()
    for name, value in {**VALUES, **changed}.items():
        world.set(getattr(A01, name), value)
    return world, view(A01, world.image(OwnFacts(Mode.AUTOMATIC, True, ledger)))


def test_a_good_bay_is_known_in_all() -> None:
    _, found = seen()
    assert (found.custody, found.pack_id, found.power_kw, found.charge_state) == (
        "P-1",
        "P-1",
        39.5,
        CHARGING,
    )
    assert found.heard and not found.unknown and found.name == "A01" and found.rack == A01.present.link


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 100.1, "50", None])
def test_what_cannot_be_is_not_known(value: Any) -> None:
    _, found = seen(soc=value)
    assert found.soc is None and found.why("soc")
    assert found.temp_max == 25.0 and not found.why("temp_max")


@pytest.mark.parametrize("way", ["lose", "silence", "flag", "stale", "forget"])
def test_what_is_not_good_is_not_known(way: str) -> None:
    world, _ = seen()
    getattr(world, way)(A01.soc.link if way in ("lose", "silence") else A01.soc)
    found = view(A01, world.image())
    assert found.soc is None and found.why("soc")
    assert found.heard is (way in ("flag", "forget")), "one value that is not good says nothing of the rack"


def test_a_pack_on_its_way_is_neither_here_nor_away() -> None:
    moving = Ledger().admit("P-1", "A01").begin(Move("P-1", "A01", "robot"), 7)
    assert seen(moving)[1].custody is None and seen(Ledger())[1].custody == ""


def test_neighbours_are_of_the_same_rack() -> None:
    views = {b.name: b for b in (bay(2), bay(1), bay(3), bay(4, "rack_b"))}
    assert neighbours(views) == {"A01": ("A02",), "A02": ("A01", "A03"), "A03": ("A02",), "B04": ()}
