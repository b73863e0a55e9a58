"""A scripted controller that drives the simulated truck station through the PLC contract, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from hil_tests.simplc.truck.station import TruckSimStation
from tests.simplc.conftest import Client

ALL = 0b1111
ON_TRUCK, ON_BAY, ON_ISOLATION = 32000, 22000, 20000
MOST_KG = 3300
VEH = "stand.VEH"


class TruckClient(Client):
    """The crane goes by truck, bay and isolation place; `fresh` and `empty` are the bays of the swap."""

    def __init__(self, station: TruckSimStation) -> None:
        super().__init__(station)
        self.limits = {f"BAY{bay:02d}_LIMIT": 2400 for bay in range(1, 9)}
        self.plant, self.crane, self.lane = station.plant, station.plant.crane, station.plant.lane
        self.fresh, self.empty = self.full_bay(), self.empty_bay()

    def orders(self, bay: int, empty: int) -> dict[str, tuple[str, int, tuple[int, ...]]]:
        """The whole swap by step name: channel, opcode, parameters."""
        return {
            "IDENTIFY": (VEH, 40, ()),
            "OPEN_ENTRY": ("stand", 11, ()),
            "SECURE": (VEH, 41, ()),
            "SCAN": ("stand", 12, ()),
            "HV_OFF": (VEH, 42, ()),
            "TO_TRUCK": ("crane", 11, ()),
            "LAND": ("crane", 20, (ON_TRUCK,)),
            "GRIP": ("crane", 21, ()),
            "UNLOCK": (VEH, 46, (ALL,)),
            "HOIST": ("crane", 23, (MOST_KG,)),
            "TO_BAY": ("crane", 12, (empty,)),
            "SET_DOWN": ("crane", 20, (ON_BAY,)),
            "LET_GO": ("crane", 22, ()),
            "AWAY": ("crane", 23, (500,)),
            "UNPLUG": ("rack_a", 31, (bay,)),
            "TO_FRESH": ("crane", 12, (bay,)),
            "LAND_FRESH": ("crane", 20, (ON_BAY,)),
            "GRIP_FRESH": ("crane", 21, ()),
            "HOIST_FRESH": ("crane", 23, (MOST_KG,)),
            "BACK": ("crane", 11, ()),
            "PLACE": ("crane", 20, (ON_TRUCK,)),
            "LOCK": (VEH, 47, (ALL,)),
            "RELEASE": ("crane", 22, ()),
            "CLEAR": ("crane", 23, (500,)),
            "HOME": ("crane", 10, ()),
            "CHECK_PACK": (VEH, 43, ()),
            "HV_ON": (VEH, 44, ()),
            "SETTLE": (VEH, 45, ()),
            "OPEN_EXIT": ("stand", 13, ()),
            "PLUG_IN": ("rack_a", 30, (empty,)),
            "START_CHARGE": ("rack_a", 32, (empty, 2400)),
        }

    def steps(self, bay: int, empty: int) -> dict[str, Callable[[], None]]:
        """The whole swap by step name; each order must succeed."""
        orders = self.orders(bay, empty)
        return {name: partial(self.do, channel, opcode, *params) for name, (channel, opcode, params) in orders.items()}

    def swap_until(self, last: str, bay: int = 0, empty: int = 0) -> None:
        super().swap_until(last, bay or self.fresh, empty or self.empty)

    def until(self, happened: Callable[[], bool], limit_s: float = 20.0) -> None:
        """Wall time passes, PLC cycle by PLC cycle, until something is the case."""
        for _ in range(round(limit_s * 100)):
            if happened():
                return
            if self.station.cycles % 10 == 0:
                self.advance(0.0)
                self.beat = self.beat + 1 & 0xFFFF
                for plc in self.station.plcs.values():
                    if plc.channels:
                        plc.write({"HB_CTL": self.beat})
            self.station.advance(0.01)
        raise AssertionError("it did not happen")

    def shows(self, tag: str, plc: str = "crane") -> object:
        """What a PLC shows."""
        return self.station.plcs[plc].values[tag]

    def number(self, tag: str, plc: str = "crane") -> float:
        """The same of a number."""
        return self.station.plcs[plc].number(tag)

    def fault(self, name: str, on: bool = True, **args: object) -> None:
        answer = self.station.command({"cmd": "fault", "name": name, "on": on, **args})
        assert answer["ok"], answer
        self.station.advance(0.02)

    def texts(self, rule: str) -> list[str]:
        """What the monitor has said under a rule."""
        return [verdict["text"] for verdict in self.report()["violations"] if verdict["rule"] == rule]


@pytest.fixture
def make_client() -> Callable[..., TruckClient]:
    def make(**changed: float) -> TruckClient:
        settings = {"seed": 1, "speed": 40.0, **changed}
        client = TruckClient(TruckSimStation(**settings))
        client.advance(0.1)
        return client

    return make


@pytest.fixture
def client(make_client: Callable[..., TruckClient]) -> TruckClient:
    return make_client()
