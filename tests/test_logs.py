"""Logs: form, order, what is bound, and that a slow reader of the log stops nothing.

Knows lines. Does not know events.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from station_ctl import logs


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logs.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    logs.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_event_is_one_json_line_with_what_is_bound() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    structlog.contextvars.bind_contextvars(run="S-1")
    structlog.get_logger("engine").bind(device="lift").info("step started", step=80, text="Öffnen")
    (line,) = written(stream)
    assert "Öffnen" in stream.getvalue(), "a person greps for the word, not for its escape"
    assert list(line)[:3] == ["at", "level", "event"]
    assert line.pop("at", "").endswith("Z")  # type: ignore[attr-defined]
    assert line == {
        "level": "info", "event": "step started", "logger": "engine",
        "run": "S-1", "device": "lift", "step": 80, "text": "Öffnen",
    }  # fmt: skip


def test_context_is_that_of_the_caller_and_not_of_the_writing_thread() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    for run in ("S-1", "S-2"):
        with structlog.contextvars.bound_contextvars(run=run):
            structlog.get_logger().info("run opened")
    assert [line["run"] for line in written(stream)] == ["S-1", "S-2"]


def test_libraries_log_in_the_same_form_from_warning_on() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("pymodbus.client").info("recv: 00 01")
    logging.getLogger("pymodbus.client").warning("odd %s", "reply")
    logging.getLogger("elsewhere").info("hello")
    lines = written(stream)
    assert [(line["level"], line["event"]) for line in lines] == [("warning", "odd reply"), ("info", "hello")]


def test_record_of_a_library_keeps_the_time_it_was_made() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    record = logging.makeLogRecord(
        {"name": "x", "msg": "late", "levelno": 30, "levelname": "WARNING", "created": 0.0}
    )
    logging.getLogger("x").handle(record)
    assert written(stream)[0]["at"] == "1970-01-01T00:00:00.000000Z"


def test_error_carries_its_traceback() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        raise ValueError("torn frame")
    except ValueError:
        structlog.get_logger().exception("order failed")
    assert "ValueError: torn frame" in str(written(stream)[0]["exception"])


def test_level_below_is_not_written() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream, level="warning")
    structlog.get_logger().info("scan")
    structlog.get_logger().warning("link lost")
    assert [line["event"] for line in written(stream)] == ["link lost"]


def test_person_at_a_terminal_reads_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    logs.configure(stream=stream, pretty=True)
    structlog.get_logger().info("step started", step=80)
    logs.close()
    assert "step started" in stream.getvalue() and "step=80" in stream.getvalue()
    assert "\x1b[" not in stream.getvalue() and not stream.getvalue().startswith("{")


class _StuckStream(io.StringIO):
    """A pipe that nobody reads, until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = logs.threading.Event()
        self.released = logs.threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.released.wait(30)
        return super().write(text)


def test_stuck_reader_stops_nobody_and_lost_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_WAITING", 4)
    stream = _StuckStream()
    logs.configure(stream=stream)
    log = structlog.get_logger()
    log.info("first")
    assert stream.entered.wait(30)
    for _ in range(10):
        log.info("scan")  # four wait, six are dropped; a logger that waited would hang here
    stream.released.set()
    assert logs._writer is not None
    lines = logs._writer[0]
    while lines.qsize():
        logs.threading.Event().wait(0.001)
    log.info("last")
    events = [(line["event"], line.get("lines")) for line in written(stream)]
    assert events == [("first", None), *[("scan", None)] * 4, ("last", None), ("log lines dropped", 6)]


def test_end_of_the_program_does_not_wait_for_a_stuck_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_WAITING", 1)
    monkeypatch.setattr(logs, "PATIENCE", 0.01)
    stream = _StuckStream()
    logs.configure(stream=stream)
    structlog.get_logger().info("first")
    assert stream.entered.wait(30)
    structlog.get_logger().info("waits")
    logs.close()
    assert stream.getvalue() == ""
    stream.released.set()
