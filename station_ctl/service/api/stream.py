"""Server-sent events: a snapshot on connect, then what changed, and a heartbeat; one encoding for all who listen.

Knows the station's picture. Does not know who listens: whoever is too slow gets a new snapshot, never a backlog.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from station_ctl.service import view
from station_ctl.service.duty import Duty

TICK = 0.1
"""Seconds between two looks while somebody listens; what a person must see at once does not wait for it."""

BEAT = 1.0
FRAMES_MOST = 20
LISTENERS_MOST = 32


class _Listener:
    """One client's queue."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue(FRAMES_MOST)
        self.behind = False

    def put(self, frame: bytes) -> None:
        """Give a frame; a client with a full queue has missed something and starts anew."""
        if self.frames.full():
            self.behind = True
        if not self.behind:
            self.frames.put_nowait(frame)


class Hub:
    """Everybody who listens, and the one picture that they are told of."""

    def __init__(self, duty: Duty) -> None:
        self._duty, self._listeners = duty, set[_Listener]()
        self._last: dict[str, Any] = {}
        self._number = 0
        self._wake = asyncio.Event()
        self._closing = False
        duty.on_change(self._wake.set)

    @property
    def full(self) -> bool:
        """No more listeners fit."""
        return len(self._listeners) >= LISTENERS_MOST

    async def run(self) -> None:
        """Tell what changes, until cancelled. Costs nothing while nobody listens."""
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            try:
                async with asyncio.timeout(TICK if self._listeners else BEAT):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if not self._listeners:
                self._last = {}
                continue
            self._tell_changes()
            if loop.time() - beat >= BEAT:
                beat = loop.time()
                self._tell("beat", {"version": self._duty.version, "at": self._duty.wall()})

    def _tell_changes(self) -> None:
        now = view.snapshot(self._duty)
        now.pop("up_s")
        if not self._last:
            self._last = now
            return
        changed = {key: value for key, value in now.items() if self._last.get(key) != value}
        self._last = now
        if changed:
            self._tell("delta", changed)

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        frame = self._frame(kind, data)
        for listener in self._listeners:
            listener.put(frame)

    def _frame(self, kind: str, data: dict[str, Any]) -> bytes:
        self._number += 1
        text = json.dumps(data, ensure_ascii=False, default=str)
        return f"id: {self._number}\nevent: {kind}\ndata: {text}\n\n".encode()

    def _snapshot(self) -> bytes:
        picture = view.snapshot(self._duty)
        if not self._last:
            self._last = {key: value for key, value in picture.items() if key != "up_s"}
        return self._frame("snapshot", picture)

    async def listen(self, welcome: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """Frames for one client until it goes, is not welcome any more (asked at every frame), or the service ends."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield self._snapshot()
            while not (self._closing and listener.frames.empty()):
                frame = await listener.frames.get()
                if not welcome():
                    return
                yield frame
                if listener.behind and listener.frames.empty():
                    listener.behind = False
                    yield self._snapshot()
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Say goodbye: open streams end, so that the server can."""
        self._closing = True
        self._tell("end", {})
