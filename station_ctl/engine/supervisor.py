"""Supervision: every interlock of every active step, judged as a level on every scan.

Pure. Knows which losses trip and which of them is the cause. Does not stop anything itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition
from station_ctl.core.devices import Channel
from station_ctl.core.modes import State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Interlock, Kept, OnLoss, Step
from station_ctl.engine.state import StationState, StepState, Trip
from station_ctl.engine.station import StationFacts

ACTING = frozenset((State.EXECUTE, State.HOLDING, State.STOPPING))

Key = tuple[str, str]
"""What makes a loss the same loss: the interlock's code and, for a silent PLC, its link."""

PLC_ALIVE = "G02"
"""Row of the engine itself: the PLC that carries out a step answers, its heartbeat moves, it has not restarted."""

SAFETY_ROWS = frozenset(("G01", "G03", "G04"))
"""Rows that mirror the safety PLC; their loss has its own alarm."""


def answers(channel: Channel, number: int) -> Interlock:
    """The engine's own row before order `number`: the PLC answers, stands, and remembers no order as new as this one.

    A PLC that has seen the number before would acknowledge it at once, and do nothing. One that is at work carries out
    an order that nobody here waits for, as one whose write it called refused.
    """
    older = channel.ack_id.at_most(number - 1) & channel.done_id.at_most(number - 1)
    text = f"PLC of {channel.role} answers, stands, its last order is older than this one"
    return Interlock(PLC_ALIVE, text, channel.up & channel.at_rest & older)


def trips(facts: StationFacts, state: StationState, image: Image) -> tuple[Trip, ...]:
    """Every loss on this image that is not latched yet, the cause first. Empty = all that must hold is proven."""
    if state.state not in ACTING:
        return ()
    lost: dict[Key, tuple[Trip, Interlock]] = {}
    for run, step, st in state.active_steps():
        for trip, interlock in _step_losses(facts, image, run.run_id, step, st):
            _add(lost, trip, interlock)
    for kept in facts.always:
        if not kept.interlock.holds.proven(image):
            _add(lost, _trip(facts, kept, image, "", None), kept.interlock)
    latched = {(_key(t), t.reaction) for t in state.trips}
    # An effect of another loss in the same evaluation comes after its cause: False sorts before True.
    ordered = sorted(lost.values(), key=lambda pair: _is_effect(pair[1], image, lost))
    return tuple(trip for trip, _ in ordered if (_key(trip), trip.reaction) not in latched)


def _key(trip: Trip) -> Key:
    """One trip per interlock; the PLCs that fell silent are told apart, because each must be mended."""
    plc = trip.cause.signal.link if trip.interlock == PLC_ALIVE and isinstance(trip.cause, Compare) else ""
    return trip.interlock, plc


def _is_effect(row: Interlock, image: Image, lost: dict[Key, tuple[Trip, Interlock]]) -> bool:
    """True if another loss explains this one: a row it follows, or the silence of the very PLCs it is read from."""
    if {code for code, _ in lost}.intersection(row.follows):
        return True
    silent = {plc for code, plc in lost if code == PLC_ALIVE}
    return row.code != PLC_ALIVE and _only_unread(row.holds, image, silent)


def _only_unread(condition: Condition, image: Image, silent: set[str]) -> bool:
    """True if it may hold for all that is known: of one alternative, what it misses is what these PLCs do not tell."""
    if isinstance(condition, AnyOf):
        return any(_only_unread(part, image, silent) for part in condition.parts)
    if isinstance(condition, AllOf):
        return all(_only_unread(part, image, silent) for part in condition.parts)
    return all(not reason.known and reason.link in silent for reason in condition.unmet(image))


def _add(lost: dict[Key, tuple[Trip, Interlock]], trip: Trip, interlock: Interlock) -> None:
    """One trip per interlock; of two reactions the harder one stays."""
    known = lost.get(_key(trip))
    if known is None or (known[0].reaction is OnLoss.HOLD and trip.reaction is OnLoss.ABORT):
        lost[_key(trip)] = (trip, interlock)


def _step_losses(
    facts: StationFacts, image: Image, run_id: str, step: Step, st: StepState
) -> Iterator[tuple[Trip, Interlock]]:
    for kept in step.interlocks:
        if not kept.interlock.holds.proven(image):
            yield _trip(facts, kept, image, run_id, step), kept.interlock
    if step.do is None:
        return
    channel = facts.channels[step.do.role]
    alive = channel.same_life(st.epoch, st.order if st.acked_at else 0)
    if not alive.proven(image):
        row = Interlock(
            PLC_ALIVE, f"PLC of {step.do.role} answers, its heartbeat moves, it has not restarted", alive
        )
        code = "A202" if all(reason.known for reason in alive.unmet(image)) else "A201"
        text = f"step {step.no} {step.text}: {row.code} {row.text}: {alive.why_not(image)}"
        # The epoch of the order never comes back after a restart: being alive again is what an acknowledgement needs.
        yield Trip(code, text, OnLoss.HOLD, run_id, step.no, row.code, cause=channel.answers.at_least(0)), row


def _reaction(facts: StationFacts, kept: Kept, image: Image) -> OnLoss:
    """What a loss does: of a row that says no, what the table says; of one that nobody can read, what silence does.

    A PLC that takes orders stops by itself when it does not hear us, so its silence holds. One that only tells, as the
    safety PLC, stops nothing for us: there the table stands, as where a PLC answers and the reading is bad (ADR 0021).
    """
    if kept.on_loss is OnLoss.HOLD or kept.interlock.code in SAFETY_ROWS:
        return kept.on_loss
    silent = {channel.link for channel in facts.channels.values() if not channel.answers.read(image).good}
    unmet = kept.interlock.holds.unmet(image) if silent else ()
    unread = bool(unmet) and all(not reason.known and reason.link in silent for reason in unmet)
    return OnLoss.HOLD if unread else kept.on_loss


def _trip(facts: StationFacts, kept: Kept, image: Image, run_id: str, step: Step | None) -> Trip:
    row = kept.interlock
    where = f"step {step.no} {step.text}: " if step is not None else ""
    return Trip(
        "A102" if row.code in SAFETY_ROWS else "A101",
        f"{where}{row.code} {row.text}: {row.holds.why_not(image)}",
        _reaction(facts, kept, image),
        run_id,
        step.no if step is not None else 0,
        row.code,
        cause=row.holds,
    )
