"""A client of the local API on real sockets: whole requests, and pieces of such as only an attacker sends.

Knows HTTP/1.1. Does not know the service.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Upper bound of every wait, s: this machine may stand still for seconds."""

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Answer:
    """Status, and the body as JSON; what is no JSON is under `text`."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body.get("code") or "")

    @property
    def data(self) -> dict[str, Any]:
        """What the answer tells."""
        found = self.body["data"]
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Client:
    """Somebody who asks, at a path or at (host, port)."""

    at: Path | tuple[str, int]
    token: str = ""

    def somebody(self, token: str) -> Client:
        """Another person at the same door."""
        return replace(self, token=token)

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        """A connection."""
        if isinstance(self.at, Path):
            reader, writer = await asyncio.open_unix_connection(str(self.at))
        else:
            reader, writer = await asyncio.open_connection(*self.at)
        try:
            yield reader, writer
        finally:
            writer.close()

    def head(self, method: str, path: str, **headers: str) -> bytes:
        """A request's head."""
        host = "station" if isinstance(self.at, Path) else "{}:{}".format(*self.at)
        named = {"Host": host, "Connection": "close", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.token:
            named.setdefault("Authorization", f"Bearer {self.token}")
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in named.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One request on a connection of its own."""
        if body:
            headers.setdefault("Content_Length", str(len(body)))
        async with self.wire() as (reader, writer), asyncio.timeout(PATIENCE):
            writer.write(self.head(method, path, **headers) + body)
            return await answered(reader)

    async def look(self, action: str, **params: str) -> Answer:
        """A query."""
        told = "&".join(f"{k}={v}" for k, v in params.items())
        return await self.ask("GET", f"/api/v1/queries/{action}?{told}")

    async def command(self, action: str, envelope: dict[str, Any] | None = None, **params: Any) -> Answer:
        """A command with a yes, made now under a new key."""
        whole = {"params": params, "issued_at": time.time(), "key": uuid.uuid4().hex, "confirmed": True}
        body = json.dumps({**whole, **(envelope or {})}).encode()
        return await self.ask("POST", f"/api/v1/commands/{action}", body)

    async def done(self, action: str, **params: Any) -> dict[str, Any]:
        """A command that has to be accepted."""
        answer = await self.command(action, **params)
        assert answer.body.get("ok"), (action, answer)
        return answer.data


async def answered(reader: asyncio.StreamReader) -> Answer:
    """The answer that comes, until the connection ends or its length is there."""
    status = int((await reader.readline()).split()[1])
    length = -1
    while (line := await reader.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    text = await (reader.readexactly(length) if length >= 0 else reader.read())
    try:
        found = json.loads(text)
    except ValueError:
        found = {"text": text.decode("latin-1")}
    return Answer(status, found)


async def event(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """The next server-sent event: its kind and its data. The stream comes in chunks, whose sizes stand in between."""
    kind = ""
    while line := (await reader.readline()).decode():
        if line.startswith("event: "):
            kind = line[7:].strip()
        elif line.startswith("data: "):
            return kind, json.loads(line[6:])
    return "closed", {}


async def closed(reader: asyncio.StreamReader) -> None:
    """Wait for the other end to hang up."""
    try:
        async with asyncio.timeout(PATIENCE):
            while await reader.read(65536):
                pass
    except ConnectionError:
        return
