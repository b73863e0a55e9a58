"""A short day in virtual time: every pack where the ledger has it, nothing unsafe, the same again for the same seed."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hil_tests.simplc.truth.grid import EFFICIENCY, Grid
from hil_tests.simplc.truth.packs import HANDOVER_IN
from hil_tests.virtual.__main__ import REFERENCE_S, one_day, sized
from hil_tests.virtual.custody import custody_errors
from hil_tests.virtual.day import DAY_S, FULL_KWH, Day, DayReport
from hil_tests.virtual.leap_plant import LeapStation
from hil_tests.virtual.ledger_of_energy import EnergyLedger, stored_kwh
from hil_tests.virtual.station import TaskEnded, VirtualStation
from station_ctl.build import PARTS
from station_ctl.charging.tariff import read_tariff
from station_ctl.config import StationConfig, load_station
from station_ctl.core.errors import ConfigurationError
from station_ctl.core.modes import State
from station_ctl.engine.virtual_time import run_virtually
from station_ctl.paths import config_directory

RATE = 60.0
MORNING = [600.0 + 700.0 * k for k in range(10)]
"""Ten vehicles within two hours; a gen2 station needs 6.5 min for each."""


def config(name: str = "gen2") -> StationConfig:
    return load_station(config_directory() / "stations" / "day" / f"{name}.yaml", {"clock.process_rate": RATE}, PARTS)


def short_day(folder: Path, seed: int = 1, name: str = "gen2", arrivals: list[float] | None = None) -> DayReport:
    """A day that ends with its last vehicle."""

    journal = folder / f"journal-{len(list(folder.iterdir()))}.sqlite"

    async def main() -> DayReport:
        site = config(name)
        sim = LeapStation(seed=seed, speed=RATE, **sized(site))
        async with VirtualStation(site, sim, journal) as station:
            await station.make_ready()
            day = Day(station, "morning", arrivals or MORNING, seed, EnergyLedger(read_tariff(FLAT)), until_s=0.0)
            return await day.run()

    return run_virtually(main())


FLAT = "from,to,price\n00:00,24:00,0.5\n"


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> DayReport:
    return short_day(tmp_path_factory.mktemp("day"))


def test_everybody_is_served_and_every_pack_is_where_the_ledger_has_it(morning: DayReport) -> None:
    assert (morning.arrived, len(morning.waits_s), morning.stopped) == (10, 10, "")
    assert morning.custody == [] and morning.violations == []
    assert morning.orders > 10 * 25, "the monitor has judged every order of every swap"


def test_a_part_that_ends_by_itself_is_named_when_the_station_is_left(tmp_path: Path) -> None:
    async def broken() -> None:
        raise ValueError("no levels")

    async def main() -> None:
        site = config()
        station = VirtualStation(site, LeapStation(seed=1, speed=RATE, **sized(site)), tmp_path / "journal.sqlite")
        station.charging.run = broken  # type: ignore[method-assign]
        async with station:
            pass

    with pytest.raises(TaskEnded, match=r"^charging ended: ValueError\('no levels'\)$"):
        run_virtually(main())


def test_a_swap_takes_as_long_as_the_station_file_says(morning: DayReport) -> None:
    mean = sum(morning.busy_s) / len(morning.busy_s) / 60
    assert mean == pytest.approx(6.5, rel=0.04)
    assert max(morning.waits_s) < 60.0, "nobody waits where vehicles come less often than swaps take"


def test_returned_packs_are_charged_within_the_limit_and_what_they_took_is_counted(morning: DayReport) -> None:
    assert 9.5 < morning.peak_kw < 600.0
    hours = (MORNING[-1] + 390.0) / 3600
    assert 9.5 * hours < morning.energy_kwh < morning.peak_kw * hours
    assert morning.cost == pytest.approx(0.5 * morning.energy_kwh)
    assert min(morning.ready) < 13


def test_the_same_seed_gives_the_same_day_and_another_one_another(tmp_path: Path) -> None:
    def told(report: DayReport) -> dict[str, Any]:
        return {**asdict(report), "name": ""}

    one = told(short_day(tmp_path, arrivals=MORNING[:3]))
    assert told(short_day(tmp_path, arrivals=MORNING[:3])) == one
    assert told(short_day(tmp_path, arrivals=MORNING[:3], seed=2)) != one


def test_who_comes_faster_than_swaps_take_waits_in_line(tmp_path: Path) -> None:
    report = short_day(tmp_path, arrivals=[60.0, 61.0, 62.0])
    assert report.waits_s == sorted(report.waits_s)
    assert report.waits_s[2] == pytest.approx(2 * 390.0, rel=0.05)


def test_a_station_that_stops_ends_the_day_and_says_why(tmp_path: Path) -> None:
    async def main() -> DayReport:
        site = config()
        sim = LeapStation(seed=1, speed=RATE, **sized(site))
        async with VirtualStation(site, sim, tmp_path / "journal.sqlite") as station:
            await station.make_ready()
            day = asyncio.create_task(Day(station, "stop", [60.0], 1, EnergyLedger(None)).run())
            await station.wait(200.0)
            sim.command({"cmd": "fault", "name": "e-stop"})
            station.pacing.wake()
            report = await day
            assert station.engine.state.state in (State.ABORTING, State.ABORTED)
            return report

    report = run_virtually(main())
    assert "G01" in report.stopped and report.busy_s == [] and report.violations == []


def test_a_pack_that_is_not_where_the_ledger_has_it_is_found(tmp_path: Path) -> None:
    async def main() -> None:
        site = config()
        sim = LeapStation(seed=1, speed=RATE, **sized(site))
        async with VirtualStation(site, sim, tmp_path / "journal.sqlite") as station:
            await station.make_ready()
            ledger = station.engine.state.ledger
            assert custody_errors(ledger, sim.plant.places.by_code()) == []
            pack = sim.plant.places.at("A01")
            assert pack is not None
            sim.plant.places.move(pack, HANDOVER_IN)
            (wrong,) = custody_errors(ledger, sim.plant.places.by_code())
            assert pack.code in wrong and HANDOVER_IN in wrong
            stranger = sim.plant.make_pack(100, 50.0)
            sim.plant.places.put(stranger, "A01")
            assert any(stranger.code in line for line in custody_errors(ledger, sim.plant.places.by_code()))

    run_virtually(main())


LATE = "from,to,price\n00:00,24:00,2\n"


def test_a_day_goes_on_until_its_packs_are_as_full_as_they_began_and_that_is_on_its_bill(tmp_path: Path) -> None:
    """A vehicle at 23:50 leaves a spent pack, which is charged after midnight; lamps and fans are tomorrow's then."""

    async def main() -> tuple[DayReport, float, float]:
        site = config("packs23")
        sim = LeapStation(seed=1, speed=RATE, **sized(site))
        async with VirtualStation(site, sim, tmp_path / "journal.sqlite") as station:
            await station.make_ready()
            held, begin = stored_kwh(sim.plant), DAY_S - 900.0
            energy = EnergyLedger(read_tariff(LATE))
            report = await Day(station, "late", [DAY_S - 600.0], 1, energy, from_s=begin).run()
            return report, held, stored_kwh(sim.plant)

    report, before, after = run_virtually(main())
    assert len(report.waits_s) == 1 and after == pytest.approx(before, abs=FULL_KWH) and report.lacking_kwh <= FULL_KWH
    assert report.after_kwh > 20.0 and report.energy_kwh - report.after_kwh < 20.0
    assert report.cost == pytest.approx(2 * (report.energy_kwh + report.lacking_kwh / EFFICIENCY))
    assert report.kwh_by_price == [(2.0, pytest.approx(report.energy_kwh))]


def test_after_midnight_only_what_chargers_draw_counts_and_what_is_lacking_costs_the_dearest_price() -> None:
    plant: Any = SimpleNamespace(grid=Grid(auxiliary_kw=10.0), now=0.0, charging_kw=0.0)
    plant.site_kw = lambda: plant.grid.drawn_kw(plant.charging_kw)
    drawn = plant.grid.drawn_kw(0.0)
    ledger = EnergyLedger(read_tariff("from,to,price\n00:00,12:00,1\n12:00,24:00,3\n"))
    plant.now = DAY_S - 7200.0
    ledger.begin(plant.now, DAY_S - 7200.0)
    ledger.measure(plant)
    plant.now = DAY_S - 3600.0
    ledger.measure(plant)
    assert ledger.kwh == pytest.approx(drawn) and ledger.cost == pytest.approx(3 * drawn) and ledger.after_kwh == 0
    plant.charging_kw = EFFICIENCY * 50.0
    plant.now = DAY_S + 0.001
    ledger.measure(plant)
    until = ledger.kwh
    plant.now = DAY_S + 3600.001
    ledger.measure(plant)
    assert ledger.kwh - until == pytest.approx(50.0), "an hour of 50 kW into chargers, and nothing else"
    cost = ledger.cost or 0.0
    ledger.lack(EFFICIENCY * 4.0)
    assert ledger.cost == pytest.approx(cost + 4.0 * 3) and ledger.peak_kw == pytest.approx(50.0 + drawn)


@pytest.mark.parametrize(
    ("name", "bays", "pooled"), [("gen2", 14, False), ("gen3_a", 21, True), ("bays48", 48, False)]
)
def test_the_plant_is_as_large_as_the_station_file_says(name: str, bays: int, pooled: bool) -> None:
    site = config(name)
    sim = LeapStation(seed=1, speed=RATE, **sized(site))
    assert len(sim.plant.bays) == bays and sim.plant.modules.pooled is pooled
    assert site.simulation is not None
    packs = [pack for pack in sim.plant.places if pack.place in {bay.name for bay in sim.plant.bays.values()}]
    assert len(packs) == site.simulation.packs
    assert sim.plant.motions.pace == pytest.approx(site.simulation.swap_minutes * 60 / REFERENCE_S["passenger_car"])


def test_neighbours_lend_modules_where_the_station_file_says_so_and_each_has_one() -> None:
    folder, lent = config_directory() / "stations" / "day", {"clock.process_rate": RATE, "simulation.sharing": True}
    assert sized(load_station(folder / "gen2.yaml", lent, PARTS))["modules"].sharing is True
    assert sized(config("gen2"))["modules"].sharing is False
    with pytest.raises(ConfigurationError, match="neighbours lend each other what each has: needs 21 modules"):
        load_station(folder / "gen3_a.yaml", lent, PARTS)


@pytest.mark.long
def test_a_whole_recorded_like_day_leaves_no_doubt(tmp_path: Path) -> None:
    report = one_day(config("gen3_a"), {"seed": 3}, "whole", [360.0 * k for k in range(1, 235)])
    assert len(report.waits_s) == 234 and report.custody == [] and report.violations == []
    assert len(report.ready) == 96
