"""The composition root: from a station's configuration to a running station.

The only file that knows both drivers and sequences. Builds; does not run anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sequences.charging as charging
import sequences.maintenance as maintenance
import sequences.passenger_car as passenger_car
import sequences.passenger_car_retreat as passenger_car_retreat
from drivers.charging_rack_cr12 import ChargingRackCR12
from drivers.pack_id_reader_pr1 import PackIdReaderPR1
from drivers.safety_plc_sp1 import SafetyPlcSP1
from drivers.site_meter_sm1 import SiteMeterSM1
from drivers.stacker_st2 import StackerST2
from drivers.swap_robot_sr3 import SwapRobotSR3
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from sequences.car_station import HANDOVER_IN, HANDOVER_OUT, ROBOT, TRAVEL_MM, CarStation, positions
from sequences.interlocks import CarInterlocks, Column, station_interlocks, watched_always
from station_ctl import __version__
from station_ctl.config import DriverFacts, Parts, SerialLineLink, StationConfig
from station_ctl.connections import make_link, make_links
from station_ctl.core.conditions import Condition
from station_ctl.core.devices import Device, DeviceDeclarationError
from station_ctl.core.errors import ConfigurationError
from station_ctl.core.interlock_table import InterlockTable, TableRow
from station_ctl.core.links import Link
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.points import IoList
from station_ctl.core.positions import Position
from station_ctl.core.steps import Interlock, Job, Recipe, Sequence
from station_ctl.engine.clock import Clock
from station_ctl.engine.custody_watch import WatchedPlace
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
    )
}
"""Device models by the name a station file uses, which is the name of the driver's file."""


@dataclass(frozen=True)
class Archetype:
    """A station type: the roles it needs, and how its parts come together."""

    name: str
    required: tuple[str, ...]
    assemble: Callable[[Mapping[str, Device], StationConfig], CarStation]
    reception: Callable[[CarStation], Sequence]
    swap: Callable[[CarStation, Job], Sequence]
    swap_key: str
    retreats: Callable[[CarStation], Mapping[str, Callable[[Job], Sequence]]]
    way_back: Callable[[frozenset[int], frozenset[int], Job], tuple[str, Job] | str]
    interlocks: Callable[[CarStation, Job], InterlockTable]
    positions: Callable[[CarStation], Mapping[str, tuple[Position, ...]]]
    maintenance: Callable[[CarStation, Mapping[str, Recipe]], tuple[MaintenanceProcedure, ...]]
    charging: Callable[[CarStation], tuple[MaintenanceProcedure, ...]]
    bypasses: Callable[[CarStation], tuple[Mapping[str, Interlock], Condition]]
    """Rows that may be bypassed, by name, and what must be proven for a bypass to stand."""

    def why_forward(self, key: str, begun: frozenset[int], proven: frozenset[int], job: Job) -> str:
        """Why a run has no way back, only forward; empty if it has one."""
        if key != self.swap_key:
            return "it is a way back itself: resume"
        way = self.way_back(begun, proven, job)
        return way if isinstance(way, str) else ""


def _passenger_car(devices: Mapping[str, Device], config: StationConfig) -> CarStation:
    fill: Any = devices  # roles are Protocols; tests/drivers proves that each driver fills its role
    racks = tuple(fill[name] for name in config.roles if isinstance(devices.get(name), ChargingRackCR12))
    return CarStation(
        robot=fill["robot"],
        lift=fill["lift"],
        vehicle=fill["vehicle"],
        stacker=fill["stacker"],
        racks=racks,
        safety=fill["safety"],
        reader=fill["reader"],
        policy=config.policy,
    )


def _car_table(stand: CarStation, job: Job) -> InterlockTable:
    rows = CarInterlocks(stand, job).rows
    return InterlockTable(
        {str(column): column.name.lower() for column in Column},
        tuple(TableRow(row.interlock, tuple(row.cell(column) for column in Column)) for row in rows),
    )


ARCHETYPES: Mapping[str, Archetype] = {
    "passenger_car": Archetype(
        "passenger_car",
        (*passenger_car.REQUIRED_ROLES, "rack_*"),
        _passenger_car,
        passenger_car.reception,
        passenger_car.swap,
        passenger_car.SWAP_KEY,
        passenger_car_retreat.retreats,
        passenger_car_retreat.way_back,
        _car_table,
        positions,
        maintenance.procedures,
        charging.procedures,
        maintenance.bypasses,
    )
}

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
)
"""What a station file may name; `config check` judges names by it."""


@dataclass(frozen=True)
class PaperStation:
    """A station put together from its files alone: devices, procedures and interlocks, and no link."""

    config: StationConfig
    archetype: Archetype
    devices: Mapping[str, Device]
    stand: CarStation
    facts: StationFacts

    def procedures(self) -> Procedures:
        """The procedures of this station, bound to its roles."""
        stand, archetype = self.stand, self.archetype
        by_job = {archetype.swap_key: lambda job: archetype.swap(stand, job), **archetype.retreats(stand)}
        of_maintenance = {p.name: p for p in archetype.maintenance(stand, self.config.recipes)}
        of_charging = {p.name: p for p in archetype.charging(stand)}
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
        return Reception(engine, watch, self.stand, self.procedures(), self.config.recipes)

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
            devices[name] = driver(name, role.link, io[role.link], **options)
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
    stand = archetype.assemble(devices, config)
    channels = {name: device.channel for name, device in devices.items() if device.channel is not None}
    facts = StationFacts(
        config.station.code, channels, watched_always(stand), station_interlocks(stand), _places(stand),
        archetype.positions(stand), archetype.why_forward, *archetype.bypasses(stand),
    )  # fmt: skip
    if findings := list(_unfit_vehicles(config, archetype, stand)):
        raise ConfigurationError(findings)
    return PaperStation(config, archetype, devices, stand, facts)


def _unfit_vehicles(config: StationConfig, archetype: Archetype, stand: CarStation) -> Iterator[str]:
    """Vehicles whose recipe asks for what no machine here can do: more bolts than runners, another torque or height.

    Every parameter of every order is judged by its own driver when the procedure is made.
    """
    first, *_, last = [bay.name for bay in (*stand.bays, *stand.bays)]
    for i, (model, recipe) in enumerate(config.recipes.items()):
        try:
            archetype.swap(stand, Job("vehicle", recipe, "spent", "charged", first, last))
        except ValueError as error:
            yield f"{config.where('vehicles', i)}: vehicles[{i}]: no swap of model {model} with these machines: {error}"


def _places(stand: CarStation) -> tuple[WatchedPlace, ...]:
    """Every place whose presence a sensor shows."""
    stacker, reader = stand.stacker, stand.reader
    return (
        *(WatchedPlace(bay.name, bay.present, bay.pack_id) for bay in stand.bays),
        WatchedPlace(HANDOVER_IN, stacker.in_present, reader.in_code),
        WatchedPlace(HANDOVER_OUT, stacker.out_present, reader.out_code),
        # Raised under a vehicle the table sees the vehicle's pack.
        WatchedPlace(ROBOT, stand.robot.pack_present, speaks=stand.robot.z.at_most(TRAVEL_MM)),
    )


def build(config: StationConfig, links: Mapping[str, Link] | None = None) -> BuiltStation:
    """Put a station together. `links` replaces those of the station file (tests in virtual time)."""
    made = links if links is not None else make_links(config)
    paper = put_together(config, {name: link.io for name, link in made.items()})
    return BuiltStation(config, paper.archetype, paper.devices, paper.stand, paper.facts, made)
