"""Journals of an interrupted swap with spoilt rows before the real restore and rebuild; and the strict reference.

Knows what the rows of a journal must hold, from docs and from the rows of a real run. Does not use our reader to judge.
"""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.config import load_station
from station_ctl.core.errors import JournalError, StationError
from station_ctl.core.steps import Job, Sequence
from station_ctl.engine import recovery
from station_ctl.engine.decide import decide
from station_ctl.engine.events import JournalReady
from station_ctl.engine.journal import Journal, Restored
from station_ctl.engine.state import StationState, StepStatus
from station_ctl.paths import config_directory
from station_ctl.service.recovery import rebuild
from tests.bench.virtual_bench import VirtualBench, run_virtually
from tests.bench.world import World
from tests.fuzz.mutation import Tally, spoilt

EDGES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 65535, 65536, 2**32 - 1, 2**32, 2**63, 1.5, "", "0", "x", "None", [], {}, [20], "A01",
    "handover_in", "S-0001", float("nan"),
)  # fmt: skip
NUMBERS = (-(2**63), -1, 0, 1, 2, 3, 90, 100, 65536, 2**32 - 2, 2**32 - 1, 2**32, 2**63 - 1)
NAMES = ("", "S-0001", "S-0002", "R-0001", "S-99999999999999999999", "x", "A01", "robot", "handover_in", "\x00", "é")
KINDS = (
    "run-opened", "run-closed", "step-ordered", "step-proven", "step-stopped", "order-withdrawn", "asked", "",
)  # fmt: skip
TEXTS = (
    "", "{", "null", "[]", "1", '"x"', "{}", "nan", "NaN", "[" * 5000, '{"a":' * 3000, "9" * 5000, '{"epoch": 1}',
    "\x00", '{"epoch": 1, "epoch": 2}', "{'epoch': 1}", '{"epoch": 1e999}', '﻿{}',
)  # fmt: skip
ROW = "INSERT INTO row (at, kind, run, step, order_no, data) VALUES (?, ?, ?, ?, ?, ?)"


@cache
def paper() -> PaperStation:
    """The shipped passenger station, without links."""
    return put_together(load_station(config_directory() / "stations" / "sim_passenger_car.yaml", {}, PARTS))


@cache
def interrupted_swaps() -> tuple[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]], ...]:
    """Rows and custody of swaps that a lost link interrupted early, in the middle and late."""
    found = []
    for no in (23, 90, 190):
        # The log of the swap is of no interest, and an evidence table is written to the same place.
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            found.append(run_virtually(_interrupted_at(no, Path(folder))))
    return tuple(found)


async def _interrupted_at(no: int, folder: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    async def visit(bench: VirtualBench) -> None:
        try:
            await bench.swap()
        except StationError:
            return

    async with VirtualBench(folder, speed=60.0) as bench:
        await bench.make_ready()
        going = asyncio.create_task(visit(bench))
        await bench.until_step(no)
        await asyncio.sleep(0.05)
        bench.do(cmd="fault", name="link-lost", plc="robot" if no == 90 else "stacker", on=True)
        await going
        db = bench.journal._db
        rows = db.execute("SELECT at, kind, run, step, order_no, data FROM row ORDER BY seq").fetchall()
        return rows, db.execute("SELECT pack, place, target, order_no FROM custody").fetchall()


def filled(rows: list[tuple[Any, ...]], custody: list[tuple[Any, ...]]) -> Journal:
    """A journal in memory with these rows."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.new(Path(folder) / "journal.sqlite", paper().config.station.code)
        memory = sqlite3.connect(":memory:", isolation_level=None)
        journal._db.backup(memory)
        journal.close()
        journal._db = memory
    journal._db.executemany(ROW, rows)
    journal._db.executemany("INSERT INTO custody VALUES (?, ?, ?, ?)", custody)
    return journal


# ---- spoiling ---------------------------------------------------------------------------------------------------


def _spoil(rng: Random, db: sqlite3.Connection) -> str:
    (last,) = db.execute("SELECT COALESCE(MAX(seq), 0) FROM row").fetchone()
    seq = rng.randint(1, max(1, last))
    way = rng.choice(_WAYS)
    try:
        return way(rng, db, seq)
    except (sqlite3.Error, OverflowError):
        return "refused by the database"


def _facts(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    """One fact of a row gets another value, or goes."""
    found = db.execute("SELECT data FROM row WHERE seq=?", (seq,)).fetchone()
    try:
        facts = json.loads(found[0]) if found else {}
    except (ValueError, RecursionError):
        return "nothing"
    if not isinstance(facts, dict) or not facts:
        return "nothing"
    name = rng.choice(list(facts))
    if rng.random() < 0.25:
        del facts[name]
        change = f"{name} gone"
    else:
        facts[name] = rng.choice(EDGES)
        change = f"{name}={facts[name]!r}"
    db.execute("UPDATE row SET data=? WHERE seq=?", (json.dumps(facts), seq))
    return f"row {seq}: {change}"


def _text(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    text = rng.choice(TEXTS)
    db.execute("UPDATE row SET data=? WHERE seq=?", (text, seq))
    return f"row {seq}: data {text[:20]!r}"


def _bytes(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    found = db.execute("SELECT CAST(data AS BLOB) FROM row WHERE seq=?", (seq,)).fetchone()
    data = spoilt(rng, found[0] if found else b"{}")
    db.execute("UPDATE row SET data=CAST(? AS TEXT) WHERE seq=?", (data, seq))
    return f"row {seq}: data {data!r}"


def _column(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    column, values = rng.choice(
        (("kind", KINDS), ("run", NAMES), ("step", NUMBERS), ("step", (20, 22, 80, 90)), ("order_no", NUMBERS))
    )
    value = rng.choice(values)
    db.execute(f"UPDATE row SET {column}=? WHERE seq=?", (value, seq))
    return f"row {seq}: {column}={value!r}"


def _undecodable(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    column = rng.choice(("kind", "run", "data", "at"))
    db.execute(f"UPDATE row SET {column}=CAST(x'66ff' AS TEXT) WHERE seq=?", (seq,))
    return f"row {seq}: {column} no UTF-8"


def _lost(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    db.execute("DELETE FROM row WHERE seq=?", (seq,))
    return f"row {seq} gone"


def _doubled(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    columns = "at, kind, run, step, order_no, data"
    db.execute(f"INSERT INTO row ({columns}) SELECT {columns} FROM row WHERE seq=?", (seq,))
    return f"row {seq} twice"


def _torn_off(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    db.execute("DELETE FROM row WHERE seq>?", (seq,))
    return f"rows after {seq} gone"


def _custody(rng: Random, db: sqlite3.Connection, seq: int) -> str:
    packs = [p for (p,) in db.execute("SELECT CAST(pack AS BLOB) FROM custody ORDER BY pack")]
    pack = rng.choice(packs) if packs else b"X"
    place = rng.choice(("A02", "B07", *NAMES))
    match rng.randrange(4):
        case 0:
            db.execute("DELETE FROM custody WHERE pack=CAST(? AS TEXT)", (pack,))
        case 1:
            db.execute("UPDATE custody SET place=? WHERE pack=CAST(? AS TEXT)", (place, pack))
        case 2:
            changed = place, rng.choice(NUMBERS), pack
            db.execute("UPDATE custody SET target=?, order_no=? WHERE pack=CAST(? AS TEXT)", changed)
        case _:
            db.execute("INSERT INTO custody VALUES (?, ?, NULL, NULL)", (rng.choice(NAMES), place))
    return f"custody of {pack!r} at {place!r}"


_WAYS: tuple[Callable[[Random, sqlite3.Connection, int], str], ...] = (
    _facts, _facts, _facts, _text, _bytes, _bytes, _column, _column, _undecodable, _lost, _doubled, _torn_off, _custody,
)  # fmt: skip


# ---- the reference ----------------------------------------------------------------------------------------------

Steps = dict[int, tuple[int, int, bool]]
Reference = tuple[dict[str, tuple[str, str | None, int | None]], int, dict[str, Steps]] | None
"""Custody, next order, and per open run its steps; None = such a journal must be refused."""


def strict(db: sqlite3.Connection) -> Reference:
    """What may be restored, read as raw bytes."""
    try:
        return _strict(db)
    except (ValueError, KeyError, TypeError, RecursionError, AssertionError):
        return None


def _strict(db: sqlite3.Connection) -> Reference:
    raw = db.execute(
        "SELECT CAST(kind AS BLOB), CAST(run AS BLOB), step, order_no, CAST(data AS BLOB), CAST(at AS BLOB)"
        " FROM row ORDER BY seq"
    ).fetchall()
    orders = [order for _, _, _, order, _, _ in raw]
    orders += [order for (order,) in db.execute("SELECT order_no FROM custody") if order is not None]
    last = max(orders, default=0)
    assert min(orders, default=0) >= 0 and last < 2**32 - 1
    custody, taken = {}, set()
    for pack, place, target, order in db.execute(
        "SELECT CAST(pack AS BLOB), CAST(place AS BLOB), CAST(target AS BLOB), order_no FROM custody"
    ):
        ends = [place] if target is None else [place, target]
        assert all(ends) and len(set(ends)) == len(ends) and not taken & set(ends)
        taken |= set(ends)
        custody[pack.decode()] = (place.decode(), None if target is None else target.decode(), order)
    closed = {run for kind, run, *_ in raw if kind == b"run-closed"}
    opened = [run for kind, run, *_ in raw if kind == b"run-opened" and run not in closed]
    assert len(set(opened)) == len(opened) and all(opened)
    return custody, last + 1, {run.decode(): _steps(raw, run) for run in opened}


def _steps(raw: list[tuple[Any, ...]], run: bytes) -> Steps:
    steps: Steps = {}
    epochs: dict[int, int] = {}
    for kind, owner, step, order, data, at in raw:
        if owner != run:
            continue
        kind.decode()
        at.decode()
        facts = json.loads(data.decode())
        assert type(facts) is dict
        match kind:
            case b"step-ordered":
                assert type(facts["epoch"]) is int and 0 <= facts["epoch"] <= 65535
                epochs[order] = facts["epoch"]
                steps[step] = order, facts["epoch"], False
            case b"step-proven":
                known = steps.get(step, (order, 0, False))
                steps[step] = known[0], known[1], True
            case b"order-withdrawn" if step in steps and steps[step][0] == order:
                back = facts.get("back_to", 0)
                assert type(back) is int and 0 <= back < 2**32
                if back:
                    steps[step] = back, epochs.get(back, 0), False
                else:
                    del steps[step]
    return steps


# ---- campaign ---------------------------------------------------------------------------------------------------


def fuzz_journals(frames: int, seed: int = 1) -> Tally:
    """Spoilt journals before `Journal.restore` and `rebuild`."""
    rng, tally = Random(seed), Tally()
    station = paper()
    made: dict[tuple[str, Job], Sequence] = {}
    procedures = station.procedures()
    real = procedures.by_job

    def once(key: str) -> Callable[[Job], Sequence]:
        def make(job: Job) -> Sequence:
            if (key, job) not in made:
                if len(made) > 200:
                    made.clear()
                made[key, job] = real[key](job)
            return made[key, job]

        return make

    reception = procedures.reception()
    procedures = replace(procedures, by_job={key: once(key) for key in real}, reception=lambda: reception)
    journals = [filled(*swap) for swap in interrupted_swaps()]
    image = World().image()
    while tally.frames < frames:
        journal = rng.choice(journals)
        db = journal._db
        db.execute("BEGIN")
        story = [_spoil(rng, db) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        right = strict(db)
        try:
            ours = _ours(journal)
            tally.judge(ours[0] if ours else None, right, lambda s=story: "; ".join(s))
            if ours:
                _judge_runs(ours[1], procedures, station, image)
        except AssertionError as wrong:
            tally.found("wrong_accepts", f"{'; '.join(story)}: {wrong}")
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            tally.frames += 1
            tally.found("uncaught", f"{error!r} on {'; '.join(story)}")
        finally:
            db.execute("ROLLBACK")
    for journal in journals:
        journal.close()
    return tally


def _ours(journal: Journal) -> tuple[Reference, Restored] | None:
    try:
        restored = journal.restore()
    except JournalError as refusal:
        assert "restore the newest verified backup" in str(refusal), f"says not what to do: {refusal}"
        return None
    custody = {pack: (c.place, c.to, c.order) for pack, c in restored.ledger}
    runs = {run.run_id: run.steps for run in restored.open_runs}
    return (custody, restored.next_order, runs), restored


def _judge_runs(restored: Restored, procedures: Any, station: PaperStation, image: Any) -> None:
    """Every open run is put together, or named with the reason, or a reception; and can be judged without a failure."""
    runs, faults = rebuild(restored, procedures, station.config.recipes)
    for found in restored.open_runs:
        together = [run for run in runs if run.run_id == found.run_id]
        named = [fault for fault in faults if fault.startswith(f"run {found.run_id} cannot be put together again: ")]
        receiving = found.opened.get("sequence") == "reception-car" and "vehicle" not in found.opened
        assert (len(together), len(named), receiving) in ((1, 0, False), (0, 1, False), (0, 0, True)), found
        for run in together:
            opened = found.opened
            assert run.job is not None and run.sequence.key == opened["sequence"]
            assert run.job.vehicle == opened["vehicle"]
            assert (run.job.spent, run.job.fresh) == (opened["spent"], opened["fresh"])
            for step, st in run.pairs():
                known = found.steps.get(step.no)
                status = StepStatus.WAITING if known is None else StepStatus.PROVEN if known[2] else StepStatus.STOPPED
                assert st.status is status and st.order == (known[0] if known else 0)
            assert set(found.steps) <= {step.no for step in run.sequence.steps}, "steps that nobody knows"
    ready = JournalReady(0.0, restored.ledger, restored.next_order, "; ".join(faults), runs)
    state, effects = decide(station.facts, StationState(), image, ready)
    assert not effects or all(type(e).__name__ != "Issue" for e in effects), "ordered at start"
    recovery.assess(station.facts, state, image)
