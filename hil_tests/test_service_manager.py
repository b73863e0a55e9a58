"""What the service manager hears: a real datagram socket, a really stuck task, a real process from start to end.

Knows the sd_notify protocol. No test measures time: stuck tasks are in virtual time, the process is waited for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil_tests.test_run_service import PATIENCE, Program, plant, program, station_of
from station_ctl.config import station_file
from station_ctl.service.foreground import links_down
from station_ctl.service.notify import LONGEST, ServiceManager, keep_told, state_sentence
from tests.bench.virtual_bench import VirtualBench
from tests.liveness.ailing_bench import AilingBench, at_step, story

__all__ = ["plant"]

WATCHDOG = 10.0


class Manager:
    """The listening end, as systemd has it. `heard` is every datagram so far, as (name, value) pairs."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self._heard: list[tuple[str, str]] = []

    @property
    def heard(self) -> list[tuple[str, str]]:
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self._heard
            self._heard += [(name, value) for name, _, value in (line.partition("=") for line in text.splitlines())]

    def beats(self) -> int:
        return self.heard.count(("WATCHDOG", "1"))

    def status(self) -> str:
        return [value for name, value in self.heard if name == "STATUS"][-1]

    async def until(self, said: Callable[[list[tuple[str, str]]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not said(self.heard):  # noqa: ASYNC110 - a datagram socket of another process tells nothing else
                await asyncio.sleep(0.05)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify"))
    yield listening
    listening.close()


def told_by(bench: VirtualBench, manager: Manager) -> asyncio.Task[None]:
    station = ServiceManager(manager.address, WATCHDOG)
    return asyncio.create_task(keep_told(bench.engine, station, lambda: links_down(bench.engine)))


def test_beats_come_while_every_task_lives_and_end_with_a_stuck_one_that_is_named(
    tmp_path: Path, manager: Manager
) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            telling = told_by(bench, manager)
            await asyncio.sleep(3)
            assert manager.beats() >= 3 and "stuck" not in manager.status()
            assert "execute in automatic" in manager.status() and "S-0001" in manager.status()
            bench.commit_takes = 1e6
            await bench.until(lambda: "A701" in bench.codes, 30.0)
            await asyncio.sleep(1)
            assert manager.status().startswith("stuck: gate; "), manager.status()
            before = manager.beats()
            await asyncio.sleep(2 * WATCHDOG)
            assert manager.beats() == before, "the watchdog is fed although a task is stuck"
            telling.cancel()

    story(main)


@pytest.mark.parametrize("struck", ["robot", "heartbeat"])
def test_a_task_that_died_ends_the_beats(tmp_path: Path, manager: Manager, struck: str) -> None:
    async def main() -> None:
        async with at_step(tmp_path) as bench:
            telling = told_by(bench, manager)
            await asyncio.sleep(1)
            _end(bench, struck)
            await bench.until(lambda: "A701" in bench.codes, 5.0)
            await asyncio.sleep(1)
            before = manager.beats()
            await asyncio.sleep(WATCHDOG)
            assert before >= 1 and manager.beats() == before
            assert struck in manager.status().partition(";")[0]
            telling.cancel()

    story(main)


def _end(bench: AilingBench, name: str) -> None:
    if name in bench.links:
        bench.strike(name, RuntimeError("struck dead"))
    else:
        next(t for t in asyncio.all_tasks() if t.get_name() == name).cancel()


def test_status_is_told_when_it_changes_and_names_links_that_are_down(tmp_path: Path, manager: Manager) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            await asyncio.sleep(2)
            telling = told_by(bench, manager)
            await asyncio.sleep(5)
            assert [name for name, _ in manager.heard].count("STATUS") == 1
            assert manager.status() == "stopped in maintenance; 8 links scanned"
            bench.do(cmd="fault", name="link-lost", on=True, plc="stacker")
            await asyncio.sleep(3)
            assert "links down: stacker" in manager.status()
            assert manager.beats() >= 3, "a PLC that is off is no reason to restart the service"
            telling.cancel()

    story(main)


def test_status_stays_one_line_that_fits(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            sentence = state_sentence(bench.engine, ("a\nb",) * LONGEST, {})
            assert len(sentence) == LONGEST and "\n" not in sentence and sentence.endswith("…")

    story(main)


def test_manager_is_the_one_of_the_environment_and_the_watchdog_is_for_this_process() -> None:
    named = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "10000000"}
    assert ServiceManager.of({}) == ServiceManager() and ServiceManager().watchdog == 0
    assert ServiceManager.of(named) == ServiceManager("/run/x", 10.0)
    assert ServiceManager.of({**named, "WATCHDOG_PID": str(os.getpid())}).watchdog == 10.0
    assert ServiceManager.of({**named, "WATCHDOG_PID": "1"}).watchdog == 0.0
    assert ServiceManager.of({**named, "WATCHDOG_USEC": "soon"}).watchdog == 0.0


def test_beat_comes_well_within_the_time_of_the_watchdog() -> None:
    assert ServiceManager("x", 1.0).period <= 0.25 and ServiceManager("x", 3600.0).period <= 1.0


def test_abstract_address_is_understood() -> None:
    listening = Manager(f"@station-test-{os.getpid()}")
    ServiceManager(listening.address).tell(READY=1, STATUS="here")
    assert listening.heard == [("READY", "1"), ("STATUS", "here")]
    listening.close()


def test_manager_that_is_gone_or_reads_nothing_stops_nothing(tmp_path: Path, manager: Manager) -> None:
    ServiceManager(str(tmp_path / "nobody")).tell(READY=1)
    for _ in range(10_000):  # more than the socket holds
        ServiceManager(manager.address).tell(WATCHDOG=1)
    assert 0 < manager.beats() < 10_000


@pytest.fixture
def watched(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """The environment that a service manager gives to what it starts."""
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    return manager


def unplugged(folder: Path) -> str:
    """A station none of whose machines answers."""
    text = station_file("sim_passenger_car").read_text(encoding="utf-8")
    # Ports below 1024, of services that nobody runs any more.
    text = text.replace("127.0.0.1:1502", "127.0.0.1:1").replace("/tmp/station-ctl-sim/", f"{folder}/")
    file = folder / "unplugged.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


async def test_service_says_ready_beats_and_says_that_it_ends(
    plant: Program, tmp_path: Path, watched: Manager
) -> None:
    async with program("run", "--station", str(station_of(plant, tmp_path)), "--new-journal") as service:
        await service.until("ready")
        await watched.until(lambda heard: heard.count(("WATCHDOG", "1")) >= 3)
        assert watched.heard[0] == ("READY", "1"), "ready before anything else is told"
        assert watched.status() == "stopped in maintenance; 8 links scanned"
        assert await service.end() == (0, "")
    assert ("STOPPING", "1") in watched.heard
    assert (await plant.ask(cmd="report"))["orders"] == 0


async def test_service_is_ready_although_no_plc_answers_and_a_bite_shows_every_thread(
    tmp_path: Path, watched: Manager
) -> None:
    async with program("run", "--station", unplugged(tmp_path), "--new-journal") as service:
        await watched.until(lambda heard: ("READY", "1") in heard and heard.count(("WATCHDOG", "1")) >= 2)
        assert "links down: lift, meter, rack_a, rack_b, reader, robot, safety, stacker" in watched.status()
        code, errors = await service.end(signal.SIGABRT)
    assert code == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in errors and "Thread 0x" in errors and "run_until_complete" in errors
