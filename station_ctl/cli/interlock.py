"""`station-ctl interlock`: what must be proven, when, and what its loss does.

Knows the two forms, list and matrix. The rows are in `sequences/`.
"""

from __future__ import annotations

import shutil
import textwrap

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.cli.specimen import model_option, station_option


@click.group()
def command() -> None:
    """Print the interlocks and where they hold."""


@command.command("list")
@station_option
@model_option
@json_option
def list_(station: str, model: str, as_json: bool) -> None:
    """Print every interlock: its sentence, its condition, and the steps that need or keep it."""
    from station_ctl.cli.interlock_list import entries
    from station_ctl.cli.specimen import specimen

    shown = specimen(station, model)
    found = entries(shown)
    if as_json:
        data = {"interlocks": [entry.data() for entry in found], "specimen": str(shown)}
        print_result("interlock.list", data, simulated=shown.paper.config.simulated)
        return
    width = shutil.get_terminal_size((110, 0)).columns
    for entry in found:
        click.secho(f"{entry.code:<5} {entry.text}", bold=True)
        for words in (f"proven by {entry.condition}", entry.places()):
            indent = " " * 6
            click.echo(textwrap.fill(words, width, initial_indent=indent, subsequent_indent=indent + "  "))


@command.command()
@station_option
@model_option
@json_option
def matrix(station: str, model: str, as_json: bool) -> None:
    """Print the interlock table: one row per interlock, one column per kind of step."""
    from station_ctl.cli.interlock_list import always_on_watch
    from station_ctl.cli.specimen import specimen
    from station_ctl.core.interlock_table import CELLS

    shown = specimen(station, model)
    table = shown.paper.interlocks(shown.job)
    if as_json:
        rows = [
            {
                "code": r.interlock.code,
                "text": r.interlock.text,
                "cells": dict(zip(table.columns, r.cells, strict=True)),
            }
            for r in table.rows
        ]
        data = {"columns": dict(table.columns), "cells": dict(CELLS), "rows": rows}
        print_result("interlock.matrix", data, simulated=shown.paper.config.simulated)
        return
    width = max(len(row.interlock.text) for row in table.rows)
    click.secho(f"{'':<5} {'':<{width}}  {'  '.join(table.columns)}", bold=True)
    for row in table.rows:
        click.echo(f"{row.interlock.code:<5} {row.interlock.text:<{width}}  {'   '.join(row.cells)}")
    click.echo()
    click.echo(textwrap.fill(", ".join(f"{short} {name}" for short, name in table.columns.items()), 100))
    for cell, meaning in CELLS.items():
        click.echo(f"{cell}  {meaning}")
    click.echo(always_on_watch(shown))
