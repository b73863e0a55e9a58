"""A second process that asks as fast as it can, over several connections that it keeps: `HOST PORT SECONDS TOKEN`.

Tells one JSON object at the end: how many answers of which status, and under 0 how many whole seconds it took.
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


async def _flood(client: Client, path: str, method: str, until: float, told: Counter[int]) -> None:
    loop = asyncio.get_running_loop()
    request = client.head(method, path, Connection="keep-alive")
    while loop.time() < until:
        async with client.wire() as (reader, writer):
            due = loop.time()
            while loop.time() < until:
                writer.write(request)
                told[(await answered(reader)).status] += 1
                due = max(due + CONNECTIONS / RATE, loop.time() - 0.1)
                await asyncio.sleep(max(0.0, due - loop.time()))


async def main(host: str, port: str, seconds: str, token: str) -> None:
    """Flood, then tell."""
    client, told = Client((host, int(port)), token), Counter[int]()
    loop = asyncio.get_running_loop()
    began = loop.time()
    until = began + float(seconds)
    asked = [("GET", "/api/v1/queries/status"), ("POST", "/api/v1/commands/station.reset")] * (CONNECTIONS // 2)
    await asyncio.gather(*(_flood(client, path, method, until, told) for method, path in asked))
    told[0] = math.ceil(loop.time() - began)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
