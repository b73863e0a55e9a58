"""A technician's place: the simulated machines, the service, and commands as they are typed, each a process of its own.

Knows the command line and nothing behind it. Keeps a transcript of everything typed and answered.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import station_ctl
from station_ctl.cli.sim import FOLDER

ROOT = Path(station_ctl.__file__).resolve().parent.parent
PATIENCE = 120.0
"""Upper bound of every wait, s: this machine may stand still for seconds."""


@dataclass(frozen=True)
class Answer:
    """What one command answered. `text` is stdout and stderr as they came."""

    words: tuple[str, ...]
    exit: int
    out: str
    text: str

    @property
    def data(self) -> dict[str, Any]:
        """The data of the one JSON document on stdout."""
        (line,) = self.out.splitlines()
        data: dict[str, Any] = json.loads(line)["data"]
        return data


class Stand:
    """`transcript` is a list of (heading or command, answer); close it with `end`."""

    def __init__(self, folder: Path, speed: float) -> None:
        self.folder, self.speed = folder, speed
        self.transcript: list[tuple[str, Answer | None]] = []
        self.service: subprocess.Popen[bytes] | None = None
        # No colour and a known width; the socket of this place, as STATION_HOST says it to a person's shell as well.
        self.env = {
            **os.environ, "NO_COLOR": "1", "COLUMNS": "110", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
            "STATION_HOST": f"unix:{folder / 'api.sock'}",
        }  # fmt: skip
        self._plant = self._start("sim", "serve", *self._plant_words, stdout=subprocess.PIPE)
        assert self._plant.stdout is not None
        told = json.loads(self._plant.stdout.readline() or b"{}")
        assert told.get("ok"), f"the plant does not serve: {told}"
        self._settings = [word for text in told["data"]["settings"] for word in ("--set", text)]

    @property
    def _plant_words(self) -> tuple[str, ...]:
        return ("--speed", f"{self.speed:g}", "--port-base", "0", "--dir", str(self.folder), "--json")

    def _start(self, *words: str, stdout: int | IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "station_ctl", *words], cwd=ROOT, env=self.env, stdout=stdout,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    # ---- the service ----
    def start_service(self, *, new: bool = False) -> None:
        """Start the service and wait until it answers with every link alive."""
        log = self.folder / f"service-{time.monotonic_ns()}.log"
        words = ("run", "--station", "sim_passenger_car", *self._settings, *(["--new-journal"] if new else []))
        with log.open("wb") as out:
            self.service = self._start(*words, stdout=out)
        self.until(lambda: '"event": "ready"' in log.read_text(encoding="utf-8"), f"no service: {log}")

    def kill_service(self) -> None:
        """kill -9: no handler, no flush, no goodbye on any socket."""
        assert self.service is not None and self.service.poll() is None
        self.service.kill()
        assert self.service.wait() == -signal.SIGKILL

    def end(self) -> None:
        """Everything comes to its end; what does not is killed."""
        for process in (self.service, self._plant):
            if process is not None and process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
                process.kill()
                process.wait()
            if process is not None and process.stdout is not None:
                process.stdout.close()

    # ---- a person ----
    def heading(self, text: str) -> None:
        """A chapter of the transcript."""
        self.transcript.append((text, None))

    def note(self, line: str) -> None:
        """Something else that was typed, with no answer."""
        self.transcript.append((line, Answer((), 0, "", "")))

    def type(self, line: str) -> Answer:
        """Type `station-ctl LINE`, not on a terminal; kept in the transcript."""
        answer = self.ask(*line.split())
        self.transcript.append((f"station-ctl {line}", answer))
        return answer

    def type_as(self, token: str, line: str) -> Answer:
        """Another person types it, with their token in their own shell."""
        mine, self.env = self.env, {**self.env, "STATION_TOKEN": token}
        answer = self.ask(*line.split())
        self.env = mine
        self.transcript.append((f"STATION_TOKEN=… station-ctl {line}", answer))
        return answer

    def ask(self, *words: str) -> Answer:
        """A command that is nobody's business but the test's."""
        here = ("--dir", str(self.folder)) if words[0] == "sim" else ()
        done = subprocess.run(
            [sys.executable, "-m", "station_ctl", *words, *here], cwd=ROOT, env=self.env, timeout=PATIENCE,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        text = (done.stderr + done.stdout).replace(str(self.folder), FOLDER)
        return Answer(words, done.returncode, done.stdout, text)

    def type_on_terminal(self, line: str, *talk: tuple[str, str]) -> Answer:
        """Type `station-ctl LINE` on a terminal; for each (expect, keys), type the keys once `expect` is shown."""
        answer = on_terminal(line.split(), self.env, talk)
        answer = replace(answer, text=answer.text.replace(str(self.folder), FOLDER))
        self.transcript.append((f"station-ctl {line}", answer))
        return answer

    def orders(self) -> int:
        """Orders that the plant's own monitor has counted."""
        return int(self.ask("sim", "report", "--json").data["orders"])

    def until_step(self, no: int) -> None:
        """Wait until a step of the newest run is under way."""

        def under_way() -> bool:
            runs = self.ask("status", "--json").data["runs"]
            return any(step["no"] >= no and step["status"] == "busy" for run in runs for step in run["steps"])

        self.until(under_way, f"step {no} never began")

    def until(self, happened: Callable[[], bool], otherwise: str) -> None:
        """Wait for something that is bound to happen."""
        ends = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < ends, otherwise
            time.sleep(0.05)


def on_terminal(words: Sequence[str], env: Mapping[str, str], talk: Sequence[tuple[str, str]]) -> Answer:
    """A command on a terminal of its own: Ctrl-C is the kernel's SIGINT to it. Keys as in `type_on_terminal`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "station_ctl", *words], cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    try:
        shown = _talk(ours, list(talk))
        code = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return Answer(tuple(words), code, shown, shown)


def _talk(terminal: int, talk: list[tuple[str, str]]) -> str:
    """Everything shown until the program ends."""
    shown, begin, ends = b"", 0, time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < ends, f"still there, and shows {shown.decode(errors='replace')}"
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                some = os.read(terminal, 65536)
            except OSError:  # nobody is at the other end any more
                some = b""
            if not some:
                break
            shown += some
        while talk and (at := shown.find(talk[0][0].encode(), begin)) >= 0:
            expected, keys = talk.pop(0)
            begin = at + len(expected.encode())
            os.write(terminal, keys.encode())
    text = shown.decode(errors="replace").replace("\r\n", "\n")
    assert not talk, f"never shown: {talk[0][0]!r} in {text}"
    return text


@contextlib.contextmanager
def stand(folder: Path, speed: float) -> Iterator[Stand]:
    """A place with its machines running; the service is started by whoever works there."""
    place = Stand(folder, speed)
    try:
        yield place
    finally:
        place.end()
