"""The serial line of the pack-id reader.

Knows a pseudo-terminal and ready-made lines. Does not know codes or heads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hil_tests.simplc.wire.pty_port import PtyPort


class ReaderLine:
    """Sends what the reader says. `spoil` may change each line on its way, for tests of a bad line."""

    def __init__(self, path: Path) -> None:
        self.port = PtyPort(path)
        self.spoil: Callable[[str], str] | None = None

    def start(self) -> None:
        """Put the line on its path."""
        self.port.plug()

    def stop(self) -> None:
        """Take the line away."""
        self.port.unplug()

    def say(self, line: str) -> None:
        """Send one line; a missing CR LF is added."""
        text = line.rstrip("\r\n") + "\r\n"
        self.port.send((self.spoil(text) if self.spoil else text).encode("latin-1"))
