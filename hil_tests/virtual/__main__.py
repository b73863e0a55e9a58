"""`python -m hil_tests.virtual`: days at a virtual station. The order comes as JSON on stdin, the days go to stdout.

Knows the form of order and answers: one line of JSON a day, as soon as it is over. Does not know the command line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules
from hil_tests.virtual.day import DAY_S, Day, DayReport
from hil_tests.virtual.leap_plant import Leaping, LeapStation, TruckLeapStation
from hil_tests.virtual.ledger_of_energy import EnergyLedger
from hil_tests.virtual.planner import Planner
from hil_tests.virtual.station import VirtualStation
from station_ctl import logs
from station_ctl.build import PARTS
from station_ctl.charging.demand import learn
from station_ctl.charging.tariff import read_tariff
from station_ctl.config import StationConfig, load_station
from station_ctl.engine.virtual_time import run_virtually

RATE = 60.0
"""Process seconds per wall second of virtual time: our heartbeats and watchdogs keep their wall periods."""

KINDS: dict[str, type[Leaping]] = {"passenger_car": LeapStation, "heavy_truck": TruckLeapStation}
"""The plant by the station's type."""

REFERENCE_S = {"passenger_car": 264.0, "heavy_truck": 292.0}
"""What the reference plant takes from a vehicle's reception until the bay is empty again, s; measured."""

MEMORY = Path("/dev/shm")
"""A folder without a disk, where there is one: the journal is as durable as on a station, and costs no disk's time."""


def sized(config: StationConfig) -> dict[str, Any]:
    """The plant of this station file."""
    size, racks = config.simulation, tuple(r.bays for r in config.roles.values() if r.bays)
    if size is None:
        return {"layout": Layout(racks)}
    # Half as many modules as bays: neighbours have one between them.
    modules = Modules(size.charger_kw, sharing=size.sharing, pooled=size.modules < sum(racks))
    pace = size.swap_minutes * 60.0 / REFERENCE_S[config.station.archetype]
    return {"layout": Layout(racks, size.packs, size.start_soc, pace), "modules": modules}


def one_day(
    config: StationConfig, order: dict[str, Any], name: str, arrivals: list[float], until_s: float = DAY_S
) -> DayReport:
    """One day at a fresh station; `until_s` is the second at which it may end."""
    tariff = read_tariff(order["tariff"], "tariff") if order.get("tariff") else None
    others = [day["arrivals"] for day in order.get("history", []) if day["name"] != name]
    planner = Planner(learn(others), tariff, config.policy) if tariff is not None and others else None

    async def main(folder: Path) -> DayReport:
        sim: Any = KINDS[config.station.archetype](seed=order["seed"], speed=RATE, **sized(config))
        async with VirtualStation(config, sim, folder / "journal.sqlite") as station:
            await station.make_ready()
            energy = EnergyLedger(tariff)
            return await Day(station, name, arrivals, order["seed"], energy, planner, until_s=until_s).run()

    with tempfile.TemporaryDirectory(prefix="station-day-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return run_virtually(main(Path(folder)))


def main() -> None:
    """Read the order, run its days, print each."""
    logs.configure(level="critical")
    order = json.load(sys.stdin)
    config = load_station(Path(order["station"]), {"clock.process_rate": RATE}, PARTS)
    for day in order["days"]:
        began = time.perf_counter()
        report = asdict(one_day(config, order, day["name"], day["arrivals"]))
        report["wall_s"] = time.perf_counter() - began
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
