"""A serial port made of a pseudo-terminal, with a fixed path that can be unplugged and plugged in.

Knows file descriptors of this machine. Does not know what runs on the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path

_FULL = 4096


class PtyPort:
    """The device's end of a serial line. `path` is a link to the other end, as udev would make it."""

    def __init__(self, path: Path, on_bytes: Callable[[bytes], None] | None = None) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self._near = self._far = -1

    @property
    def plugged(self) -> bool:
        """Whether the port exists."""
        return self._near >= 0

    def plug(self) -> None:
        """Make the port appear under its path."""
        self._near, self._far = os.openpty()
        # The far end stays open here: without any user raw mode would be lost and reading would fail.
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        if self._on_bytes is not None:
            asyncio.get_running_loop().add_reader(self._near, self._readable)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._far))

    def unplug(self) -> None:
        """Take the port away; whoever has it open sees a hang-up."""
        if not self.plugged:
            return
        self.path.unlink(missing_ok=True)
        if self._on_bytes is not None:
            asyncio.get_running_loop().remove_reader(self._near)
        os.close(self._far)
        os.close(self._near)
        self._near = self._far = -1

    def send(self, data: bytes) -> None:
        """Put bytes on the line; with nobody listening they pile up, and a full line loses the old ones."""
        if not self.plugged:
            return
        try:
            os.write(self._near, data)
        except BlockingIOError:
            termios.tcflush(self._far, termios.TCIFLUSH)
            with contextlib.suppress(BlockingIOError):
                os.write(self._near, data)

    def _readable(self) -> None:
        try:
            data = os.read(self._near, _FULL)
        except (BlockingIOError, OSError):
            return
        if data and self._on_bytes is not None:
            self._on_bytes(data)
