"""A process with a journal of its own that is killed with SIGKILL at one of its operations, for real.

Knows fork, strace and signals. Does not know what the journal holds or what becomes of it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from station_ctl.engine.journal import Journal
from tests.crash.crash_bench import copied
from tests.crash.disk_log import NoRecorder

CALLS = ("pwrite64", "fdatasync")
"""What changes the journal's files and makes them durable. A victim dies as it enters one: what came before is done."""

Call = tuple[str, int]
"""A call of this name, and the how many-eth of them."""

MOST_CALLS = 60

STATION = "SIM-0001"
ACKNOWLEDGED = b"A"

Act = Callable[[Journal], None]


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed process leaves: its journal, and whether its operation had returned before."""

    journal: Path
    acknowledged: bool


def killed(journal: Path, folder: Path, act: Act, at_call: Call | None = None) -> Left:
    """Let a process act on a copy of `journal` and kill it at this call, or after all of them.

    Whoever is killed after the last call of its operation has acknowledged it. Raises NoRecorder, AssertionError.
    """
    said, says = os.pipe()
    waits, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(said)
        os.close(go)
        _die(journal, folder, act, says, waits)
    os.close(says)
    os.close(waits)
    tracer: subprocess.Popen[str] | None = None
    try:
        own = Path(os.read(said, 4096).decode())
        if at_call:
            tracer = _traced(pid, at_call, own.parent / "strace.log")
        os.write(go, b"!")
        acknowledged = os.read(said, 1) == ACKNOWLEDGED
    finally:
        os.close(go)
        os.close(said)
        _, status = os.waitpid(pid, 0)
        if tracer is not None:
            tracer.communicate()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"the victim ended with {status}"
    return Left(own, acknowledged)


def deaths_inside(kill: Callable[[Call], Left]) -> Iterator[tuple[Call, Left]]:
    """What is left by processes that die at each call of an operation; `kill` lets one die at the call it is given."""
    for name in CALLS:
        for number in range(1, MOST_CALLS):
            left = kill((name, number))
            if left.acknowledged:
                break  # it has no such call any more
            yield (name, number), left
        else:
            raise AssertionError(f"an operation with {MOST_CALLS} calls of {name}")


def _die(journal: Path, folder: Path, act: Act, says: int, waits: int) -> None:
    """The life of the victim; never returns."""
    try:
        mine = Journal(copied(journal, folder), STATION)
        mine.restore()
        os.write(says, bytes(mine.path))
        os.read(waits, 1)
        act(mine)
        os.write(says, ACKNOWLEDGED)
        os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


def _traced(pid: int, at_call: Call, log: Path) -> subprocess.Popen[str]:
    """strace on the victim, once it holds it. Calls on its pipes are not counted, only those on files of its folder."""
    strace = shutil.which("strace")
    if strace is None:
        os.kill(pid, signal.SIGKILL)
        raise NoRecorder("strace is not installed: sudo apt-get install strace")
    name, number = at_call
    inject = ["-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}"]
    files = [part for name in os.listdir(log.parent) for part in ("-P", str(log.parent / name))]
    wal = str(next(log.parent.glob("*.sqlite"))) + "-wal"
    command = [strace, "-f", "-y", "-p", str(pid), "-o", str(log), *inject, *files, "-P", wal]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    while line := tracer.stderr.readline():
        if re.search(r"attached", line):
            return tracer
        if "ptrace" in line or "not permitted" in line:
            os.kill(pid, signal.SIGKILL)
            raise NoRecorder(f"strace may not trace here: {line.strip()}")
    os.kill(pid, signal.SIGKILL)
    raise NoRecorder(f"strace ended with {tracer.wait()}")
