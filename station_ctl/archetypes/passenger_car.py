"""The passenger-car station with chassis swap: lift, robot from below, stacker, racks.

Knows how its parts come together. Does not know which devices fill its roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sequences.charging as charging
import sequences.maintenance as maintenance
import sequences.passenger_car as passenger_car
import sequences.passenger_car_retreat as passenger_car_retreat
from sequences.car_station import HANDOVER_IN, HANDOVER_OUT, ROBOT, TRAVEL_MM, CarStation, positions
from sequences.interlocks import CarInterlocks, Column
from sequences.site_interlocks import station_interlocks, watched_always
from station_ctl.archetypes.archetype import Archetype, table
from station_ctl.core.devices import Device
from station_ctl.core.interlock_table import InterlockTable
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import ChargingRack
from station_ctl.core.steps import Job
from station_ctl.engine.custody_watch import WatchedPlace


def _assemble(
    devices: Mapping[str, Device], racks: tuple[ChargingRack, ...], policy: SitePolicy
) -> CarStation:
    fill: Any = devices  # roles are Protocols; tests/drivers proves that each driver fills its role
    return CarStation(
        robot=fill["robot"],
        lift=fill["lift"],
        vehicle=fill["vehicle"],
        stacker=fill["stacker"],
        racks=racks,
        safety=fill["safety"],
        reader=fill["reader"],
        policy=policy,
    )


def _table(stand: CarStation, job: Job) -> InterlockTable:
    return table(CarInterlocks(stand, job).rows, Column)


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


PASSENGER_CAR = Archetype(
    name="passenger_car",
    required=(*passenger_car.REQUIRED_ROLES, "rack_*"),
    assemble=_assemble,
    reception=passenger_car.reception,
    swap=passenger_car.swap,
    swap_key=passenger_car.SWAP_KEY,
    retreats=passenger_car_retreat.retreats,
    way_back=passenger_car_retreat.way_back,
    interlocks=_table,
    positions=positions,
    places=_places,
    always=watched_always,
    safe=station_interlocks,
    maintenance=maintenance.procedures,
    charging=lambda stand, _: charging.procedures(stand),
    bypasses=maintenance.bypasses,
)
