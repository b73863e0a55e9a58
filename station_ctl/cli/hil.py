"""`station-ctl hil`: the black-box suites of the PLC contract against whatever addresses a station file names.

Knows what is asked, in which order, and how it is told. What is tried stands in the hil_ files beside this one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result, utc_now
from station_ctl.cli.hil_case import SUITES, Need, Outcome, Verdict, counts, tried
from station_ctl.core.errors import AlreadyRunning, ConfirmationNeeded, Exit, NotAllowed

if TYPE_CHECKING:
    from station_ctl.build import PaperStation
    from station_ctl.cli.hil_bench import Bench
    from station_ctl.cli.hil_case import Case
    from station_ctl.config import StationConfig
    from station_ctl.engine.journal import Journal

READ_ONLY = frozenset(("identity", "scan"))
"""Suites that write nothing to a PLC."""

MACHINES_STOPPED = frozenset(("stop", "heartbeat", "restart", "faults"))
"""Suites that leave machines where they were stopped: they come after the swap."""

COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.SKIPPED: "yellow"}
CONFIRM = (
    "Machines will move: bay empty, no pack anywhere, nobody inside, reduced speed, a person with one hand on the "
    "emergency stop. Is all of that so?"
)


@click.group()
def command() -> None:
    """Black-box suites of the PLC contract, against simulated or real PLCs."""


@command.command("list")
@json_option
def list_suites(as_json: bool) -> None:
    """The suites, and what each needs."""
    if as_json:
        needs = {need.name.lower(): str(need) for need in Need}
        print_result("hil.list", {"suites": SUITES, "needs": needs}, simulated=False)
        return
    for name, text in SUITES.items():
        click.echo(f"{name:<10} {text}")
    for need in Need:
        click.echo(f"needs {need.name.lower()}: {need}")


@command.command()
@click.option("--station", required=True, metavar="FILE", help="Station file, or the name of one in config/stations.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="Another value for a line of the file of a simulated station, as links.lift.address=127.0.0.1:15020.",
)
@click.option("--suite", "suites", multiple=True, type=click.Choice(list(SUITES)), help="Only this suite; repeatable.")
@click.option("--role", "roles", multiple=True, metavar="ROLE|LINK", help="Only this device or PLC; repeatable.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML there.")
@click.option("--control", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder of a `sim serve` that takes faults; without it cases that need faults are skipped.")
@click.option("--moves", is_flag=True, help="Also what moves machines; a person says yes first.")
@click.option("-y", "--yes", is_flag=True, help="The person's yes, where nobody can be asked.")
@json_option
def run(
    station: str, settings: tuple[str, ...], suites: tuple[str, ...], roles: tuple[str, ...], junit: Path | None,
    control: Path | None, moves: bool, yes: bool, as_json: bool,
) -> Exit:  # fmt: skip
    """Try the sentences of the PLC contract on the PLCs that a station file names.

    The service must not run and no run of the station may be open: links and order numbers are taken. What the target
    cannot do is skipped and said, never passed. Without --moves every order given is one that no machine knows.
    Exit 1: a case failed, or none passed.
    """
    from station_ctl import logs
    from station_ctl.build import put_together
    from station_ctl.cli.device import loaded
    from station_ctl.service.backup import is_held

    logs.configure(level="error")
    config = loaded(station, settings)
    about_simulated(config.simulated)
    paper = put_together(config)
    if is_held(config.journal):
        raise AlreadyRunning("the service runs and holds the links and the order numbers: end it first")
    if moves and not yes:
        _confirmed()
    plan = Plan(suites or tuple(SUITES), frozenset(roles), moves, control)
    outcomes = asyncio.run(try_all(config, paper, plan, quiet=as_json))
    if junit is not None:
        from station_ctl.cli.hil_junit import junit as document

        about = {"station": config.station.code, "simulated": str(config.simulated), "config": config.config_hash}
        junit.write_text(document(outcomes, about, utc_now()), encoding="utf-8")
    return _told(config, outcomes, junit, as_json=as_json)


def _confirmed() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfirmationNeeded("hil run --moves moves machinery: confirm with --yes when not on a terminal")
    click.confirm(CONFIRM, default=False, abort=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try: suites in their order, roles or links (empty: all), motion, and where faults are injected."""

    suites: tuple[str, ...] = tuple(SUITES)
    roles: frozenset[str] = frozenset()
    moves: bool = False
    control: Path | None = None

    def means(self, *names: str) -> bool:
        """Whether a device or PLC of one of these names is to be tried."""
        return not self.roles or not self.roles.isdisjoint(names)

    def rounds(self) -> Iterator[tuple[bool, tuple[str, ...]]]:
        """Suites in their order, and whether they run alone: a swap has links of its own, and machines at home."""
        names = [name for name in SUITES if name in self.suites]
        for alone, group in groupby(names, lambda name: (name == "swap", name in MACHINES_STOPPED)):
            if not alone[0] or self.means("station"):
                yield alone[0], tuple(group)

    @property
    def orders(self) -> bool:
        """Whether anything of it gives orders."""
        return not READ_ONLY.issuperset(self.suites)

    @property
    def able(self) -> frozenset[Need]:
        """What the target can do."""
        able = {Need.MOVES} if self.moves else set()
        return frozenset(able | ({Need.CONTROL} if self.control is not None else set()))


async def try_all(config: StationConfig, paper: PaperStation, plan: Plan, *, quiet: bool = True) -> list[Outcome]:
    """Try every case of the plan, one after the other."""
    from station_ctl.cli.hil_bench import Bench
    from station_ctl.cli.hil_swap import swap_suite

    outcomes: list[Outcome] = []

    async def each(bench: Bench, found: Iterable[Case]) -> None:
        for case in found:
            outcomes.append(await tried(case, bench, plan.able))
            if not quiet:
                _line(outcomes[-1])

    with _journal(config, plan) as journal:
        for alone, suites in plan.rounds():
            bench = Bench(config, paper, plan.control, plan.means)
            if alone:
                await each(bench, swap_suite(bench))
                continue
            async with bench.running():
                if journal is not None:
                    _reserve(journal, bench)
                await each(bench, cases(bench, suites, plan))
    return outcomes


def cases(bench: Bench, suites: Sequence[str], plan: Plan) -> Iterator[Case]:
    """The cases of these suites, one after the other, on what the plan means."""
    from station_ctl.cli.hil_faults import faults_suite, restart_suite
    from station_ctl.cli.hil_motion import heartbeat_suite, stop_suite
    from station_ctl.cli.hil_suites import identity_suite, orders_suite, scan_suite

    made: dict[str, Iterator[Case]] = {
        "identity": identity_suite(bench.config), "scan": scan_suite(bench.config), "orders": orders_suite(bench),
        "stop": stop_suite(bench), "heartbeat": heartbeat_suite(bench), "restart": restart_suite(bench),
        "faults": faults_suite(bench),
    }  # fmt: skip
    links = {role: hand.channel.link for role, hand in bench.hands.items()}
    for name in suites:
        yield from (case for case in made[name] if plan.means(case.target, links.get(case.target, "")))


class HalfWay(NotAllowed):
    """A run of the station is not closed, and its PLCs still remember the orders of it."""


@contextmanager
def _journal(config: StationConfig, plan: Plan) -> Iterator[Journal | None]:
    """The station's journal, held as long as orders are given, so that no service starts beside them; None without one.

    Raises HalfWay while a run is open: an order of ours would take away what its PLC remembers of that run, and a
    motion could meet a pack half-way.
    """
    from station_ctl.engine.journal import Journal

    if not plan.orders or not config.journal.is_file():
        yield None
        return
    journal = Journal(config.journal, config.station.code)
    try:
        if runs := ", ".join(run.run_id for run in journal.restore().open_runs):
            raise HalfWay(
                f"hil run needs every run closed; {config.journal} has {runs} open: bring it to its end with "
                "station-ctl run and swap recover, or try only what reads: --suite identity --suite scan"
            )
        yield journal
    finally:
        journal.close()


def _reserve(journal: Journal, bench: Bench) -> None:
    """The journal hears of the numbers that are used up here, or it would be called old at the next start."""
    from station_ctl.cli.hil_bench import RESERVED
    from station_ctl.engine.events import Record

    first = max(bench.next_number(), journal.restore().next_order)
    bench.begin_at(first)
    journal.commit([Record("order-withdrawn", order=first + RESERVED)], None)


def _line(outcome: Outcome) -> None:
    word = click.style(f"{outcome.verdict:<8}", fg=COLOURS[outcome.verdict])
    click.echo(f"{word}{outcome.case.suite}.{outcome.case.target} {outcome.case.name}: {outcome.found}")


def _told(config: StationConfig, outcomes: Sequence[Outcome], junit: Path | None, *, as_json: bool) -> Exit:
    number = dict(counts(outcomes))
    good = not number[Verdict.FAILED] and number[Verdict.PASSED] > 0
    if as_json:
        rows = [_plain(outcome) for outcome in outcomes]
        data = {"cases": rows, "counts": {str(verdict): count for verdict, count in number.items()}}
        print_result("hil.run", data, simulated=config.simulated, ok=good)
    else:
        where = f"; JUnit: {junit}" if junit is not None else ""
        click.echo(", ".join(f"{count} {verdict}" for verdict, count in number.items()) + where)
    return Exit.DONE if good else Exit.FAILED


def _plain(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "suite": case.suite, "target": case.target, "sentence": case.sentence, "text": case.text,
        "verdict": outcome.verdict, "found": outcome.found, "seconds": round(outcome.seconds, 3),
    }  # fmt: skip
