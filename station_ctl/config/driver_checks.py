"""Each role's driver tried on its I/O list while the files are checked: what does not fit is told with the rest.

Knows lists and roles. Does not know drivers: what does not fit is asked of whoever does.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.config.checks import Parts, Sketch
from station_ctl.config.io_lists import IoFile
from station_ctl.config.split_devices import taken
from station_ctl.core.levels import Level


def check_drivers(sketch: Sketch, lists: Mapping[str, IoFile], parts: Parts | None) -> None:
    """Tags that a driver lacks or cannot take, at their cells; of lists that are otherwise right."""
    if parts is None:
        return
    right = {name: io.io_list() for name, io in lists.items() if io.has_rows and not io.findings}
    found = []
    for name, role in sketch.roles.items():
        if role is None or role.driver not in parts.drivers or not {role.link, *role.also} <= right.keys():
            continue
        level = getattr(sketch.links.get(role.link), "level", Level.A)
        io = right[role.link].of_device(taken(role, right), level)
        found += [(name, role.link, misfit) for misfit in parts.misfits(role.driver, name, role.link, io, role.options)]
    for name, link, misfit in found:
        if (misfit.tag, misfit.column) in lists[link].cells:
            driver = sketch.value("roles", name, "driver")
            lists[link].report(misfit.tag, misfit.column, f"{misfit.text} (driver {driver})")
        else:
            sketch.document.report(("roles", name), f"{lists[link].file}: {misfit}", key=True)
