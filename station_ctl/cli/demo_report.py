"""What a demo has shown: swaps, steps, critical path, custody, monitor; as data and as a table.

Knows how to measure. Does not run anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from station_ctl.core.custody import Ledger
from station_ctl.core.steps import Sequence
from station_ctl.engine.state import Run, StepStatus, Trip

HANDS = frozenset(("robot", "stacker"))
"""Places of the plant that a pack passes while an order moves it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One vehicle: its two runs as far as they went. `began` = process time (s) at which it was received."""

    run_id: str
    began: float
    left: float | None
    reception: Run
    swap: Run | None


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything a demo ends with."""

    visits: tuple[Visit, ...]
    ledger: Ledger
    plant: Mapping[str, Any]
    trips: tuple[Trip, ...]
    refused: str
    speed: float
    seed: int
    wanted: int
    durations: Mapping[int, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True if every wanted swap is complete, the monitor saw nothing, and the ledger is the truth."""
        complete = [v for v in self.visits if v.swap is not None and v.swap.complete]
        return len(complete) == self.wanted and not self.plant["violations"] and not self.custody_errors()

    def custody_errors(self) -> list[str]:
        """Every pack whose place by the ledger is not where the plant has it."""
        wrong = []
        places: dict[str, str] = self.plant["packs"]
        for pack, custody in self.ledger:
            true = places.get(pack, "nowhere")
            possible = {custody.place, custody.to, *HANDS} if custody.moving else {custody.place}
            if true not in possible:
                wrong.append(f"pack {pack}: ledger {custody}, plant {true}")
        here = {
            pack for pack, place in places.items() if not place.startswith(("left:", "queue:", "vehicle:"))
        }
        wrong += [
            f"pack {pack}: plant {places[pack]}, not in the ledger"
            for pack in sorted(here)
            if pack not in self.ledger
        ]
        return wrong

    def data(self) -> dict[str, Any]:
        """The `data` of `demo --json`; times in plant seconds."""
        return {
            "swaps": [self._visit(v) for v in self.visits],
            "custody": {
                str(c.place) if not c.moving else f"{c.place}→{c.to}": pack for pack, c in self.ledger
            },
            "custody_errors": self.custody_errors(),
            "monitor": {"orders": self.plant["orders"], "violations": self.plant["violations"]},
            "trips": [
                {"code": t.code, "text": t.text, "first_out": t.first_out, "step": t.step} for t in self.trips
            ],
            "refused": self.refused,
            "speed": self.speed,
            "seed": self.seed,
        }

    def _visit(self, visit: Visit) -> dict[str, Any]:
        swap_s = None if visit.left is None else visit.left - visit.began
        path = critical_path(visit, self.durations) if swap_s is not None else None
        runs = [visit.reception, *([visit.swap] if visit.swap is not None else [])]
        job = visit.swap.job if visit.swap is not None else None
        return {
            "id": visit.run_id,
            "result": _result(visit.swap),
            "swap_s": _rounded(swap_s),
            "critical_path_s": _rounded(path),
            "controller_share": round((swap_s - path) / path, 5) if swap_s is not None and path else None,
            "steps": [row for run in runs for row in _steps(run, visit.began, self.durations)],
            "spent_pack": job.spent if job is not None else None,
            "fresh_pack": job.fresh if job is not None else None,
            # The document of a vehicle with one pack keeps its form.
            **({"further_packs": [{"spent": e.spent, "fresh": e.fresh} for e in job.also]} if job and job.also else {}),
        }


def _result(run: Run | None) -> str:
    if run is None:
        return "refused"
    return "done" if run.complete else str(run.phase)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _steps(run: Run, zero: float, durations: Mapping[int, float]) -> Iterable[dict[str, Any]]:
    for step, st in run.pairs():
        started = st.status is not StepStatus.WAITING
        yield {
            "no": step.no,
            "text": step.text,
            "lane": step.lane,
            "chapter": step.chapter,
            "planned_s": step.nominal,
            "started_s": _rounded(st.began - zero) if started and st.began else None,
            "ended_s": _rounded(st.ended - zero) if st.ended else None,
            "plant_s": _rounded(durations.get(st.order)) if st.order else None,
            "result": str(st.status),
        }


def critical_path(visit: Visit, durations: Mapping[int, float]) -> float:
    """The longest way (s) through the graph of steps up to the vehicle's leaving, by the plant's own durations."""
    assert visit.swap is not None
    first = _longest(visit.reception, durations, None)
    return first + _longest(visit.swap, durations, _last_with_vehicle(visit.swap.sequence))


def _last_with_vehicle(sequence: Sequence) -> int:
    return next(step.no for step in sequence.steps if step.releases)


def _longest(run: Run, durations: Mapping[int, float], last: int | None) -> float:
    length: dict[int, float] = {}
    for step, st in run.pairs():
        own = durations.get(st.order, 0.0) if step.do is not None else st.ended - st.began
        length[step.no] = own + max((length[no] for no in run.sequence.before[step.no]), default=0.0)
    return length[last] if last is not None else max(length.values())
