"""`station-ctl swap`: what the journal tells of swaps.

Knows where the journal lies. How a run is read from it is in run_history.py, how it is drawn in timeline.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.cli.specimen import station_option
from station_ctl.core.errors import AlreadyRunning, NotFound, NotReachable

if TYPE_CHECKING:
    from station_ctl.cli.run_history import RunHistory
    from station_ctl.config import StationConfig

journal_option = click.option(
    "--journal", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Another journal of this station, as a copy.  [default: that of the station file]",
)


@click.group()
def command() -> None:
    """Swaps: the service runs them, the journal remembers them."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    return journal_option(station_option(json_option(function)))


@command.command("history")
@_options
def history(station: str, journal: Path | None, as_json: bool) -> None:
    """List the swaps of a journal file, oldest first; works while no service runs."""
    config, runs = _read(station, journal)
    swaps = [run for run in runs if run.job]
    if as_json:
        print_result("swap.history", {"swaps": [run.data() for run in swaps]}, simulated=config.simulated)
        return
    for run in swaps:
        took = (run.last - run.opened).total_seconds()
        exchanged = f"{run.job['spent']} → {run.job['fresh']}"
        packs = " and ".join((exchanged, *(f"{e.spent} → {e.fresh}" for e in run.also)))
        click.echo(
            f"{run.run_id:<10} {run.opened:%Y-%m-%d %H:%M:%S} UTC  {took:>7.1f} s  {run.result:<6} "
            f"{run.proven:>2}/{len(run.steps)} steps  {run.job['vehicle']}  {packs}"
        )
    if not swaps:
        click.echo("no swap in this journal")


@command.command()
@click.argument("id_", metavar="ID")
@_options
@click.option(
    "--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw it into FILE, too."
)
@click.option("-H", "--host", envvar="STATION_HOST", metavar="ADDRESS", help="unix:PATH or HOST:PORT of the service.")
@click.pass_context
def timeline(
    context: click.Context, id_: str, station: str, journal: Path | None, svg: Path | None, host: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Print a run along its time: when each step was ordered and proven, and what came between.

    The service is asked, also for a run that goes on. Where none answers, or with --station or --journal, the journal
    is read. It has wall clock times; `took` is process seconds.
    """
    named = journal is not None or context.get_parameter_source("station") is not ParameterSource.DEFAULT
    found = None if named else _of_service(id_, host)
    run, simulated = found or _of_file(id_, station, journal)
    if svg is not None:
        from station_ctl.cli.timeline import timeline_svg

        svg.write_text(timeline_svg(run), encoding="utf-8")
    if as_json:
        print_result("swap.timeline", run.timeline_data(), simulated=simulated)
        return
    from station_ctl.cli.timeline import timeline_lines

    for line in timeline_lines(run):
        click.echo(line)


def _of_service(id_: str, host: str | None) -> tuple[RunHistory, bool] | None:
    """The run as the service tells it; None where none answers and none was named. Raises ServiceRefused."""
    from station_ctl.cli.run_history import histories
    from station_ctl.cli.service_call import service
    from station_ctl.engine.journal import JournalRow

    try:
        answer = service(host, None).command("swap.rows", {"run": id_})
    except NotReachable:
        if host:
            raise
        return None
    about_simulated(bool(answer["simulated"]))
    rows = (JournalRow(**row) for row in answer["data"]["rows"])
    run = next(run for run in histories(rows) if run.run_id == id_)
    run.name_steps({int(no): (lane, text) for no, (lane, text) in answer["data"]["words"].items()})
    return run, bool(answer["simulated"])


def _of_file(id_: str, station: str, journal: Path | None) -> tuple[RunHistory, bool]:
    """The run as the journal's file has it. Raises NotFound, AlreadyRunning, JournalError."""
    config, runs = _read(station, journal)
    run = next((run for run in reversed(runs) if run.run_id == id_), None)
    if run is None:
        known = ", ".join(run.run_id for run in runs[-10:]) or "none"
        raise NotFound(f"there is no run {id_} in the journal; the newest are {known}")
    _name_steps(config, run)
    return run, config.simulated


def _read(station: str, journal: Path | None) -> tuple[StationConfig, list[RunHistory]]:
    """The station and every run of its journal. Raises NotFound, AlreadyRunning, JournalError."""
    from station_ctl.build import PARTS
    from station_ctl.cli.run_history import histories
    from station_ctl.config import load_station, station_file
    from station_ctl.engine.journal import Journal

    config = load_station(station_file(station), parts=PARTS)
    about_simulated(config.simulated)
    path = journal if journal is not None else config.journal
    if not path.is_file():
        raise NotFound(f"there is no journal {path}: the station has not run, or --journal names another file")
    try:
        opened = Journal(path, config.station.code)
    except AlreadyRunning as error:
        raise AlreadyRunning(
            f"{error}: while the station runs its journal is its own. Stop the station and ask again, "
            "or name a copy made while it was stopped with --journal"
        ) from error
    try:
        return config, histories(opened.rows())
    finally:
        opened.close()


def _name_steps(config: StationConfig, run: RunHistory) -> None:
    """The manual's words for the steps, if this release still has the procedure that ran."""
    from station_ctl.build import put_together
    from station_ctl.core.steps import Exchange, Job

    paper, job = put_together(config), run.job
    procedures = paper.procedures()
    sequence = procedures.reception()
    if job:
        recipe = config.recipes.get(job["model"])
        first = Exchange(job["spent"], job["fresh"], job["fresh_bay"], job["spent_bay"])
        exchanges = (first, *run.also)
        bays = {bay for exchange in exchanges for bay in (exchange.fresh_bay, exchange.spent_bay)}
        if recipe is None or not bays <= {bay.name for bay in paper.stand.bays}:
            return
        made = Job(job["vehicle"], recipe, "", "", "", "", turn=run.turn).with_exchanges(exchanges)
        if run.sequence not in procedures.by_job:
            return
        sequence = procedures.by_key(run.sequence, made)
    if sequence.key == run.sequence and tuple(sequence.by_no) == run.steps:
        run.name_steps({no: (step.lane, step.text) for no, step in sequence.by_no.items()})
