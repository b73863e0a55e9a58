"""A scripted controller that drives the simulated station through the PLC contract, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil_tests.simplc.contract import crc16, order_words
from hil_tests.simplc.station import SimStation

ALL_BOLTS = 0x3FF
RAISE = 5200
LIFT_MM = 600


class Client:
    """Gives orders as a controller would: sampled epoch and uptime, CRC, commit word, heartbeat."""

    def __init__(self, station: SimStation) -> None:
        self.station = station
        self.next_id = 100
        self.beating = True
        self.beat = 0
        self.limits = {f"BAY{bay:02d}_LIMIT": 600 for bay in range(1, 13)}

    def advance(self, wall_s: float) -> None:
        """Wall time passes, with heartbeat and levels every 100 ms unless they are switched off."""
        for _ in range(round(wall_s * 10)):
            if self.beating:
                self.beat = self.beat + 1 & 0xFFFF
                for name, plc in self.station.plcs.items():
                    if plc.channels:
                        plc.write({"HB_CTL": self.beat, **(self.limits if name.startswith("rack") else {})})
            self.station.advance(0.1)

    def block(self, name: str, opcode: int, *params: int, prefix: str = "", **changed: int) -> dict[str, int]:
        """The order block with a fresh number; `changed` sets words (ID, EPOCH, EXPIRES, CRC, COMMIT)."""
        plc = self.station.plcs[name]
        self.next_id += 1
        number = changed.get("ID", self.next_id)
        epoch = changed.get("EPOCH", plc.values["EPOCH"])
        expires = changed.get("EXPIRES", plc.values["UPTIME_MS"] + 1000)
        p = (*params, 0, 0, 0, 0)[:4]
        crc = changed.get("CRC", crc16(order_words(number, epoch, opcode, p, expires)))
        words = {
            "ID": number, "EPOCH": epoch, "OPCODE": opcode, "P1": p[0], "P2": p[1], "P3": p[2], "P4": p[3],
            "EXPIRES": expires, "CRC": crc, "COMMIT": changed.get("COMMIT", number & 0xFFFF),
        }  # fmt: skip
        return {f"{prefix}CMD_{word}": value for word, value in words.items()}

    def give(self, name: str, opcode: int, *params: int, prefix: str = "", **changed: int) -> int:
        """Writes the order, lets one PLC cycle pass, returns ACK_CODE."""
        plc = self.station.plcs[name]
        block = self.block(name, opcode, *params, prefix=prefix, **changed)
        plc.write(block)
        self.station.advance(0.01)
        assert plc.values[prefix + "ACK_ID"] == block[prefix + "CMD_ID"]
        return plc.values[prefix + "ACK_CODE"]

    def done(self, *names: str, limit: float = 2000.0) -> list[int]:
        """Waits until the channels ('lift', 'lift.VEH' …) are no longer busy; returns their RESULTs."""
        channels = [(self.station.plcs[n.split(".")[0]], "VEH_" if "." in n else "") for n in names]
        for _ in range(round(limit)):
            if all(plc.values[prefix + "ORDER_STATE"] != 1 for plc, prefix in channels):
                return [plc.values[prefix + "RESULT"] for plc, prefix in channels]
            self.advance(0.1)
        raise AssertionError(f"{names} still busy")

    def do(self, channel: str, opcode: int, *params: int) -> None:
        """Gives an order and waits for its good end."""
        name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
        code = self.give(name, opcode, *params, prefix=prefix)
        assert code == 1, (channel, opcode, code, self.station.plcs[name].refusal)
        assert self.done(channel) == [1], (channel, opcode)

    def report(self) -> dict:
        return self.station.command({"cmd": "report"})

    def rules(self) -> set[str]:
        return {verdict["rule"] for verdict in self.report()["violations"]}

    # ---- the way to a point of the swap --------------------------------------------------------------------
    def steps(self, bay: int, empty: int) -> dict[str, Callable[[], None]]:
        """The whole swap by step name; `bay` gives the charged pack, `empty` takes the spent one."""
        do = self.do
        return {
            "IDENTIFY": lambda: do("lift.VEH", 40),
            "OPEN_ENTRY": lambda: self._enter_and_fetch(bay),
            "SECURE": lambda: do("lift.VEH", 41),
            "HV_OFF": lambda: do("lift.VEH", 42),
            "CLAMP": lambda: do("lift", 12),
            "LIFT_TO_WORK": lambda: do("lift", 13, LIFT_MM),
            "ENGAGE": lambda: do("robot", 11, RAISE),
            "UNLOCK": lambda: do("robot", 20, ALL_BOLTS, 700),
            "LOWER": lambda: do("robot", 12),
            "SET_DOWN": lambda: do("robot", 30, 3),
            "PICK_UP": lambda: do("robot", 31, 4),
            "INSERT": lambda: do("robot", 13, RAISE),
            "LOCK": lambda: do("robot", 21, ALL_BOLTS, 8500, 500),
            "CHECK_PACK": lambda: do("lift.VEH", 43),
            "HOME": lambda: do("robot", 10),
            "CLOSE_FLOOR": lambda: do("lift", 14),
            "LOWER_LIFT": lambda: do("lift", 15),
            "UNCLAMP": lambda: do("lift", 16),
            "HV_ON": lambda: do("lift.VEH", 44),
            "SETTLE": lambda: do("lift.VEH", 45),
            "OPEN_EXIT": lambda: do("lift", 17),
            "STORE": lambda: do("stacker", 21, empty),
            "PLUG_IN": lambda: do(*self.rack(30, empty)),
            "START_CHARGE": lambda: do(*self.rack(32, empty), 600),
        }

    def rack(self, opcode: int, bay: int) -> tuple[str, int, int]:
        per_rack = self.station.plant.bays_per_rack
        return ("rack_a", opcode, bay) if bay <= per_rack else ("rack_b", opcode, bay - per_rack)

    def _enter_and_fetch(self, bay: int) -> None:
        """The charged pack comes to the handover while the vehicle drives in."""
        assert self.give("lift", 11) == 1
        self.do(*self.rack(31, bay))
        self.do("stacker", 20, bay)
        assert self.done("lift") == [1]

    def swap_until(self, last: str, bay: int = 0, empty: int = 0) -> None:
        """A vehicle comes and the swap runs up to and with step `last`."""
        bay = bay or self.full_bay()
        empty = empty or self.empty_bay()
        self.station.command({"cmd": "vehicle"})
        for name, step in self.steps(bay, empty).items():
            step()
            if name == last:
                return
        raise AssertionError(f"no step {last}")

    def full_bay(self) -> int:
        fits = (n for n, bay in self.station.plant.bays.items() if bay.state == 6 and bay.pack.soc > 90)
        return next(fits)

    def empty_bay(self) -> int:
        return next(n for n, bay in self.station.plant.bays.items() if bay.pack is None)


@pytest.fixture
def make_client() -> Callable[..., Client]:
    def make(**changed: float) -> Client:
        settings = {"seed": 1, "speed": 20.0, **changed}
        client = Client(SimStation(**settings))
        client.advance(0.2)
        return client

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()
