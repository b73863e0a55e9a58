"""`station-ctl sim`: the simulated machines of a station on this PC, on the real wire.

Knows how to start them and how a station reaches them. The plant is a process of its own; nothing of it is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result

if TYPE_CHECKING:
    from station_ctl.cli.plant_process import PlantProcess
    from station_ctl.config import StationConfig

STATION = "sim_passenger_car"
"""The station file whose machines are meant unless another is named; its folder is the default below."""

FOLDER = "/tmp/station-ctl-sim"
KEYS = {
    "certificate": "trusted/controller-cert.der",
    "private_key": "controller-key.pem",
    "server_certificate": "plc-cert.der",
}
"""Where the plant lays the keys of `--secure`, below its folder."""


@click.group()
def command() -> None:
    """Simulated machines on this PC."""


@command.command()
@click.option("--station", default=STATION, show_default=True, help="A simulated station file: whose machines.")
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 60), help="Plant seconds per second."
)
@click.option("--seed", default=1, show_default=True, type=int, help="Seed of the simulated plant.")
@click.option(
    "--port-base", type=click.IntRange(0, 65000),
    help="First TCP port; 0 takes free ones. Unless told: that of the station file.",
)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for serial ports and keys. Unless told: where the station file has its journal.",
)
@click.option("--secure", is_flag=True, help="OPC UA with SignAndEncrypt only.")
@json_option
def serve(
    station: str, speed: float, seed: int, port_base: int | None, folder: Path | None, secure: bool, as_json: bool
) -> None:
    """Serve the machines of a simulated station until Ctrl-C: those of a passenger station, or of the station named.

    Says where each of them listens and how to run a station against them. A program that holds its standard input
    may control the plant: one JSON command a line, as {"cmd": "report"}; each is answered by a line on stdout.
    """
    about_simulated(True)
    config = _simulated(station)
    base = first_port(config) if port_base is None else port_base
    where = (folder or config.journal.parent).absolute()
    where.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(station, config, speed, seed, base, where, secure=secure, as_json=as_json))


def _simulated(station: str) -> StationConfig:
    """The station file by name or path. Raises UsageError for one with real machines."""
    from station_ctl.build import PARTS
    from station_ctl.config import load_station, station_file

    config = load_station(station_file(station), parts=PARTS)
    if not config.station.simulated:
        raise click.UsageError(f"station {station} has real machines: name a simulated one")
    return config


def first_port(config: StationConfig) -> int:
    """The least TCP port of a station file's links."""
    ports = (link.address.rpartition(":")[2] for link in config.links.values())
    return min(int(port) for port in ports if port.isdecimal())


_folder = click.option(
    "--dir", "folder", default=FOLDER, show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the plant was started with.",
)


def _told(what: str, answer: Mapping[str, object], as_json: bool, text: str) -> None:
    about_simulated(True)
    if as_json:
        print_result(f"sim.{what}", {k: v for k, v in answer.items() if k != "ok"}, simulated=True)
    else:
        click.echo(text)


@command.command()
@_folder
@click.option("--model", default="", metavar="MODEL", help="Its model; the plant's usual one unless told.")
@json_option
def vehicle(folder: Path, model: str, as_json: bool) -> None:
    """Let a vehicle drive up to the entry of the simulated station."""
    from station_ctl.cli.plant_control import ask

    _told("vehicle", ask(folder, cmd="vehicle", model=model), as_json, "a vehicle stands at the entry")


@command.command()
@click.argument("name")
@click.argument("how", type=click.Choice(["on", "off"]))
@click.argument("details", nargs=-1, metavar="[KEY=VALUE]...")
@_folder
@json_option
def fault(name: str, how: str, details: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Switch a fault of the simulated plant on or off, as: sim fault bolt-stuck on bolt=3. A wrong name lists them."""
    from station_ctl.cli.plant_control import ask
    from station_ctl.cli.run import setting

    given = dict(map(setting, details))
    answer = ask(folder, cmd="fault", name=name, on=how == "on", **given)
    _told("fault", answer, as_json, f"fault {name} is {how}")


@command.command()
@click.argument("name", type=click.Choice(["key", "enabling"]))
@click.argument("how", type=click.Choice(["on", "off"]))
@_folder
@json_option
def switch(name: str, how: str, folder: Path, as_json: bool) -> None:
    """Turn the maintenance key, or press and let go the enabling device, as a technician would by hand."""
    from station_ctl.cli.plant_control import ask

    _told("switch", ask(folder, cmd="switch", name=name, on=how == "on"), as_json, f"{name} is {how}")


@command.command("safety-reset")
@_folder
@json_option
def safety_reset(folder: Path, as_json: bool) -> None:
    """Press the reset button of the simulated safety PLC. Refused while an input of its chain is open."""
    from station_ctl.cli.plant_control import ask

    _told("safety-reset", ask(folder, cmd="safety-reset"), as_json, "the safety PLC is reset")


@command.command("fault-reset")
@click.argument("plc")
@_folder
@json_option
def fault_reset(plc: str, folder: Path, as_json: bool) -> None:
    """Press the reset button at a device's own panel, as a technician does after a drive has stalled. Moves nothing."""
    from station_ctl.cli.plant_control import ask

    _told("fault-reset", ask(folder, cmd="fault-reset", plc=plc), as_json, f"the fault of {plc} is reset")


@command.command()
@_folder
@json_option
def report(folder: Path, as_json: bool) -> None:
    """What the plant's own safety monitor saw, and where every pack really is."""
    from station_ctl.cli.plant_control import ask

    answer = ask(folder, cmd="report")
    found = answer["violations"]
    said = [f"{answer['orders']} orders judged, {len(found)} violations", *map(str, found)]
    _told("report", answer, as_json, "\n".join(said))


async def _serve(
    station: str, config: StationConfig, speed: float, seed: int, port_base: int, folder: Path,
    *, secure: bool, as_json: bool,
) -> None:  # fmt: skip
    from station_ctl.cli.plant_control import controls
    from station_ctl.cli.plant_faces import faces
    from station_ctl.cli.plant_process import PlantFailed, PlantProcess

    leave = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    if port_base and not is_free(port_base):
        raise PlantFailed(f"port {port_base} is taken: end what listens there, or choose another --port-base")
    plant = await PlantProcess.start(
        folder, speed=speed, seed=seed, port_base=port_base, secure=secure,
        station=config.station.archetype, faces=faces(config),
    )  # fmt: skip
    try:
        changed = settings(plant.endpoints, folder, config, speed=speed, secure=secure)
        if as_json:
            data = {"endpoints": dict(plant.endpoints), "speed": speed, "seed": seed, "settings": changed}
            print_result("sim.serve", data, simulated=True)
        else:
            _tell(station, config, plant.endpoints, changed, f"speed {speed:g}, seed {seed}")
        async with controls(plant, folder):
            code = await _until(plant, leave)
        if code:
            raise PlantFailed(f"the simulated plant ended with exit code {code}; its message stands above")
    finally:
        await plant.end()


def is_free(port: int) -> bool:
    """True if nothing listens on a TCP port of this PC."""
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


async def _until(plant: PlantProcess, leave: asyncio.Event) -> int:
    """Until `leave` is set or the plant ends; its exit code, 0 if it was asked to."""
    ended = asyncio.create_task(plant.ended(), name="plant")
    tasks = [ended, asyncio.create_task(_obey(plant), name="control"), asyncio.create_task(leave.wait())]
    try:
        waiting: set[asyncio.Task[object]] = {*tasks[:1], *tasks[2:]}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() and not leave.is_set() else 0
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _obey(plant: PlantProcess) -> None:
    """Hand control commands on. Not from a terminal, which a job in the background may not read."""
    from station_ctl.cli.plant_process import PlantFailed

    if sys.stdin is None or sys.stdin.isatty():
        return
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    # A thread of its own that dies with the program: a pool's thread would hold up the end until stdin closes.
    threading.Thread(target=_read, args=(loop, lines), name="stdin", daemon=True).start()
    while line := await lines.get():
        try:
            answer = await plant.ask(**json.loads(line))
        except (PlantFailed, ValueError, TypeError) as error:
            answer = {"ok": False, "error": str(error)}
        click.echo(json.dumps(answer))


def _read(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str]) -> None:
    with contextlib.suppress(RuntimeError, ValueError):  # the loop or stdin is closed: the program ends
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")


def settings(
    endpoints: Mapping[str, str], folder: Path, config: StationConfig, *, speed: float, secure: bool
) -> list[str]:
    """What `run --set` must be told where this plant differs from the station file; empty with the defaults."""
    from station_ctl.cli.plant_process import overrides

    written: dict[str, str | float] = {f"links.{n}.address": link.address for n, link in config.links.items()}
    written |= {"clock.process_rate": config.clock.process_rate, "journal.path": str(config.journal)}
    wanted = overrides(endpoints, speed=speed, journal=folder / "journal.sqlite")
    if secure:
        ciphered = [name for name, link in config.links.items() if link.protocol == "opcua"]
        wanted |= {f"links.{n}.security.{key}": str(folder / file) for n in ciphered for key, file in KEYS.items()}
    return [f"{name}={value}" for name, value in wanted.items() if written.get(name) != value]


def _tell(
    station: str, config: StationConfig, endpoints: Mapping[str, str], changed: list[str], how: str
) -> None:
    click.secho(f"{config.station.name}, {how}", bold=True)
    for name, url in endpoints.items():
        click.echo(f"  {name:<8} {url}")
    click.echo("In another window, the station:")
    words = ["station-ctl run", f"--station {station}", *(f"--set {shlex.quote(text)}" for text in changed)]
    click.echo("  " + " \\\n    ".join([" ".join(words[:2]), *words[2:]]))
    click.echo("Ctrl-C ends the plant.")
