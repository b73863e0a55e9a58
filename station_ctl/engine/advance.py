"""Advancing: phases are entered and steps begun as soon as order, device, zone and permissives allow.

Pure. Decides orders and their custody; the gate sends them.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.custody import Custody, CustodyError
from station_ctl.core.modes import Phase, State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Interlock, OnLoss, Step
from station_ctl.engine import lanes
from station_ctl.engine.events import Effect, Issue, Progress, Record, SetLedger
from station_ctl.engine.follow import close, fields_of
from station_ctl.engine.recovery import as_it_stands
from station_ctl.engine.state import Run, StationState, StepState, StepStatus, Trip
from station_ctl.engine.states import RUN
from station_ctl.engine.station import PERMISSIVE_WITHIN, StationFacts
from station_ctl.engine.supervisor import answers
from station_ctl.engine.trips import latch


def advance(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """Enter phases and begin every step that may begin; ask again after each, since beginning one takes a device."""
    for run in state.runs:
        state = _enter_phases(facts, state, run.run_id, image, effects)
    tried: set[tuple[str, int]] = set()
    while (
        found := next(((r, s) for r, s in lanes.ready(state) if (r.run_id, s.no) not in tried), None)
    ) is not None:
        run, step = found
        tried.add((run.run_id, step.no))
        state = _begin(facts, state, run, step, image, effects)
        if state.state not in (State.EXECUTE, State.STOPPING):
            break
        # The controller's own facts changed: the ledger now shows the pack on its way.
        image = image.with_own(state.own)
    return state


def _enter_phases(
    facts: StationFacts, state: StationState, run_id: str, image: Image, effects: list[Effect]
) -> StationState:
    while (run := state.run(run_id)) is not None and run.phase is not Phase.COMPLETE and lanes.rank(run) >= 0:
        entry = lanes.first_step_of_next_phase(run)
        guards = {
            "phase_done": lambda run=run: lanes.phase_done(run),
            "phase_interlocks": lambda entry=entry: (
                entry is None or all(i.holds.proven(image) for i in entry.permissives)
            ),
        }
        fired = RUN.fire(run.phase, "advance", guards)
        if not fired.moved:
            if fired.refused_by == "phase_interlocks" and entry is not None:
                return _wait(facts, state, run, entry, image, effects)
            return state
        effects.append(Progress("phase", run_id, text=str(fired.state), time=state.time))
        state = state.with_run(replace(run, phase=fired.state))
        if fired.state is Phase.COMPLETE:
            state = close(state, run_id, effects)
    return state


def _needed(facts: StationFacts, state: StationState, step: Step) -> tuple[Interlock, ...]:
    """All that must be proven for a step to begin: its permissives, its interlocks, and a PLC that answers."""
    rows = (*step.permissives, *(kept.interlock for kept in step.interlocks))
    return rows if step.do is None else (*rows, answers(facts.channels[step.do.role], state.next_order))


def _wait(
    facts: StationFacts, state: StationState, run: Run, step: Step, image: Image, effects: list[Effect]
) -> StationState:
    """A ready step misses a permissive: it waits, but not for ever, and not for what must not start it."""
    since = run.of(step.no).waits_since
    at_once = any(not kept.waited_for and not kept.interlock.holds.proven(image) for kept in step.interlocks)
    if since < 0 and not at_once:
        return state.with_run(run.with_step(step.no, waits_since=state.time))
    if state.time - since <= PERMISSIVE_WITHIN and not at_once:
        return state
    missing = "; ".join(
        f"{i.code} {i.text}: {i.holds.why_not(image)}"
        for i in _needed(facts, state, step)
        if not i.holds.proven(image)
    )
    waited = "" if at_once else f", waited {PERMISSIVE_WITHIN:g} s"
    text = f"step {step.no} {step.text} cannot begin{waited}: {missing}"
    state = state.with_run(run.with_step(step.no, waits_since=-1.0))
    return latch(state, (Trip("A103", text, OnLoss.HOLD, run.run_id, step.no),), effects)


def _begin(
    facts: StationFacts, state: StationState, run: Run, step: Step, image: Image, effects: list[Effect]
) -> StationState:
    """Begin one ready step: check permissives and interlocks, decide custody, hand the order to the gate."""
    before = run.of(step.no).order
    step = as_it_stands(step, run.of(step.no), image)
    view = image.with_own(replace(image.own, ledger=image.own.ledger.cancel(before))) if before else image
    if not all(i.holds.proven(view) for i in _needed(facts, state, step)):
        return _wait(facts, state, run, step, view, effects)
    if step.do is None:
        effects.append(Progress("step-begun", run.run_id, step.no, step.text, state.time))
        return state.with_run(
            run.with_step(
                step.no, status=StepStatus.BUSY, began=state.time, acked_at=image.now, waits_since=-1.0
            )
        )
    channel = facts.channels[step.do.role]
    epoch = channel.boot(image)
    number = state.next_order
    ledger = state.ledger.continue_under(before, number) if before else state.ledger
    try:
        for move in step.moves:
            if ledger.where(move.pack) != Custody(move.origin, move.target, number):
                ledger = ledger.begin(move, number)
    except CustodyError as error:
        trip = Trip("A302", f"step {step.no} {step.text}: {error}", OnLoss.HOLD, run.run_id, step.no)
        return latch(state, (trip,), effects)
    connection = image.links[channel.link].connection
    withdrawn = run.of(step.no).withdrawn
    st = StepState(
        StepStatus.INTENT, number, epoch, connection, began=state.time, continues=before, withdrawn=withdrawn
    )
    order = (
        ("device", step.do.role),
        ("opcode", step.do.opcode),
        ("params", list(step.do.params)),
        ("text", step.do.text),
        ("epoch", epoch),
        ("moves", [str(m) for m in step.moves]),
    )
    effects.append(Record("step-ordered", run.run_id, step.no, number, order))
    if ledger != state.ledger:
        effects.append(SetLedger(ledger))
    effects.append(Issue(number, run.run_id, step, step.do, epoch, connection))
    effects.append(Progress("step-begun", run.run_id, step.no, step.text, state.time, (("order", number),)))
    zones = lanes.take_zones(state, run, step)
    return replace(
        state.with_run(run.with_step(step.no, **fields_of(st))),
        ledger=ledger,
        zones=zones,
        next_order=number + 1,
    )
