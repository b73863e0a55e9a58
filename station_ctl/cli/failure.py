"""How an error leaves the program: code, text, cause and remedy of the alarm catalogue, and an exit code.

Knows the form of an error. Does not know what went wrong.
"""

from __future__ import annotations

import os
import traceback
from typing import Any

import click

from station_ctl.cli.envelope import Call, envelope
from station_ctl.core.alarms import AlarmEntry
from station_ctl.core.errors import ConfigurationError, Exit, StationError

INTERRUPTED = 130
INTERNAL = "A990"


def report_error(error: StationError, call: Call) -> int:
    """An error the catalogue knows. Returns the exit code of its class."""
    detail = error.findings if isinstance(error, ConfigurationError) else str(error).splitlines()
    _say(error.code, error.exit, detail, call)
    return error.exit


def report_usage(error: click.ClickException, call: Call) -> int:
    """A command line that click does not understand."""
    if call.as_json:
        _say_json(call, error.exit_code, None, [error.format_message()])
    else:
        error.show()
    return error.exit_code


def report_internal(error: Exception, call: Call) -> int:
    """A defect of this program: the whole traceback, then the words of the catalogue."""
    trace = "".join(traceback.format_exception(error)).rstrip()
    if not call.as_json:
        click.echo(trace, err=True)
    kind = f"{type(error).__name__}: {error}"
    _say(INTERNAL, Exit.INTERNAL, [kind], call, **({"traceback": trace.splitlines()} if call.as_json else {}))
    return Exit.INTERNAL


def _entry(code: str) -> AlarmEntry | None:
    """The row of the catalogue; None if there is none or the catalogue itself is broken."""
    from station_ctl.config import load_alarms  # only when something failed: reading it takes tens of ms

    try:
        return load_alarms().get(code)
    except (ConfigurationError, OSError):
        return None


def _say(code: str, exit_code: int, detail: list[str], call: Call, **more: Any) -> None:
    entry = _entry(code)
    if call.as_json:
        known = {} if entry is None else {"text": entry.text, "cause": entry.cause, "remedy": entry.remedy}
        _say_json(call, exit_code, code, detail, **known, **more)
        return
    title = f"{code}: {entry.text if entry is not None else 'error'}"
    colour = False if os.environ.get("NO_COLOR") else None  # None: as the terminal is
    click.secho(title, fg="red", bold=True, err=True, color=colour)
    for line in detail:
        click.echo(f"  {line}", err=True)
    if entry is not None:
        click.echo(f"cause:  {entry.cause}", err=True)
        click.echo(f"remedy: {entry.remedy}", err=True)


def _say_json(call: Call, exit_code: int, code: str | None, detail: list[str], **more: Any) -> None:
    data = {"exit": int(exit_code), "code": code, "detail": detail, **more}
    click.echo(envelope("error", data, simulated=call.simulated, ok=False), err=True)
