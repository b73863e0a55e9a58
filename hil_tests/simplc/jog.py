"""JOG, the same in every PLC that has it: one axis at creeping speed, while the controller's counter moves.

Knows the order and its limits. Does not know which machine it moves; its interlocks come from that machine's program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil_tests.simplc.contract import OrderKind, Params
from hil_tests.simplc.truth.motion import Ramp, Steps

if TYPE_CHECKING:
    from hil_tests.simplc.plc import Plc

JOG = 50
CREEP_MM_S = 10.0
REACH_MM = 100.0
ROUNDING_MM = 1.0


@dataclass(frozen=True, slots=True)
class JogAxis:
    """One axis: the body's attribute, its ends in mm, what speaks against a jog of it, what is true once it creeps."""

    name: str
    low: float
    high: float
    against: Callable[[], str]
    begins: Callable[[], None] = lambda: None


def jog_kind(plc: Plc, body: Any, axes: Mapping[int, JogAxis], lost: Callable[[], str]) -> OrderKind:
    """The order for a machine with these axes by number; `lost` is what stops it besides the counter."""

    def fits(p: Params) -> bool:
        axis = axes.get(p.p1)
        return axis is not None and axis.low <= p.p2 / 10 <= axis.high

    def against(p: Params) -> str:
        axis = axes[p.p1]
        if abs(p.p2 / 10 - getattr(body, axis.name)) > REACH_MM + ROUNDING_MM:
            return "target further than 100 mm"
        return plc.jog_lost() or axis.against()

    def work(p: Params, pace: float) -> Steps:
        axis, target = axes[p.p1], p.p2 / 10
        axis.begins()
        # At its own speed, whatever the machine's pace is today.
        yield Ramp(body, abs(target - getattr(body, axis.name)) / CREEP_MM_S, **{axis.name: target})

    return OrderKind(JOG, "JOG", work, fits, against, lambda: plc.jog_lost() or lost(), unhomed=True)
