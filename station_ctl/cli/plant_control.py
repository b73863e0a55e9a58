"""The simulated plant under a person's hand: a vehicle to the entry, a fault on and off, what its safety monitor saw.

Knows the control socket beside the plant's serial ports. Does not know the plant.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from station_ctl.cli.plant_process import PlantFailed, PlantProcess
from station_ctl.core.errors import NotFound, NotReachable

SOCKET = "plant.sock"
LINE_MOST = 1 << 20


@asynccontextmanager
async def controls(plant: PlantProcess, folder: Path) -> AsyncIterator[None]:
    """Hand commands from the control socket on to the plant while it runs. Only this account may open it."""
    path = folder / SOCKET
    path.unlink(missing_ok=True)

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    answer = await plant.ask(**json.loads(line))
                except (PlantFailed, ValueError, TypeError) as error:
                    answer = {"ok": False, "error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(obey, path, limit=LINE_MOST)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


def ask(folder: Path, **command: Any) -> dict[str, Any]:
    """The plant's answer to one command. Raises NotReachable, or NotFound with what there is."""
    path = folder / SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10.0)
            connection.connect(str(path))
            connection.sendall(json.dumps(command).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer = json.loads(lines.readline(LINE_MOST))
    except (OSError, ValueError) as error:
        raise NotReachable(f"no simulated plant answers at {path}: {error}; start it: station-ctl sim serve") from None
    if not isinstance(answer, dict) or not answer.get("ok"):
        raise NotFound(f"the plant refused: {answer.get('error', answer) if isinstance(answer, dict) else answer}")
    return answer
