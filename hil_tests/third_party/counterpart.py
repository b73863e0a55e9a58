"""A counterpart in a process of its own, told what to do line by line.

Knows processes and pipes. Does not know protocols.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from hil_tests.third_party.fetched import HERE, libmodbus, node_modules

PATIENCE = 60.0
"""Upper bound of one answer, s: a server with the standard's whole address space starts in two, or in twenty."""


class Counterpart:
    """A running program; `port` is where it serves, from its first start on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    async def start(self, **how: object) -> dict[str, Any]:
        """Have it serve, on a free port unless `port` is given."""
        answer = await self.tell("start", **{"port": 0, **how})
        self.port = answer.get("port", 0)
        return answer

    async def tell(self, do: str, **command: object) -> dict[str, Any]:
        """Give a command and wait for its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **command}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        assert line, f"{do}: the program has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()


@contextlib.asynccontextmanager
async def counterpart(name: str) -> AsyncIterator[Counterpart]:
    """The program of that name beside this file. Raises Absent when what it stands on is not here."""
    path, env = str(HERE / name), dict(os.environ)
    if name.endswith(".js"):
        command = ["node", path]
        env["NODE_PATH"] = str(node_modules())
    else:
        command = [sys.executable, path, libmodbus().library]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=env, limit=1 << 20)
    made = Counterpart(process)
    try:
        yield made
    finally:
        await made.kill()
