"""Images of the plant: real link snapshots with real blocks, built once for each thing that can be seen.

Knows links, blocks, quality. Does not know what the values mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from station_ctl.core.devices import Channel
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Image, OwnFacts, Reading
from tests.explore.plant import Truth, Work
from tests.explore.sensing import LINKS, PARTS, Values

NOW = 1000.0
"""Monotonic seconds of every decision; only an explicit passing of time moves away from it."""

EPOCH, OLD_EPOCH = 5, 4
UP, DOWN, FROZEN = 0, 1, 2


class Chan(NamedTuple):
    """One order channel as its PLC keeps it. `number` and `work` are of the order under way (0, None = none)."""

    ack: int = 0
    code: int = 0
    done: int = 0
    result: int = 0
    state: int = 0
    last: int = 0
    number: int = 0
    work: Work | None = None
    stop: bool = False
    stuck: bool = False
    deaf: bool = False


SHOWN = 5
"""How many of a channel's fields its PLC shows; the others are the PLC's own."""

Stuck = tuple[str, str, Any] | None
Frozen = tuple[Truth, tuple[Chan, ...]] | None
Look = tuple[LinkSnapshot, dict[str, Reading]]
"""What one link shows, and the readings already taken of it. Each is kept once, so that it is known by its identity."""


class Looks(dict[str, Look]):
    """The links as they are looked at: taken when first asked for, in the order of asking."""

    __slots__ = ("view",)

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view

    def __missing__(self, link: str) -> Look:
        found = self[link] = self.view.look(link)
        return found


class Snapshots(Mapping[str, LinkSnapshot]):
    """The same links as an image holds them."""

    __slots__ = ("looks",)

    def __init__(self, looks: Looks) -> None:
        self.looks = looks

    def __getitem__(self, link: str) -> LinkSnapshot:
        if link not in self.looks.view.camera.links:
            raise KeyError(link)
        return self.looks[link][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.looks.view.camera.links)

    def __len__(self) -> int:
        return len(self.looks.view.camera.links)


class PlantImage(Image):
    """An image that remembers its readings, and which links were looked at. The reading itself is the real one."""

    __slots__ = ("looks",)

    def __init__(self, now: float, links: Any, looks: Looks, own: OwnFacts) -> None:
        super().__init__(now, links, looks.view.camera.limits, own)
        self.looks = looks

    def with_own(self, own: OwnFacts) -> Image:
        return PlantImage(self.now, self.links, self.looks, own)

    def reading(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Reading:
        if link not in self.looks.view.camera.links:
            return super().reading(link, scan, tag, max_age)
        memo = self.looks[link][1]
        found = memo.get(tag)
        if found is None:
            found = memo[tag] = super().reading(link, scan, tag, max_age)
        return found


class View(NamedTuple):
    """One moment as it may be looked at, link by link, `later` seconds after NOW."""

    camera: Camera
    t: Truth
    chans: Sequence[Chan]
    links: Sequence[int]
    stuck: Stuck
    frozen: Frozen
    later: float

    def look(self, link: str) -> Look:
        """What one link shows."""
        return self.camera.look(link, self)

    def image(self) -> PlantImage:
        """An image of all links, none of them looked at yet."""
        looks = Looks(self)
        return PlantImage(NOW + self.later, Snapshots(looks), looks, OwnFacts())


class Camera:
    """Takes what links show; keeps every snapshot it has taken."""

    links: Mapping[str, Callable[[Any], Values]] = LINKS
    """Every link and what it shows."""

    parts: Mapping[str, Callable[[Any], Any]] = PARTS
    """Which part of the truth each link depends on."""

    def __init__(self, channels: dict[str, Channel], scans: dict[tuple[str, str], ScanClass]) -> None:
        self.limits = MappingProxyType(dict.fromkeys((link for link in self.links if link != "reader"), 0.4))
        self.roles = tuple(channels)
        self._channels = channels
        self._scans = scans
        self._of_link = {
            link: tuple(i for i, role in enumerate(self.roles) if channels[role].link == link) for link in self.links
        }
        self._at = {link: i for i, link in enumerate(self.links)}
        self._kept: dict[str, dict[Any, Look]] = {link: {} for link in self.links}

    def look(self, link: str, view: View) -> Look:
        """What a link shows; the same object whenever it shows the same."""
        health, stuck = view.links[self._at[link]], view.stuck
        shown, of = (view.t, view.chans) if health != FROZEN or view.frozen is None else view.frozen
        says = [of[i][:SHOWN] for i in self._of_link[link]]
        key = (self.parts[link](shown), *says, health, stuck if stuck is not None and stuck[0] == link else None, view.later)
        kept = self._kept[link]
        found = kept.get(key)
        if found is None:
            chans = tuple(of[i] for i in self._of_link[link])
            found = kept[key] = (self._snapshot(link, shown, chans, health, stuck, view.later), {})
        return found

    def _snapshot(
        self, link: str, t: Truth, says: tuple[Chan, ...], health: int, stuck: Stuck, later: float
    ) -> LinkSnapshot:
        values = self.links[link](t)
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
