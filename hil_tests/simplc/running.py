"""A simulated station that runs: plant, PLCs, instruments, faults, monitor, control channel; of any kind.

Knows how they run together, cycle by cycle. Does not know which machines there are, nor clocks, sockets or the
software under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hil_tests.simplc.fault_args import UnknownFault
from hil_tests.simplc.faults import Faults
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.judge import Judge
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.reader import Reader

CYCLE_S = 0.01
CHARGE_CYCLES = 10
COOL_CYCLES = 500


class RunningStation:
    """`plcs` by name; the pack-id reader, where there is one, is `reader`.

    `speed` is plant seconds per wall second. Everything is deterministic for `seed` and the calls made.
    """

    plant: Hall
    monitor: Judge
    faults: Faults
    model = ""
    """Model of a vehicle that is not told another."""

    def __init__(self, *, seed: int = 1, speed: float = 1.0, io_dir: Path | None = None) -> None:
        if not 0.0 < speed <= 1000.0:
            raise ValueError(f"speed is over 0 and at most 1000, not {speed}")
        self.seed = seed
        self.speed = speed
        self.io_dir = io_dir
        self.cycles = 0
        self.plcs: dict[str, Plc] = {}
        self.reader: Reader | None = None
        self._owed = 0.0
        self._vehicles = 0
        self._running: list[Plc] = []
        self._commands: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "vehicle": self._vehicle,
            "dismiss": self._dismiss,
            "fault": self._fault,
            "switch": self._switch,
            "pack": self._pack,
            "grid": self._grid,
            "safety-reset": self._safety_reset,
            "fault-reset": self._fault_reset,
            "report": self._report,
            "quit": lambda args: {"ok": True},
        }

    def _wire_up(self, plcs: dict[str, Plc]) -> None:
        """These PLCs are the station's; each sees the others' hard-wired contacts, the monitor sees all."""
        self.plcs = plcs
        for plc in plcs.values():
            plc.wired = plcs
            plc.monitor = self.monitor
            plc.sensed_now()
        self._running = [*plcs.values(), *([self.reader] if self.reader is not None else [])]

    # ---- time ----------------------------------------------------------------------------------------------
    def advance(self, wall_dt: float) -> None:
        """Runs the whole PLC cycles (10 ms) that fit; the rest of `wall_dt` (s) is kept for the next call."""
        self._owed += wall_dt
        cycles = int(self._owed / CYCLE_S + 1e-6)
        self._owed -= cycles * CYCLE_S
        for _ in range(cycles):
            self._cycle()

    def stall(self, seconds: float) -> None:
        """No PLC program ran for so long; their clocks did, so that an order from before is as old as it is."""
        for plc in self.plcs.values():
            plc.uptime_ms = plc.uptime_ms + round(1000 * seconds) & 0xFFFFFFFF

    def _cycle(self) -> None:
        self.cycles += 1
        cycles, plant = self.cycles, self.plant
        plant.motions.run(plant.now + CYCLE_S * self.speed)
        plant.stir()
        if cycles % CHARGE_CYCLES == 0:
            plant.charge(CHARGE_CYCLES * CYCLE_S * self.speed)
            self.monitor.watch_charging(cycles)
            if cycles % COOL_CYCLES == 0:
                plant.cool(COOL_CYCLES * CYCLE_S * self.speed)
        running = self._running
        for plc in running:
            plc.scan()
        for plc in running:
            plc.cycle()
        self.monitor.watch(cycles)

    def reader_lines(self) -> list[str]:
        """What the reader sent since the last call, each line with its CR LF."""
        return self.reader.take_lines() if self.reader is not None else []

    # ---- control channel -----------------------------------------------------------------------------------
    def command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """One control command; a wrong one is answered with ok false and the error, never raised."""
        act = self._commands.get(str(command.get("cmd")))
        if act is None:
            return refused(f"no command {command.get('cmd')!r}; there are {', '.join(self._commands)}")
        try:
            return act(command)
        except (UnknownFault, TypeError, ValueError) as error:
            return refused(str(error))

    def _vehicle(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self._vehicles += 1
        vin = str(args.get("vin") or f"LSZSMA{self.seed % 1000:03d}{self._vehicles:08d}")
        if not 1 <= len(vin) <= 18 or not vin.isascii():
            return refused("a vin has 17 characters")
        model = str(args.get("model") or self.model)
        soc = args.get("soc")
        soc = None if soc is None else float(soc)
        if soc is not None and not 0.0 <= soc <= 100.0:
            return refused("soc is 0 to 100 %")
        if any(vehicle.vin == vin for vehicle in [*self.plant.waiting(), self.plant.visitor()] if vehicle):
            return refused(f"vehicle {vin} is already here")
        vehicle = self.plant.make_vehicle(vin, model, int(args.get("pack_type") or self.plant.pack_type_of(model)), soc)
        codes = [*vehicle.arrival_codes]
        return {"ok": True, "vin": vin, "pack": codes[0], **({"packs": codes} if len(codes) > 1 else {})}

    def _dismiss(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The first vehicle at the entry drives away unserved."""
        if not self.plant.waiting():
            return refused("no vehicle waits at the entry")
        vehicle = self.plant.waiting()[0]
        vehicle.dismissed = True
        return {"ok": True, "vin": vehicle.vin}

    def _fault(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self.faults.set(str(args.get("name")), bool(args.get("on", True)), args)
        return {"ok": True}

    def _switch(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What a technician holds in the hand: the maintenance key and the enabling device."""
        name = str(args.get("name"))
        if name not in ("key", "enabling"):
            return refused(f"no switch {name!r}; there are key, enabling")
        setattr(self.plant.safety, name, bool(args.get("on", True)))
        self.plant.motions.version += 1
        return {"ok": True}

    def _pack(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """People carry a pack in or out, where a kind of station has a place for it."""
        return refused("no place in this station where people carry packs in or out")

    def _grid(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The grid operator's signal `limit_kw`, and what the site's heater draws, `heater_kw`."""
        grid = self.plant.grid
        for name in ("limit_kw", "heater_kw"):
            value = float(args.get(name, getattr(grid, name)))
            if not 0.0 <= value <= 5000.0:
                return refused(f"{name} is 0 to 5000 kW")
            setattr(grid, name, value)
        return {"ok": True, "limit_kw": grid.limit_kw, "heater_kw": grid.heater_kw}

    def _safety_reset(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self.plant.motions.version += 1
        if self.plant.safety.reset():
            return {"ok": True}
        return refused("an input of the safety chain is still open")

    def _fault_reset(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The reset button at the panel of the device that `plc` drives."""
        name = str(args.get("plc"))
        if name not in self.plcs or not self.plcs[name].channels:
            drives = ", ".join(plc.name for plc in self.plcs.values() if plc.channels)
            return refused(f"no device {name!r}; there are {drives}")
        for channel in self.plcs[name].channels:
            channel.reset()
        self.plant.motions.version += 1
        return {"ok": True, "plc": name}

    def _report(self, args: Mapping[str, Any]) -> dict[str, Any]:
        channels = [channel for plc in self.plcs.values() for channel in plc.channels]
        return {
            "ok": True,
            "plant_s": round(self.plant.now, 3),
            "orders": self.monitor.orders,
            "violations": [verdict.as_dict() for verdict in self.monitor.verdicts],
            "durations": {channel.key: dict(channel.durations) for channel in channels},
            "packs": self.plant.places.by_code(),
        }


def refused(text: str) -> dict[str, Any]:
    """The answer to a command that cannot be."""
    return {"ok": False, "error": text}
