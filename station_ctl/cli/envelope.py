"""The JSON envelope of every result and every error.

Knows the outer form and its versions. Does not know what a command has to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click

json_option = click.option(
    "-j", "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)
"""For every command that has a result: `as_json` is its parameter."""


@dataclass(slots=True)
class Call:
    """One call of the command line: its form of output, and whether it is about a simulated station."""

    as_json: bool = False
    simulated: bool = False


def about_simulated(simulated: bool) -> None:
    """Say whether this call is about a simulated station, so that an error that follows says it too."""
    context = click.get_current_context(silent=True)
    call = context.find_object(Call) if context is not None else None
    if call is not None:
        call.simulated = simulated


def envelope(command: str, data: Mapping[str, Any], *, simulated: bool, ok: bool = True) -> str:
    """One line of JSON. `command` is dotted for subcommands: `config.check`. Keys in `data` carry units."""
    document = {
        "schema": f"station.{command}/1",
        "ok": ok,
        "simulated": simulated,
        "at": utc_now(),
        "data": data,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, default=_plain)


def utc_now() -> str:
    """This instant, RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_result(command: str, data: Mapping[str, Any], *, simulated: bool, ok: bool = True) -> None:
    """The result of a command on stdout, as one JSON document."""
    about_simulated(simulated)
    click.echo(envelope(command, data, simulated=simulated, ok=ok))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
