"""The two state tables, driven by plain `transitions` machines used as functions (state, trigger, guards → state).

Knows who may leave which state under which guards. Does no work: motion never runs in a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from transitions import EventData, Machine, MachineError

from station_ctl.core.modes import ORDERED_PHASES, Phase, State

Guard = Callable[[], bool]
S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Row:
    """One transition: what triggers it, from where to where, and the guards that must all hold."""

    trigger: str
    sources: tuple[StrEnum, ...]
    target: StrEnum
    guards: tuple[str, ...] = ()
    text: str = ""


_ACTING = (State.EXECUTE, State.HOLDING, State.HELD, State.STOPPING)

_SAFE = ("trips_cleared", "station_safe")

STATION_TABLE: tuple[Row, ...] = (
    Row("reset", (State.STOPPED,), State.IDLE, (*_SAFE, "nothing_half_done"), "a person makes the station ready"),
    Row("start", (State.IDLE,), State.EXECUTE, ("mode_allows", "station_safe", "numbers_newer"), "production"),
    Row("hold", (State.EXECUTE, State.STOPPING), State.HOLDING, (), "pause now, resumable"),
    # Nothing to pause: what a person means is that nothing begins, and `start` alone must not undo that.
    Row("hold", (State.IDLE,), State.STOPPED, (), "nothing begins until it is made ready again"),
    Row("held", (State.HOLDING,), State.HELD, ("all_quiet",), "every device has stopped"),
    Row("resume", (State.HELD,), State.EXECUTE, (*_SAFE, "mode_allows", "steps_may_go_on"), "a person resumes"),
    # Found half done at start, or after an abort was cleared: the same guards, and order numbers newer than the PLCs'.
    Row(
        "resume",
        (State.STOPPED,),
        State.EXECUTE,
        ("something_half_done", *_SAFE, "mode_allows", "numbers_newer", "steps_may_go_on"),
        "a person resumes what was interrupted",
    ),
    Row(
        "retreat",
        (State.STOPPED, State.HELD),
        State.EXECUTE,
        ("something_half_done", *_SAFE, "mode_allows", "numbers_newer", "custody_certain"),
        "a person gives a swap up: the vehicle goes back safely",
    ),
    Row("stop", (State.IDLE, State.EXECUTE), State.STOPPING, (), "finish running swaps, begin none"),
    # What is held cannot be finished without a person: it stays half done, to be resumed or given up later.
    Row("stop", (State.HELD,), State.STOPPED, (), "leave held swaps half done"),
    Row("stopped", (State.STOPPING,), State.STOPPED, ("runs_ended",), "everything is finished"),
    # Never guarded, queued or awaited: severity only rises.
    Row("abort", (State.STOPPED, State.IDLE, *_ACTING), State.ABORTING, (), "make safe now"),
    Row("aborted", (State.ABORTING,), State.ABORTED, ("all_quiet",), "every device has stopped"),
    Row("clear", (State.ABORTED,), State.STOPPED, _SAFE, "cause gone, a person says so"),
)

_ACTIVE = ORDERED_PHASES[:-1]



def _was(phase: Phase) -> str:
    return f"was_{phase.name.lower()}"


RUN_TABLE: tuple[Row, ...] = (
    *(
        Row("advance", (here,), there, ("phase_done", "phase_interlocks"), "every step of the phase is proven")
        for here, there in zip(_ACTIVE, ORDERED_PHASES[1:], strict=True)
    ),
    Row("hold", _ACTIVE, Phase.HELD, (), "paused, resumable"),
    *(Row("resume", (Phase.HELD,), phase, (_was(phase),), "back into the interrupted phase") for phase in _ACTIVE),
    Row("abort", (*_ACTIVE, Phase.HELD, Phase.RECOVERING), Phase.ABORTED, (), "made safe; only recovery leads on"),
    Row("recover", (Phase.ABORTED, Phase.HELD), Phase.RECOVERING, ("trips_cleared",), "a person recovers"),
    *(
        Row("resume", (Phase.RECOVERING,), phase, (_was(phase), "reconciled"), "the machine is as the journal says")
        for phase in _ACTIVE
    ),
)


@dataclass(frozen=True, slots=True)
class Fired(Generic[S]):
    """Outcome of a trigger: the state after it, and the guard that refused, if any."""

    state: S
    moved: bool
    refused_by: str = ""


class _Model:
    """What a machine looks at while it fires: the guards of this one call."""

    guards: Mapping[str, Guard]
    refused_by: str
    state: Any


class Table(Generic[S]):
    """A state table as a pure function of state, trigger and guards."""

    def __init__(self, rows: tuple[Row, ...], states: type[S]) -> None:
        self.rows = rows
        self._model = _Model()
        self._machine = Machine(
            model=self._model,
            states=[s.name for s in states],
            initial=next(iter(states)).name,
            auto_transitions=False,
            send_event=True,
            after_state_change=None,
        )
        self._states = states
        for row in rows:
            conditions: list[str | Callable[..., bool | None]] = [
                self._condition(guard) for guard in row.guards
            ]
            self._machine.add_transition(
                row.trigger, [s.name for s in row.sources], row.target.name, conditions=conditions
            )

    @property
    def guard_names(self) -> frozenset[str]:
        """Every guard that any row names."""
        return frozenset(guard for row in self.rows for guard in row.guards)

    def fire(self, state: S, trigger: str, guards: Mapping[str, Guard]) -> Fired[S]:
        """Fire `trigger` in `state`. A trigger unknown in this state moves nothing and is refused by name."""
        if trigger not in self._machine.events:
            return Fired(state, False, f"{trigger} is not possible in state {state}")
        self._model.guards, self._model.refused_by = guards, ""
        self._machine.set_state(state.name, self._model)
        try:
            moved = bool(self._model.trigger(trigger))  # type: ignore[attr-defined]
        except MachineError:
            return Fired(state, False, f"{trigger} is not possible in state {state}")
        return Fired(self._states[self._model.state], moved, "" if moved else self._model.refused_by)

    def _condition(self, name: str) -> Callable[[EventData], bool]:
        model = self._model

        def holds(_event: EventData) -> bool:
            if model.guards[name]():
                return True
            model.refused_by = name
            return False

        return holds


STATION = Table(STATION_TABLE, State)
RUN = Table(RUN_TABLE, Phase)


def mermaid(rows: tuple[Row, ...]) -> str:
    """The table as a Mermaid state diagram for the manual."""
    lines = ["stateDiagram-v2"]
    for row in rows:
        guards = f" [{', '.join(row.guards)}]" if row.guards else ""
        lines += [f"    {s.name} --> {row.target.name}: {row.trigger}{guards}" for s in row.sources]
    return "\n".join(lines)
