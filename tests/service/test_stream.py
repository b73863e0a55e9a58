"""Server-sent events: what each listener is told, also one who reads too slowly or is not welcome any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.service.api.stream import FRAMES_MOST, LISTENERS_MOST, Hub
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench


def told(folder: Path, story: Callable[[DeskBench, Hub], Coroutine[Any, Any, None]]) -> None:
    """Run a story on a bench with a hub that tells."""

    async def main() -> None:
        async with DeskBench(folder) as bench:
            hub = Hub(bench.duty)
            telling = asyncio.create_task(hub.run())
            try:
                await story(bench, hub)
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)

    run_virtually(main())


async def heard(stream: AsyncIterator[bytes]) -> tuple[str, dict[str, Any]]:
    """The next frame: its kind and its data."""
    lines = (await anext(stream)).decode().splitlines()
    return lines[1].removeprefix("event: "), json.loads(lines[2].removeprefix("data: "))


def test_a_picture_then_changes_and_beats(tmp_path: Path) -> None:
    async def story(bench: DeskBench, hub: Hub) -> None:
        stream = hub.listen()
        kind, picture = await heard(stream)
        assert kind == "snapshot" and picture["mode"] == "maintenance" and "up_s" in picture
        await bench.put("mode.set", params={"mode": "manual"})
        kinds: dict[str, dict[str, Any]] = {}
        while "beat" not in kinds or "mode" not in kinds.get("delta", {}):
            kind, data = await heard(stream)
            kinds[kind] = kinds.get(kind, {}) | data
        assert kinds["delta"]["mode"] == "manual" and "config" not in kinds["delta"], "only what changed"
        assert kinds["beat"]["version"] == bench.duty.version

    told(tmp_path, story)


def test_who_reads_too_slowly_gets_a_new_picture_and_no_backlog(tmp_path: Path) -> None:
    async def story(bench: DeskBench, hub: Hub) -> None:
        slow, quick = hub.listen(), hub.listen()
        assert (await heard(slow))[0] == (await heard(quick))[0] == "snapshot"
        waiting = asyncio.create_task(heard(slow))
        await asyncio.sleep(0)
        for number in range(2 * FRAMES_MOST):
            mode = ("manual", "automatic")[number % 2]
            await bench.put("mode.set", params={"mode": mode})
            while (found := await heard(quick))[1].get("mode") != mode:
                assert found[0] in ("delta", "beat")
        await waiting
        kinds = [(await heard(slow)) for _ in range(FRAMES_MOST + 1)]
        assert [kind for kind, _ in kinds[:-1]].count("snapshot") == 0
        assert kinds[-1][0] == "snapshot" and kinds[-1][1]["mode"] == "automatic"
        assert (await heard(slow))[0] in ("delta", "beat"), "and is told what happens from then on"

    told(tmp_path, story)


def test_a_stream_ends_with_its_welcome_and_with_the_service(tmp_path: Path) -> None:
    async def story(bench: DeskBench, hub: Hub) -> None:
        welcome = [True]
        streams = [hub.listen(lambda: bool(welcome)) for _ in range(2)] + [hub.listen()]
        for stream in streams:
            await heard(stream)
        welcome.clear()
        for stream in streams[:2]:
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        hub.close()
        *_, last = [frame async for frame in streams[2]]
        assert b"event: end" in last

    told(tmp_path, story)


def test_there_is_an_end_to_the_number_of_listeners(tmp_path: Path) -> None:
    async def story(bench: DeskBench, hub: Hub) -> None:
        streams = [hub.listen() for _ in range(LISTENERS_MOST)]
        for stream in streams:
            assert not hub.full
            await heard(stream)
        assert hub.full
        await streams[0].aclose()  # type: ignore[attr-defined]
        assert not hub.full

    told(tmp_path, story)
