"""The manual's page of commands, from the registry of actions and the table of exit codes.

Knows how a declaration reads in a book. Does not know what an action does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from station_ctl.core.errors import Exit
from station_ctl.service.actions import Action, Kind
from station_ctl.service.catalogue import REGISTRY

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], Iterator[str]]
Escape = Callable[[str], str]

KINDS: Mapping[Kind, str] = {
    Kind.READ: "looks; changes nothing, leaves no audit row",
    Kind.SAFE: "changes what the station knows, or leads to standstill; moves nothing",
    Kind.MOVES: "may move machinery: needs control of the station and a yes; `-n` shows what stands against it",
    Kind.BYPASS: "weakens a check or overrules custody: needs two persons and a reason",
    Kind.CONFIG: "changes who may do what, or how the station is set up",
}

EXITS: Mapping[Exit, str] = {
    Exit.DONE: "done; for `why`: nothing is in the way",
    Exit.FAILED: "it ran and failed",
    Exit.USAGE: "wrong usage",
    Exit.UNREACHABLE: "no service answers",
    Exit.BLOCKED: "blocked by an interlock or precondition; nothing was moved by this command",
    Exit.NOT_ALLOWED: "role, mode, state or control does not allow it",
    Exit.CONFIGURATION: "configuration invalid",
    Exit.TIMEOUT: "the wait is over, the operation goes on; its id is printed",
    Exit.RECOVERY_NEEDED: "stopped half-way: recovery needed",
    Exit.NOT_FOUND: "no such bay, run, alarm, subject",
    Exit.CONFIRMATION_NEEDED: "needs a yes (`--yes`), and nobody can be asked",
    Exit.INTERNAL: "a defect of this program",
}
"""What each exit code says; 130 is Ctrl-C."""


def commands(head: str, table: Table, md: Escape) -> Iterator[str]:
    """The page, line by line."""
    yield head
    yield "# Commands"
    yield ""
    yield "Every action is declared once; its command, its place in the API (`POST /api/v1/commands/NAME`), its dry run"
    yield "and its audit row come from that. Commands that need no service (`demo`, `run`, `config`, `doctor`, …) have"
    yield "`--help`."
    yield ""
    yield "## Kinds"
    yield ""
    yield from table(("kind", "what it can do"), [(str(kind), md(text)) for kind, text in KINDS.items()])
    yield ""
    yield "## Exit codes"
    yield ""
    yield from table(("code", "meaning"), [(str(int(code)), text) for code, text in EXITS.items()])
    nouns = {action.noun: [a for a in REGISTRY if a.noun == action.noun] for action in REGISTRY}
    for noun, actions in nouns.items():
        yield ""
        yield f"## {noun}"
        yield ""
        head_row = ("command", "kind", "role", "modes", "what it does", "作用")
        yield from table(head_row, [_row(action, md) for action in actions])


def _row(action: Action, md: Escape) -> tuple[str, ...]:
    modes = sorted(str(mode) for mode in action.modes)
    more = ["anyone, always"] if action.anyone else [action.role.word]
    more += ["two persons"] if action.two_persons else []
    words = " ".join(("station-ctl", action.noun, *filter(None, [action.verb]), *_parameters(action)))
    return (
        f"`{words}`", str(action.kind), ", ".join(more), "all" if len(modes) == 3 else ", ".join(modes),
        md(action.text.en), action.text.zh,
    )  # fmt: skip


def _parameters(action: Action) -> Iterator[str]:
    for name, field in action.params.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        if field.is_required():
            yield name.upper()
        elif extra.get("x-positional"):
            yield f"[{name.upper()}]"
        else:
            yield f"[--{(field.alias or name).replace('_', '-')}]"
