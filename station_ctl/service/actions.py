"""The form of an action: what a person may ask of the station, declared once.

From a declaration come the CLI command, `POST /api/v1/commands/{name}`, dry run, audit row, OpenAPI, the reference
page and the test that it is refused when it should be. Knows no station and no handler's code: a handler is named, and
loaded only by the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

from station_ctl.core.errors import NotFound
from station_ctl.core.modes import Mode
from station_ctl.service.persons import Role


class Kind(StrEnum):
    """What an action can do to the world; it decides which checks stand before it."""

    READ = "read"
    """Changes nothing."""
    SAFE = "safe"
    """Changes what the station knows or leads to standstill; moves nothing."""
    MOVES = "moves"
    """May move machinery: needs control of the station, a fresh view, and a yes."""
    BYPASS = "bypass"
    """Weakens a check: needs two persons, a reason and an end."""
    CONFIG = "config"
    """Changes who may do what, or how the station is set up."""


class Params(BaseModel):
    """Parameters of an action: unknown names are errors, values are checked before anything else looks at them."""

    # Built when first used: the command line reads sixty of them to run one.
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


POSITIONAL: dict[str, JsonValue] = {"x-positional": True}
"""`json_schema_extra` of an optional field that is typed without its name: `why S-0001`."""


class Nothing(Params):
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages of the panel."""

    en: str
    zh: str


ALL_MODES = frozenset(Mode)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person may ask for.

    `handler` is `module:function` under station_ctl.service.handlers; the function gets (duty, params, call) and gives
    a Result. `plan`, likewise, gives a Plan: what would stand against it now, and what would move. `modes` are those
    in which it is possible. `anyone`: from every person in every mode, without control, however old the request: what
    stops the station. `two_persons`: a second person of the same role must agree. `reason`: a reason must be given.
    `long`: it goes on after the answer, as an operation that can be watched and waited for. `by_hand`: it moves only
    while the person who asks holds the jog button.
    """

    name: str
    kind: Kind
    role: Role
    text: Words
    handler: str
    params: type[Params] = Nothing
    plan: str = ""
    modes: frozenset[Mode] = ALL_MODES
    anyone: bool = False
    two_persons: bool = False
    reason: bool = False
    long: bool = False
    by_hand: bool = False

    @property
    def noun(self) -> str:
        """The command group: `swap` of `swap.start`. An action without a dot is its own group."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """The command in its group: `start` of `swap.start`; empty for an action without a dot."""
        return self.name.partition(".")[2]

    @property
    def changes(self) -> bool:
        """True for what must be audited: everything but looking."""
        return self.kind is not Kind.READ

    @property
    def needs_control(self) -> bool:
        """True for what only the person with control of the station may ask for."""
        return self.kind in (Kind.MOVES, Kind.BYPASS) and not self.anyone

    def faults(self) -> Iterator[str]:
        """What is wrong with the declaration."""
        if not (self.text.en and self.text.zh):
            yield f"{self.name}: needs its text in English and Chinese"
        if self.kind is Kind.BYPASS and not (self.two_persons and self.reason):
            yield f"{self.name}: a bypass needs two persons and a reason"
        if self.kind is Kind.MOVES and not self.plan:
            yield f"{self.name}: what moves machinery needs a plan for its dry run"
        if self.anyone and (self.role is not Role.VIEWER or self.modes != ALL_MODES or self.two_persons):
            yield f"{self.name}: what anyone may do has no role, mode or second person"
        if self.kind is Kind.READ and (self.reason or self.two_persons or self.anyone):
            yield f"{self.name}: looking needs no reason, no second person and no exemption"


@dataclass(frozen=True)
class Registry:
    """Every action by name."""

    actions: Mapping[str, Action] = field(default_factory=dict)

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Registry:
        """A registry. Raises ValueError for two actions of one name and for faults of declarations."""
        by_name: dict[str, Action] = {}
        faults: list[str] = []
        for action in actions:
            if action.name in by_name:
                faults.append(f"two actions are called {action.name}")
            by_name[action.name] = action
            faults += action.faults()
        if faults:
            raise ValueError("; ".join(faults))
        return cls(by_name)

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions.values())

    def __len__(self) -> int:
        return len(self.actions)

    def named(self, name: str) -> Action:
        """The action of that name. Raises NotFound naming what its group has."""
        if name in self.actions:
            return self.actions[name]
        noun = name.partition(".")[0]
        near = [a.name for a in self if a.noun == noun] or sorted({a.noun for a in self})
        raise NotFound(f"no action {name!r}; there are {', '.join(near)}")
