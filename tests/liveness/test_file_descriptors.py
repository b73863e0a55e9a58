"""No file descriptor is left: every link backs off, says so, and comes back when there is one again. Nothing ends."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from station_ctl.build import PARTS, make_link
from station_ctl.config import load_station
from station_ctl.core.links import Link, NotSent
from station_ctl.paths import config_directory
from tests.bench.virtual_bench import run_virtually

STATION = config_directory() / "stations" / "sim_passenger_car.yaml"
SECONDS = 60.0
LINKS = ("lift", "robot", "safety", "meter", "reader")


def used_up(*args: Any, **kwargs: Any) -> Any:
    """What every call that needs a descriptor gets."""
    used_up.calls += 1  # type: ignore[attr-defined]
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """No descriptor is left; the number of tries to get one."""
    used_up.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", used_up)
    monkeypatch.setattr("serial.Serial", used_up)
    monkeypatch.setattr("serial.serial_for_url", used_up)
    return lambda: int(used_up.calls)  # type: ignore[attr-defined]


def a_link(name: str) -> Link:
    """The link of the shipped station."""
    return make_link(name, load_station(STATION, {}, PARTS))


@pytest.mark.parametrize("name", LINKS)
def test_a_link_without_descriptors_tries_seldom_and_says_why(name: str, tries: Callable[[], int]) -> None:
    async def main() -> None:
        link = a_link(name)
        running = asyncio.create_task(link.run(), name=name)
        await asyncio.sleep(SECONDS)
        assert not running.done(), "the link has ended"
        assert os.strerror(errno.EMFILE) in (link.snapshot.fault or ""), link.snapshot.fault
        assert 10 < tries() < 20 * SECONDS, f"{tries()} tries in {SECONDS} s"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(main())


@pytest.mark.parametrize("name", ["lift", "robot"])
def test_an_order_on_such_a_link_surely_did_not_leave(name: str, tries: Callable[[], int]) -> None:
    async def main() -> None:
        link = a_link(name)
        running = asyncio.create_task(link.run(), name=name)
        await asyncio.sleep(1.0)
        for urgent in (False, True):
            with pytest.raises(NotSent):
                await link.write({"STOP_REQ": 1}, urgent=urgent)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(main())


def test_a_journal_without_descriptors_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from station_ctl.core.errors import JournalError
    from station_ctl.engine.journal import Journal

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise sqlite3.OperationalError("unable to open database file")

    Journal.new(tmp_path / "journal.sqlite", "TOY").close()
    monkeypatch.setattr("station_ctl.engine.journal_file.sqlite3.connect", refuse)
    with pytest.raises(JournalError, match="unable to open"):
        Journal(tmp_path / "journal.sqlite", "TOY")
