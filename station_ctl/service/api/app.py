"""The routes of the local API: look, ask, listen.

Knows HTTP and the desk. Judges nothing itself: every request goes to the desk as the person that the connection shows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from station_ctl.core.errors import Exit
from station_ctl.service.actions import Action, Kind
from station_ctl.service.api.limits import BODY_MOST, BODY_WITHIN, STOP_WITHIN, Bucket, Limits, refusal
from station_ctl.service.api.openapi import document
from station_ctl.service.api.stream import Hub
from station_ctl.service.api.wire import UNIX
from station_ctl.service.calls import Decision, Envelope, Verdict
from station_ctl.service.desk import Desk
from station_ctl.service.person_book import of_account
from station_ctl.service.persons import Person, Role

STATUS = {
    Exit.DONE: 200, Exit.FAILED: 409, Exit.USAGE: 400, Exit.UNREACHABLE: 503, Exit.BLOCKED: 409, Exit.NOT_ALLOWED: 403,
    Exit.CONFIGURATION: 409, Exit.TIMEOUT: 202, Exit.RECOVERY_NEEDED: 409, Exit.NOT_FOUND: 404,
    Exit.CONFIRMATION_NEEDED: 428, Exit.INTERNAL: 500,
}  # fmt: skip
"""HTTP status of a refusal by the exit code that it has on the command line."""

BUTTON_WITHIN = 0.1
"""Seconds within which a renewal's body must be there: a slow one is a hand that has been taken away."""

NOBODY = "no valid token: ask an admin for one with station-ctl user add"


class Api:
    """The API of one desk."""

    def __init__(self, desk: Desk, hub: Hub) -> None:
        self.desk, self.duty, self.hub = desk, desk.duty, hub
        self._described: Mapping[str, Any] = {}

    def person(self, request: Request) -> Person | None:
        """Who asks: by token if there is one, else by the account at the other end of the Unix socket."""
        given = request.headers.get("authorization", "")
        if given:
            kind, _, token = given.partition(" ")
            return self.duty.persons.of_token(token.strip(), self.duty.wall()) if kind.lower() == "bearer" else None
        client = request.client.host if request.client is not None else ""
        if client.startswith(f"{UNIX}:"):
            _, uid, gid = client.split(":")
            return of_account(int(uid), int(gid))
        return None

    async def health(self, request: Request) -> Response:
        """The loop answers."""
        return JSONResponse({"ok": True})

    async def ready(self, request: Request) -> Response:
        """Every link is scanned, or which is not."""
        image = self.duty.image
        down = {name: why for name in self.duty.engine.links if (why := image.link_fault(name))}
        return JSONResponse({"ok": not down, "links_down": down}, 200 if not down else 503)

    async def openapi(self, request: Request) -> Response:
        """This API, described. Made once: it takes tens of milliseconds of the loop that guards machines."""
        self._described = self._described or document(self.desk.registry, self.duty.about.version)
        return JSONResponse(self._described)

    async def query(self, request: Request) -> Response:
        """An action that only looks, its parameters in the query string."""
        name = request.path_params["name"]
        action = self.desk.registry.actions.get(name)
        if action is None or action.kind is not Kind.READ:
            return refusal(404, "A901", f"no action {name!r} that only looks")
        params: dict[str, Any] = {}
        for key in request.query_params:
            values = request.query_params.getlist(key)
            field = action.params.model_fields.get(key)
            many = field is not None and "tuple" in str(field.annotation)
            params[key] = values if many else values[-1]
        return await self._ask(request, Envelope(name, params))

    async def command(self, request: Request) -> Response:
        """Any action, as an envelope in JSON."""
        name = request.path_params["name"]
        action = self.desk.registry.actions.get(name)
        if action is not None and action.anyone:
            return await self._stop(request, action)
        try:
            body = await _body(request, BODY_WITHIN)
            envelope = _envelope(name, json.loads(body) if body else {})
        except (ValueError, RecursionError) as error:
            return refusal(400, "A410", f"the body is no envelope: {error}")
        except TimeoutError:
            return refusal(408, "A410", f"the body did not arrive within {BODY_WITHIN:g} s")
        except ClientDisconnect:
            return refusal(400, "A410", "the connection ended before the request did")
        return await self._ask(request, envelope)

    async def _stop(self, request: Request, action: Action) -> Response:
        """What stops the station needs no body, and none keeps it from stopping: neither a wrong nor a slow one."""
        try:
            envelope = _envelope(action.name, json.loads(await _body(request, STOP_WITHIN) or b"{}"))
        except (ValueError, RecursionError, TimeoutError, ClientDisconnect) as error:
            envelope = Envelope(action.name, reason=f"the body is no envelope: {type(error).__name__}")
        return await self._ask(request, envelope)

    async def _ask(self, request: Request, envelope: Envelope) -> Response:
        person = self.person(request)
        if person is None:
            action = self.desk.registry.actions.get(envelope.action)
            if action is None or not action.anyone:
                return refusal(401, "A404", NOBODY, {"WWW-Authenticate": "Bearer"})
            person = Person("somebody without a token", Role.VIEWER)
        return answer(await self.desk.put(envelope, person), simulated=self.duty.about.simulated)

    async def button(self, request: Request) -> Response:
        """The jog button is held: the last stamp comes back for the next one. Moves nothing; without it a jog stops."""
        person = self.person(request)
        if person is None:
            return refusal(401, "A404", NOBODY, {"WWW-Authenticate": "Bearer"})
        if person.role < Role.TECHNICIAN:
            return refusal(403, "A404", f"the jog button needs role technician; {person} has {person.role.word}")
        try:
            body = json.loads(await _body(request, BUTTON_WITHIN) or b"{}")
            stamp = body.get("stamp", "") if isinstance(body, dict) else None
        except (ValueError, RecursionError, TimeoutError, ClientDisconnect) as error:
            return refusal(400, "A410", f"the body is no renewal: {type(error).__name__}")
        if not isinstance(stamp, str):
            return refusal(400, "A410", "stamp needs text")
        stamp, held = self.duty.button.press(person.name, stamp)
        return JSONResponse({"ok": True, "stamp": stamp, "held": held})

    async def events(self, request: Request) -> Response:
        """The station as it changes: a whole picture first, then what changes, and a beat every second."""
        if self.person(request) is None:
            return refusal(401, "A404", NOBODY, {"WWW-Authenticate": "Bearer"})
        if self.hub.full:
            return refusal(429, "A411", "too many listen already", {"Retry-After": "5"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        told = self.hub.listen(lambda: self.person(request) is not None)
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    def app(self, hosts: frozenset[str] = frozenset(), origins: frozenset[str] = frozenset()) -> Limits:
        """The ASGI application with its limits in front."""
        stops = frozenset(f"/api/v1/commands/{a.name}" for a in self.desk.registry if a.anyone)
        routes = [
            Route("/healthz", self.health),
            Route("/readyz", self.ready),
            Route("/api/v1/openapi.json", self.openapi),
            Route("/api/v1/events", self.events),
            Route("/api/v1/jog-button", self.button, methods=["POST"]),
            Route("/api/v1/queries/{name}", self.query),
            Route("/api/v1/commands/{name}", self.command, methods=["POST"]),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such})
        return Limits(
            app, hosts=hosts, origins=origins, stops=stops, bucket=lambda: Bucket(clock=self.duty.mono)
        )


async def _no_such(request: Request, error: Exception) -> Response:
    """No such path or method, in the envelope that every surface knows."""
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, "A901", f"{request.method} {request.url.path}: {error.detail}", error.headers)


async def _body(request: Request, within: float) -> bytes:
    """The body, at most so many bytes and seconds. Raises ValueError, TimeoutError."""
    got = b""
    async with asyncio.timeout(within):
        async for chunk in request.stream():
            got += chunk
            if len(got) > BODY_MOST:
                raise ValueError(f"more than {BODY_MOST} bytes")
    return got


FIELDS = frozenset(("params", "issued_at", "key", "seen", "dry_run", "confirmed", "reason"))


def _envelope(action: str, body: Any) -> Envelope:
    """An envelope of JSON. Raises ValueError saying which field is wrong."""
    if not isinstance(body, dict):
        raise ValueError("needs a JSON object")
    if unknown := body.keys() - FIELDS:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(FIELDS))}")
    params, seen, reason, key = (body.get(n) for n in ("params", "seen", "reason", "key"))
    if not isinstance(params, dict | None):
        raise ValueError("params needs a JSON object")
    if isinstance(seen, bool) or not isinstance(seen, int | None):
        raise ValueError("seen needs a whole number")
    if not isinstance(reason, str | None) or len(reason or "") > 400:
        raise ValueError("reason needs text of at most 400 characters")
    if not isinstance(key, str | None) or len(key or "") > 80:
        raise ValueError("key needs text of at most 80 characters")
    for name in ("dry_run", "confirmed"):
        if not isinstance(body.get(name, False), bool):
            raise ValueError(f"{name} needs true or false")
    return Envelope(
        action, params or {}, _instant(body.get("issued_at")), key or "", seen, body.get("dry_run", False),
        body.get("confirmed", False), reason or "",
    )  # fmt: skip


def _instant(value: Any) -> float:
    """RFC 3339 or seconds since 1970. Nothing given is the beginning of time: too old for whatever has an age."""
    if value is None:
        return 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=at.tzinfo or UTC).timestamp()
    raise ValueError("issued_at needs an RFC 3339 time or seconds since 1970")


def answer(verdict: Verdict, *, simulated: bool) -> Response:
    """A verdict as HTTP: a refusal has the status of its exit code; what was answered is 200, what goes on is 202.

    A look that finds the station blocked, or a plan that could not be carried out, is an answer: `exit` tells it.
    """
    status = 200
    if verdict.decision is Decision.REFUSED:
        status = STATUS[verdict.exit]
    elif verdict.operation and verdict.action.partition(".")[0] != "op":
        status = 202
    content = {
        "ok": verdict.ok, "action": verdict.action, "decision": str(verdict.decision), "exit": int(verdict.exit),
        "code": verdict.code or None, "text": verdict.text, "data": verdict.data,
        "operation": verdict.operation or None, "version": verdict.version, "simulated": simulated,
    }  # fmt: skip
    return Response(json.dumps(content, ensure_ascii=False, default=str), status, media_type="application/json")
