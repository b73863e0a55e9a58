"""The controller's share of a swap: how much longer a swap takes than its machine needs, and where that time goes.

Runs the demo at speed 1: real engine, real links, the simulated plant as a process. Knows the phases of an order.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.figures import Figures, load
from benchmarks.onlooker import Onlooker, demand
from station_ctl import logs
from station_ctl.cli.demo_report import DemoReport, Visit, critical_path
from station_ctl.cli.demo_run import Demo, DemoOrder
from station_ctl.config import station_file
from station_ctl.core.steps import Step
from station_ctl.engine.state import Run, StepState

SHARE_WANTED = 0.003
FLOOR = "for each order two half PLC cycles, half a scan, one write, one commit, one read"


@dataclass(frozen=True, slots=True)
class Order:
    """Where one order of the critical path spent time that the machine did not need; wall seconds.

    `ready`: last predecessor proven → decided. `sending`: decided → written (journal commit, guards again).
    `wire`: written → the PLC's cycle takes it, and the machine's end → the scan that shows it.
    `proving`: that scan leaves → step proven.
    """

    ready: float
    sending: float
    wire: float
    proving: float

    @property
    def total(self) -> float:
        """All of it, s."""
        return self.ready + self.sending + self.wire + self.proving


def run(quick: bool = False) -> Figures:
    """One swap at speed 1 (about 270 s and the put-away); quick: at speed 20, wall time lost being the same."""
    speed = 20.0 if quick else 1.0
    look = Onlooker(speed)
    order = DemoOrder(station_file("sim_passenger_car"), swaps=1, speed=speed, seed=1)
    logs.configure(level="error")
    before = load()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        report = asyncio.run(Demo(order, Path(folder), look).run())
    return _figures(report, look, before, quick=quick)


def _figures(report: DemoReport, look: Onlooker, load_before: float, *, quick: bool) -> Figures:
    demand(report)
    (visit,) = report.visits
    assert visit.left is not None
    swap_s, path_s = visit.left - visit.began, critical_path(visit, report.durations)
    orders = dict(_orders(visit, report.durations, look))
    lost_s = (swap_s - path_s) / look.speed
    share = lost_s / path_s
    parts = {f.name: [getattr(o, f.name) for o in orders.values()] for f in fields(Order)}
    rows = [[name, *_ms(values)] for name, values in parts.items()]
    rows.append(["all of an order", *_ms([o.total for o in orders.values()])])
    rows.append(["whole swap", f"{1000 * lost_s:.0f}", "", "", ""])
    return {
        "title": f"Controller's share of a swap, speed {look.speed:g}: {100 * share:.3f} %",
        "columns": ["on the critical path", "sum ms", "median ms", "max ms", "at step"],
        "rows": [
            *([*row[:-1], _step_of_most(orders, row[0])] for row in rows[:-1]),
            rows[-1],
        ],
        "targets": [
            {
                "figure": "controller's share (wall time lost over critical path)",
                "found": f"{100 * share:.3f} %",
                "wanted": f"<= {100 * SHARE_WANTED:g} % at speed 1; floor: {FLOOR}",
                "met": None if quick else share <= SHARE_WANTED,
            }
        ],
        "notes": [
            f"swap {swap_s:.2f} s, critical path of the machine {path_s:.2f} s (plant seconds), "
            f"{len(orders)} orders on it",
            *(["quick: speed 20; the share is wall time over plant time, as it would be at speed 1"] if quick else []),
            f"safety monitor: {report.plant['orders']} orders, {len(report.plant['violations'])} violations",
        ],
        "data": {
            "speed": look.speed, "swap_s": swap_s, "critical_path_s": path_s, "share": share, "lost_s": lost_s,
            "load": [load_before, load()],
            "orders": {no: {f.name: round(getattr(o, f.name), 5) for f in fields(Order)} for no, o in orders.items()},
        },
    }  # fmt: skip


def _ms(values: list[float]) -> list[str]:
    return [
        f"{1000 * sum(values):.0f}",
        f"{1000 * statistics.median(values):.1f}",
        f"{1000 * max(values):.1f}",
        "",
    ]


def _step_of_most(orders: Mapping[int, Order], part: str) -> str:
    name = part if part in {f.name for f in fields(Order)} else "total"
    return str(max(orders, key=lambda no: float(getattr(orders[no], name))))


def _orders(visit: Visit, durations: Mapping[int, float], look: Onlooker) -> Iterator[tuple[int, Order]]:
    """Each order of the critical path by step number. Process time t (s) is monotonic `zero + t / speed`."""
    proven = visit.began
    assert visit.swap is not None
    for run, step, st in [*_chain(visit.reception, durations), *_chain(visit.swap, durations)]:
        if step.do is None:
            proven = st.ended
            continue
        began, ended = look.zero + st.began / look.speed, look.zero + st.ended / look.speed
        machine = durations[st.order] / look.speed
        sending, proving = st.sent_at - began, ended - st.done_at
        yield step.no, Order(
            (st.began - _last_proven(run, step, proven)) / look.speed,
            sending, ended - began - machine - sending - proving, proving,
        )  # fmt: skip
        proven = st.ended


def _last_proven(run: Run, step: Step, otherwise: float) -> float:
    return max((run.of(no).ended for no in run.sequence.before[step.no]), default=otherwise)


def _chain(run: Run, durations: Mapping[int, float]) -> list[tuple[Run, Step, StepState]]:
    """The steps of the longest way through the run, up to the vehicle's leaving where it leaves in it."""
    length: dict[int, float] = {}
    for step, st in run.pairs():
        own = durations.get(st.order, 0.0) if step.do is not None else st.ended - st.began
        length[step.no] = own + max((length[no] for no in run.sequence.before[step.no]), default=0.0)
    steps = run.sequence.steps
    no: int | None = next((s.no for s in steps if s.releases), max(length, key=lambda n: length[n]))
    chain: list[tuple[Run, Step, StepState]] = []
    while no is not None:
        chain.append((run, run.sequence.by_no[no], run.of(no)))
        no = max(run.sequence.before[no], key=lambda n: length[n], default=None)
    return chain[::-1]
