"""Faces of the simulated PLCs, as a station file wants them: which program stands behind each link, by which list.

Knows station files and the names of the simulated programs. Does not know what a program does.
"""

from __future__ import annotations

from typing import Any

from station_ctl.build import PARTS
from station_ctl.config import ModbusTcpLink, SerialLineLink, StationConfig


def faces(config: StationConfig) -> list[dict[str, Any]]:
    """A face for every link of a simulated station, in the order of its file.

    The program behind a link is named by the role whose orders, or else whose tags, go over it: a PLC that holds
    a part of a device's tags is a second face of that device's program.
    """
    return [_face(config, link, _role(config, link)) for link in config.links]


def _role(config: StationConfig, link: str) -> str:
    """The role that a link's program is called by; a station file names no link without a role."""
    roles = [name for name, role in config.roles.items() if role.link == link]
    # A second channel is a part of the program that has the first one.
    roles.sort(key=lambda name: PARTS.drivers[config.roles[name].driver].prefix)
    return next(iter((*roles, *(name for name, role in config.roles.items() if link in role.also))))


def _face(config: StationConfig, link: str, role: str) -> dict[str, Any]:
    settings = config.links[link]
    face: dict[str, Any] = {"name": link, "plc": role, "protocol": settings.protocol}
    if isinstance(settings, SerialLineLink):
        return face
    face["io_list"] = str(config.lists[link])
    face["level"] = str(settings.level)
    if (order := getattr(settings, "byte_order", None)) is not None:
        face["byte_order"] = order
    if isinstance(settings, ModbusTcpLink):
        face["unit"] = settings.unit
    return face
