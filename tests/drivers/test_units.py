"""Every driver says in which unit it takes a measured value, so that a list in another unit does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.build import DRIVERS, PARTS
from station_ctl.config import load_station
from station_ctl.core.devices import Device, DeviceDeclarationError
from station_ctl.core.points import IoList
from station_ctl.paths import config_directory


def _roles() -> list[Any]:
    """Each driver once, as a shipped station has it: driver, role, link, list, options."""
    found: dict[str, Any] = {}
    for path in sorted((config_directory() / "stations").glob("*.yaml")):
        config = load_station(path, parts=PARTS)
        for name, role in config.roles.items():
            if role.link in config.io and role.driver not in found:
                case = (role.driver, name, role.link, config.io[role.link], role.options)
                found[role.driver] = pytest.param(*case, id=role.driver)
    return list(found.values())


@pytest.mark.parametrize(("driver", "role", "link", "io", "options"), _roles())
def test_a_driver_names_the_unit_of_every_value_that_its_list_has_in_one(
    driver: str, role: str, link: str, io: IoList, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    plain = Device.signal

    def noted(self: Device, kind: Any, tag: str, *more: Any, **told: Any) -> Any:
        used.append(tag)
        return plain(self, kind, tag, *more, **told)

    monkeypatch.setattr(Device, "signal", noted)
    other = IoList(io.name, tuple(replace(point, unit="furlong") for point in io.values()))
    told: set[str] = set()
    try:
        DRIVERS[driver](role, link, other, **options)
    except DeviceDeclarationError as error:
        told = {misfit.tag for misfit in error.misfits if misfit.column == "unit"}
    assert told == {tag for tag in used if io[tag].unit} - {"UPTIME_MS"}
