"""Logs: one event a line, JSON for machines and coloured text for a person at a terminal.

Knows where lines go and in which form. Does not know events; their names are words of docs/vocabulary.md.
"""

from __future__ import annotations

import atexit
import copy
import logging
import logging.handlers
import os
import queue
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

MAX_WAITING = 10_000
"""Lines that may wait for a slow reader of the log; further ones are dropped and counted."""

PATIENCE = 2.0
"""Seconds that the end of the program waits for a log reader that reads no more."""

_FOREIGN = {"asyncua": logging.WARNING, "pymodbus": logging.WARNING, "asyncio": logging.WARNING}
"""Libraries that tell every packet at a lower level."""

_Lines = queue.Queue[logging.LogRecord | None]
_writer: tuple[_Lines, threading.Thread] | None = None


class _Queued(logging.handlers.QueueHandler):
    """Hands a line to the writing thread and never waits: a full pipe or a halted terminal stops no swap."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__(lines)
        self.lines = lines
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """A copy to be rendered later; arguments of foreign records go in now, because they may change."""
        record = copy.copy(record)
        if not isinstance(record.msg, dict):
            record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put the line in the queue, or count it as dropped."""
        try:
            self.lines.put_nowait(record)
        except queue.Full:
            self.dropped += 1
            return
        if self.dropped and self.lines.qsize() < MAX_WAITING // 2:
            dropped, self.dropped = self.dropped, 0
            structlog.get_logger("station_ctl.logs").warning("log lines dropped", lines=dropped)


def configure(*, stream: TextIO | None = None, pretty: bool | None = None, level: str = "info") -> None:
    """Send all logs, ours and those of libraries, to one stream.

    The service logs to stdout (`stream=sys.stdout`), every other command to stderr, because its stdout is its
    result. `pretty` None = coloured text on a terminal, JSON elsewhere. A thread of its own writes the lines.
    """
    close()
    stream = sys.stderr if stream is None else stream
    pretty = stream.isatty() if pretty is None else pretty
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines: _Lines = queue.Queue(MAX_WAITING)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(pretty, colours=pretty and not os.environ.get("NO_COLOR")))
    root = logging.getLogger()
    root.handlers[:] = [_Queued(lines)]
    root.setLevel(number)
    for name, least in _FOREIGN.items():
        logging.getLogger(name).setLevel(max(least, number))
    thread = threading.Thread(target=_write, args=(lines, handler), name="logs", daemon=True)
    thread.start()
    global _writer
    _writer = (lines, thread)
    atexit.register(close)


def close() -> None:
    """Write what waits and end the writing thread. Called at exit; harmless when nothing is configured."""
    global _writer
    if _writer is None:
        return
    (lines, thread), _writer = _writer, None
    atexit.unregister(close)
    try:
        lines.put(None, timeout=PATIENCE)
    except queue.Full:
        return  # nobody reads the log; the thread dies with the program
    thread.join(PATIENCE)


def _write(lines: _Lines, handler: logging.Handler) -> None:
    while (record := lines.get()) is not None:
        handler.handle(record)


def _common() -> list[Processor]:
    """What every line carries: bound run, step and device, level, time, and the error with its traceback."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _time,
        structlog.processors.format_exc_info,
    ]


def _time(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """When it happened; a record of a library brings its time with it, because it is rendered later."""
    record = event.get("_record")
    at = datetime.now(UTC) if record is None else datetime.fromtimestamp(record.created, UTC)
    event["at"] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return event


def _formatter(pretty: bool, *, colours: bool) -> logging.Formatter:
    processors: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if pretty:
        processors.append(structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at"))
    else:
        processors += [_in_order, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    return structlog.stdlib.ProcessorFormatter(processors=processors, foreign_pre_chain=_common())


def _in_order(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Time, level and event first, so that a person can read the JSON too."""
    first = {key: event.pop(key) for key in ("at", "level", "event") if key in event}
    return {**first, **event}
