"""Steps, interlocks and sequences: a procedure as data, to be printed, checked, explored and run.

Knows the form of a procedure. Does not know any station, nor how a step is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Move
from station_ctl.core.devices import Command
from station_ctl.core.jog import ButtonHeld
from station_ctl.core.modes import ORDERED_PHASES, Mode, Phase


class OnLoss(StrEnum):
    """What the loss of an interlock does: hold (resumable) or abort (make safe now, a person recovers)."""

    HOLD = "hold"
    ABORT = "abort"


class OnResume(StrEnum):
    """How a stopped step goes on once a person resumes and its proof is still missing."""

    REPEAT = "repeat"
    ASK = "ask"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Interlock:
    """One row of the interlock table: a code, a sentence, and the condition that must be proven."""

    code: str
    text: str
    holds: Condition
    follows: tuple[str, ...] = ()
    """Codes whose loss entails the loss of this one: then those are the cause and this is an effect."""


BUTTON = Interlock("G34", "Jog button held", ButtonHeld())
"""The row of every step that moves by hand; the engine watches it itself, because letting go is no fault."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An interlock that must stay proven while a step runs, and what its loss does.

    `waited_for`: a step that is ready waits until it is proven. Otherwise the station holds at once, because what a
    person does at the machine, as pressing the enabling device, must never start a motion by itself.
    """

    interlock: Interlock
    on_loss: OnLoss
    waited_for: bool = True


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step that was stopped after its work was done comes to its end.

    `shows` is what sensors show then: only the machine's way back is missing, and the step's own order would have
    nothing left to work on. `do` is ordered instead, of the same role; the step's proof stays what it is.
    """

    shows: Condition
    do: Command
    permissives: tuple[Interlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a procedure: order + proof.

    `within` and `nominal` are seconds of process time. `do` None = nothing is ordered, the proof is awaited.
    `start` is what sensors show while the step has not begun, where that cannot be told from `done` alone.
    `after` names steps of other lanes that must be done. `enters`/`leaves` take and give back zone tokens.
    `moves` is what the order does to custody; `admits` (each pack and its place) and `releases` (packs) happen when it
    is proven.
    `measures`: the order itself measures its proof, so that the proof says nothing of an order that was stopped.
    `background` steps may outlast their phase; whatever needs them names them in `after`.
    `ending` is what remains to be ordered when the step was stopped after its work was done.
    `instead` is what a step of the put-away that only looks may find in place of its proof: the run is over with it,
    what it would have done further is not done, and nothing is held.
    `asks`: the order only asks for somebody who need not be there; if the PLC's own interlock says no, the run ends
    with that answer and nothing is held.
    `by_hand`: the device moves only while a person holds the jog button.
    """

    no: int
    text: str
    lane: str
    phase: Phase
    done: Condition
    within: float
    nominal: float
    do: Command | None = None
    start: Condition | None = None
    after: tuple[int, ...] = ()
    permissives: tuple[Interlock, ...] = ()
    interlocks: tuple[Kept, ...] = ()
    on_resume: OnResume = OnResume.REPEAT
    enters: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    admits: tuple[tuple[str, str], ...] = ()
    releases: tuple[str, ...] = ()
    background: bool = False
    measures: bool = False
    ending: Ending | None = None
    instead: Condition | None = None
    asks: bool = False
    by_hand: bool = False
    chapter: str = ""

    def to_its_end(self) -> Step:
        """The step as it is ordered once its work is done; without an ending, the step itself."""
        if self.ending is None:
            return self
        return replace(self, do=self.ending.do, permissives=self.ending.permissives)


@dataclass(frozen=True, eq=False)
class Sequence:
    """The steps of one procedure for one job. Compared by identity; `key` names it in the journal.

    `mode` is the only one in which it may run. `args` is what it was made with where there is no job: a start after
    a crash makes it again from them.
    """

    key: str
    text: str
    steps: tuple[Step, ...]
    mode: Mode = Mode.AUTOMATIC
    args: tuple[tuple[str, str], ...] = ()
    by_no: Mapping[int, Step] = field(init=False, repr=False)
    index: Mapping[int, int] = field(init=False, repr=False)
    before: Mapping[int, tuple[int, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_no", {s.no: s for s in self.steps})
        object.__setattr__(self, "index", {s.no: i for i, s in enumerate(self.steps)})
        object.__setattr__(self, "before", _predecessors(self.steps))

    def faults(self) -> tuple[str, ...]:
        """Everything wrong with the procedure; empty if it can be run."""
        found = []
        numbers = [s.no for s in self.steps]
        if sorted(set(numbers)) != numbers:
            found.append(f"{self.key}: step numbers do not rise: {numbers}")
        for step in self.steps:
            for no in step.after:
                if no not in self.by_no or no >= step.no:
                    found.append(f"{self.key} step {step.no}: after={no} is not an earlier step")
            if not 0 < step.nominal <= step.within:
                found.append(f"{self.key} step {step.no}: needs 0 < nominal ≤ within")
            if step.on_resume is OnResume.ASK and step.start is None:
                found.append(f"{self.key} step {step.no}: asks on resume, so it needs `start`")
            if step.ending is not None and (step.do is None or step.ending.do.role != step.do.role):
                found.append(f"{self.key} step {step.no}: its ending is ordered of another role than the step")
            if step.instead is not None and (step.do is not None or step.phase is not Phase.PUT_AWAY):
                found.append(f"{self.key} step {step.no}: only a step of the put-away that orders nothing ends the run")
            if step.asks and (len(self.steps) > 1 or step.do is None or step.moves or step.admits or step.releases):
                found.append(f"{self.key} step {step.no}: a step that only asks stands alone and changes no custody")
            if step.phase not in ORDERED_PHASES[:-1]:
                found.append(f"{self.key} step {step.no}: {step.phase} is not a phase that acts")
        if self.mode is Mode.MAINTENANCE:
            for earlier, step in pairwise(self.steps):
                if earlier.no not in self.before[step.no]:
                    found.append(f"{self.key} step {step.no}: one device at a time, so it waits for step {earlier.no}")
        return tuple(found)

    @property
    def aside(self) -> bool:
        """True for a procedure that only asks, and nothing of a vehicle: it stands in no vehicle's way, and is not
        resumed: whoever wanted it asks again."""
        return bool(self.steps) and all(step.asks and step.phase is Phase.PUT_AWAY for step in self.steps)

    def roles(self) -> tuple[str, ...]:
        """Roles that are ordered something, in order of appearance."""
        return tuple(dict.fromkeys(s.do.role for s in self.steps if s.do is not None))


def _rank(step: Step) -> int:
    # A phase that does not act is a fault of the procedure; `faults` names it, building it does not fail.
    return ORDERED_PHASES.index(step.phase) if step.phase in ORDERED_PHASES else -1


def _predecessors(steps: tuple[Step, ...]) -> dict[int, tuple[int, ...]]:
    """Direct predecessors of each step: the one before it in its lane, those in `after`, and the phase's gate.

    A step waits for all foreground steps of earlier phases, because entering its phase does.
    """
    before: dict[int, tuple[int, ...]] = {}
    last_in_lane: dict[str, int] = {}
    for step in steps:
        earlier = [s.no for s in steps if not s.background and _rank(s) < _rank(step)]
        lane = [last_in_lane[step.lane]] if step.lane in last_in_lane else []
        before[step.no] = tuple(dict.fromkeys([*lane, *step.after, *earlier]))
        last_in_lane[step.lane] = step.no
    return before


@dataclass(frozen=True, slots=True)
class TopLift:
    """How a crane takes the packs of a model from above. mm; heights are those of the gripper's underside above the
    floor when it stands on the pack.

    `places_mm`: one entry for each pack of the vehicle, its way along the chassis from the stand's nominal place,
    towards the cab positive.
    """

    places_mm: tuple[float, ...]
    truck_height_mm: float
    bay_height_mm: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of one vehicle model, from config/vehicles. Units in the names; the ranges are checked on loading.

    A pack is held by `bolts`, which a runner turns to a torque, or by `clips`, which are open or closed: then torque
    and turns are 0. It is taken from below, at the two heights, or from above as `top_lift` says: then they are 0.
    All packs of a model are of one kind: type, weight and the count of bolts or clips are those of each.
    """

    model: str
    pack_type: int
    bolts: int
    torque_nm: float
    torque_band_nm: float
    turns_min: float
    turns_max: float
    work_height_mm: int
    raise_height_mm: float
    pack_kg: float
    hv_safe_volts: float
    insulation_min_kohm: int
    soc_min_percent: float
    clips: int = 0
    top_lift: TopLift | None = None

    @property
    def bolt_mask(self) -> int:
        """One bit per bolt, bit k-1 = bolt k."""
        return (1 << self.bolts) - 1

    @property
    def packs(self) -> int:
        """How many packs the vehicle carries."""
        return len(self.top_lift.places_mm) if self.top_lift is not None else 1

    @property
    def clip_mask(self) -> int:
        """One bit per clip of every pack, bit k-1 = clip k."""
        return (1 << self.clips * self.packs) - 1

    def clips_of(self, seat: int) -> int:
        """The bits of the clips that hold the pack of one seat, from 0: those of the first pack come first."""
        return ((1 << self.clips) - 1) << self.clips * seat


@dataclass(frozen=True, slots=True)
class Exchange:
    """One pack for another: spent pack, fresh pack and its place, and where the spent pack goes."""

    spent: str
    fresh: str
    fresh_bay: str
    spent_bay: str

    @property
    def names(self) -> tuple[str, ...]:
        """Packs and bays that it counts on."""
        return self.fresh, self.fresh_bay, self.spent_bay


@dataclass(frozen=True, slots=True)
class Job:
    """What one run is for: a vehicle, the exchange of its pack, and those of its further packs (`also`).

    `turn` is the exchange, from 0, that a way back is about: those before it are done, those from it on are not to be.
    """

    vehicle: str
    recipe: Recipe
    spent: str
    fresh: str
    fresh_bay: str
    spent_bay: str
    also: tuple[Exchange, ...] = ()
    turn: int = 0

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """One for each seat of the vehicle."""
        return Exchange(self.spent, self.fresh, self.fresh_bay, self.spent_bay), *self.also

    @property
    def spent_bays(self) -> tuple[str, ...]:
        """Where the spent packs go."""
        return tuple(exchange.spent_bay for exchange in self.exchanges)

    @property
    def fresh_bays(self) -> tuple[str, ...]:
        """Where the fresh packs come from."""
        return tuple(exchange.fresh_bay for exchange in self.exchanges)

    @property
    def packs(self) -> tuple[str, ...]:
        """Every pack that it names."""
        return tuple(pack for exchange in self.exchanges for pack in (exchange.spent, exchange.fresh))

    def with_exchanges(self, exchanges: tuple[Exchange, ...]) -> Job:
        """The same vehicle with other packs or bays."""
        first, *also = exchanges
        return replace(
            self, spent=first.spent, fresh=first.fresh, fresh_bay=first.fresh_bay, spent_bay=first.spent_bay,
            also=tuple(also),
        )  # fmt: skip
