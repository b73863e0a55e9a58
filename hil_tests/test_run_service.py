"""The service as a process, against the simulated machines as a process: ready, alone, orders nothing, ends clean.

Knows both command lines. Does not know what the service does inside. No test measures time.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from station_ctl.config import load_station, station_file
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal

PATIENCE = 60.0
"""Upper bound of every wait, s: this machine may stand still for seconds."""


class Program:
    """One station-ctl process whose output is read line by line. `lines` is everything it has said on stdout."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, *words: str) -> Program:
        """Start it; its standard input is held open."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "station_ctl", *words, stdin=pipe, stdout=pipe, stderr=pipe, limit=2**24
            )
        )

    async def line(self) -> dict[str, Any]:
        """The next line; fails with what stands on stderr if there is none."""
        assert self.process.stdout is not None and self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            text = await self.process.stdout.readline()
            assert text, (await self.process.stderr.read()).decode()
        self.lines.append(json.loads(text))
        return self.lines[-1]

    async def until(self, event: str) -> dict[str, Any]:
        """Read until the log names this event."""
        while (line := await self.line())["event"] != event:
            pass
        return line

    async def ask(self, **command: Any) -> dict[str, Any]:
        """A control command to a plant, and its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self.line()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal if it still runs; exit code and stderr. What it says on its way out is in `lines`."""
        assert self.process.stdout is not None and self.process.stderr is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            rest, errors = await asyncio.gather(self.process.stdout.read(), self.process.stderr.read())
            code = await self.process.wait()
        self.lines += [json.loads(text) for text in rest.splitlines()]
        return code, errors.decode()

    async def kill(self) -> None:
        """For the end of a failed test."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()


@asynccontextmanager
async def program(*words: str) -> AsyncIterator[Program]:
    started = await Program.start(*words)
    try:
        yield started
    finally:
        await started.kill()


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Program]:
    """`sim serve` on free ports; its first line is the first of `lines`."""
    async with program("sim", "serve", "--port-base", "0", "--dir", str(tmp_path), "--json") as serving:
        await serving.line()
        yield serving


def station_of(plant: Program, folder: Path) -> Path:
    """A station file of its own for this plant."""
    shipped = load_station(station_file("sim_passenger_car"))
    text = shipped.path.read_text(encoding="utf-8")
    text = text.replace(str(shipped.journal), str(folder / "journal.sqlite"))
    for name, url in plant.lines[0]["data"]["endpoints"].items():
        written = shipped.links[name].address
        assert text.count(written) == 1, written
        text = text.replace(written, url.removeprefix("tcp://").removeprefix("serial://"))
    file = folder / "here.yaml"
    file.write_text(text, encoding="utf-8")
    return file


async def test_service_becomes_ready_orders_nothing_and_ends_clean(plant: Program, tmp_path: Path) -> None:
    async with program("run", "--new-journal", "--station", str(station_of(plant, tmp_path))) as service:
        ready = await service.until("ready")
        assert ready["links"] == 8
        # A vehicle at the entry changes nothing: only a person lets the station work.
        assert (await plant.ask(cmd="vehicle"))["ok"]
        code, errors = await service.end()
    assert (code, errors) == (0, "")
    assert [line["event"] for line in service.lines][:2] == ["starting", "journal-is-new"]
    assert service.lines[-1]["event"] == "ended"
    assert not [line for line in service.lines if line["level"] == "error"]
    report = await plant.ask(cmd="report")
    assert (report["orders"], report["violations"]) == (0, [])
    assert (tmp_path / "history.db").is_file(), "alarms and trends are kept beside the journal"
    assert "history-trouble" not in {line["event"] for line in service.lines}
    assert await plant.end(signal.SIGINT) == (0, "")


async def test_second_instance_is_refused_and_the_first_goes_on(plant: Program, tmp_path: Path) -> None:
    station = str(station_of(plant, tmp_path))
    Journal.new(tmp_path / "journal.sqlite", "SIM-0001").close()
    async with program("run", "--station", station) as first, program("run", "--station", station) as second:
        # Whichever opened the journal first is the one that runs.
        running, refused = (first, second)
        done = [asyncio.create_task(p.process.wait()) for p in (first, second)]
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
        if done[0].done():
            running, refused = second, first
        code, errors = await refused.end()
        assert code == 1 and errors.startswith("A503: Station runs already")
        await running.until("ready")
        assert (await running.end(signal.SIGINT))[0] == 0
        await asyncio.gather(*done)


async def test_encrypted_robot_is_reached_with_the_settings_that_the_plant_tells(tmp_path: Path) -> None:
    serve = ("sim", "serve", "--port-base", "0", "--dir", str(tmp_path), "--secure", "--json")
    async with program(*serve) as plant:
        told = (await plant.line())["data"]["settings"]
        assert [name for name in told if name.startswith("links.robot.security.")]
        settings = [word for text in told for word in ("--set", text)]
        async with program("run", "--new-journal", "--station", "sim_passenger_car", *settings) as service:
            await service.until("ready")
            assert (await service.end())[0] == 0


async def test_swap_that_was_never_finished_is_named_at_the_start(plant: Program, tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    opened = (("sequence", "swap-of-old"), ("steps", [20]), ("vehicle", "LSZ1"), ("model", "SIM-SEDAN"))
    journal.commit([Record("run-opened", "S-0007", data=opened)], None)
    journal.close()
    async with program("run", "--station", str(station_of(plant, tmp_path))) as service:
        told = await service.until("alarm")
        assert told["code"] == "A403" and "S-0007" in told["text"]
        await service.until("ready")
        assert (await service.end())[0] == 0
    assert (await plant.ask(cmd="report"))["orders"] == 0


async def test_old_copy_of_the_journal_is_told_at_the_start(plant: Program, tmp_path: Path) -> None:
    """The PLCs remember a newer order than the journal: nobody has to try a start to learn it."""
    service_of = ("run", "--station", str(station_of(plant, tmp_path)))
    journal = Journal.new(tmp_path / "journal.sqlite", "SIM-0001")
    journal.commit([Record("order-withdrawn", order=4)], None)
    journal.close()
    assert (await plant.ask(cmd="fault", name="sensor-stuck", tag="lift.ACK_ID", value=7, on=True))["ok"]
    async with program(*service_of) as service:
        await service.until("ready")
        told = await service.until("alarm")
        assert told["code"] == "A505" and "remembers order 7, the journal only 4" in told["text"]
        assert (await service.end())[0] == 0


async def test_plant_goes_on_when_its_input_ends_and_answers_until_then(plant: Program) -> None:
    assert plant.process.stdin is not None
    assert (await plant.ask(cmd="nonsense"))["ok"] is False
    plant.process.stdin.close()
    assert plant.process.returncode is None
    assert await plant.end() == (0, "")
