"""The link to the pack-id reader PR-1: two heads that tell their codes on a serial line.

Knows lines, heads and their ages. Does not know which pack is expected.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

from drivers.backoff import BackOff
from drivers.link_image import LinkImage, Listener
from drivers.loss import LinkFailed
from drivers.pack_id_reader_pr1 import IO_LIST, MAX_AGE, parse_line
from drivers.serial_line import SerialLine
from drivers.serial_port import SerialPort
from drivers.tags import writable
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import ScanClass, Value

_LOOK = 0.1


class PackIdReaderLink:
    """A Link with two read tags, IN_CODE and OUT_CODE, in the fast class; empty with no code in view.

    The block is as old as the older of the two codes. A head that said nothing good for 1.5 s is bad; with
    both bad the link has a fault. There is nothing to write.
    """

    def __init__(self, name: str, port: SerialPort) -> None:
        self.name, self.io = name, IO_LIST
        self._port = port
        self._image = LinkImage(name, self.io, None, None)
        self._codes: dict[str, str] = {}
        self._heard: dict[str, float] = {}
        self._complaint = ""
        self._opened = -math.inf

    @property
    def snapshot(self) -> LinkSnapshot:
        """What the heads said last."""
        return self._image.snapshot

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` synchronously after every line and every change of fault."""
        self._image.on_scan(listener)

    async def run(self) -> None:
        """Listen; open the port again when it is gone. Ends only by cancellation."""
        back_off = BackOff()
        try:
            while True:
                line = SerialLine(self._port, self._take)
                try:
                    line.open()
                    back_off.reset()
                    await self._listen(line)
                except LinkFailed as failure:
                    self._image.clear("line")
                    self._image.fault("connection", str(failure))
                finally:
                    line.close()
                await asyncio.sleep(back_off.next())
        finally:
            self._image.fault("connection", "link stopped")

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Raises ValueError: the reader takes no writes."""
        for tag in values:
            writable(self.io, tag)

    async def _listen(self, line: SerialLine) -> NoReturn:
        self._heard.clear()
        self._complaint = ""
        self._opened = time.monotonic()
        self._image.connected("connection")
        self._image.fault("line", "no line yet")
        while True:
            now = time.monotonic()
            if len(self._silent(now)) == len(self.io) and now - self._opened > MAX_AGE:
                self._image.fault("line", f"no good line for {MAX_AGE} s{self._complaint}")
            self._publish(now)
            await line.loss.rest(now + _LOOK)

    def _take(self, text: str, at: float) -> None:
        try:
            tag, code = parse_line(text)
        except ValueError as error:
            self._complaint = f"; last was {error}"
            return
        self._codes[tag], self._heard[tag] = code, at
        self._image.clear("line")
        self._publish(at)

    def _silent(self, now: float) -> frozenset[str]:
        return frozenset(tag for tag in self.io if now - self._heard.get(tag, -math.inf) > MAX_AGE)

    def _publish(self, now: float) -> None:
        bad = self._silent(now)
        at = min((heard for tag, heard in self._heard.items() if tag not in bad), default=-math.inf)
        last = self._image.snapshot.blocks.get(ScanClass.FAST)
        if last is not None and last.at == at and last.bad == bad and last.values == self._codes:
            return
        self._image.take(ScanClass.FAST, Block(MappingProxyType(dict(self._codes)), at, bad))
        self._image.publish()
