"""The simulated station as a process: its PLCs on the real wire, its controls on stdin and stdout.

Knows the clock of this machine. Does not know what the plant does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hil_tests.simplc.kinds import KINDS
from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.wire.faces import read_faces, shipped_faces
from hil_tests.simplc.wire.station_wire import StationWire

TICK = 0.01
MOST_AT_ONCE = 0.25
"""Longest wall time (s) in one step: after a stall of this machine the PLCs count as stalled, too.

Only their uptime goes on meanwhile (contract, 9.2): an order that waited in the network expires."""


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hil_tests.simplc", description="The simulated station.")
    parser.add_argument("--station", choices=list(KINDS), default="passenger_car", help="which kind of station")
    parser.add_argument("--speed", type=float, default=1.0, help="plant seconds for one second of wall time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port-base", type=int, default=15020, help="first TCP port; 0 = any free ports")
    parser.add_argument("--dir", type=Path, help="folder for serial ports and certificates")
    parser.add_argument("--secure", action="store_true", help="OPC UA with SignAndEncrypt only")
    parser.add_argument("--plcs", default="", help="which PLCs to serve, separated by commas; all unless told")
    parser.add_argument("--io", type=Path, default=None, help="folder of the I/O lists")
    parser.add_argument("--faces", type=Path, default=None, help="JSON file: which PLC shows what by which list")
    arguments = parser.parse_args(argv)
    names = KINDS[arguments.station].names
    arguments.plcs = arguments.plcs.split(",") if arguments.plcs else list(names)
    if unknown := set(arguments.plcs) - set(names):
        parser.error(f"no such PLC: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if not 0 < arguments.speed <= 1000:
        parser.error("--speed is above 0 and at most 1000")
    return arguments


def _io_dir(given: Path | None) -> Path:
    """The I/O lists of the checkout or of the installed release."""
    root = Path(__file__).resolve().parents[2]
    places = [given] if given else [root / "config" / "io", root / "station_ctl" / "shipped_config" / "io"]
    for place in places:
        if place.is_dir():
            return place
    raise SystemExit(f"no I/O lists: looked for {' and '.join(map(str, places))}")


async def _pace(station: RunningStation, wire: StationWire) -> None:
    """Move the plant on by the wall time that passed, about a hundred times a second."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(TICK)
        now = time.monotonic()
        if now - last > MOST_AT_ONCE:
            station.stall(now - last - MOST_AT_ONCE)
        station.advance(min(now - last, MOST_AT_ONCE))
        last = now
        wire.follow(station.reader_lines())


async def _obey(station: RunningStation, wire: StationWire) -> None:
    """Answer commands until stdin closes or one says quit."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if not line.strip():
            continue
        answer, ends = await _answer(station, wire, line)
        print(json.dumps(answer), flush=True)
        if ends:
            return


async def _answer(station: RunningStation, wire: StationWire, line: bytes) -> tuple[dict[str, Any], bool]:
    try:
        command = json.loads(line)
        if command.get("cmd") == "quit":
            return {"ok": True}, True
        if command.get("cmd") == "wire":
            await wire.disturb(command)
            return {"ok": True}, False
        return station.command(command), False
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}, False


async def _serve(arguments: argparse.Namespace, folder: Path) -> None:
    io_dir = _io_dir(arguments.io)
    kind = KINDS[arguments.station]
    station = kind.make(seed=arguments.seed, speed=arguments.speed, io_dir=io_dir)
    faces = read_faces(arguments.faces) if arguments.faces else shipped_faces(io_dir, kind.faces)
    wire = StationWire(
        station.plcs,
        faces,
        folder,
        arguments.host,
        arguments.port_base,
        arguments.secure,
        None if arguments.faces else arguments.plcs,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        endpoints = await wire.start()
        # A full collection with an OPC UA server in the process takes a tenth of a second.
        gc.collect()
        gc.freeze()
        print(json.dumps({"ready": True, "endpoints": endpoints, "pid": os.getpid()}), flush=True)
        tasks = [
            asyncio.create_task(_pace(station, wire)),
            asyncio.create_task(_obey(station, wire)),
            asyncio.create_task(stop.wait()),
        ]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()
    finally:
        await wire.stop()


def main(argv: list[str] | None = None) -> None:
    """Run until stdin closes, a quit, or a signal."""
    logging.basicConfig(level=logging.CRITICAL)
    arguments = _arguments(argv)
    with contextlib.ExitStack() as cleanup:
        folder = arguments.dir
        if folder is None:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="simplc-")))
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(arguments, folder))


if __name__ == "__main__":
    main()
