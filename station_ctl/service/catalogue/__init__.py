"""Every action of the station by name: declarations only, so that the command line can read them at once."""

from station_ctl.service.actions import Registry
from station_ctl.service.catalogue import audit, control, mode, operation, station, swap

REGISTRY = Registry.of(
    (*station.ACTIONS, *mode.ACTIONS, *swap.ACTIONS, *operation.ACTIONS, *control.ACTIONS, *audit.ACTIONS)
)
"""One registry, the same on every surface."""
