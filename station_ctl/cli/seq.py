"""`station-ctl seq`: the procedures of a station, printed as its manual has them.

Knows names and options. The form of a step is in procedure.py; the procedures are in `sequences/`.
"""

from __future__ import annotations

import shutil

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.cli.specimen import model_option, station_option

WIDEST = 130
"""Columns after which a line is hard to read."""


@click.group()
def command() -> None:
    """Print the procedures of the station."""


@command.command("list")
@station_option
@json_option
def list_(station: str, as_json: bool) -> None:
    """Name the procedures of a station."""
    from station_ctl.cli.specimen import specimen

    shown = specimen(station)
    if as_json:
        rows = [{"name": s.key, "text": s.text, "steps": len(s.steps)} for s in shown.sequences]
        print_result("seq.list", {"sequences": rows}, simulated=shown.paper.config.simulated)
        return
    width = max(len(sequence.key) for sequence in shown.sequences)
    for sequence in shown.sequences:
        click.echo(f"{sequence.key:<{width}} {len(sequence.steps):>3} steps  {sequence.text}")


@command.command()
@click.argument("name")
@station_option
@model_option
@json_option
def show(name: str, station: str, model: str, as_json: bool) -> None:
    """Print every step of the procedure NAME: its order, its proof, what it needs and what it keeps.

    NAME is one of `seq list` or the beginning of one. Nothing is connected: the procedure is printed for a
    specimen job, with placeholders for the codes of vehicle and packs.
    """
    from station_ctl.cli.procedure import KEPT_TOO, procedure_lines, sequence_data
    from station_ctl.cli.specimen import specimen

    shown = specimen(station, model)
    sequence = shown.sequence(name)
    if as_json:
        data = {**sequence_data(sequence), "specimen": str(shown)}
        print_result("seq.show", data, simulated=shown.paper.config.simulated)
        return
    click.secho(f"{sequence.key}  {sequence.text}", bold=True)
    click.echo(f"for {shown}. {KEPT_TOO}")
    for line in procedure_lines(sequence, min(shutil.get_terminal_size((110, 0)).columns, WIDEST)):
        click.secho(line, bold=line[:4].strip().isdigit())
