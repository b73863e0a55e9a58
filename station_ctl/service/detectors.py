"""Detectors of the racks and the site: whether any of them reads otherwise than a moment ago.

Knows raw values and nothing of what they mean; who is told decides on a whole image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from station_ctl.core.links import Link
from station_ctl.core.points import ScanClass, Value
from station_ctl.core.signals import Signal


class Detectors:
    """What a few detectors read, looked at with every scan: nothing but a comparison of raw values."""

    def __init__(self, links: Mapping[str, Link], signals: Iterable[Signal[bool]]) -> None:
        tags: dict[tuple[str, ScanClass], list[str]] = {}
        for signal in signals:
            tags.setdefault((signal.link, signal.scan), []).append(signal.tag)
        self._tags = {where: tuple(names) for where, names in tags.items()}
        self._links = links
        self._blocks: dict[tuple[str, ScanClass], Mapping[str, Value]] = {}
        self._seen: dict[tuple[str, ScanClass], tuple[Value | None, ...]] = {}

    def changed(self) -> bool:
        """Whether any detector reads otherwise than at the last call."""
        moved = False
        for where, tags in self._tags.items():
            block = self._links[where[0]].snapshot.blocks.get(where[1])
            if block is None or block.values is self._blocks.get(where):
                continue
            self._blocks[where] = block.values
            seen = tuple(map(block.values.get, tags))
            moved |= seen != self._seen.get(where)
            self._seen[where] = seen
        return moved
