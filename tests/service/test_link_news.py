"""Lines of log about links and alarms: each loss is told, a link or an alarm that comes and goes fills no disk.

Knows what is written. Does not know who reads it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from station_ctl.engine.events import Announce
from station_ctl.service.link_news import LOST_TOLD_EVERY, STEADY, LinkNews
from tests.bench.virtual_bench import VirtualBench, run_virtually

DOWN = {"lift": "no answer"}


def lines_of(looks: list[tuple[float, dict[str, str]]]) -> list[str]:
    news = LinkNews()
    with capture_logs() as lines:
        for now, down in looks:
            news.look(down, now)
    return [line["event"] for line in lines]


def test_loss_and_return_are_a_line_each() -> None:
    looks = [(n / 10, DOWN if 20 <= n < 60 else {}) for n in range(200)]
    assert lines_of(looks) == ["link-lost", "link-back"]


def test_link_that_is_dead_for_a_day_is_one_line() -> None:
    assert lines_of([(float(n), DOWN) for n in range(86_400)]) == ["link-lost"]


def test_link_that_flaps_is_one_line_until_it_is_steady() -> None:
    looks: list[tuple[float, dict[str, str]]] = [(n / 10, DOWN if n // 10 % 2 else {}) for n in range(3000)]
    assert lines_of(looks) == ["link-lost"]
    assert lines_of([*looks, (301.0, {}), (301.0 + STEADY, {})]) == ["link-lost", "link-back"]


def test_link_that_is_lost_every_twenty_seconds_writes_a_line_a_minute_at_most() -> None:
    looks: list[tuple[float, dict[str, str]]] = [(n / 10, DOWN if n // 100 % 2 else {}) for n in range(36_000)]
    told = lines_of(looks)
    assert 30 <= len(told) <= 60 and LOST_TOLD_EVERY == 120


def test_link_that_stays_down_after_flapping_is_told_then() -> None:
    looks: list[tuple[float, dict[str, str]]] = [(1.0, DOWN), (2.0, {}), (8.0, {}), (9.0, DOWN), (100.0, DOWN)]
    assert lines_of(looks) == ["link-lost", "link-back"]
    assert lines_of([*looks, (121.0, DOWN)]) == ["link-lost", "link-back", "link-lost"]


def test_engine_says_the_same_alarm_once_a_minute(tmp_path: Path) -> None:
    async def main() -> None:
        async with VirtualBench(tmp_path) as bench:
            with capture_logs() as lines:
                for second in range(130):
                    bench.engine._show(Announce("A302", "A03: ledger empty, sensor sees a pack"))
                    if second % 65 == 0:
                        bench.engine._show(Announce("A302", "A04: ledger empty, sensor sees a pack"))
                    asyncio.get_running_loop().clock += 1.0  # type: ignore[attr-defined]

            def said(place: str) -> list[Any]:
                return [line for line in lines if line["event"] == "alarm" and line["text"].startswith(place)]

            assert (len(said("A03")), len(said("A04"))) == (3, 2)

    run_virtually(main())
