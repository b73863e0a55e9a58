"""A second process that asks as fast as it can, over several connections that it keeps: `HOST PORT TOKEN`.

Says `begun` with the first answer, ends with its standard input, and tells one JSON object: how many answers of which
status, and under 0 how many whole seconds it took.
Knows no test.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections import Counter

from hil_tests.api_client import Client, answered

CONNECTIONS = 8
RATE = 1000.0
"""Requests a second of all connections together, as far as this machine manages them."""


LONGEST = 300.0
"""Seconds after which it ends by itself, whoever forgot it."""


async def _flood(client: Client, path: str, method: str, until: float, told: Counter[int]) -> None:
    loop = asyncio.get_running_loop()
    request = client.head(method, path, Connection="keep-alive")
    while loop.time() < until:
        async with client.wire() as (reader, writer):
            due = loop.time()
            while loop.time() < until:
                writer.write(request)
                told[(await answered(reader)).status] += 1
                if told.total() == 1:
                    sys.stdout.write("begun\n")
                    sys.stdout.flush()
                due = max(due + CONNECTIONS / RATE, loop.time() - 0.1)
                await asyncio.sleep(max(0.0, due - loop.time()))


async def main(host: str, port: str, token: str) -> None:
    """Flood until standard input ends, then tell."""
    client, told = Client((host, int(port)), token), Counter[int]()
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked = [("GET", "/api/v1/queries/status"), ("POST", "/api/v1/commands/station.reset")] * (CONNECTIONS // 2)
    works = [
        asyncio.create_task(_flood(client, path, method, began + LONGEST, told), name=path) for method, path in asked
    ]
    ended = loop.run_in_executor(None, sys.stdin.read)
    await asyncio.wait((*works, ended), return_when=asyncio.FIRST_COMPLETED)
    for work in works:
        work.cancel()
    failed = [r for r in await asyncio.gather(*works, return_exceptions=True) if isinstance(r, Exception)]
    if failed:
        raise failed[0]
    told[0] = math.ceil(loop.time() - began)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
