"""Runs as the journal has them: every try of every step, trips and requests, with their times.

Knows the kinds of journal rows. Does not know files, nor how a timeline is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from station_ctl.core.steps import Exchange
from station_ctl.engine.journal import JournalRow
from station_ctl.engine.opening import also_told

ENDS = {"step-proven": "proven", "step-stopped": "stopped", "order-withdrawn": "withdrawn"}
JOB = ("vehicle", "model", "spent", "fresh", "fresh_bay", "spent_bay")


@dataclass
class Try:
    """One try of a step. `ordered` and `ended` are wall clock, as the journal has it; `took_s` is process seconds.

    `lane` and `text` are the device and its command until the procedure's own words are put there.
    """

    no: int
    lane: str = ""
    command: str = ""
    order: int = 0
    ordered: datetime | None = None
    ended: datetime | None = None
    result: str = "under way"
    took_s: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Happening:
    """A trip, or what a person asked, in the time of a run."""

    at: datetime
    what: str
    text: str
    first_out: bool = False


@dataclass
class RunHistory:
    """One run from its opening. `job` = vehicle, packs and bays; empty for a reception. `also` and `turn` are the
    job's own.
    """

    run_id: str
    sequence: str
    opened: datetime
    steps: tuple[int, ...]
    job: Mapping[str, str]
    also: tuple[Exchange, ...] = ()
    turn: int = 0
    closed: datetime | None = None
    result: str = "open"
    tries: list[Try] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    @property
    def last(self) -> datetime:
        """When the newest thing that is known of it happened."""
        times = [t.ended or t.ordered or self.opened for t in self.tries]
        return self.closed or max([self.opened, *times, *(h.at for h in self.happenings)])

    @property
    def proven(self) -> int:
        """How many of its steps are proven."""
        return len({t.no for t in self.tries if t.result == "proven"})

    @property
    def rate(self) -> float:
        """Process seconds per second of the journal: 1 on a real station, more where a simulated plant runs faster."""
        known = [(t.took_s, t.ended - t.ordered) for t in self.tries if t.took_s and t.ordered and t.ended]
        wall = sum((span for _, span in known), timedelta()).total_seconds()
        return sum(took for took, _ in known) / wall if wall > 0 else 1.0

    def began(self, tried: Try) -> datetime:
        """When a try began; a step that orders nothing stands in the journal with its proof alone."""
        if tried.ordered is not None or tried.ended is None:
            return tried.ordered or self.opened
        return max(self.opened, tried.ended - timedelta(seconds=(tried.took_s or 0) / self.rate))

    def data(self) -> dict[str, Any]:
        """The run as plain data, without its steps."""
        return {
            "id": self.run_id,
            "sequence": self.sequence,
            **self.job,
            **({"also": [asdict(exchange) for exchange in self.also]} if self.also else {}),
            "result": self.result,
            "opened_at": _iso(self.opened),
            "closed_at": _iso(self.closed),
            "steps_proven": self.proven,
            "steps_in_all": len(self.steps),
        }

    def timeline_data(self) -> dict[str, Any]:
        """The run with every try of every step and everything that happened meanwhile."""
        tries = [
            {
                "no": t.no, "text": t.text, "lane": t.lane, "order": t.order or None, "command": t.command or None,
                "ordered_at": _iso(t.ordered), "ended_at": _iso(t.ended), "took_s": t.took_s, "result": t.result,
            }
            for t in self.tries
        ]  # fmt: skip
        events = [
            {"at": _iso(h.at), "what": h.what, "text": h.text, "first_out": h.first_out} for h in self.happenings
        ]
        return {**self.data(), "process_rate": round(self.rate, 2), "steps": tries, "events": events}

    def name_steps(self, words: Mapping[int, tuple[str, str]]) -> None:
        """Put lane and words of the procedure that ran; a step without any keeps its device and command."""
        for tried in self.tries:
            tried.lane, tried.text = words.get(tried.no, (tried.lane, tried.text))


def histories(rows: Iterable[JournalRow]) -> list[RunHistory]:
    """Every run of a journal, oldest first. Rows of no run belong to each that is open then."""
    found: list[RunHistory] = []
    newest: dict[str, RunHistory] = {}
    for row in rows:
        at = datetime.fromisoformat(row.at)
        if row.kind == "run-opened":
            run = newest[row.run] = _opened(row, at)
            found.append(run)
            continue
        mine = newest.get(row.run)
        if mine is not None and row.kind != "tripped":
            _follow(mine, row, at)
        elif (happening := _happening(row, at)) is not None:
            for run in newest.values():
                if run.closed is None:
                    run.happenings.append(happening)
    return found


def _opened(row: JournalRow, at: datetime) -> RunHistory:
    steps = row.data["steps"]
    assert isinstance(steps, list)
    job = {key: str(row.data[key]) for key in JOB if key in row.data}
    turn = int(str(row.data.get("turn", 0)))
    numbers = tuple(int(no) for no in steps)
    return RunHistory(row.run, str(row.data["sequence"]), at, numbers, job, also_told(row.data), turn)


def _follow(run: RunHistory, row: JournalRow, at: datetime) -> None:
    if row.kind == "run-closed":
        run.closed, run.result = at, str(row.data["result"])
        if run.result == "done" and row.data.get("why"):
            run.happenings.append(Happening(at, "the rest left undone", str(row.data["why"])))
    elif row.kind == "step-ordered":
        device, text = str(row.data["device"]), str(row.data["text"])
        run.tries.append(Try(row.step, device, text, row.order, at, text=text))
    elif row.kind in ENDS:
        tried = _open_try(run, row.step)
        if tried is None:
            tried = Try(row.step)
            run.tries.append(tried)
        tried.ended, tried.result = at, ENDS[row.kind]
        took = row.data.get("took_s")
        # A step found done after a crash took nobody knows how long.
        known = isinstance(took, (int, float)) and (tried.order or not row.order)
        tried.took_s = float(str(took)) if known else None
    elif row.kind == "resumed":
        if (tried := _open_try(run, row.step)) is not None:
            tried.ended, tried.result = tried.ordered, "stopped"
        run.happenings.append(Happening(at, row.kind, f"step {row.step} {row.data['finding']}{_why(row.data)}"))
    elif (happening := _happening(row, at)) is not None:
        run.happenings.append(happening)


def _open_try(run: RunHistory, no: int) -> Try | None:
    return next((t for t in reversed(run.tries) if t.no == no and t.ended is None), None)


def _happening(row: JournalRow, at: datetime) -> Happening | None:
    """A row as a person reads it; None for those that tell of no event."""
    data = row.data
    match row.kind:
        case "tripped":
            return Happening(at, str(data["code"]), str(data["text"]), bool(data["first_out"]))
        case "asked" | "refused":
            return Happening(at, row.kind, f"{data['verb']} by {data['who']}{_why(data)}")
        case "acknowledged":
            return Happening(at, row.kind, f"{data['code']} by {data['who']}")
        case "state":
            return Happening(at, row.kind, f"station {data['state']}")
        case "order-unknown":
            return Happening(at, row.kind, f"step {row.step} order {row.order}{_why(data)}")
        case _:
            return None


def _why(data: Mapping[str, object]) -> str:
    return f": {data['why']}" if data.get("why") else ""


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
