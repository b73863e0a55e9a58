"""A copy of this process in which a story is tried out; the original goes on as if nothing had been.

Knows fork. Does not know what is tried. Use it only in a process without threads (see `campaign.py`).
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

Story = Callable[[], Coroutine[Any, Any, dict[str, Any]]]

_copy = False
_kept: list[asyncio.Task[None]] = []


def in_a_copy(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `act` returns in a copy of this process; `{"error": …}` if it raised or died.

    It runs in a new thread of the copy, because the event loop that this call may stand in is dead there.
    """

    def told() -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: found.append(_tried(act)))
        thread.start()
        thread.join()
        return found[0] if found else {"error": "the thread of the copy died"}

    return _forked(told)


def branch(story: Story) -> dict[str, Any] | None:
    """What `story` returns when the running loop goes on with it in a copy, with all that runs beside it.

    None in the copy itself: the caller returns at once, and whatever else it would do is `left_alone` there.
    """
    global _copy
    loop = asyncio.get_running_loop()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return _heard(reader, pid)
    os.close(reader)
    _copy = True
    asyncio._set_running_loop(loop)

    async def told() -> None:
        try:
            found = await story()
        except BaseException:  # noqa: BLE001 -- whatever ends the copy is told to the original
            found = {"error": traceback.format_exc()}
        _leave(writer, found)

    _kept.append(loop.create_task(told()))
    return None


async def left_alone(going_on: Coroutine[Any, Any, None]) -> None:
    """The original's own story. In a copy it ends nothing, however it goes: there the copy's story counts."""
    try:
        await going_on
    except Exception:
        if not _copy:
            raise
    if _copy:
        await asyncio.Event().wait()


def _forked(tell: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _leave(writer, _tried(tell))
    os.close(writer)
    return _heard(reader, pid)


def _tried(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return act()
    except BaseException:  # noqa: BLE001 -- whatever ends the copy is told to the original
        return {"error": traceback.format_exc()}


def _leave(writer: int, found: dict[str, Any]) -> None:
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(json.dumps(found, default=str).encode())
    os._exit(0)


def _heard(reader: int, pid: int) -> dict[str, Any]:
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not told:
        return {"error": f"the copy died with status {status}"}
    found: dict[str, Any] = json.loads(told)
    return found
