"""The wall clock may jump by a day, back and forth: only the monotonic clock decides; time of day is for readers."""

from __future__ import annotations

import ast
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import drivers
import sequences
import station_ctl
from tests.bench.virtual_bench import ready_bench, run_virtually

DAY = timedelta(days=1)

MAY_TELL_THE_TIME = {
    "station_ctl/engine/journal.py",
    "station_ctl/logs.py",
    # Onlookers: they write down and show when something was, and keep what is younger than so many days.
    "station_ctl/service/alarm_board.py",
    "station_ctl/service/black_box.py",
    "station_ctl/service/trends.py",
    "station_ctl/service/watchers.py",
    "station_ctl/service/operations.py",
    "station_ctl/service/backup.py",
    "station_ctl/service/backup_duty.py",
    # What a kWh costs now, and when swaps were: a wrong clock makes a dear plan; limits and stops do not ask it.
    "station_ctl/service/day_planner.py",
    "station_ctl/service/swap_times.py",
    # How old a request and a token are: a wrong clock refuses them, and moves nothing.
    "station_ctl/service/duty.py",
    # How old a channel's key is: the library knows no other clock, and a wrong one costs a connection, no more.
    "drivers/opcua_socket.py",
}
"""Files that read the time of day, for people and their requests. No step, limit or stop is decided by it."""


_OF_DAY = ("datetime.now", "datetime.utcnow", "date.today")


class JumpingClock(datetime):
    """A time of day that is a day off, another way each time somebody looks."""

    jumps = itertools.cycle((DAY, -DAY, timedelta(0), 30 * DAY))

    @classmethod
    def now(cls, tz=None):  # type: ignore[no-untyped-def]
        """The wrong time."""
        return datetime.now(tz) + next(cls.jumps)


async def _swap(folder: Path) -> tuple[list[tuple[str, str, int, int]], float]:
    """Kinds of journal rows in their order, and how long the swap took (process s)."""
    async with ready_bench(folder, speed=60.0) as bench:
        run = await bench.swap()
        rows = [(r.kind, r.run, r.step, r.order) for r in bench.journal.rows()]
        restored = bench.journal.restore()
        assert restored.next_order == bench.state.next_order and restored.ledger == bench.state.ledger
        return rows, round(max(st.ended for st in run.steps) - run.began, 3)


def test_a_swap_is_the_same_whatever_the_time_of_day_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = run_virtually(_swap(tmp_path / "a"))
    jumps = itertools.cycle((86400.0, -86400.0, 0.0))
    real = time.time
    monkeypatch.setattr("station_ctl.engine.journal.datetime", JumpingClock)
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    assert run_virtually(_swap(tmp_path / "b")) == plain
    assert abs(datetime.now(UTC).timestamp() - real()) < 3600, "the control: the test's own clock is right"


def _sources() -> Iterator[tuple[str, ast.Module]]:
    root = Path(station_ctl.__file__).resolve().parents[1]
    for package in (station_ctl, drivers, sequences):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            yield str(path.resolve().relative_to(root)), ast.parse(path.read_text(encoding="utf-8"))


def _wall_clocks(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = f"{ast.unparse(node.value)}.{node.attr}"
            if name in ("time.time", "time.time_ns") or name.endswith(_OF_DAY):
                yield name
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (alias.name for alias in node.names if alias.name in ("time", "time_ns"))


def test_nobody_decides_by_the_time_of_day() -> None:
    found = {name: sorted(set(_wall_clocks(tree))) for name, tree in _sources()}
    users = {name for name, clocks in found.items() if clocks}
    deciding = {n for n in users if not n.startswith("station_ctl/cli/")} - MAY_TELL_THE_TIME
    assert deciding == set(), {name: found[name] for name in deciding}
    assert "station_ctl/engine/journal.py" in users, "the search finds nothing at all"
