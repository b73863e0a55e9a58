"""One case: a copy of the station is struck, comes to rest or goes on, and is judged; then a way out is looked for.

Knows what must hold whatever the fault. Does not know which fault it is.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from station_ctl.core.modes import Phase, State
from station_ctl.core.steps import Step
from station_ctl.engine.state import StepStatus
from station_ctl.service.run_watch import RESTING
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.strike import Act, Moment, Strike
from tests.faults.struck_bench import STEPS, custody_errors
from tests.faults.way_out import ATTENDED, NoWayOut, WayOut, acknowledged, offered, to_the_end

DEAD_MAN = 1.1
"""Wall seconds after which a PLC that cannot hear us has stopped by itself."""

IDLE = 0.3
"""Wall seconds (virtual) that nobody acts on a station at rest."""

LOOKED = 0.8
"""Wall seconds (virtual) until charging has told what it finds of the returned pack and its charger: a silence of 20 s
at the plant, too."""


@dataclass
class CaseResult:
    """What one case came to; `wrong` is empty if all was right."""

    case: str
    codes: tuple[str, ...]
    outcome: str = ""
    text: str = ""
    alarms: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    wrong: list[str] = field(default_factory=list)
    unsafe: int = 0


async def judged(
    bench: CatalogueBench, folder: Path, strike: Strike, no: int, *, to_end: bool
) -> dict[str, Any]:
    """The whole case. To be called in a copy of the process."""
    bench.on_own_files(folder)
    step = bench.running(no)
    assert step is not None
    found = CaseResult(strike.case(no), strike.codes)
    moment = _moment(bench, no)
    await _done(strike.act, bench, step)
    came_to_rest = await bench.struck_to_rest()
    if bench.commit_takes:
        await asyncio.sleep(10 * bench.commit_takes)  # until the disk has taken what was under way
    if bench.visited and bench.state.state not in RESTING:
        await asyncio.sleep(LOOKED)
    if not came_to_rest:
        found.wrong.append(f"neither at rest nor at its end: {bench.state.state}")
    reaction = _reaction(bench)
    _as_foreseen(bench, strike, moment, reaction, found)
    await _stays_at_rest(bench, reaction, found)
    _safe(bench, strike, found)
    outcome = Outcome(
        strike.codes[0], no, reaction, bench.first_out.code if bench.state.trips else "",
        found.unsafe, not any(text.startswith("custody") for text in found.wrong), "virtual",
    )  # fmt: skip
    found.outcome, found.alarms = outcome.as_text(), tuple(dict.fromkeys(bench.alarms))
    await _way_out(bench, strike, step, found, to_end=to_end)
    return vars(found)


def _moment(bench: CatalogueBench, no: int) -> Moment:
    active = frozenset(s.no for _, s, _ in bench.state.active_steps())
    swap = [(s.no, st.status) for run in bench.state.runs if run.job is not None for s, st in run.pairs()]
    waiting = {n for n, status in swap if status is StepStatus.WAITING} if swap else set(STEPS) - {10}
    return Moment(no, active | {no}, frozenset(waiting))


async def _done(act: Act, bench: CatalogueBench, step: Step) -> None:
    made = act(bench, step)
    if inspect.isawaitable(made):
        await made


def _reaction(bench: CatalogueBench) -> Reaction:
    """What was seen, by the state of the station and what a person was told."""
    match bench.state.state:
        case State.HELD:
            return Reaction.HOLD
        case State.ABORTED | State.STOPPED:
            return Reaction.ABORT
    if bench.refusal:
        return Reaction.REFUSED
    return Reaction.DEGRADED if bench.alarms else Reaction.TRANSPARENT


def _as_foreseen(
    bench: CatalogueBench, strike: Strike, moment: Moment, reaction: Reaction, found: CaseResult
) -> None:
    foreseen = strike.foresees(moment)
    found.text = bench.refusal
    if bench.state.trips:
        first = bench.first_out
        found.text = f"{first.code} {first.interlock} {first.text}"
        if [t.first_out for t in bench.state.trips] != [True] + [False] * (len(bench.state.trips) - 1):
            found.wrong.append("not exactly one first-out, or not the first trip")
    if reaction not in foreseen.reactions:
        expected = "/".join(r.value for r in foreseen.reactions)
        found.wrong.append(f"expected {expected}, was {reaction.value}: {found.text}")
    elif foreseen.words and not any(word in found.text for word in foreseen.words):
        found.wrong.append(f"first-out without {' or '.join(foreseen.words)}: {found.text}")


async def _stays_at_rest(bench: CatalogueBench, reaction: Reaction, found: CaseResult) -> None:
    """At rest no PLC is at work, and while nobody acts nothing is ordered."""
    if bench.state.state not in RESTING:
        went_on = reaction in (Reaction.TRANSPARENT, Reaction.DEGRADED)
        if went_on and (bench.closed is None or bench.closed.phase is not Phase.COMPLETE):
            found.wrong.append(f"went on, but the swap is not complete: {bench.state.state}")
        return
    with suppress(AssertionError):
        await bench.until(lambda: not any(c.busy for c in bench.channels()), DEAD_MAN)
    if busy := [c.key for c in bench.channels() if c.busy]:
        found.wrong.append(f"at rest, and {', '.join(busy)} still works")
    orders = bench.report()["orders"]
    await asyncio.sleep(IDLE)
    if bench.report()["orders"] != orders:
        found.wrong.append("ordered while nobody acted")
        found.unsafe += 1


def _safe(bench: CatalogueBench, strike: Strike, found: CaseResult) -> None:
    """The monitor saw nothing that was not the fault itself, and every pack is where the ledger has it."""
    for seen in bench.report()["violations"]:
        if not seen["order"] and seen["rule"] in strike.own_instants:
            continue
        found.unsafe += 1
        found.wrong.append(f"unsafe: {seen['rule']} {seen['text']} (order {seen['order']} of {seen['plc']})")
    wrong = custody_errors(bench.state.ledger, bench.report()["packs"])
    if strike.brings_a_pack:
        wrong = [text for text in wrong if "not in the ledger" not in text]
    written = bench.journal.restore().ledger
    if bench.commit_fails is not None:
        # What could not be written did not leave either: the journal knows where every pack is.
        wrong += custody_errors(written, bench.report()["packs"])
    elif written != bench.state.ledger:
        wrong.append("the journal has another ledger than the engine")
    found.wrong += [f"custody: {text}" for text in wrong]


async def _way_out(
    bench: CatalogueBench, strike: Strike, step: Step, found: CaseResult, *, to_end: bool
) -> None:
    """With the cause gone a person is offered a way; with `to_end` he goes it until the vehicle has left."""
    if bench.state.state not in RESTING:
        return
    way = WayOut()
    try:
        await _done(strike.undo, bench, step)
        bench.sim.plant.motions.version += 1
        await asyncio.sleep(0.3)
        await acknowledged(bench)
        way.offered, way.words = offered(bench)
        if ATTENDED in way.offered and not way.words:
            found.wrong.append("only attended recovery, and not a word about it")
        if to_end:
            await to_the_end(bench, way)
    except (NoWayOut, AssertionError) as why:
        found.wrong.append(f"no way out: {why}")
    found.offered, found.gone = way.offered, tuple(way.gone)
    if to_end:
        _safe(bench, strike, found)
