"""Trends: sampled by the second, packed by the minute, read back thinned out, and bounded on disk.

Knows sampler and table, before a stand-in for the engine.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from station_ctl.build import PARTS
from station_ctl.config import load_station
from station_ctl.core.errors import NotFound
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.core.signals import Image
from station_ctl.paths import config_directory
from station_ctl.service.history import HistoryFile
from station_ctl.service.history_thread import InlineHistory
from station_ctl.service.trends import (
    MINUTE,
    TAGS_MOST,
    TrendPoint,
    Trends,
    default_tags,
    pack,
    thinned,
    unpack,
)

START = 1_800_000_000.0 - 1_800_000_000.0 % MINUTE


def point(tag: str, kind: str = "f32", unit: str = "kW") -> Point:
    return Point(tag, "ir:0", PointType.parse(kind), Access.READ, ScanClass.SLOW, unit)


class Meter:
    """An engine with one link of a few tags, and a wall clock that the test turns."""

    def __init__(self, folder: Path, tags: tuple[str, ...] | None = None, **more: int) -> None:
        self.now, self.values, self.fault = START, {"POWER_KW": 0.0, "ON": False}, None
        self.file = HistoryFile(folder / "history.db")
        io = IoList("meter", (point("POWER_KW"), point("ON", "bool", ""), point("NAME", "str8", "")))
        engine = SimpleNamespace(image=self.image, links={"meter": SimpleNamespace(io=io)})
        self.trends = Trends(engine, InlineHistory(self.file), tags, wall=lambda: self.now, **more)  # type: ignore[arg-type]

    def image(self) -> Image:
        block = Block(dict(self.values), self.now)
        return Image(self.now, {"meter": LinkSnapshot("meter", 1, self.now, self.fault, {ScanClass.SLOW: block})})

    def run(self, seconds: int, power: float | None = None) -> None:
        for _ in range(seconds):
            self.values["POWER_KW"] = self.now - START if power is None else power
            self.trends.sample()
            self.now += 1

    def query(self, since: float, until: float | None = None, points: int = 600) -> list[TrendPoint]:
        return asyncio.run(self.trends.query("meter.POWER_KW", since, until, points))


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Meter]:
    made = Meter(tmp_path)
    yield made
    made.file.close()


def test_samples_come_back_second_by_second_from_file_and_memory(meter: Meter) -> None:
    meter.run(150)
    found = meter.query(START, points=200)
    assert [p.mean for p in found] == [float(n) for n in range(150)]
    assert [p.at for p in found] == [START + n for n in range(150)]
    assert [p.mean for p in meter.query(START + 58, START + 62)] == [58, 59, 60, 61]


def test_thinned_trend_keeps_lowest_and_highest(meter: Meter) -> None:
    meter.run(120)
    assert meter.query(START, points=2) == [
        TrendPoint(START, 0, 29.5, 59), TrendPoint(START + 60, 60, 89.5, 119),
    ]  # fmt: skip
    assert len(meter.query(START - 86400, points=50)) <= 50


def test_reading_that_is_not_good_leaves_a_gap(meter: Meter) -> None:
    meter.run(3, 7)
    meter.fault = "no answer"  # type: ignore[assignment]
    meter.run(2, 8)
    meter.fault = None
    meter.run(1, 9)
    assert [p.mean for p in meter.query(START)] == [7, 7, 7, None, None, 9]


def test_minute_cut_by_a_restart_has_both_its_parts(tmp_path: Path) -> None:
    first = Meter(tmp_path)
    first.run(20, 1)
    first.trends._write()
    first.file.close()
    again = Meter(tmp_path)
    again.now = START + 40
    again.run(25, 2)
    assert [p.mean for p in again.query(START, START + 64, 100)] == [1.0] * 20 + [None] * 20 + [2.0] * 24
    again.file.close()


def test_task_writes_the_unfinished_minute_on_its_way_out(meter: Meter) -> None:
    async def main() -> None:
        task = asyncio.create_task(meter.trends.run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    rows = meter.file.ask(lambda db: db.execute("SELECT COUNT(*) FROM trend").fetchone()[0], -1)
    assert rows == 1


def test_tag_that_is_not_sampled_is_refused_with_those_that_are(meter: Meter, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there are meter\.POWER_KW"):
        asyncio.run(meter.trends.query("meter.VOLTS", START))
    for tag in ("meter.NAME", "meter.NOTHING", "robot.X_MM", "meter", ""):
        with pytest.raises(NotFound):
            Meter(tmp_path / "other", (tag,))


def kept(meter: Meter) -> tuple[int, int]:
    """How many minutes are in the file, and the oldest of them."""
    sql = "SELECT COUNT(*), MIN(minute) FROM trend"
    found: tuple[int, int] = meter.file.ask(lambda db: db.execute(sql).fetchone(), (0, 0))
    return found


def test_file_is_bounded_in_bytes(tmp_path: Path) -> None:
    meter = Meter(tmp_path, kept_bytes=80_000)
    for _ in range(8 * 60):
        meter.run(60)
    minutes, oldest = kept(meter)
    assert oldest > START // MINUTE and 200 < minutes < 479
    meter.file.close()


def test_file_is_bounded_in_days(tmp_path: Path) -> None:
    meter = Meter(tmp_path)
    for _ in range(10):
        meter.run(60)
    meter.now += 13 * 86400
    for _ in range(60):
        meter.run(60)
    assert kept(meter) == (69, START // MINUTE)
    meter.now += 86400
    for _ in range(61):
        meter.run(60)
    assert kept(meter)[1] > START // MINUTE + 10 * 1440
    meter.file.close()


def test_standard_tags_are_numbers_with_a_unit_and_few_of_each_bay() -> None:
    config = load_station(config_directory() / "stations" / "sim_passenger_car.yaml", {}, PARTS)
    tags = default_tags(config.io)
    assert {"robot.X_MM", "stacker.LOAD_KG", "meter.POWER_KW", "rack_b.BAY12_TEMP_MAX", "lift.LIFT_MM"} <= set(tags)
    assert not {"robot.UPTIME_MS", "robot.BOLT_TORQUE", "rack_a.BAY01_CELL_MAX", "robot.HB_PLC"} & set(tags)
    assert len(tags) < TAGS_MOST


@settings(max_examples=30)
@given(st.lists(st.floats(width=32, allow_infinity=False), min_size=MINUTE, max_size=MINUTE))
def test_minute_is_the_same_after_packing(samples: list[float]) -> None:
    assert list(map(str, unpack(pack(samples)))) == list(map(str, samples))


def test_minute_in_which_nothing_changed_is_one_number() -> None:
    assert len(pack([21.5] * MINUTE)) == 4 and unpack(pack([21.5] * MINUTE)) == [21.5] * MINUTE
    assert all(map(math.isnan, unpack(pack([math.nan] * MINUTE))))


@given(st.integers(0, 200), st.integers(1, 400), st.integers(1, 50))
def test_thinning_loses_no_sample_and_invents_none(since: int, length: int, points: int) -> None:
    minutes = {n: [float(n * MINUTE + s) for s in range(MINUTE)] for n in range(10)}
    found = thinned(minutes, since, since + length, points)
    assert len(found) <= points
    told = [p for p in found if p.mean is not None]
    assert told[0].low == since
    assert told[-1].high == min(since + length, 10 * MINUTE) - 1
