"""Every action of the station by name: declarations only, so that the command line can read them at once."""

from station_ctl.service.actions import Registry
from station_ctl.service.catalogue import (
    alarm,
    audit,
    backup,
    bay,
    bypass,
    charging,
    control,
    jog,
    machine,
    mode,
    operation,
    queue,
    reading,
    sequence,
    station,
    swap,
    truck_station,
    user,
)

REGISTRY = Registry.of(
    action
    for noun in (
        station, mode, swap, queue, bay, sequence, jog, alarm, reading, machine, bypass, operation, control, audit, user,
        backup, charging, truck_station,
    )
    for action in noun.ACTIONS
)
"""One registry, the same on every surface."""
