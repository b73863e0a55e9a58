"""A slow, full or read-only disk: the stop is never delayed, nothing is ordered that is not written down."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Record, Verb
from tests.liveness.ailing_bench import AilingBench, at_step, story


def stop_levels(bench: AilingBench) -> list[str]:
    """PLCs in which a stop level stands."""
    return sorted(name for name, plc in bench.sim.plcs.items() if plc.inputs.get("STOP_REQ") == 1)


@pytest.mark.parametrize("seconds", [0.5, 1.9, 30.0])
def test_a_stop_is_not_delayed_by_a_commit_that_takes_long(tmp_path: Path, seconds: float) -> None:
    """The journal is at work on something else when the curtain breaks."""

    async def main() -> None:
        async with at_step(tmp_path, 120) as bench:
            bench.commit_takes = seconds
            bench.engine.gate.submit((Record("note"),))
            await asyncio.sleep(0.2)
            assert bench.working == ["robot"] and stop_levels(bench) == []
            bench.do(cmd="fault", name="curtain", on=True)
            await asyncio.sleep(0.05)
            assert stop_levels(bench) == ["robot"], "the stop waits for the disk"
            assert bench.state.state in (State.ABORTING, State.ABORTED)

    story(main)


def test_a_swap_goes_on_with_a_disk_that_takes_half_a_second_for_everything(tmp_path: Path) -> None:
    async def main() -> None:
        async with at_step(tmp_path, 50) as bench:
            bench.commit_takes = 0.5
            await bench.until(lambda: "S-0001" in bench.watch.closed)
            assert bench.state.trips == ()
            assert bench.do(cmd="report")["violations"] == []

    story(main)


FULL = "PRAGMA max_page_count=1"
READ_ONLY = "PRAGMA query_only=ON"


def fill(db: sqlite3.Connection) -> None:
    """Use up what is left in the pages that the journal has: a disk is full when the next row does not fit."""
    row = "INSERT INTO row (at, kind, run, step, order_no, data) VALUES ('', 'filler', '', 0, 0, '{}')"
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            db.execute(row)


@pytest.mark.parametrize(("spoil", "words"), [(FULL, "full"), (READ_ONLY, "readonly")])
@pytest.mark.parametrize("no", [20, 80, 180])
def test_a_disk_that_takes_nothing_aborts_and_lets_no_order_leave(
    tmp_path: Path, spoil: str, words: str, no: int
) -> None:
    async def main() -> None:
        async with at_step(tmp_path, no) as bench:
            before = len(bench.journal.rows())
            bench.journal._db.execute(spoil)
            if spoil is FULL:
                fill(bench.journal._db)
            await bench.until(lambda: "A501" in bench.codes, 60.0)
            orders = bench.do(cmd="report")["orders"]
            written = sum(row.kind == "step-ordered" for row in bench.journal.rows())
            assert orders <= written, "an order left that is written down nowhere"
            trip = next(t for t in bench.state.trips if t.code == "A501")
            assert words in trip.text and "journal" in trip.text
            await asyncio.sleep(3.0)
            assert bench.do(cmd="report")["orders"] == orders
            assert bench.state.state is State.ABORTED and bench.working == []
            assert bench.codes.count("A501") == 1, "a broken disk feeds itself"
            assert len(bench.journal.rows()) >= before, "what was written before can be read"
            assert bench.do(cmd="report")["violations"] == []

    story(main)


def test_with_space_again_nothing_goes_on_before_a_restart(tmp_path: Path) -> None:
    """What the disk has lost meanwhile nobody knows, although it takes rows again."""

    async def main() -> None:
        async with at_step(tmp_path, 80) as bench:
            bench.journal._db.execute(READ_ONLY)
            await bench.until(lambda: bench.state.state is State.ABORTED, 60.0)
            rows, orders = len(bench.journal.rows()), bench.do(cmd="report")["orders"]
            bench.journal._db.execute("PRAGMA query_only=OFF")
            assert "restart the program" in next(t.text for t in bench.state.trips if t.code == "A501")
            ask = bench.engine.ask
            await ask(Verb.ACKNOWLEDGE, "test")
            with pytest.raises(Refused, match="journal"):
                await ask(Verb.CLEAR, "test")
                await ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
                await ask(Verb.RESUME, "test", confirmed=True)
            await asyncio.sleep(3.0)
            assert bench.state.runs and bench.working == []
            assert (len(bench.journal.rows()), bench.do(cmd="report")["orders"]) == (rows, orders)

    story(main)


def test_with_space_again_a_restart_takes_the_swap_up_where_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with at_step(tmp_path, 80) as bench:
            bench.journal._db.execute(READ_ONLY)
            await bench.until(lambda: bench.state.state is State.ABORTED, 60.0)
            await bench.kill(1.5)
            assert bench.state.state is State.STOPPED and bench.state.journal_writable
            ask = bench.engine.ask
            await ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
            await ask(Verb.RESUME, "test", confirmed=True)
            await bench.until(lambda: not bench.state.runs)
            assert bench.state.trips == () and bench.do(cmd="report")["violations"] == []
            assert bench.watch.closed["S-0001"].complete

    story(main)
