"""Strikes at our own process: killed, stalled, hung, a disk that ails, orders and answers that get lost.

Knows what each must lead to in which step. Does not know how it is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drivers.memory import MemoryLink
from hil_tests.simplc.plc import Plc
from station_ctl.core.errors import JournalError
from station_ctl.core.points import Value
from station_ctl.core.steps import Step
from tests.faults.catalogue_bench import CatalogueBench
from tests.faults.strike import (
    ABORT,
    AT_ONCE,
    HOLD,
    R0,
    R1,
    STEPS,
    Act,
    Foreseen,
    Moment,
    Strike,
    always,
    held,
)

ORDERED = tuple(no for no in STEPS if no != 210)
SOME = (20, 23, 50, 60, 80, 90, 105, 120, 150, 190)
HUNG = "a task that hangs"
SAFETY_UNKNOWN = always(ABORT, words=("no answer", "stale", "own task stuck", "stands still"))
"""Nobody knows the safety chain any more: what was read is too old, or the PLCs do not answer."""

LATE = always(ABORT, HOLD, words=("stale", "own task stuck", "stands still"))
"""What was read before the stall is too old; whether the safety PLC's is noticed first depends on who is scanned first."""

STOPPED = always(ABORT)
"""After a start in maintenance the station is stopped, which counts as the hardest class: a person recovers it."""


def _nothing(bench: CatalogueBench, step: Step) -> None:
    """There is nothing to put right."""


async def _restarted(bench: CatalogueBench, _: Step) -> None:
    await bench.restart_controller(1.5)


def killed(*outages: float) -> tuple[Act, Act]:
    """The controller dies and is started again after each outage (s), as a reboot loop does with several."""

    async def act(bench: CatalogueBench, _: Step) -> None:
        for outage in outages:
            await bench.restart_controller(outage)

    return act, _nothing


def stalled(seconds: float) -> tuple[Act, Act]:
    """The event loop stands still."""
    return lambda bench, _: bench.stand_still(seconds), _nothing


def hung() -> tuple[Act, Act]:
    """A task of ours does not answer its pings any more; a restart of the controller ends it."""

    def act(bench: CatalogueBench, _: Step) -> None:
        bench.engine.liveness.register(HUNG, 0.0)

    return act, _restarted


def disk(*, takes: float = 0.0, fails: Exception | None = None) -> tuple[Act, Act]:
    """Commits take long, or fail."""

    def act(bench: CatalogueBench, _: Step) -> None:
        bench.commit_takes, bench.commit_fails = takes, fails

    async def repaired(bench: CatalogueBench, _: Step) -> None:
        bench.commit_takes, bench.commit_fails = 0.0, None
        await bench.restart_controller(1.5)

    return act, repaired


def lost(*, reply: bool) -> tuple[Act, Act]:
    """The write of the step's order gets lost on its way, or only the reply to it. Heartbeats pass."""

    def act(bench: CatalogueBench, step: Step) -> None:
        link = bench.links[bench.link_of(step)]
        prefix = "VEH_" if step.do is not None and step.do.role == "vehicle" else ""
        _spoil(link, f"{prefix}CMD_ID", reply=reply)

    return act, _nothing


def _spoil(link: MemoryLink, tag: str, *, reply: bool) -> None:
    write = link.write
    left = [1]

    async def spoilt(values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False) -> None:
        if tag in values and left[0]:
            left[0] -= 1
            link.lose_reply, link.lose_request = reply, not reply
        await write(values, commit=commit, urgent=urgent)

    link.write = spoilt  # type: ignore[method-assign]


def answer_frozen(part: str) -> tuple[Act, Act]:
    """The PLC goes on, and one word of its answer does not change any more."""

    def tag(bench: CatalogueBench, step: Step) -> tuple[Plc, str]:
        prefix = "VEH_" if step.do is not None and step.do.role == "vehicle" else ""
        return bench.sim.plcs[bench.link_of(step)], f"{prefix}{part}"

    def act(bench: CatalogueBench, step: Step) -> None:
        plc, name = tag(bench, step)
        plc.freeze(name, plc.values[name])

    def undo(bench: CatalogueBench, step: Step) -> None:
        plc, name = tag(bench, step)
        plc.release(name)

    return act, undo


def network_flaps(seconds: float) -> tuple[Act, Act]:
    """All PLCs are unreachable for a moment."""

    async def act(bench: CatalogueBench, _: Step) -> None:
        for name in bench.sim.plcs:
            bench.do(cmd="fault", name="link-lost", on=True, plc=name)
        await asyncio.sleep(seconds)
        for name in bench.sim.plcs:
            bench.do(cmd="fault", name="link-lost", on=False, plc=name)

    return act, _nothing


def unanswered(moment: Moment) -> Foreseen:
    """Told as unknown or as too late, in the step whose order it was."""
    return held(f"step {moment.no} ")


PROCESS_STRIKES: tuple[Strike, ...] = (
    Strike(("H01", "F28"), "killed, back in 0.05 s", *killed(0.05), STOPPED, SOME),
    Strike(("H01", "F28"), "killed, back in 1.5 s", *killed(1.5), STOPPED),
    Strike(("H24",), "reboot loop", *killed(0.3, 0.3, 0.3), STOPPED, (23, 60, 90, 120, 190)),
    Strike(("H05",), "event loop stands for 0.35 s", *stalled(0.35), LATE, SOME),
    Strike(("H05",), "event loop stands for 1.2 s", *stalled(1.2), LATE),
    Strike(("H05", "H03"), "event loop stands for 5 s", *stalled(5.0), LATE, SOME),
    Strike(("H08",), "a task hangs", *hung(), always(ABORT, words=("A701",))),
    Strike(("H12",), "every commit takes 0.1 s", *disk(takes=0.1), always(R0, R1), (60, 80, 120, 150, 200)),
    Strike(("H10",), "the disk fails", *disk(fails=JournalError("disk I/O error")), always(ABORT, words=("A5",)), STEPS),
    Strike(("H23",), "network away for 0.1 s", *network_flaps(0.1), SAFETY_UNKNOWN, SOME),
    Strike(("H23",), "network away for 3 s", *network_flaps(3.0), SAFETY_UNKNOWN, SOME),
    Strike(("F03",), "acknowledgement never changes", *answer_frozen("ACK_ID"), unanswered, ORDERED, AT_ONCE),
    Strike(("F02",), "completion of an earlier order stays", *answer_frozen("DONE_ID"), unanswered, ORDERED, AT_ONCE),
)  # fmt: skip
