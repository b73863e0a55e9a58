"""Why: causes before effects, an exit code for the shell, and every subject that a person may name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from station_ctl.cli.answers import shown
from station_ctl.core.errors import Exit, RequestWrong
from station_ctl.service.calls import Verdict
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.handlers.why_then import instant
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import OPERATOR, TECHNICIAN, VIEWER, DeskBench


def told(folder: Path, story: Callable[[DeskBench], Awaitable[None]]) -> None:
    async def main() -> None:
        async with DeskBench(folder, speed=5) as bench:
            await asyncio.sleep(2.0)
            await story(bench)

    run_virtually(main())


async def why(bench: DeskBench, subject: str = "", person: Any = OPERATOR, **more: Any) -> Verdict:
    return await bench.put("why", person, params={"subject": subject, **more})


def page(verdict: Verdict) -> str:
    """The answer as the command line prints it."""
    answer = {"data": verdict.data, "text": verdict.text, "decision": str(verdict.decision), "action": "why"}
    return "\n".join(shown(REGISTRY.named("why"), answer))


def test_causes_stand_before_what_follows_from_them_and_the_shell_is_told(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        free = await why(bench)
        assert free.exit is Exit.DONE and not free.data["blocked"] and "not blocked" in free.text
        bench.do(cmd="fault", name="curtain", on=True)
        await asyncio.sleep(2.0)
        blocked = await why(bench)
        assert blocked.ok and blocked.exit is Exit.BLOCKED
        codes = [check["code"] for check in blocked.data["checks"]]
        effects = [check["code"] for check in blocked.data["checks"] if check["causes"]]
        assert codes[0] == "G04" and "G01" in effects, codes
        assert codes == [c for c in codes if c not in effects] + effects, "an effect stands before a cause"
        assert "← G04" in page(blocked) and "is blocked" in blocked.text
        assert all(check["age_s"] is None or check["age_s"] < 60 for check in blocked.data["checks"])

    told(tmp_path, story)


def test_an_action_is_judged_for_the_person_who_asks(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        assert (await bench.put("control.take", TECHNICIAN)).ok
        found = await why(bench, "swap.start", VIEWER)
        assert [check["code"] for check in found.data["checks"]] == ["A404", "A402", "A405", "A402"]
        mine = await why(bench, "swap.start", TECHNICIAN)
        assert [check["text"] for check in mine.data["checks"]] == ["mode fits", "the station runs"]
        assert mine.exit is Exit.BLOCKED and mine.data["where"] == []
        assert (await why(bench, "station.hold", VIEWER)).exit is Exit.DONE, "anyone may stop the station"
        assert (await why(bench, "swap.retreat")).code == "A901", "without a run nothing can be said"

    told(tmp_path, story)


def test_a_bay_is_blocked_if_it_can_neither_give_nor_take(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        name = bench.duty.bays[0].name
        seen = await why(bench, f"bay.{name}")
        texts = {check["text"] for check in seen.data["checks"]}
        assert "it is free for a spent pack" in texts and seen.exit is Exit.BLOCKED, "no pack is in custody yet"
        assert (await bench.put("bay.inventory", TECHNICIAN)).ok
        exits = [(await why(bench, f"bay.{bay.name}")).exit for bay in bench.duty.bays]
        assert Exit.DONE in exits
        assert (await why(bench, "bay.Z99")).exit is Exit.NOT_FOUND

    told(tmp_path, story)


def test_what_was_refused_stands_in_the_audit_and_is_told_afterwards(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="curtain", on=True)
        await asyncio.sleep(2.0)
        assert (await bench.put("station.reset")).exit is Exit.BLOCKED
        now = datetime.now(UTC).isoformat()
        then = await why(bench, "station.reset", at=now)
        assert then.exit is Exit.BLOCKED and len(then.data["refused"]) == 1
        assert "G04" in then.data["refused"][0]["why"] and "G04" in page(then)
        assert "li" not in page(then).split(), "who asked is for those who may read the audit"
        assert (await why(bench, at=now)).data["refused"] == then.data["refused"]
        assert (await why(bench, "swap.start", at=now)).exit is Exit.DONE
        assert (await why(bench, at="2020-01-01T00:00:00Z")).exit is Exit.DONE
        assert (await why(bench, at="tea time")).code == "A410"

    told(tmp_path, story)


def test_a_run_that_is_over_says_how_it_ended(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.put("mode.set", params={"mode": "automatic"})
        assert (await bench.put("station.reset")).ok and (await bench.put("station.start")).ok
        asked = await bench.put("swap.start")
        op = await bench.duty.operations.wait(asked.operation, 60.0)
        assert (op.code, op.exit) == ("A305", Exit.BLOCKED), op
        over = await why(bench, "R-0001")
        assert over.exit is Exit.DONE and "refused" in over.text and page(over) == over.text
        assert (await why(bench, "S-0001")).exit is Exit.NOT_FOUND

    told(tmp_path, story)


NOON = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("11:59", "2026-05-01T11:59:59.999000+00:00"),
        ("12:00", "2026-05-01T12:00:59.999000+00:00"),
        ("12:01", "2026-04-30T12:01:59.999000+00:00"),
        ("3:12:05", "2026-05-01T03:12:05.999000+00:00"),
        ("2026-04-01T03:12:00Z", "2026-04-01T03:12:00+00:00"),
        ("2026-04-01T03:12:00+08:00", "2026-04-01T03:12:00+08:00"),
    ],
)
def test_a_time_is_the_newest_that_has_been(text: str, last: str) -> None:
    assert instant(text, NOON).isoformat() == last


@pytest.mark.parametrize("text", ["24:00", "12:60", "noon", "12", "12:00:61"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RequestWrong, match="HH:MM"):
        instant(text, NOON)
