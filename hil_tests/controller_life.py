"""One life of a controller in a process of its own: started, listened to, frozen, killed, started again.

Knows the lines that controller_process.py tells. Does not know what a test makes of them.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import station_ctl

ROOT = Path(station_ctl.__file__).resolve().parent.parent
LINE_WITHIN = 60.0


class Controller:
    """One life of the controller."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, what: str, settings: dict[str, Any]) -> Controller:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hil_tests.controller_process", what, json.dumps(settings),
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )
        )  # fmt: skip

    async def until(self, happened: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that is it. Fails the test when the process ends before."""
        assert self._process.stdout is not None
        while True:
            async with asyncio.timeout(LINE_WITHIN):
                line = await self._process.stdout.readline()
            assert line, f"the controller ended with {await self._process.wait()} after {self.told[-3:]}"
            self.told.append(json.loads(line))
            if happened(self.told[-1]):
                return self.told[-1]

    async def kill(self) -> None:
        """kill -9: no handler, no flush, no goodbye on any socket."""
        if self._process.returncode is None:
            self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL

    async def freeze(self, seconds: float) -> None:
        """SIGSTOP for so long: nothing of it runs, and its sockets stay open."""
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    async def ended(self) -> int:
        """How it ended by itself; what it still told is thrown away."""
        async with asyncio.timeout(LINE_WITHIN):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode

    async def end(self) -> None:
        assert await self._process.wait() == 0


def begins(step: int) -> Callable[[dict[str, Any]], bool]:
    """The line that tells that this step begins."""
    return lambda told: bool(told.get("step") == step)
