"""The simulated plant as a child process: start it, ask it, end it.

Knows its command line and its control channel. Does not know the plant; nothing of it is imported.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from station_ctl.core.errors import StationError

READY_WITHIN = 30.0
ANSWER_WITHIN = 5.0
END_WITHIN = 3.0
LINE_LIMIT = 16 * 1024 * 1024


class PlantFailed(StationError):
    """The simulated plant did not start, did not answer, or refused a command."""

    code = "A900"


class PlantProcess:
    """One running plant; `endpoints` by PLC name."""

    def __init__(self, process: asyncio.subprocess.Process, endpoints: Mapping[str, str]) -> None:
        self._process = process
        self.endpoints = endpoints
        self._turn = asyncio.Lock()

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        speed: float,
        seed: int,
        port_base: int = 0,
        secure: bool = False,
        station: str = "passenger_car",
        faces: Sequence[Mapping[str, object]] | None = None,
    ) -> PlantProcess:
        """Start the plant, on free ports if `port_base` is 0. Raises PlantFailed with what it said.

        `station` is the archetype of the station file that it belongs to, which says what machines there are.
        `faces` say which PLC shows what by which I/O list; without them each shows its own.
        """
        told: list[str] = []
        if faces is not None:
            path = folder / "faces.json"
            path.write_text(json.dumps(list(faces)), encoding="utf-8")
            told = ["--faces", str(path)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hil_tests.simplc", "--station", station, "--port-base", str(port_base),
            "--speed", str(speed), "--seed", str(seed), "--dir", str(folder), *(["--secure"] if secure else []),
            *told,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT,
        )  # fmt: skip
        plant = cls(process, {})
        try:
            ready = await plant._line(READY_WITHIN)
        except BaseException:
            await plant.end()
            raise
        plant.endpoints = ready["endpoints"]
        return plant

    async def ask(self, **command: Any) -> dict[str, Any]:
        """One control command and its answer. Raises PlantFailed if it is refused."""
        async with self._turn:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(command).encode() + b"\n")
                await self._process.stdin.drain()
            except (ConnectionError, BrokenPipeError) as error:
                raise PlantFailed(f"the simulated plant is gone: {error}") from error
            answer = await self._line(ANSWER_WITHIN)
        if not answer.get("ok"):
            raise PlantFailed(f"the simulated plant refused {command}: {answer.get('error')}")
        return answer

    async def _line(self, within: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise PlantFailed(f"the simulated plant said nothing for {within:g} s") from None
        if not line:
            code = await self._process.wait()
            raise PlantFailed(f"the simulated plant ended with exit code {code}; its message stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def ended(self) -> int:
        """Wait until the process ends by itself; its exit code."""
        return await self._process.wait()

    async def end(self) -> None:
        """End the process: ask by closing its input, then insist."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for insist in (self._process.terminate, self._process.kill, lambda: None):
            with suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN):
                    await self._process.wait()
                    return
            with suppress(ProcessLookupError):
                insist()


def overrides(endpoints: Mapping[str, str], *, speed: float, journal: Path) -> dict[str, str | float]:
    """What the station file of a simulated station must be told: where this plant listens and how fast it runs."""
    addresses = {
        f"links.{name}.address": url.removeprefix("tcp://").removeprefix("serial://")
        for name, url in endpoints.items()
    }
    return {**addresses, "clock.process_rate": speed, "journal.path": str(journal)}
