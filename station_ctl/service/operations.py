"""Operations: what goes on after a request was answered, under a number that can be watched, waited for and called off.

Knows how operations end. Does not know what they do; each has a task of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from station_ctl.core.errors import Exit, NotFound, StationError
from station_ctl.service.persons import Person

log = structlog.get_logger()

KEPT = 200
"""Ended operations that are remembered."""


class OperationState(StrEnum):
    """How far an operation is."""

    WAITING = "waiting for a second person"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped half-way"
    CALLED_OFF = "called off"


ENDED = frozenset(
    (OperationState.DONE, OperationState.FAILED, OperationState.STOPPED, OperationState.CALLED_OFF)
)


@dataclass
class Operation:
    """One operation. Times are wall seconds since 1970 (UTC)."""

    id: str
    action: str
    person: Person
    state: OperationState
    began: float
    ended: float = 0.0
    run_id: str = ""
    code: str = ""
    exit: Exit = Exit.DONE
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    expires: float = 0.0
    work: Callable[[Operation, Person], Coroutine[Any, Any, str]] | None = field(default=None, repr=False)

    def shown(self) -> dict[str, Any]:
        """As every surface shows it."""
        return {
            "id": self.id, "action": self.action, "by": str(self.person), "state": str(self.state),
            "began": self.began, "ended": self.ended or None, "run": self.run_id or None, "code": self.code or None,
            "exit": int(self.exit), "text": self.text, "data": self.data,
        }  # fmt: skip


Work = Callable[[Operation], Coroutine[Any, Any, str]]
"""What an operation does; returns the words of its end. Raises StationError when it does not come to a good one."""


class Operations:
    """The operations of this life of the service, by id."""

    def __init__(self, changed: Callable[[], None] = lambda: None, wall: Callable[[], float] = time.time) -> None:
        self._changed, self._wall = changed, wall
        self._numbers = itertools.count(1)
        self._all: dict[str, Operation] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._all.values())

    def named(self, name: str) -> Operation:
        """The operation of that id. Raises NotFound."""
        if name not in self._all:
            raise NotFound(f"no operation {name!r}; see: station-ctl op list")
        return self._all[name]

    def note(self, action: str, person: Person, state: OperationState = OperationState.RUNNING) -> Operation:
        """A new operation that nothing works on yet."""
        op = Operation(f"OP-{next(self._numbers):04d}", action, person, state, self._wall())
        self._all[op.id] = op
        for old in [o.id for o in self if o.state in ENDED][:-KEPT]:
            del self._all[old]
        self._changed()
        return op

    def start(self, action: str, person: Person, work: Work) -> Operation:
        """Begin an operation in a task of its own."""
        op = self.note(action, person)
        self._tasks[op.id] = asyncio.create_task(self._carry_out(op, work), name=f"operation {op.id}")
        return op

    async def _carry_out(self, op: Operation, work: Work) -> None:
        try:
            op.text = await work(op)
            self.end(op, OperationState.DONE)
        except StationError as error:
            state = OperationState.STOPPED if error.exit is Exit.RECOVERY_NEEDED else OperationState.FAILED
            self.end(op, state, error.code, error.exit, str(error))
        except asyncio.CancelledError:
            self.end(op, OperationState.CALLED_OFF, text="no longer watched: the service ends or it was called off")
            raise
        except Exception as error:
            # An operation is a watcher of the engine; a defect in it must be seen, not take the station down.
            log.exception("operation-failed", operation=op.id)
            self.end(op, OperationState.FAILED, "A990", Exit.INTERNAL, f"{type(error).__name__}: {error}")
        finally:
            self._tasks.pop(op.id, None)

    def end(
        self, op: Operation, state: OperationState, code: str = "", exit_: Exit = Exit.DONE, text: str = ""
    ) -> None:
        """Note the end of an operation."""
        op.state, op.code, op.exit, op.ended = state, code, exit_, self._wall()
        op.text = text or op.text
        self._changed()

    async def wait(self, name: str, within: float) -> Operation:
        """The operation, once it has ended or after `within` seconds at most. Raises NotFound."""
        op = self.named(name)
        task = self._tasks.get(op.id)
        if task is not None:
            await asyncio.wait((task,), timeout=within)
        return op

    async def close(self) -> None:
        """End every task. What the machine does is the engine's matter."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
