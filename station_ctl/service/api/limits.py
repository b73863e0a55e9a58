"""What may come in at all: size, rate, Host, Origin. Before anything of a request is believed.

Knows HTTP. Does not know persons or actions, but one thing: what stops the station has a rate of its own.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from station_ctl.service.api.wire import UNIX

BODY_MOST = 64 * 1024
BODY_WITHIN = 5.0

STOP_WITHIN = 0.5
"""Seconds that a stop waits for its body, which it does not need."""

RATE, BURST = 50.0, 100.0
"""Requests a second of all clients together, and how many at once: the loop that serves them also guards machines.

Who comes in by the socket of this PC has as many of their own: a flood from the network shuts nobody out who stands at
the machine. Each way of stopping has as many for itself. Where those are used up,
the same stop came in within the last 20 ms.
"""

TOLD_MOST = 500
"""Characters of an error's text."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def refusal(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the envelope that every surface knows. What of it cannot be sent as it is, is sent escaped."""
    plain = text.encode("utf-8", "backslashreplace").decode()[:TOLD_MOST]
    return JSONResponse({"ok": False, "code": code, "text": plain}, status, headers)


class Bucket:
    """Tokens that fall due with time; each request takes one."""

    def __init__(self, rate: float = RATE, burst: float = BURST, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._at = burst, clock()

    def take(self) -> bool:
        """True if a request may pass now."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Limits:
    """ASGI layer in front of everything."""

    def __init__(
        self, app: App, *, hosts: frozenset[str] = frozenset(), origins: frozenset[str] = frozenset(),
        stops: frozenset[str] = frozenset(), bucket: Callable[[], Bucket] = Bucket,
    ) -> None:  # fmt: skip
        """`hosts` and `origins` are exact; `stops` are paths that stop the station: each has a rate of its own."""
        self._app, self._hosts, self._origins = app, hosts, origins
        self._bucket, self._here, self._stops = bucket(), bucket(), {path: bucket() for path in stops}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            return
        turned_away = self._turned_away(scope)
        if turned_away is not None:
            await turned_away(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _turned_away(self, scope: Scope) -> JSONResponse | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        local = (scope.get("client") or ("",))[0].startswith(f"{UNIX}:")
        host = headers.get("host", "")
        if not local and host not in self._hosts and host != _address(scope):
            return refusal(421, "A416", f"this station is not called {host[:80]!r}")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            return refusal(403, "A416", f"requests of pages from {origin[:80]!r} are not taken")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 20 or int(length) > BODY_MOST:
            return refusal(413, "A410", f"a request has at most {BODY_MOST} bytes")
        stop = self._stops.get(scope["path"])
        if stop is not None:
            taken = "taken already: the same was asked a moment ago"
            return None if stop.take() else refusal(429, "A411", taken, {"Retry-After": "1"})
        if not (self._here if local else self._bucket).take():
            return refusal(429, "A411", "too many requests at once; stopping is always possible", {"Retry-After": "1"})
        return None


def _address(scope: Scope) -> str:
    """The address at which the request came in: a page can rename itself to a name, but not to that."""
    host, port = scope.get("server") or ("", None)
    return f"{host}:{port}"
