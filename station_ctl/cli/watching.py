"""Looking again and again: the same question every second, until Ctrl-C.

Knows how a terminal is redrawn and what goes into a pipe. The service may be started anew meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from station_ctl.cli.envelope import utc_now
from station_ctl.core.errors import NotReachable

EVERY = 1.0
"""Seconds between two looks."""

WATCHED = frozenset(
    ("status", "why", "io.list", "io.read", "alarm.list", "queue.list", "bay.list", "charger.list", "op.list",
     "robot.where", "stacker.where", "lift.where", "crane.where", "stand.where", "lock.read", "interlock.now")
)  # fmt: skip
"""Actions worth watching."""


def watch(
    look: Callable[[], Mapping[str, Any]], lines: Callable[[Mapping[str, Any]], Iterable[str]],
    tell: Callable[[Mapping[str, Any]], None] | None, *, looks: int = -1,
) -> None:  # fmt: skip
    """Ask until Ctrl-C, or `looks` times. `tell` prints one JSON object a look; without it lines are shown.

    On a terminal the screen is drawn anew; elsewhere an answer is printed when it is another one than before. Raises
    NotReachable if not even the first look is answered.
    """
    before: list[str] = []
    answered = False
    while looks:
        looks -= 1
        try:
            answer = look()
        except NotReachable as error:
            if not answered:
                raise
            now = [str(error)]
        else:
            answered = True
            if tell is not None:
                tell(answer)
            now = [] if tell is not None else list(lines(answer))
        if now != before:
            _show(now)
            before = now
        if looks:
            time.sleep(EVERY)


def _show(lines: list[str]) -> None:
    if sys.stdout.isatty():
        click.clear()
    elif lines:
        click.echo(f"-- {utc_now()}")
    for line in lines:
        click.echo(line)
    sys.stdout.flush()


def follow_log(ask: Callable[[int], list[Mapping[str, Any]]], show: Callable[[Mapping[str, Any]], None]) -> None:
    """Rows as they come, until Ctrl-C. `ask` gives the rows after a number. A service that is away is asked again."""
    last, answered = 0, False
    while True:
        try:
            rows = ask(last)
        except NotReachable:
            if not answered:
                raise
            rows = []
        answered = True
        for row in rows:
            show(row)
            last = int(row["seq"])
        sys.stdout.flush()
        time.sleep(EVERY)
