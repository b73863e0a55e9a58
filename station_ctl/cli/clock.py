"""`station-ctl clock sources`: who sets this PC's clock, and from where.

Knows chrony's list. Does not set any clock; that is chrony's alone.
"""

from __future__ import annotations

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.core.errors import Exit

MODES = {"^": "server", "=": "peer", "#": "local clock"}
STATES = {
    "*": "selected", "+": "combined", "-": "left out", "?": "no answer", "x": "wrong", "~": "unsteady",
}  # fmt: skip


@click.group()
def command() -> None:
    """Clocks."""


@command.command()
@json_option
def sources(as_json: bool) -> Exit:
    """Print who sets this PC's clock and every source it has. Exit 1 if nobody does, or the clock is off."""
    from station_ctl.cli.examine_pc import clock, said
    from station_ctl.cli.finding import Grade

    found = clock()
    rows = [
        {"source": fields[2], "kind": MODES.get(fields[0], fields[0]), "state": STATES.get(fields[1], fields[1]),
         "stratum": fields[3], "off_s": float(fields[7])}
        for line in (said("chronyc", "-n", "-c", "sources") or "").splitlines()
        if len(fields := line.split(",")) >= 8
    ]  # fmt: skip
    if as_json:
        data = {"grade": found.grade, "clock": found.found, "do": found.do, "sources": rows}
        print_result("clock.sources", data, simulated=False, ok=found.grade is Grade.OK)
    else:
        click.echo(str(found))
        for row in rows:
            stratum, off = f"stratum {row['stratum']}", f"{row['off_s']:+.6f} s"
            click.echo(f"  {row['source']}  {row['kind']}  {row['state']}  {stratum}  {off}")
    return Exit.DONE if found.grade is Grade.OK else Exit.FAILED
