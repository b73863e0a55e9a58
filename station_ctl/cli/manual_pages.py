"""The manual's pages as Markdown: procedures, interlocks, states, alarms; each from the code that runs.

Knows Markdown and the order of a page. Does not know where pages lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from station_ctl.cli.interlock_list import always_on_watch, entries
from station_ctl.cli.procedure import KEPT_TOO, step_facts
from station_ctl.cli.specimen import Specimen
from station_ctl.config.alarms import AlarmFile
from station_ctl.config.yaml_positions import read_yaml
from station_ctl.core.interlock_table import CELLS, InterlockTable
from station_ctl.core.steps import Sequence as Procedure
from station_ctl.core.steps import Step
from station_ctl.engine.states import RUN_TABLE, STATION_TABLE, Row, mermaid
from station_ctl.paths import config_directory

COMMAND = "./station manual --write docs/manual"
HEAD = f"<!-- Generated from the code by `{COMMAND}`. Not edited by hand. -->"

GUARDS: Mapping[str, str] = {
    "all_quiet": "no order is under way on any device",
    "custody_certain": "sensors prove where every pack is that an interrupted order was moving",
    "mode_allows": "the mode is that of every open run; with none open, automatic or maintenance",
    "nothing_half_done": "no run is open, in memory or in the journal",
    "numbers_newer": "no PLC remembers a newer order than the journal",
    "phase_done": "every step of this phase and of those before is proven, background steps apart",
    "phase_interlocks": "everything that the first step of the next phase needs is proven",
    "reconciled": "sensors and ledger show every pack where the journal has it",
    "runs_ended": "every run is closed",
    "something_half_done": "a run was interrupted and is neither complete nor given up",
    "station_safe": "the interlocks of the whole station are proven",
    "steps_may_go_on": "no interrupted step forbids it, and a person has looked where one must look first",
    "trips_cleared": "every trip is acknowledged, and its cause is gone",
}
"""What each guard of the state tables asks, in words; `was_…` guards say in which phase a run was interrupted."""

Printed = dict[tuple[str, str], list[tuple[str, str]]]
"""Facts of the steps that are printed already, by procedure and text."""

_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "*": "\\*"}


def md(text: str) -> str:
    """Text that must not become markup."""
    return "".join(_ESCAPED.get(c, c) for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


OVERVIEW = ("step", "chapter", "what", "lane", "phase", "after", "nominal s", "limit s")


def procedures(shown: Specimen) -> Iterator[str]:
    """The page of procedures: an overview of each, then its steps."""
    yield from _title("Procedures")
    yield f"Printed for a specimen: {md(str(shown))}. Times are process seconds. {KEPT_TOO}"
    yield "Every step is done when its proof is observed after the PLC has said done, not when the order ends."
    printed: Printed = {}
    for sequence in shown.sequences:
        yield from ("", f"## {sequence.key}: {md(sequence.text)}", "")
        yield from table(OVERVIEW, map(_overview, sequence.steps))
        yield from _steps(sequence, printed)
    if (more := shown.of_more_packs) is not None:
        swap = more.paper.procedures().swap(more.job)
        yield from ("", f"## {swap.key} of a vehicle with {more.job.recipe.packs} packs", "")
        yield f"{md(swap.text)}. Printed for a specimen: {md(str(more))}."
        yield "What a step orders, needs and keeps is that of its like above, for the pack at hand; all of it:"
        yield f"`station-ctl seq show {swap.key} --model {more.job.recipe.model}`."
        yield ""
        yield from table(OVERVIEW, map(_overview, swap.steps))


def _overview(step: Step) -> tuple[str, ...]:
    phase = f"{step.phase}, background" if step.background else str(step.phase)
    after = ", ".join(map(str, step.after))
    times = (f"{step.nominal:g}", f"{step.within:g}")
    return (str(step.no), step.chapter, md(step.text), step.lane, phase, after, *times)


def _steps(sequence: Procedure, printed: Printed) -> Iterator[str]:
    """Each step, but what a variant of the same procedure has word for word is not printed twice."""
    kind = sequence.key.partition(":")[0]
    again: list[int] = []
    for step in sequence.steps:
        facts = step_facts(step)
        if printed.get((kind, step.text)) == facts:
            again.append(step.no)
            continue
        printed[kind, step.text] = facts
        yield from ("", f"### {step.no} {md(step.text)}", "")
        yield f"{step.chapter}, lane {step.lane}, {step.phase}{', in the background' if step.background else ''}"
        yield ""
        yield from (f"- **{what}**: {md(words)}" for what, words in facts)
    if again:
        yield from ("", f"As in the variant above: {', '.join(map(str, again))}.")


def interlocks(shown: Specimen) -> Iterator[str]:
    """The page of interlocks: the table that is signed, then every row with its condition and its steps."""
    matrix = shown.paper.interlocks(shown.job)
    yield from _title("Interlocks")
    yield "An interlock is judged as a level on every scan. A reading that is not good or not fresh proves nothing."
    yield from ("", "## Table", "")
    yield from table(
        ("code", "interlock", *matrix.columns),
        ((row.interlock.code, md(row.interlock.text), *row.cells) for row in matrix.rows),
    )
    yield from _rows_of_more_packs(shown, matrix)
    yield from ("", ", ".join(f"{short} = {name}" for short, name in matrix.columns.items()) + ".", "")
    yield from (f"- `{cell}` {meaning}" for cell, meaning in CELLS.items())
    yield from ("", md(always_on_watch(shown)))
    yield "A step may ask for more than its column, and a few leave a row out where it cannot hold yet:"
    yield "the list below is gathered from the steps themselves and is what runs."
    yield from ("", "## Every interlock", "", f"Printed for a specimen: {md(str(shown))}.", "")
    yield from table(
        ("code", "interlock", "proven by", "where"),
        ((e.code, md(e.text), md(e.condition), md(e.places())) for e in entries(shown)),
    )


def _rows_of_more_packs(shown: Specimen, matrix: InterlockTable) -> Iterator[str]:
    """Rows that only a vehicle with more packs has."""
    if (more := shown.of_more_packs) is None:
        return
    known = {(row.interlock.code, row.interlock.text) for row in matrix.rows}
    rows = [r for r in more.paper.interlocks(more.job).rows if (r.interlock.code, r.interlock.text) not in known]
    yield from ("", f"A vehicle with {more.job.recipe.packs} packs has, for each that is exchanged, also:", "")
    yield from table(
        ("code", "interlock", *matrix.columns, "proven by"),
        ((r.interlock.code, md(r.interlock.text), *r.cells, md(str(r.interlock.holds))) for r in rows),
    )


def states(_shown: Specimen) -> Iterator[str]:
    """The page of states: both tables, drawn and as rows."""
    yield from _title("States")
    yield "`abort` is never guarded, queued or awaited. Nothing that moves starts by itself after a stop."
    for name, text, rows in (
        ("Station", "What the station is doing (PackML names).", STATION_TABLE),
        ("Swap run", "How far one swap is.", RUN_TABLE),
    ):
        yield from ("", f"## {name}", "", text, "", "```mermaid", mermaid(rows), "```", "")
        yield from table(("trigger", "from", "to", "guards", "meaning"), (_transition(row) for row in rows))
    yield from ("", "## Guards", "")
    yield from table(("guard", "holds when"), ((f"`{name}`", words) for name, words in GUARDS.items()))
    yield "| `was_…` | the run was interrupted in this phase |"


def _transition(row: Row) -> tuple[str, ...]:
    sources: tuple[StrEnum, ...] = row.sources
    guards = ", ".join(f"`{guard}`" for guard in row.guards)
    return (row.trigger, ", ".join(sources), str(row.target), guards, row.text)


def alarms(_shown: Specimen) -> Iterator[str]:
    """The page of alarms, from the catalogue."""
    rows = AlarmFile.model_validate(read_yaml(config_directory() / "alarms.yaml").data).root
    yield from _title("Alarms")
    yield "What was needed and what was found stands in the alarm itself."
    yield ""
    yield from table(
        ("code", "alarm", "priority"),
        ((f"[{code}](#{code.lower()})", md(row.text), str(row.priority)) for code, row in rows.items()),
    )
    for code, row in rows.items():
        yield from ("", f'<a id="{code.lower()}"></a>', "", f"## {code} {md(row.text)}", "")
        if row.reserved:
            yield from ("Not raised by this release.", "")
        for what, words in (("cause", row.cause), ("consequence", row.consequence), ("remedy", row.remedy)):
            yield f"- **{what}**: {md(words)}"


def _title(title: str) -> Iterator[str]:
    yield from (f"# {title}", "", HEAD, "")


def _commands(_shown: Specimen) -> Iterator[str]:
    """What a person may ask for, and what the answer's exit code says."""
    from station_ctl.cli.manual_commands import commands

    return commands(HEAD, table, md)


PAGES: Mapping[str, Callable[[Specimen], Iterator[str]]] = {
    "procedures.md": procedures,
    "interlocks.md": interlocks,
    "states.md": states,
    "alarms.md": alarms,
    "commands.md": _commands,
}
"""Every page by its file."""

OF_A_TYPE = ("procedures.md", "interlocks.md")
"""Pages that differ from one station type to another."""


def page(name: str, shown: Specimen) -> str:
    """The text of a page."""
    return "\n".join(PAGES[name](shown)) + "\n"
