"""Images of the plant: real link snapshots with real blocks, built once for each thing that can be seen.

Knows links, blocks, quality. Does not know what the values mean.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, NamedTuple

from station_ctl.core.devices import Channel
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Image, OwnFacts, Reading
from tests.explore.plant import Truth, Work
from tests.explore.sensing import LINKS, PARTS

NOW = 1000.0
"""Monotonic seconds of every decision; only an explicit passing of time moves away from it."""

EPOCH, OLD_EPOCH = 5, 4
UP, DOWN, FROZEN = 0, 1, 2
LIMITS = MappingProxyType(dict.fromkeys((link for link in LINKS if link != "reader"), 0.4))


class Chan(NamedTuple):
    """One order channel as its PLC keeps it. `number` and `work` are of the order under way (0, None = none)."""

    ack: int = 0
    code: int = 0
    last: int = 0
    done: int = 0
    result: int = 0
    state: int = 0
    number: int = 0
    work: Work | None = None
    stop: bool = False
    stuck: bool = False


Stuck = tuple[str, str, Any] | None
Frozen = tuple[Truth, tuple[Chan, ...]] | None


class PlantImage(Image):
    """An image that remembers its readings. The reading itself is the real one."""

    __slots__ = ("memos",)

    def __init__(self, now: float, links: Any, memos: dict[str, dict[str, Reading]], own: OwnFacts) -> None:
        super().__init__(now, links, LIMITS, own)
        self.memos = memos

    def with_own(self, own: OwnFacts) -> Image:
        return PlantImage(self.now, self.links, self.memos, own)

    def reading(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Reading:
        memo = self.memos.get(link)
        if memo is None:
            return super().reading(link, scan, tag, max_age)
        found = memo.get(tag)
        if found is None:
            found = memo[tag] = super().reading(link, scan, tag, max_age)
        return found


class Camera:
    """Makes images; keeps the snapshots it has made."""

    def __init__(self, channels: dict[str, Channel], scans: dict[tuple[str, str], ScanClass]) -> None:
        self.roles = tuple(channels)
        self._channels = channels
        self._scans = scans
        self._of_link = {
            link: tuple(i for i, role in enumerate(self.roles) if channels[role].link == link) for link in LINKS
        }
        self._kept: dict[Any, tuple[LinkSnapshot, dict[str, Reading]]] = {}

    def take(
        self, t: Truth, chans: tuple[Chan, ...], links: tuple[int, ...], stuck: Stuck, frozen: Frozen, later: float
    ) -> PlantImage:
        """What all links show, `later` seconds after NOW."""
        snapshots: dict[str, LinkSnapshot] = {}
        memos: dict[str, dict[str, Reading]] = {}
        for at, link in enumerate(LINKS):
            shown, of = (t, chans) if links[at] != FROZEN or frozen is None else frozen
            seen = tuple(shown[i] for i in PARTS[link])
            says = tuple(of[i] for i in self._of_link[link])
            key = (link, seen, says, links[at], stuck if stuck is not None and stuck[0] == link else None, later)
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = (self._snapshot(link, shown, says, links[at], stuck, later), {})
            snapshots[link], memos[link] = kept
        return PlantImage(NOW + later, snapshots, memos, OwnFacts())

    def _snapshot(
        self, link: str, t: Truth, says: tuple[Chan, ...], health: int, stuck: Stuck, later: float
    ) -> LinkSnapshot:
        values = LINKS[link](t)
        for i, chan in zip(self._of_link[link], says, strict=True):
            values.update(_answers(self._channels[self.roles[i]], chan))
        if stuck is not None and stuck[0] == link:
            values[stuck[1]] = stuck[2]
        by_scan: dict[ScanClass, dict[str, Any]] = {}
        for tag, value in values.items():
            by_scan.setdefault(self._scans.get((link, tag), ScanClass.FAST), {})[tag] = value
        # A frozen PLC answers every scan with the same values; only its heartbeat tells.
        alive = NOW + later if health == UP else NOW - 10.0 if health == FROZEN else NOW
        at = NOW + later if health != DOWN else NOW - 10.0
        blocks = {scan: Block(MappingProxyType(shown), at) for scan, shown in by_scan.items()}
        return LinkSnapshot(link, 1, alive, "no answer" if health == DOWN else None, blocks)


def _answers(channel: Channel, chan: Chan) -> dict[str, Any]:
    return {
        channel.epoch.tag: EPOCH, channel.uptime_ms.tag: 60_000, channel.ack_id.tag: chan.ack,
        channel.ack_code.tag: chan.code, channel.done_id.tag: chan.done, channel.result.tag: chan.result,
        channel.state.tag: chan.state, channel.fault.tag: 0,
    }  # fmt: skip
