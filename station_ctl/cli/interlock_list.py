"""Every interlock of a station and where it holds, gathered from its procedures as they are.

Knows how to gather. Does not judge anything; the rows themselves are in `sequences/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from station_ctl.core.steps import Interlock, OnLoss, Sequence, Step

if TYPE_CHECKING:
    from station_ctl.cli.specimen import Specimen

Key = tuple[str, str]
Steps = dict[str, list[int]]
"""Numbers of steps by procedure; the variants of one procedure (`name:variant`) count as one."""


@dataclass
class Entry:
    """One interlock: its sentence, and the steps that need it, hold for it or abort for it.

    `always` = on watch while the station acts, whatever the step; `station` = needed to reset, start, resume, clear.
    """

    code: str
    text: str
    condition: str
    needs: Steps = field(default_factory=dict)
    holds: Steps = field(default_factory=dict)
    aborts: Steps = field(default_factory=dict)
    always: str = ""
    station: bool = False

    def data(self) -> dict[str, Any]:
        """The entry as plain data."""
        return {
            "code": self.code,
            "text": self.text,
            "condition": self.condition,
            "needed_by": self.needs,
            "hold_in": self.holds,
            "abort_in": self.aborts,
            "always_on_watch": self.always or None,
            "needed_to_start": self.station,
        }

    def places(self) -> str:
        """Where it holds, in one line."""
        parts = [
            f"always on watch, else {self.always}" if self.always else "",
            "to reset, start, resume, clear" if self.station else "",
            _steps("needed by", self.needs),
            _steps("kept in", self.holds, ", else hold"),
            _steps("kept in", self.aborts, ", else abort"),
        ]
        return "; ".join(part for part in parts if part) or "in the table, but no step of these procedures asks for it"


def _steps(words: str, steps: Steps, end: str = "") -> str:
    named = " and ".join(f"{name} {', '.join(map(str, numbers))}" for name, numbers in steps.items())
    return f"{words} {named}{end}" if steps else ""


def _note(steps: Steps, sequence: Sequence, step: Step) -> None:
    numbers = steps.setdefault(sequence.key.partition(":")[0], [])
    if step.no not in numbers:
        numbers.append(step.no)
        numbers.sort()


def entries(shown: Specimen) -> list[Entry]:
    """Every interlock of the specimen's station, by code. Rows of one code for two places are two entries."""
    found: dict[Key, Entry] = {}
    for line in shown.paper.interlocks(shown.job).rows:
        _entry(found, line.interlock)
    for row in shown.paper.facts.safe:
        _entry(found, row).station = True
    for kept in shown.paper.facts.always:
        _entry(found, kept.interlock).always = str(kept.on_loss)
    for sequence in shown.sequences:
        for step in sequence.steps:
            losses = {_key(k.interlock): k.on_loss for k in step.interlocks}
            for kept in step.interlocks:
                entry = _entry(found, kept.interlock)
                _note(entry.aborts if kept.on_loss is OnLoss.ABORT else entry.holds, sequence, step)
            for row in step.permissives:
                if _key(row) not in losses:
                    _note(_entry(found, row).needs, sequence, step)
    return sorted([*found.values(), *_own_row(shown)], key=_order)


def always_on_watch(shown: Specimen) -> str:
    """What no cell of the table weakens, in one sentence."""
    rows = [f"{kept.interlock.code} (else {kept.on_loss})" for kept in shown.paper.facts.always]
    return f"On watch whenever the station acts, whatever the cell says: {', '.join(rows)}."


def _own_row(shown: Specimen) -> Iterator[Entry]:
    """The row that the engine itself keeps for whoever carries out an order."""
    from station_ctl.engine.supervisor import PLC_ALIVE

    text = "PLC of the step's device answers, its heartbeat moves, it has not restarted"
    entry = Entry(PLC_ALIVE, text, "epoch of the PLC as it was when the order was decided")
    for sequence in shown.sequences:
        for step in sequence.steps:
            if step.do is not None:
                _note(entry.holds, sequence, step)
    yield entry


def _order(entry: Entry) -> tuple[int, str, str]:
    digits = "".join(c for c in entry.code if c.isdigit())
    return (int(digits or 0), entry.code, entry.text)


def _key(row: Interlock) -> Key:
    return (row.code, row.text)


def _entry(found: dict[Key, Entry], row: Interlock) -> Entry:
    return found.setdefault(_key(row), Entry(row.code, row.text, str(row.holds)))
