"""The composition root: from a station's configuration to a running station.

The only file that knows both drivers and, through the archetypes, sequences. Builds; does not run anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.charging_rack_cr12 import ChargingRackCR12
from drivers.gantry_crane_gc1 import GantryCraneGC1
from drivers.pack_id_reader_pr1 import PackIdReaderPR1
from drivers.safety_plc_sp1 import SafetyPlcSP1
from drivers.site_meter_sm1 import SiteMeterSM1
from drivers.stacker_st2 import StackerST2
from drivers.swap_robot_sr3 import SwapRobotSR3
from drivers.truck_link_tk1 import TruckLinkTK1
from drivers.truck_stand_ts1 import TruckStandTS1
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from station_ctl import __version__
from station_ctl.archetypes import ARCHETYPES, Archetype, Stand
from station_ctl.archetypes.paper_job import paper_job
from station_ctl.config import DriverFacts, Parts, SerialLineLink, StationConfig, where_in_list
from station_ctl.config.split_devices import taken
from station_ctl.connections import make_link, make_links
from station_ctl.core.conditions import Condition
from station_ctl.core.devices import Device, DeviceDeclarationError, Misfit
from station_ctl.core.errors import ConfigurationError
from station_ctl.core.interlock_table import InterlockTable
from station_ctl.core.levels import Level
from station_ctl.core.links import Link
from station_ctl.core.points import IoList
from station_ctl.core.reach import point_of, shown_range, unprovable
from station_ctl.core.roles import ChargingRack
from station_ctl.core.steps import Job
from station_ctl.engine.clock import Clock
from station_ctl.engine.journal import Restored
from station_ctl.engine.journal_thread import Committer
from station_ctl.engine.runner import Engine
from station_ctl.engine.station import StationFacts
from station_ctl.service.charging_duty import ChargingDuty
from station_ctl.service.charging_memory import ChargingMemory
from station_ctl.service.day_planner import DayPlanner
from station_ctl.service.duty import About, Duty, JournalReader
from station_ctl.service.procedures import Procedures
from station_ctl.service.reception import Reception
from station_ctl.service.recovery import rebuild
from station_ctl.service.run_watch import RunWatch

DRIVERS: Mapping[str, type[Device]] = {
    driver.driver: driver
    for driver in (
        SwapRobotSR3,
        VehicleLiftVL1,
        VehicleLinkVL1,
        StackerST2,
        ChargingRackCR12,
        SafetyPlcSP1,
        SiteMeterSM1,
        PackIdReaderPR1,
        GantryCraneGC1,
        TruckStandTS1,
        TruckLinkTK1,
    )
}
"""Device models by the name a station file uses, which is the name of the driver's file."""


def _misfits(
    driver: str, role: str, link: str, io: IoList, options: Mapping[str, int | str]
) -> tuple[Misfit, ...]:
    """What of a list does not fit a driver, found by trying it."""
    made: Callable[..., Device] = DRIVERS[driver]
    try:
        made(role, link, io, **options)
    except DeviceDeclarationError as error:
        return error.misfits
    except ValueError as error:
        return (Misfit("", "", str(error)),)
    except TypeError:
        return ()  # an option that the driver does not have, told as such
    return ()


PARTS = Parts(
    drivers={
        name: DriverFacts(
            orders=driver.orders is not None,
            prefix=driver.prefix,
            options=frozenset(("bays", "first_bay", "bay_prefix"))
            if driver is ChargingRackCR12
            else frozenset(),
            lines=driver is PackIdReaderPR1,
        )
        for name, driver in DRIVERS.items()
    },
    archetypes={name: archetype.required for name, archetype in ARCHETYPES.items()},
    misfits=_misfits,
)
"""What a station file may name; `config check` judges names by it."""


@dataclass(frozen=True)
class PaperStation:
    """A station put together from its files alone: devices, procedures and interlocks, and no link."""

    config: StationConfig
    archetype: Archetype[Any]
    devices: Mapping[str, Device]
    stand: Stand
    facts: StationFacts

    def procedures(self) -> Procedures:
        """The procedures of this station, bound to its roles."""
        stand, archetype = self.stand, self.archetype
        by_job = {archetype.swap_key: lambda job: archetype.swap(stand, job), **archetype.retreats(stand)}
        of_maintenance = {p.name: p for p in archetype.maintenance(stand, self.config.recipes)}
        of_charging = {p.name: p for p in archetype.charging(stand, self.config.recipes)}
        return Procedures(
            lambda: archetype.reception(stand), by_job, archetype.swap_key, archetype.way_back, of_maintenance,
            of_charging,
        )  # fmt: skip

    def interlocks(self, job: Job) -> InterlockTable:
        """The interlock table of this station for a job."""
        return self.archetype.interlocks(self.stand, job)


@dataclass(frozen=True)
class BuiltStation(PaperStation):
    """A station put together with its links, not yet running."""

    links: Mapping[str, Link]

    def engine(self, journal: Committer, restored: Restored) -> Engine:
        """The engine of this station; needs a running event loop."""
        limits = {
            name: link.heartbeat_timeout_ms / 1000
            for name, link in self.config.links.items()
            if not isinstance(link, SerialLineLink) and link.heartbeat_timeout_ms is not None
        }
        runs, faults = rebuild(restored, self.procedures(), self.config.recipes)
        clock = Clock(self.config.clock.process_rate)
        return Engine(self.facts, self.links, journal, restored, clock, limits, runs=runs, half_done="; ".join(faults))

    def reception(self, engine: Engine, watch: RunWatch) -> Reception:
        """Reception of this station's vehicles."""
        config = self.config
        return Reception(engine, watch, self.stand, self.procedures(), config.recipes, config.admission)

    def charging(self, engine: Engine, memory: ChargingMemory | None = None, **options: Any) -> ChargingDuty:
        """Charging of this station; run it beside the engine."""
        meter = next((device for device in self.devices.values() if isinstance(device, SiteMeterSM1)), None)
        return ChargingDuty(engine, self.stand, meter, memory, procedures=self.procedures().charging, **options)

    def planner(
        self, engine: Engine, charging: ChargingDuty, journal: JournalReader, **options: Any
    ) -> DayPlanner | None:
        """Who plans charging by the tariff of the station file; None without one. Run it beside the engine."""
        if self.config.tariff is None:
            return None
        key = self.archetype.swap_key
        return DayPlanner(engine, charging, journal, self.config.tariff, self.stand.policy, key, **options)

    def duty(self, engine: Engine, journal: JournalReader) -> Duty:
        """The station on duty, for the service and its actions."""
        watch, config = RunWatch(engine), self.config
        roles = {name: role.driver for name, role in config.roles.items()}
        about = About(
            config.station.code, config.station.name, config.station.simulated, __version__, str(config.path),
            config.config_hash, roles,
        )  # fmt: skip
        reception = self.reception(engine, watch)
        procedures, recipes, bays = self.procedures(), config.recipes, self.stand.bays
        return Duty(about, engine, watch, procedures, recipes, reception, bays, self.interlocks, journal)


def build_devices(config: StationConfig, io: Mapping[str, IoList]) -> dict[str, Device]:
    """The devices by role. Raises ConfigurationError naming every tag that does not fit its driver."""
    devices: dict[str, Device] = {}
    findings: list[str] = []
    for name, role in config.roles.items():
        driver = DRIVERS[role.driver]
        options = {
            k: v for k in ("bays", "first_bay", "bay_prefix") if (v := getattr(role, k, None)) is not None
        }
        try:
            level = getattr(config.links[role.link], "level", Level.A)
            devices[name] = driver(name, role.link, io[role.link].of_device(taken(role, io), level), **options)
        except DeviceDeclarationError as error:
            findings.append(f"{config.where('roles', name)}: roles.{name}: {error}")
    if findings:
        raise ConfigurationError(findings)
    return devices


def put_together(config: StationConfig, io: Mapping[str, IoList] | None = None) -> PaperStation:
    """A station from its files: what is printed, checked and explored without any PLC. Connects nothing.

    `io` replaces the I/O lists of the files. Raises ConfigurationError naming every tag that does not fit its driver
    and every vehicle that the station's machines cannot swap.
    """
    # A serial-line instrument has no I/O list of its own; its link knows the tags.
    lists = io if io is not None else {n: config.io.get(n) or make_link(n, config).io for n in config.links}
    devices = build_devices(config, lists)
    archetype = ARCHETYPES[config.station.archetype]
    stand = archetype.assemble(devices, tuple(_racks(devices)), config.policy)
    channels = {name: device.channel for name, device in devices.items() if device.channel is not None}
    facts = StationFacts(
        config.station.code, channels, archetype.always(stand), archetype.safe(stand), archetype.places(stand),
        archetype.positions(stand), archetype.why_forward, *archetype.bypasses(stand),
    )  # fmt: skip
    findings = [*_unfit_vehicles(config, archetype, stand), *_unprovable(config, archetype, stand, facts, lists)]
    if findings:
        raise ConfigurationError(findings)
    return PaperStation(config, archetype, devices, stand, facts)


def _racks(devices: Mapping[str, Device]) -> Iterator[ChargingRack]:
    """Charging racks in the order of the station file, which is that of their bays' numbers."""
    for device in devices.values():
        if isinstance(device, ChargingRackCR12):
            yield device


def _unfit_vehicles(config: StationConfig, archetype: Archetype[Any], stand: Stand) -> Iterator[str]:
    """Vehicles whose recipe asks for what no machine here can do: more bolts than runners, another torque or height.

    Every parameter of every order is judged by its own driver when the procedure is made.
    """
    fit = True
    for i, (model, recipe) in enumerate(config.recipes.items()):
        try:
            archetype.swap(stand, paper_job(stand.bays, recipe))
        except ValueError as error:
            why = f"no swap of model {model} with these machines: {error}"
            pattern = f"vehicles/{config.document.data['vehicles'][i]}.yaml"
            file = next((path for path in config.files if path.match(pattern)), "its file")
            yield f"{config.where('vehicles', i)}: vehicles[{i}]: {why}; correct {file} or take it out of the list"
            fit = False
    if not fit:
        return
    try:
        archetype.charging(stand, config.recipes)
    except ValueError as error:
        yield f"{config.where('vehicles')}: vehicles: {error}"


def _unprovable(
    config: StationConfig, archetype: Archetype[Any], stand: Stand, facts: StationFacts, lists: Mapping[str, IoList]
) -> Iterator[str]:
    """Interlocks and proofs that no reading can ever meet: no list maps the signal, or its bounds exclude the limit."""
    told = set()
    for what, condition in _conditions(config, archetype, stand, facts):
        for comparison in unprovable(condition, lists):
            signal, point = comparison.signal, point_of(comparison, lists)
            if (signal.link, signal.tag) in told:
                continue
            told.add((signal.link, signal.tag))
            shown = "no list maps it"
            if point is not None:
                low, high = shown_range(point)
                shown = f"the list lets only {low:g} to {high:g} {point.unit} through".replace("  ", " ")
            where = where_in_list(config, signal.link, signal.tag, "max", "min")
            yield f"{where}: {signal.tag}: {what} can never be proven: needs {comparison}, {shown}"


def _conditions(
    config: StationConfig, archetype: Archetype[Any], stand: Stand, facts: StationFacts
) -> Iterator[tuple[str, Condition]]:
    """Everything that a start or a swap of one of the vehicles must prove, with its name."""
    yield from ((f"{row.code} {row.text}", row.holds) for row in facts.safe)
    for recipe in config.recipes.values():
        try:
            steps = archetype.swap(stand, paper_job(stand.bays, recipe)).steps
        except ValueError:
            continue  # told as a vehicle that does not fit
        rows = [row for step in steps for row in (*step.permissives, *(kept.interlock for kept in step.interlocks))]
        yield from ((f"{row.code} {row.text}", row.holds) for row in rows)
        yield from ((f"step {step.no} {step.text}", step.done) for step in steps)


def build(config: StationConfig, links: Mapping[str, Link] | None = None) -> BuiltStation:
    """Put a station together. `links` replaces those of the station file (tests in virtual time)."""
    made = links if links is not None else make_links(config)
    paper = put_together(config, {name: link.io for name, link in made.items()})
    return BuiltStation(config, paper.archetype, paper.devices, paper.stand, paper.facts, made)
