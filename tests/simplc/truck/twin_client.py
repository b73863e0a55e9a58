"""A scripted controller that gives a truck with two packs two charged ones, seat after seat, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.truth.vehicle import Seat
from tests.simplc.truck.conftest import ALL, MOST_KG, ON_BAY, ON_TRUCK, VEH, TruckClient

ALONG = (15000, -15000)
"""P1 of TRAVEL_TO_TRUCK for either seat, 0.1 mm."""
LOCKS = (ALL, ALL << 4)
MODEL = "SIM-TWIN"


class TwinClient(TruckClient):
    """Steps of either seat end in 1 or 2; the second spent pack goes where the first charged one stood."""

    def __init__(self, **changed: float) -> None:
        super().__init__(TruckSimStation(**{"seed": 1, "speed": 40.0, **changed}))
        self.advance(0.1)
        bays = self.plant.bays.items()
        self.charged = [
            n for n, bay in bays if bay.state == 6 and bay.pack is not None and bay.pack.soc > 90.0
        ][:2]
        self.free = [self.empty, self.charged[0]]

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Of the truck that is here."""
        truck = self.plant.visitor()
        assert truck is not None
        return truck.seats

    def twin_orders(self) -> dict[str, tuple[str, int, tuple[int, ...]]]:
        """The whole exchange by step name: channel, opcode, parameters."""
        one = self.orders(1, 1)
        steps = {name: one[name] for name in ("IDENTIFY", "OPEN_ENTRY", "SECURE", "SCAN", "HV_OFF")}
        for k in (0, 1):
            steps |= {f"{name}{k + 1}": order for name, order in self._exchange(k).items()}
        return steps | {name: one[name] for name in ("HOME", "CHECK_PACK", "HV_ON", "SETTLE", "OPEN_EXIT")}

    def _exchange(self, k: int) -> dict[str, tuple[str, int, tuple[int, ...]]]:
        fresh, free = self.charged[k], self.free[k]
        return {
            "TO_SEAT": ("crane", 11, (ALONG[k],)),
            "LAND": ("crane", 20, (ON_TRUCK,)),
            "GRIP": ("crane", 21, ()),
            "UNLOCK": (VEH, 46, (LOCKS[k],)),
            "HOIST": ("crane", 23, (MOST_KG,)),
            "TO_BAY": ("crane", 12, (free,)),
            "SET_DOWN": ("crane", 20, (ON_BAY,)),
            "LET_GO": ("crane", 22, ()),
            "AWAY": ("crane", 23, (500,)),
            "UNPLUG": ("rack_a", 31, (fresh,)),
            "TO_FRESH": ("crane", 12, (fresh,)),
            "LAND_FRESH": ("crane", 20, (ON_BAY,)),
            "GRIP_FRESH": ("crane", 21, ()),
            "HOIST_FRESH": ("crane", 23, (MOST_KG,)),
            "RESCAN": ("stand", 12, ()),
            "BACK": ("crane", 11, (ALONG[k],)),
            "PLACE": ("crane", 20, (ON_TRUCK,)),
            "LOCK": (VEH, 47, (LOCKS[k],)),
            "RELEASE": ("crane", 22, ()),
            "CLEAR": ("crane", 23, (500,)),
        }

    def twin_until(self, last: str, *, first: str = "IDENTIFY", **truck: object) -> None:
        """A truck with two packs comes, unless `first` is a later step, and is served up to and with step `last`."""
        if first == "IDENTIFY":
            assert self.station.command({"cmd": "vehicle", "model": MODEL, **truck})["ok"]
        orders = list(self.twin_orders().items())
        names = [name for name, _ in orders]
        for _, (channel, opcode, params) in orders[names.index(first) : names.index(last) + 1]:
            self.do(channel, opcode, *params)

    def ask(self, channel: str, opcode: int, *params: int) -> int:
        """Gives an order; ACK_CODE."""
        name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
        return self.give(name, opcode, *params, prefix=prefix)

    def ends(self, channel: str, opcode: int, *params: int) -> int:
        """Gives an order that is accepted; RESULT."""
        assert self.ask(channel, opcode, *params) == 1, self.station.plcs[channel.split(".")[0]].refusal
        return self.done(channel)[0]

    def both(self, tag: str) -> tuple[object, object]:
        """What the truck's radio shows of its seats."""
        return self.shows(f"VEH_{tag}", "stand"), self.shows(f"VEH_{tag}_2", "stand")


Act = Callable[[TwinClient], object]


def does(channel: str, opcode: int, *params: int) -> Act:
    """An order that ends well."""
    return lambda client: client.do(channel, opcode, *params)


def fault(name: str, **args: object) -> Act:
    return lambda client: client.fault(name, **args)


def stuck(tag: str, value: object) -> Act:
    """A sensor of the stand shows a value, whatever is the case."""
    return fault("sensor-stuck", tag=f"stand.{tag}", value=value)


def wound(lock: int, turns: float) -> Act:
    """Lock `lock` of the truck stands so: 1 closed, 0 open."""
    return lambda client: setattr(client.lane.vehicle.bolts[lock - 1], "wound", turns)


def nothing(client: TwinClient) -> None:
    """No preparation."""


def several(*acts: Act) -> Act:
    """One preparation after the other."""
    return lambda client: [act(client) for act in acts]
