"""Campaigns as processes, some at once: one that dies or is interrupted says so in its figures.

Knows processes and signals. Does not know what the figures mean.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tests.evidence.campaigns import Figures

ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.1
ENDS = (signal.SIGINT, signal.SIGTERM)
WORDS = 400
"""Characters of what a campaign said last that are kept when it dies."""

Told = Callable[[str, Figures], None]


def one(name: str, *, long: bool) -> list[str]:
    """The command of one campaign as a process of its own, because some of them fork and all fill their memory."""
    return [sys.executable, "-m", "tests.evidence", "--one", name, *(["--long"] if long else [])]


class _Running:
    """A campaign under way. Its output goes to files, because nobody reads pipes meanwhile."""

    def __init__(self, command: Sequence[str]) -> None:
        self.began = time.monotonic()
        self.out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by figures() or end()
        self.err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        # A group of its own: what the campaign has started ends with it.
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, start_new_session=True
        )

    def figures(self) -> Figures:
        """What it found, with the seconds it took and what it `said`; `failed` says why there is nothing."""
        took = round(time.monotonic() - self.began, 1)
        out, err = _read(self.out), _read(self.err)
        if self.process.returncode:
            last = (err or out).strip()[-WORDS:]
            return {"failed": f"ended with {self.process.returncode}: {last}", "took_s": took}
        try:
            found: Figures = json.loads(out.splitlines()[-1])
        except (ValueError, IndexError):
            return {"failed": f"said no figures: {out[-WORDS:]!r}", "took_s": took}
        return {**found, "took_s": took, **({"said": err.strip()[-10 * WORDS :]} if err.strip() else {})}

    def end(self) -> Figures:
        """Stop it with everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.out.close()
        self.err.close()
        return {"failed": "interrupted", "took_s": round(time.monotonic() - self.began, 1)}


def _read(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode(errors="replace")


def run_all(commands: dict[str, Sequence[str]], at_once: int, told: Told) -> bool:
    """Run every campaign, `at_once` of them at a time, in this order; `told` hears of each as it ends.

    False when it was interrupted: then those under way, and those that never began, are told as failed.
    """
    waiting, running, asked = dict(commands), dict[str, _Running](), list[int]()
    # Only noted: an exception in the middle of a start would leave a process behind that nobody knows.
    before = {number: signal.signal(number, lambda no, _: asked.append(no)) for number in ENDS}
    try:
        while (waiting or running) and not asked:
            while waiting and len(running) < at_once:
                name = next(iter(waiting))
                running[name] = _Running(waiting.pop(name))
            for name in [name for name, it in running.items() if it.process.poll() is not None]:
                told(name, running.pop(name).figures())
            time.sleep(LOOK)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for name, it in running.items():
        told(name, it.end())
    for name in waiting:
        told(name, {"failed": "interrupted before it began", "took_s": 0.0})
    return not asked
