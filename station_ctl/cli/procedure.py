"""A procedure in print: each step as data, and as the lines of the station manual.

Knows the form. Does not know any procedure, nor how a step is run.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from station_ctl.core.steps import Ending, Interlock, OnLoss, OnResume, Sequence, Step

RESUME = {
    OnResume.REPEAT: "is ordered again",
    OnResume.ASK: "a person looks at the machine first, then it is ordered again",
    OnResume.NEVER: "never: recovery is needed",
}
"""How an interrupted step goes on, in the words of the manual."""

KEPT_TOO = "What a step keeps must be proven before it begins, too; `needs` names only what comes on top."


def sequence_data(sequence: Sequence) -> dict[str, Any]:
    """A procedure as plain data; times in process seconds."""
    return {
        "name": sequence.key,
        "text": sequence.text,
        "steps": [step_data(step) for step in sequence.steps],
    }


def step_data(step: Step) -> dict[str, Any]:
    """One step as plain data; times in process seconds."""
    return {
        "no": step.no,
        "chapter": step.chapter,
        "text": step.text,
        "lane": step.lane,
        "phase": str(step.phase),
        "background": step.background,
        "order": None if step.do is None else step.do.text,
        "until": str(step.done),
        "start": None if step.start is None else str(step.start),
        "nominal_s": step.nominal,
        "limit_s": step.within,
        "after": list(step.after),
        "needs": [_interlock(row) for row in _only_needed(step)],
        "keeps": [{**_interlock(kept.interlock), "else": str(kept.on_loss)} for kept in step.interlocks],
        "enters": list(step.enters),
        "leaves": list(step.leaves),
        "moves": [str(move) for move in step.moves],
        "admits": [{"pack": pack, "place": place} for pack, place in step.admits],
        "releases": list(step.releases),
        "on_resume": str(step.on_resume),
        "instead": None if step.instead is None else str(step.instead),
        "ending": None if step.ending is None else _ending(step.ending),
    }


def _interlock(row: Interlock) -> dict[str, str]:
    return {"code": row.code, "text": row.text, "condition": str(row.holds)}


def _ending(ending: Ending) -> dict[str, Any]:
    needs = [_interlock(row) for row in ending.permissives]
    return {"order": ending.do.text, "shows": str(ending.shows), "needs": needs}


def _ending_words(step: Step) -> str:
    return f"{step.ending.do.text} alone, if {step.ending.shows}" if step.ending is not None else ""


def _only_needed(step: Step) -> Iterator[Interlock]:
    """Permissives that are not kept anyway."""
    kept = {(k.interlock.code, k.interlock.text) for k in step.interlocks}
    return (row for row in step.permissives if (row.code, row.text) not in kept)


def step_facts(step: Step) -> list[tuple[str, str]]:
    """Everything a technician must know of a step besides its head: (what, words), in the order of the manual."""
    losses = {loss: [k.interlock for k in step.interlocks if k.on_loss is loss] for loss in OnLoss}
    packs = [str(move) for move in step.moves]
    packs += [f"{pack} enters the station's custody at {place}" for pack, place in step.admits]
    packs += [f"{pack} leaves the station's custody" for pack in step.releases]
    zones = [f"{word} {', '.join(z)}" for word, z in (("enters", step.enters), ("leaves", step.leaves)) if z]
    facts = (
        ("orders", step.do.text if step.do is not None else "nothing; the proof is awaited"),
        ("until", f"{step.done} ({step.within:g} s)"),
        ("after", ", ".join(f"step {no}" for no in step.after)),
        ("needs", _named(_only_needed(step))),
        ("keeps, else hold", _named(losses[OnLoss.HOLD])),
        ("keeps, else abort", _named(losses[OnLoss.ABORT])),
        ("zones", "; ".join(zones)),
        ("packs", "; ".join(packs)),
        ("after a stop", RESUME[step.on_resume]),
        ("the run is over if", str(step.instead) if step.instead is not None else ""),
        ("stopped after its work", _ending_words(step)),
        ("counts as not begun if", str(step.start) if step.start is not None else ""),
    )
    return [(what, words) for what, words in facts if words]


def _named(rows: Iterable[Interlock]) -> str:
    return "; ".join(f"{row.code} {row.text}" for row in rows)


def procedure_lines(sequence: Sequence, width: int) -> Iterator[str]:
    """The procedure as the manual prints it, `width` columns wide at most."""
    for step in sequence.steps:
        background = ", in the background" if step.background else ""
        yield ""
        yield f"{step.no:>4}  {step.chapter:<4} {step.text}"
        yield f"           lane {step.lane}, {step.phase}{background}, nominal {step.nominal:g} s"
        for what, words in step_facts(step):
            head = f"           {what:<23}"
            yield from textwrap.wrap(
                words, width, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
