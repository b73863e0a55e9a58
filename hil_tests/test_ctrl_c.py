"""Ctrl-C while a command stays with an operation, on a real terminal: the first holds, the second lets go.

A service that never ends anything answers, so that nothing here depends on how fast a machine comes to rest.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hil_tests.technician_stand import ROOT, on_terminal

CTRL_C = "\x03"
NOW = 1_800_000_000.0


class EndlessService(socketserver.ThreadingUnixStreamServer):
    """Begins whatever is asked for, and it goes on for ever. `asked` are the actions asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Answering)
        self.asked: list[str] = []
        self.ended: float | None = None


class Answering(BaseHTTPRequestHandler):
    """One request."""

    server: EndlessService

    def do_GET(self) -> None:
        """An operation that goes on, or a station with no run."""
        op = {"id": "OP-0001", "ended": self.server.ended, "exit": 8, "code": "A403", "state": "", "text": "held"}
        self._say({"data": op if "op.show" in self.path else {"runs": []}})

    def do_POST(self) -> None:
        """Note it, and begin it."""
        action = self.path.rpartition("/")[2]
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(action)
        operation = "OP-0001" if action == "swap.start" else None
        self._say({"operation": operation, "text": f"{action} is done", "decision": "accepted", "data": {}})

    def _say(self, content: dict[str, Any]) -> None:
        body = json.dumps({"ok": True, "exit": 0, "simulated": True, **content}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Nobody reads it."""

    def address_string(self) -> str:
        """A Unix socket has none."""
        return ""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[EndlessService]:
    with EndlessService(tmp_path / "api.sock") as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def environment(service: EndlessService) -> dict[str, str]:
    place = {"STATION_HOST": f"unix:{service.server_address!s}", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return {**os.environ, **place}


def test_the_first_ctrl_c_holds_and_the_second_leaves_it_alone(service: EndlessService) -> None:
    talk = [("begun; Ctrl-C holds it", CTRL_C), ("HOLD: station.hold is done", CTRL_C)]
    ended = on_terminal(["swap", "start", "-y"], environment(service), talk)
    assert ended.exit == 130, ended.text
    assert service.asked == ["swap.start", "station.hold"]
    assert "OP-0001 is left alone, the hold goes on" in ended.text and "Traceback" not in ended.text


def test_after_a_ctrl_c_the_command_stays_until_the_station_has_come_to_rest(service: EndlessService) -> None:
    def come_to_rest() -> None:
        while "station.hold" not in service.asked:
            done.wait(0.01)
        service.ended = NOW

    done = threading.Event()
    resting = threading.Thread(target=come_to_rest, daemon=True)
    resting.start()
    ended = on_terminal(["swap", "start", "-y"], environment(service), [("begun; Ctrl-C holds it", CTRL_C)])
    assert ended.exit == 8 and "A403" in ended.text, ended.text
    assert service.asked == ["swap.start", "station.hold"]
    resting.join()


def test_a_question_that_is_answered_with_no_asks_for_nothing(service: EndlessService) -> None:
    ended = on_terminal(["swap", "start"], environment(service), [("Is the machine area clear", "\n")])
    assert ended.exit == 10 and service.asked == ["swap.start"], "the dry run for the question, and no more"
    assert "[y/N]" in ended.text
