"""`station-ctl run`: the station's service in the foreground; what a service manager starts.

Knows the order of opening and closing. What it does on duty is in service/foreground.py.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from station_ctl.cli.envelope import about_simulated
from station_ctl.core.errors import ConfigurationError, StationError

if TYPE_CHECKING:
    from station_ctl.build import BuiltStation
    from station_ctl.config import StationConfig
    from station_ctl.engine.journal import Journal
    from station_ctl.engine.state import StationState


@click.command()
@click.option("--station", required=True, metavar="FILE", help="Station file, or the name of one in config/stations.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="Another value for a line of the file of a simulated station, as clock.process_rate=20.",
)
@click.option(
    "--new-journal", is_flag=True,
    help="Begin a new journal: at the first installation, and nowhere else. Refused where there is one.",
)
@click.option(
    "--socket", "socket_path", metavar="PATH", type=click.Path(path_type=Path), envvar="STATION_SOCKET",
    help="The API's Unix socket; beside the journal if not given.",
)
@click.option("--listen", metavar="HOST:PORT", help="Serve the API on TCP, too; persons come in by token.")
@click.option(
    "--origin", "origins", multiple=True, metavar="URL", help="A page from there may use the API, as http://panel:8080."
)
def command(
    station: str, settings: tuple[str, ...], new_journal: bool, socket_path: Path | None, listen: str | None,
    origins: tuple[str, ...],
) -> None:  # fmt: skip
    """Run the station in the foreground until SIGTERM or Ctrl-C.

    It wakes up in mode maintenance, state stopped, and moves nothing by itself. Log lines go to stdout: JSON, or
    text on a terminal. On the way out whatever moves is brought to rest first; a swap under way stays half done
    and is named at the next start.
    """
    import structlog

    from station_ctl import logs

    logs.configure(stream=sys.stdout)
    try:
        doors = Doors(socket_path, _host_and_port(listen), frozenset(origins))
        _run(_checked(station, settings), doors, new_journal=new_journal)
    except StationError as error:
        structlog.get_logger().error("ended", code=error.code, why=str(error))
        raise


def _checked(station: str, settings: tuple[str, ...]) -> StationConfig:
    """The configuration, with every file that it names in place. Raises ConfigurationError."""
    from station_ctl.build import PARTS
    from station_ctl.config import absent_files, load_station, station_file

    config = load_station(station_file(station), dict(map(setting, settings)), PARTS)
    about_simulated(config.simulated)
    if findings := absent_files(config):
        raise ConfigurationError(findings)
    return config


def setting(text: str) -> tuple[str, str | int | float | bool]:
    """`NAME=VALUE`; numbers, true and false are what they look like, everything else is text."""
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
    try:
        plain = json.loads(value)
    except ValueError:
        return name, value
    return name, plain if isinstance(plain, (str, int, float, bool)) else value


@dataclass(frozen=True)
class Doors:
    """Where the API is served, as asked for on the command line."""

    path: Path | None = None
    tcp: tuple[str, int] | None = None
    origins: frozenset[str] = frozenset()


def _host_and_port(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, found, port = text.rpartition(":")
    if not found or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--listen")
    return host or "127.0.0.1", int(port)


def _run(config: StationConfig, doors: Doors, *, new_journal: bool) -> None:
    import structlog

    import station_ctl
    from station_ctl.build import build
    from station_ctl.engine.journal import Journal

    log = structlog.get_logger()
    log.info(
        "starting", station=config.station.code, simulated=config.simulated, version=station_ctl.__version__,
        config=str(config.path), config_hash=config.config_hash, journal=str(config.journal),
    )  # fmt: skip
    journal = (Journal.new if new_journal else Journal)(config.journal, config.station.code)
    if new_journal:
        # The packs in the station have to be admitted by a person again.
        log.warning("journal-is-new", journal=str(config.journal))
    try:
        built = build(config)
    except BaseException:
        journal.close()
        raise
    # A watchdog that bites sends SIGABRT: the stack of every thread then stands in the log, and says who hung.
    faulthandler.enable()
    asyncio.run(_on_duty(built, journal, doors))
    log.info("ended")


async def _on_duty(built: BuiltStation, journal: Journal, doors: Doors) -> None:
    from station_ctl.engine.journal_thread import JournalThread
    from station_ctl.service.alarm_levels import watched_rows
    from station_ctl.service.api.service import ApiService
    from station_ctl.service.backup_duty import BackupDuty
    from station_ctl.service.catalogue import REGISTRY
    from station_ctl.service.charging_memory import remembered
    from station_ctl.service.foreground import serve
    from station_ctl.service.notify import ServiceManager
    from station_ctl.service.watchers import Watchers

    leave = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    thread = JournalThread(journal)
    try:
        engine = built.engine(thread, journal.restore())
        _tell_memory(engine.state)
        pairs = [pair for device in built.devices.values() for pair in device.pairs]
        rows = watched_rows(built.facts.safe, built.stand.bays, pairs)
        config = built.config
        watchers = Watchers(engine, config.alarms, rows, config.journal.parent, trend_tags=config.trends)
        duty = built.duty(engine, thread)
        duty.watchers = watchers
        duty.charging = charging = built.charging(engine, remembered(journal))
        duty.reception.standing = charging.standing
        watchers.board.also(charging.alarms)
        watchers.board.listen(lambda _event: duty.changed())
        path = doors.path or built.config.journal.parent / "api.sock"
        try:
            api = ApiService(duty, REGISTRY, path, tcp=doors.tcp, origins=doors.origins)
            try:
                duty.backups = backups = BackupDuty(engine, journal, built.config.path)
                beside = [watchers.run, api.run, backups.run, charging.run]
                duty.planner = built.planner(engine, charging, thread)
                if duty.planner is not None:
                    beside.append(duty.planner.run)
                await serve(engine, leave, ServiceManager.of(), beside)
            finally:
                api.close()
        finally:
            watchers.close()
    finally:
        thread.close()


def _tell_memory(state: StationState) -> None:
    """What the journal remembers: packs, and whatever was never finished."""
    import structlog

    log = structlog.get_logger()
    log.info("custody", packs=len(state.ledger))
    for pack, custody in state.ledger:
        if custody.moving:
            log.warning("pack-on-the-way", pack=pack, origin=custody.place, target=custody.to, order=custody.order)
    runs = [f"run {run.run_id} was interrupted in {run.interrupted}: {run.sequence.text}" for run in state.runs]
    for text in (*runs, *filter(None, [state.half_done])):
        log.error("alarm", code="A403", text=text, source="journal")
