"""Staying with an operation: a line at the beginning and end of each step; Ctrl-C holds, once more lets go.

Knows how progress is asked for. The service and the machine go on, whatever happens here.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from typing import Any

import click

from station_ctl.cli.envelope import print_result
from station_ctl.cli.service_call import Service, ServiceRefused
from station_ctl.core.errors import Exit, StillGoingOn
from station_ctl.service.actions import Action

LOOK = 0.3
"""Seconds between two looks."""


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """Keep Ctrl-C until it is asked for: wherever it comes, it becomes a hold and never just an end of this program."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def follow(asked: Service, action: Action, operation: str, timeout: float | None, *, as_json: bool) -> int:
    """Stay until the operation ends. Returns its exit code. Raises StillGoingOn after `timeout` seconds."""
    with interrupts_wait():
        return _follow(asked, action, operation, timeout, as_json=as_json)


def _follow(asked: Service, action: Action, operation: str, timeout: float | None, *, as_json: bool) -> int:
    ends = time.monotonic() + timeout if timeout is not None else float("inf")
    seen: dict[tuple[str, int], str] = {}
    if not as_json:
        click.echo(f"{operation} {action.name} begun; Ctrl-C holds it", err=True)
        # What was proven before this operation is no news.
        runs = asked.get("/api/v1/queries/status")["data"]["runs"]
        seen |= {(r["id"], s["no"]): "proven" for r in runs for s in r["steps"] if s["status"] == "proven"}
    held = False
    while True:
        op = asked.get(f"/api/v1/queries/op.show?operation={operation}")["data"]
        if not as_json:
            _tell_steps(asked.get("/api/v1/queries/status")["data"], seen)
        if op["ended"] is not None:
            return _ended(action, op, as_json=as_json)
        if time.monotonic() > ends:
            raise StillGoingOn(f"{operation} goes on; see: station-ctl op show {operation}")
        if signal.sigtimedwait({signal.SIGINT}, LOOK) is None:
            continue
        if held:
            click.echo(f"{operation} is left alone, the hold goes on; see: station-ctl why", err=True)
            return 130
        held = True
        click.echo(f"HOLD: {asked.command('station.hold', {})['text']}", err=True)


def _tell_steps(state: dict[str, Any], seen: dict[tuple[str, int], str]) -> None:
    for run in state["runs"]:
        for step in run["steps"]:
            key, status = (run["id"], step["no"]), step["status"]
            if seen.get(key, "waiting") == status or status in ("intent", "sent"):
                continue
            began = seen.get(key) == "busy"
            seen[key] = status
            took = f" ({step['took_s']:.1f} s)" if step["took_s"] is not None and status != "busy" else ""
            word = "begins" if status == "busy" and not began else status
            click.echo(f"{run['id']} {step['no']:>3} {step['lane']:<8} {word:<8} {step['text']}{took}", err=True)


def _ended(action: Action, op: dict[str, Any], *, as_json: bool) -> int:
    exit_ = Exit(op["exit"])
    if exit_ is not Exit.DONE:
        raise ServiceRefused({"code": op["code"], "exit": op["exit"], "text": op["text"], "data": op})
    if as_json:
        print_result(action.name, op, simulated=click.get_current_context().obj.simulated)
    else:
        click.echo(f"{op['id']} {op['state']}: {op['text']}")
    return exit_
