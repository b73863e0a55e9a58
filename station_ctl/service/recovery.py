"""Recovery at start: runs that the journal never closed, put together again; and the ways out, in words.

Knows how a run stands in the journal. Believes nothing of it: engine/recovery.py judges it against the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from station_ctl.core.errors import NotFound, Refused
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.modes import ORDERED_PHASES, Mode, Phase
from station_ctl.core.signals import Image
from station_ctl.core.steps import Exchange, Job, Recipe, Sequence
from station_ctl.engine import recovery
from station_ctl.engine.events import Audit
from station_ctl.engine.journal import OpenRun, Restored
from station_ctl.engine.opening import also_told
from station_ctl.engine.recoding import named_in, with_code
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import Run, StationState, StepState, StepStatus
from station_ctl.engine.station import StationFacts
from station_ctl.service import whereabouts
from station_ctl.service.procedures import Procedures


def rebuild(
    restored: Restored, procedures: Procedures, recipes: Mapping[str, Recipe]
) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """Open runs ready for recovery, and why others cannot be put together. A run that moves nothing is left out."""
    runs: list[Run] = []
    faults: list[str] = []
    for found in restored.open_runs:
        if "vehicle" not in found.opened and found.opened.get("sequence") == procedures.reception().key:
            continue  # it has moved nothing, the vehicle is identified anew
        try:
            run = _run(found, procedures, recipes)
            if not run.sequence.aside:
                runs.append(run)
        except (ValueError, NotFound) as error:
            faults.append(f"run {found.run_id} cannot be put together again: {error}; attended recovery only")
    return tuple(runs), tuple(faults)


def procedure_of(
    opened: OpenRun, procedures: Procedures, recipes: Mapping[str, Recipe]
) -> tuple[Sequence, Job | None]:
    """The procedure of a run, made again from what it was opened with, and its job. Raises ValueError or NotFound."""
    key = _name(opened, "sequence")
    if key == procedures.reception().key:
        return procedures.reception(), None
    if (by_args := {**procedures.maintenance, **procedures.charging}.get(key)) is not None:
        return _of_args(opened, by_args), None
    job = _job(opened, recipes)
    return procedures.by_key(key, job), job


def _run(found: OpenRun, procedures: Procedures, recipes: Mapping[str, Recipe]) -> Run:
    sequence, job = procedure_of(found, procedures, recipes)
    numbers = [step.no for step in sequence.steps]
    if numbers != found.opened.get("steps") or not set(numbers) >= set(found.steps):
        raise ValueError("this release has other steps than the one that opened the run")
    states = tuple(_step(found.steps.get(step.no)) for step in sequence.steps)
    run = Run(found.run_id, sequence, job, Phase.RECOVERING, states)
    reached = [ORDERED_PHASES.index(s.phase) for s, st in run.pairs() if st.status is not StepStatus.WAITING]
    # Never later than what was ordered: entering the next phase is judged again by its interlocks.
    interrupted = ORDERED_PHASES[_foremost(sequence, reached)]
    return Run(found.run_id, sequence, job, Phase.RECOVERING, states, interrupted)


def _job(found: OpenRun, recipes: Mapping[str, Recipe]) -> Job:
    model = _name(found, "model")
    if model not in recipes:
        raise ValueError(f"vehicle model {model} has no recipe any more")
    names = ("vehicle", "spent", "fresh", "fresh_bay", "spent_bay")
    vehicle, spent, fresh, fresh_bay, spent_bay = (_name(found, name) for name in names)
    also, turn = _further(found)
    named, packs = len(also) + 1, recipes[model].packs
    if named != packs:
        raise ValueError(f"it names {named} exchanges, and vehicle model {model} has {packs} packs")
    return Job(vehicle, recipes[model], spent, fresh, fresh_bay, spent_bay, also, turn)


def _further(found: OpenRun) -> tuple[tuple[Exchange, ...], int]:
    """The exchanges of a vehicle's further packs, and which exchange a way back is about."""
    also, turn, told = found.opened.get("also", []), found.opened.get("turn", 0), also_told(found.opened)
    if not isinstance(also, list) or len(also) != len(told):
        raise ValueError(f"its further packs are {also!r}, which are no packs and bays")
    if type(turn) is not int or not 0 <= turn <= len(told):
        raise ValueError(f"its turn is {turn!r}, which is none of its exchanges")
    return told, turn


def _of_args(found: OpenRun, procedure: MaintenanceProcedure) -> Sequence:
    """The procedure made again from what it was made with, and from nothing else."""
    args = found.opened.get("args", {})
    if not isinstance(args, dict) or set(args) != {p.name for p in procedure.parameters}:
        raise ValueError(f"its args are {args!r}, which are not those of {procedure.name}")
    if wrong := [name for name, value in args.items() if not isinstance(value, str) or not value]:
        raise ValueError(f"its {', '.join(wrong)} is no text")
    return procedure.make(args)


def _name(found: OpenRun, fact: str) -> str:
    name = found.opened.get(fact)
    if not isinstance(name, str) or not name:
        raise ValueError(f"its {fact} is {name!r}, which is no name")
    return name


def _foremost(sequence: Sequence, reached: list[int]) -> int:
    background = {ORDERED_PHASES.index(s.phase) for s in sequence.steps}
    return max(reached, default=min(background, default=0))


def _step(known: tuple[int, int, bool] | None) -> StepState:
    if known is None:
        return StepState()
    order, epoch, proven = known
    return StepState(StepStatus.PROVEN if proven else StepStatus.STOPPED, order, epoch)


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What a person is offered for interrupted runs. An empty reason = the way is open.

    `custody` and `machines` say where every pack and machine is and how sure that is; `by_hand` is attended recovery:
    what must be done at the machine first, as a fault that only a person can reset, or if neither way is open.
    """

    findings: tuple[str, ...]
    custody: tuple[str, ...]
    why_not_resume: str
    why_not_resume_confirmed: str
    why_not_retreat: Mapping[str, str]
    machines: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()

    @property
    def places(self) -> list[str]:
        """Where everything is, in sentences; packs that lie where every sensor agrees are only counted."""
        told = [text for text in self.custody if not text.endswith(whereabouts.AGREED)]
        quiet = len(self.custody) - len(told)
        return [*told, *([f"{quiet} packs are in their places, {whereabouts.AGREED}"] if quiet else []), *self.machines]


def ways_out(facts: StationFacts, state: StationState, image: Image) -> WaysOut:
    """Where everything is, how sure that is, and what may be done next."""
    assessed = recovery.assess(facts, state, image)
    return WaysOut(
        tuple(map(str, assessed)),
        whereabouts.packs(facts, state, image),
        recovery.why_not_resume(facts, state, image, confirmed=False),
        recovery.why_not_resume(facts, state, image, confirmed=True),
        {run.run_id: _why_not_retreat(facts, state, image, run) for run in state.runs},
        whereabouts.machines(facts, state, image),
        (*whereabouts.resets(facts, image), *whereabouts.by_hand(facts, assessed, image.with_own(state.own))),
    )


def resume_command(state: StationState) -> str:
    """The command that goes on with the open runs, or with none in this mode: maintenance has its own."""
    modes = {run.sequence.mode for run in state.runs} or {state.mode}
    maintained = Mode.MAINTENANCE in modes
    return f"station-ctl {'seq' if maintained else 'swap'} resume"


def give_up_command(run: Run) -> str:
    """The command that gives a run up."""
    words = "seq give-up" if run.sequence.mode is Mode.MAINTENANCE else "swap retreat"
    return f"station-ctl {words} {run.run_id}"


def _why_not_retreat(facts: StationFacts, state: StationState, image: Image, run: Run) -> str:
    if run.job is None and run.sequence.mode is not Mode.MAINTENANCE:
        return f"{run.run_id} has no vehicle to give back: resume"
    return recovery.why_not_retreat(facts, state, image, run.run_id)


async def retreat(
    engine: Engine, procedures: Procedures, run_id: str, who: str, audit: Audit | None = None
) -> str:
    """Give a run up and begin its way back. Returns the retreat's run id. Raises Refused or NotAllowed."""
    run = engine.state.run(run_id)
    if run is None or run.job is None:
        raise NotFound(f"there is no open run {run_id} with a vehicle")
    reached = recovery.reached(engine.facts, engine.state, engine.image(), run)
    way = procedures.way_back(run.sequence.key, *reached, run.job)
    if isinstance(way, str):
        raise Refused(f"no retreat from {run_id}: {way}")
    key, job = way
    retreat_id = f"{run_id}-R"
    await engine.retreat(run_id, retreat_id, procedures.by_key(key, job), job, who, audit)
    return retreat_id


async def recode(
    engine: Engine, procedures: Procedures, place: str, code: str, who: str, audit: Audit | None = None
) -> str:
    """Give the pack at a place its true code, in the ledger and in every open run. Returns what it was called.

    Raises Refused or NotAllowed.
    """
    was = engine.state.ledger.at(place) or ""
    runs = []
    for run in engine.state.runs:
        if run.job is not None and named_in(run, was):
            job = with_code(run.job, was, code)
            runs.append((run.run_id, procedures.by_key(run.sequence.key, job), job))
    await engine.recode(place, code, tuple(runs), who, audit)
    return was
