"""What may come in at all: size, rate, Host, Origin. Before anything of a request is believed.

Knows HTTP. Does not know persons or actions, but one thing: what stops the station is never turned away for its rate.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from station_ctl.service.api.wire import UNIX

BODY_MOST = 64 * 1024
BODY_WITHIN = 5.0

RATE, BURST = 50.0, 100.0
"""Requests a second of all clients together, and how many at once: the loop that serves them also guards machines."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def refusal(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the envelope that every surface knows."""
    return JSONResponse({"ok": False, "code": code, "text": text}, status, headers)


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
        never_late: frozenset[str] = frozenset(), bucket: Bucket | None = None,
    ) -> None:  # fmt: skip
        """`hosts` and `origins` are exact; `never_late` are paths that no rate turns away."""
        self._app, self._hosts, self._origins, self._never_late = app, hosts, origins, never_late
        self._bucket = bucket or Bucket()

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
        if not local and headers.get("host", "") not in self._hosts:
            return refusal(421, "A416", f"this station is not called {headers.get('host', '')[:80]!r}")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            return refusal(403, "A416", f"requests of pages from {origin[:80]!r} are not taken")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MOST:
            return refusal(413, "A410", f"a request has at most {BODY_MOST} bytes")
        if scope["path"] not in self._never_late and not self._bucket.take():
            return refusal(429, "A411", "too many requests at once; stopping is always possible", {"Retry-After": "1"})
        return None
