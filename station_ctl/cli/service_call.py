"""A call to the service over its socket: one request, one verdict.

Knows HTTP on a Unix socket and on TCP, with nothing but the standard library. Does not know any action.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station_ctl.core.errors import Exit, NotReachable, StationError
from station_ctl.paths import api_sockets

TIMEOUT = 5.0
"""Seconds within which the service answers any request; what takes longer is an operation."""

PRESS_TIMEOUT = 1.0
"""Seconds that one renewal waits; long before, the station has taken the hand for gone."""


class ServiceRefused(StationError):
    """What the service refused, with its own code, exit code and data."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer.get("text") or "refused without a reason")
        self.code = str(answer.get("code") or "A900")
        self.exit = Exit(answer.get("exit", Exit.FAILED))
        self.data = answer.get("data") or {}


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("station", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class Service:
    """Where the service is, and who asks if it is not the account itself."""

    host: str = ""
    token: str = ""

    @property
    def place(self) -> str:
        """The address in words."""
        return self.host or f"unix:{_first_socket()}"

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a look. Raises NotReachable, ServiceRefused."""
        return self._answer("GET", path, None, TIMEOUT)

    def command(self, action: str, params: Mapping[str, Any], **envelope: Any) -> dict[str, Any]:
        """The verdict on a request, made now under a new key. Raises NotReachable, ServiceRefused."""
        body = {"params": dict(params), "issued_at": time.time(), "key": os.urandom(16).hex(), **envelope}
        within = TIMEOUT + float(params.get("within", 0.0))
        return self._answer("POST", f"/api/v1/commands/{action}", json.dumps(body), within)

    def press(self, stamp: str) -> tuple[str, bool]:
        """Renew the jog button; the next stamp, and whether it counts as held. Raises NotReachable, ServiceRefused."""
        answer = self._answer("POST", "/api/v1/jog-button", json.dumps({"stamp": stamp}), PRESS_TIMEOUT)
        return str(answer.get("stamp", "")), bool(answer.get("held"))

    def _answer(self, method: str, path: str, body: str | None, within: float) -> dict[str, Any]:
        connection = self._connection(within)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, body, headers)
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotReachable(f"no service answers at {self.place}: {error}") from None
        finally:
            connection.close()
        if not isinstance(answer, dict):
            raise NotReachable(f"what answers at {self.place} is no station service")
        if not answer.get("ok"):
            raise ServiceRefused(answer)
        return answer

    def _connection(self, within: float) -> http.client.HTTPConnection:
        kind, _, place = self.place.partition(":")
        if kind == "unix":
            return _UnixConnection(Path(place), within)
        host, _, port = self.place.removeprefix("http://").rpartition(":")
        if not port.isdigit():
            raise NotReachable(f"{self.place!r} is no address; needs unix:PATH or HOST:PORT")
        return http.client.HTTPConnection(host or "127.0.0.1", int(port), timeout=within)


def service(host: str | None, token_file: Path | None) -> Service:
    """The service that is meant. A token comes from a file or STATION_TOKEN, never from a line that others see."""
    token = token_file.read_text().strip() if token_file is not None else os.environ.get("STATION_TOKEN", "")
    return Service(host or "", token)


def _first_socket() -> Path:
    places = api_sockets()
    return next((path for path in places if path.exists()), places[0])
