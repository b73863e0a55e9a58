"""A scripted controller that drives the simulated truck station through the PLC contract, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

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

    def steps(self, bay: int, empty: int) -> dict[str, Callable[[], None]]:
        """The whole swap by step name."""
        do = self.do
        return {
            "IDENTIFY": lambda: do(VEH, 40),
            "OPEN_ENTRY": lambda: do("stand", 11),
            "SECURE": lambda: do(VEH, 41),
            "SCAN": lambda: do("stand", 12),
            "HV_OFF": lambda: do(VEH, 42),
            "TO_TRUCK": lambda: do("crane", 11),
            "LAND": lambda: do("crane", 20, ON_TRUCK),
            "GRIP": lambda: do("crane", 21),
            "UNLOCK": lambda: do(VEH, 46, ALL),
            "HOIST": lambda: do("crane", 23, MOST_KG),
            "TO_BAY": lambda: do("crane", 12, empty),
            "SET_DOWN": lambda: do("crane", 20, ON_BAY),
            "LET_GO": lambda: do("crane", 22),
            "AWAY": lambda: do("crane", 23, 500),
            "UNPLUG": lambda: do("rack_a", 31, bay),
            "TO_FRESH": lambda: do("crane", 12, bay),
            "LAND_FRESH": lambda: do("crane", 20, ON_BAY),
            "GRIP_FRESH": lambda: do("crane", 21),
            "HOIST_FRESH": lambda: do("crane", 23, MOST_KG),
            "BACK": lambda: do("crane", 11),
            "PLACE": lambda: do("crane", 20, ON_TRUCK),
            "LOCK": lambda: do(VEH, 47, ALL),
            "RELEASE": lambda: do("crane", 22),
            "CLEAR": lambda: do("crane", 23, 500),
            "HOME": lambda: do("crane", 10),
            "CHECK_PACK": lambda: do(VEH, 43),
            "HV_ON": lambda: do(VEH, 44),
            "SETTLE": lambda: do(VEH, 45),
            "OPEN_EXIT": lambda: do("stand", 13),
            "PLUG_IN": lambda: do("rack_a", 30, empty),
            "START_CHARGE": lambda: do("rack_a", 32, empty, 2400),
        }

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
