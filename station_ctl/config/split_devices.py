"""Devices whose tags lie in several PLCs: which tags a role takes from which other link.

Knows patterns of tags and what may not be split. Does not know what a tag means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from station_ctl.config.checks import Sketch
from station_ctl.config.io_checks import ANSWER, BLOCK, HAND, HEARTBEAT, IDENTITY, OUR_HEARTBEAT, START, STOP
from station_ctl.config.io_lists import IoFile
from station_ctl.config.models import Role
from station_ctl.core.orders import BIT_PATTERNS, PLC_ID
from station_ctl.core.points import Access, IoList, Point

_OF_ONE_PLC = {*IDENTITY, PLC_ID, *HEARTBEAT, *START, *OUR_HEARTBEAT, *HAND, *BIT_PATTERNS}
_OF_ONE_CHANNEL = re.compile(rf"^(?:\w+_)?(?:{'|'.join((*ANSWER, *BLOCK, *STOP))})$")


def handshake(tag: str) -> bool:
    """Whether a tag says which PLC this is, that it lives, or what becomes of an order: it speaks for its PLC alone."""
    return tag in _OF_ONE_PLC or _OF_ONE_CHANNEL.match(tag) is not None


def taken(role: Role, lists: Mapping[str, IoList]) -> dict[str, Point]:
    """The tags that a role has in other PLCs than that of its orders, by name. Of a checked station file."""
    return {
        point.tag: replace(point, link=link)
        for link, patterns in role.also.items()
        for point in lists[link].values()
        if any(fnmatchcase(point.tag, pattern) for pattern in patterns)
    }


def check_split(sketch: Sketch, lists: Mapping[str, IoFile]) -> None:
    """Every rule of `also:`; findings go to the station file."""
    for name, role in sketch.roles.items():
        if role is None:
            continue
        if role.also and role.options:
            text = "the bays of a rack lie in one PLC, with the levels that bound them"
            sketch.document.report(("roles", name, "also"), text, key=True)
            continue
        home: dict[str, str] = {tag: role.link for tag in _points(lists, role.link)}
        for link, patterns in role.also.items():
            where = ("roles", name, "also", link)
            if link == role.link or link not in sketch.links:
                other = ", ".join(sorted(sketch.links.keys() - {role.link}))
                sketch.document.report(where, f"there is no other link of that name: {other}", key=True)
            elif not patterns:
                sketch.document.report(where, "names no tag", key=True)
            elif link in lists and lists[link].has_rows:
                for i, text in _wrong(_points(lists, link), patterns, home, link):
                    sketch.document.report((*where, i), text, got=patterns[i])


def _points(lists: Mapping[str, IoFile], link: str) -> Mapping[str, Point]:
    return lists[link].points if link in lists else {}


def _wrong(
    points: Mapping[str, Point], patterns: tuple[str, ...], home: dict[str, str], link: str
) -> Iterator[tuple[int, str]]:
    for i, pattern in enumerate(patterns):
        found = [tag for tag in points if fnmatchcase(tag, pattern)]
        if not found:
            yield i, f"the I/O list of {link} has no such tag"
        for tag in found:
            if handshake(tag):
                yield i, f"{tag} speaks for the PLC of {link} alone"
            elif points[tag].access is Access.WRITE:
                yield i, f"{tag} is written: what is told to a device goes to the PLC of its orders"
            elif tag in home:
                yield i, f"{tag} is in the list of {home[tag]}, too: which of them counts is not to be guessed"
            home.setdefault(tag, link)
