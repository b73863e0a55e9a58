"""The API's application called as a server calls it, with no socket: requests in virtual time.

Knows ASGI. Does not know uvicorn; what sockets add is tested on them (hil_tests/test_api.py).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station_ctl.service.api.app import Api
from station_ctl.service.api.limits import Limits
from station_ctl.service.api.stream import Hub
from station_ctl.service.persons import Role, Seat
from tests.service.desk_bench import DeskBench

SERVER = ("10.0.0.1", 8080)
OUTSIDE = ("10.0.0.9", 40000)


@dataclass(frozen=True)
class Answered:
    """A response."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


class HttpBench(DeskBench):
    """`app` with persons who have tokens: `tokens` by role."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.hub = Hub(self.duty)
        self.app: Limits = Api(self.desk, self.hub).app(frozenset(("station:8080",)), frozenset(("http://panel",)))
        self.tokens: dict[Role, str] = {}
        for role in Role:
            entry, self.tokens[role] = self.duty.persons.prepare(role.word, role, Seat.REMOTE, 12.0, 0.0)
            self.duty.persons.put(entry)

    async def ask(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", *, role: Role | None = Role.OPERATOR,
        client: tuple[str, int] = OUTSIDE, **headers: str,
    ) -> Answered:  # fmt: skip
        """One request and its answer. A body of pieces is sent piece by piece and has no length."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        named = {"host": "station:8080", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if isinstance(body, bytes):
            named.setdefault("content-length", str(len(body)))
        if role is not None:
            named.setdefault("authorization", f"Bearer {self.tokens[role]}")
        route, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": route, "raw_path": route.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in named.items()],
            "client": client, "server": SERVER,
        }  # fmt: skip
        told: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not pieces:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        start, *parts = told
        sent = {k.decode(): v.decode() for k, v in start["headers"]}
        return Answered(start["status"], b"".join(p.get("body", b"") for p in parts), sent)

    async def command(self, action: str, envelope: dict[str, Any], **more: Any) -> Answered:
        """A command with the stamp of now."""
        stamped = {"issued_at": self.duty.wall(), "confirmed": True, **envelope}
        return await self.ask("POST", f"/api/v1/commands/{action}", json.dumps(stamped).encode(), **more)


@asynccontextmanager
async def served(folder: Path, **options: Any) -> AsyncIterator[HttpBench]:
    """A bench with its engine running."""
    async with HttpBench(folder, **options) as bench:
        yield bench
