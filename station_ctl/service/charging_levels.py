"""Levels and fans on their way to the racks: what falls goes first, what stands is said again now and then.

Knows links and the order of writing. Does not know why a level is what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from station_ctl.charging.allocator import Told
from station_ctl.core.links import LinkError, NotSent
from station_ctl.core.points import Value
from station_ctl.core.roles import ChargingRack
from station_ctl.engine.runner import Engine

log = structlog.get_logger()

SAID_AGAIN = 5.0
"""Wall seconds after which a rack is told its levels again though they stand: a PLC that has missed our heartbeat for a
second has forgotten them."""

Written = Callable[[Mapping[str, float], Iterable[str]], None]
"""Called after each write with the levels (kW by bay) that may have arrived, and the bays of which nobody knows."""


class ChargingLevels:
    """Writes to the racks. `wrote_at`: the monotonic time of the newest write that may have arrived, by link."""

    def __init__(self, engine: Engine, racks: tuple[ChargingRack, ...], written: Written) -> None:
        self._engine, self._racks, self._written = engine, racks, written
        self.wrote_at: dict[str, float] = {}
        self._said: dict[str, tuple[int, float]] = {}
        self._fans: dict[str, bool] = {}

    async def write(self, levels: Mapping[str, float], fans: Mapping[str, bool], told: Mapping[str, Told]) -> None:
        """What falls on all racks first, then what rises. A write that fails is logged; the next look does it again."""
        due = {rack.link for rack in self._racks if self._is_due(rack.link)}
        again = {bay.name for rack in self._racks if rack.link in due for bay in rack.bays}
        falls = {
            name: min(kw, told[name].level) for name, kw in levels.items()
            if kw < told[name].level or not told[name].sure or (kw == told[name].level and name in again)
        }  # fmt: skip
        rises = {name: kw for name, kw in levels.items() if kw > told[name].level}
        await self._tell(falls, {link: on for link, on in fans.items() if link in due or self._fans.get(link) != on})
        await self._tell(rises, {})
        now = asyncio.get_running_loop().time()
        self._said |= {link: (self._connection(link), now) for link in due}

    def _is_due(self, link: str) -> bool:
        connection, at = self._said.get(link, (-1, 0.0))
        return connection != self._connection(link) or asyncio.get_running_loop().time() - at >= SAID_AGAIN

    def _connection(self, link: str) -> int:
        return self._engine.links[link].snapshot.connection

    async def _tell(self, levels: Mapping[str, float], fans: Mapping[str, bool]) -> None:
        work = []
        for rack in self._racks:
            mine = {bay: levels[bay.name] for bay in rack.bays if bay.name in levels}
            tags = rack.power_limits(mine)
            fan = {rack.link: fans[rack.link]} if rack.link in fans else {}
            for on in fan.values():
                tags |= rack.fan(on=on)
            if tags:
                work.append(self._tell_rack(rack.link, {bay.name: kw for bay, kw in mine.items()}, fan, tags))
        await asyncio.gather(*work)

    async def _tell_rack(
        self, name: str, levels: Mapping[str, float], fan: Mapping[str, bool], tags: Mapping[str, Value]
    ) -> None:
        """Write to one rack. What has no answer may have arrived, and counts so."""
        unconfirmed: Iterable[str] = ()
        try:
            await self._engine.links[name].write(tags)
        except NotSent as error:
            log.debug("levels-not-sent", link=name, why=str(error))
            return
        except LinkError as error:
            log.warning("levels-unconfirmed", link=name, why=str(error))
            unconfirmed = tuple(levels)
        else:
            self._fans |= fan
        self.wrote_at[name] = self._engine.clock.monotonic()
        self._written(levels, unconfirmed)
