"""The place where logs go is full: lines are lost, and nobody waits for them or dies of it."""

from __future__ import annotations

import errno
import io
import logging

import pytest
import structlog

from station_ctl import logs


class _FullPartition(io.StringIO):
    """Takes nothing until there is room again."""

    full = True
    tries = 0

    def write(self, text: str, /) -> int:
        self.tries += 1
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_full_log_partition_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logging, "raiseExceptions", False)
    stream = _FullPartition()
    logs.configure(stream=stream, pretty=False)
    try:
        for number in range(50):
            structlog.get_logger().info("lost", number=number)
        assert logs._writer is not None
        lines, thread = logs._writer
        while stream.tries < 50 and thread.is_alive():
            thread.join(0.01)
        assert thread.is_alive(), "the thread that writes died of a full partition"
        stream.full = False
        structlog.get_logger().info("found again")
        logs.close()
        assert "found again" in stream.getvalue() and "lost" not in stream.getvalue()
        assert lines.empty()
    finally:
        logs.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
