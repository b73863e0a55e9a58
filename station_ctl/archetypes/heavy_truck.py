"""The heavy-truck station with top lift: gantry crane, stand with laser scanner, racks below the crane.

Knows how its parts come together. Does not know which devices fill its roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import sequences.heavy_truck as heavy_truck
import sequences.heavy_truck_retreat as heavy_truck_retreat
import sequences.truck_charging as truck_charging
import sequences.truck_maintenance as truck_maintenance
from sequences.racked_station import ISOLATION
from sequences.site_interlocks import station_interlocks, watched_always
from sequences.truck_interlocks import Column, TruckInterlocks
from sequences.truck_station import CRANE, REQUIRED_ROLES, TruckStation, positions
from station_ctl.archetypes.archetype import Archetype, table
from station_ctl.core.devices import Device
from station_ctl.core.interlock_table import InterlockTable
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import ChargingRack
from station_ctl.core.signals import Signal
from station_ctl.core.steps import Job
from station_ctl.engine.custody_watch import WatchedPlace


def _assemble(
    devices: Mapping[str, Device], racks: tuple[ChargingRack, ...], policy: SitePolicy
) -> TruckStation:
    fill: Any = devices  # roles are Protocols; tests/drivers proves that each driver fills its role
    return TruckStation(
        crane=fill["crane"],
        stand=fill["stand"],
        vehicle=fill["vehicle"],
        racks=racks,
        safety=fill["safety"],
        policy=policy,
    )


def _table(stand: TruckStation, job: Job) -> InterlockTable:
    return table(TruckInterlocks(stand, job).rows, Column)


def _places(stand: TruckStation) -> tuple[WatchedPlace, ...]:
    """Every place whose presence a sensor shows."""
    crane = stand.crane
    # Corners that are pressed: any of them is a pack. Lowered, the gripper stands on packs that are not the crane's.
    pressed = cast("Signal[bool]", crane.landed)
    return (
        *(WatchedPlace(bay.name, bay.present, bay.pack_id) for bay in stand.bays),
        WatchedPlace(ISOLATION, crane.isolation_present),
        WatchedPlace(CRANE, pressed, crane.pack_code, speaks=crane.hoisted.is_on()),
    )


HEAVY_TRUCK = Archetype(
    name="heavy_truck",
    required=(*REQUIRED_ROLES, "rack_*"),
    assemble=_assemble,
    reception=heavy_truck.reception,
    swap=heavy_truck.swap,
    swap_key=heavy_truck.SWAP_KEY,
    retreats=heavy_truck_retreat.retreats,
    way_back=heavy_truck_retreat.way_back,
    interlocks=_table,
    positions=positions,
    places=_places,
    always=watched_always,
    safe=station_interlocks,
    maintenance=truck_maintenance.procedures,
    charging=truck_charging.procedures,
    bypasses=truck_maintenance.bypasses,
)
