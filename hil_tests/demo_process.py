"""`station-ctl demo` as a person calls it: a process with arguments, an exit code, and what it prints.

Knows the command line. Does not import anything of the program it runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PATIENCE = 110.0
"""Upper bound of one demo, wall s."""

_LINE = re.compile(r"^ *(?P<at>[\d.]+) s +(?P<run>[RS]-\d+) +(?P<no>\d+) (?P<lane>\w+) +(?P<what>\w+) ")


@dataclass(frozen=True)
class Line:
    """One plain line of progress: process time (s), run, step, and `begins`, `proven` or `stopped`."""

    at: float
    run: str
    no: int
    what: str


@dataclass(frozen=True)
class Shown:
    """What one call printed, and how it ended."""

    exit: int
    out: str
    err: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        (line,) = self.out.splitlines()
        document: dict[str, Any] = json.loads(line)
        return document

    @property
    def data(self) -> dict[str, Any]:
        """The `data` of the document."""
        data: dict[str, Any] = self.document["data"]
        return data

    @cached_property
    def lines(self) -> list[Line]:
        """The plain lines of progress."""
        found = [m for line in self.err.splitlines() if (m := _LINE.match(line)) is not None]
        return [Line(float(m["at"]), m["run"], int(m["no"]), m["what"]) for m in found]

    def at(self, run: str, no: int, what: str) -> float:
        """Process time (s) at which a step of a run began or ended."""
        (found,) = [line for line in self.lines if (line.run, line.no, line.what) == (run, no, what)]
        return found.at


def environment() -> dict[str, str]:
    """The environment of a call: no colour, a terminal of known width, this checkout."""
    return {
        **os.environ,
        "NO_COLOR": "1",
        "COLUMNS": "120",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
    }


def command(*arguments: str) -> list[str]:
    """The command line of a call."""
    return [sys.executable, "-m", "station_ctl", "demo", *arguments]


def demo(*arguments: str) -> Shown:
    """One call to its end, its output on pipes."""
    done = subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Shown(done.returncode, done.stdout, done.stderr)


def assert_custody_exact(shown: Shown) -> None:
    """The demo found ledger and plant alike, and so does the document: no pack twice."""
    assert shown.data["custody_errors"] == []
    packs = list(shown.data["custody"].values())
    assert len(packs) == len(set(packs))
