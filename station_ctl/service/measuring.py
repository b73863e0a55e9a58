"""Measuring: signals of a machine recorded while a step that measures is under way, as the torque of a test.

Knows points of a curve. Does not know what they mean, nor who asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from station_ctl.core.signals import Image, Signal
from station_ctl.engine.events import Effect, Progress, Record
from station_ctl.engine.state import Run

EVERY = 0.1
"""Seconds between two looks; a runner tightens for 14 s."""

MOST = 600
"""Points of one curve; then it is full, so that a step that hangs fills no disk."""


@dataclass
class Measuring:
    """The curves of one run, by step. A reading that is not good makes no point."""

    signals: tuple[Signal[Any], ...]
    _curves: dict[int, list[list[Any]]] = field(default_factory=dict)
    _orders: dict[int, int] = field(default_factory=dict)
    _began: dict[int, float] = field(default_factory=dict)

    def look(self, image: Image, run: Run | None, now: float) -> None:
        """One look at process time `now` (s), if a step that measures is under way."""
        for step, st in run.pairs() if run is not None and self.signals else ():
            if step.measures and st.active:
                self._orders[step.no] = st.order
                self._began[step.no] = st.began
                self._point(step.no, image, now)

    def see(self, effect: Effect, run_id: str, image: Image) -> None:
        """The instant at which a step is proven is the last point of its curve; the next step may begin at once."""
        if not isinstance(effect, Progress) or (effect.what, effect.run_id) != ("step-proven", run_id):
            return
        if effect.step in self._orders:
            self._point(effect.step, image, effect.time)

    def _point(self, no: int, image: Image, now: float) -> None:
        readings = [signal.read(image) for signal in self.signals]
        curve = self._curves.setdefault(no, [])
        values = [_rounded(reading.value) for reading in readings]
        if all(reading.good for reading in readings) and len(curve) < MOST and (not curve or curve[-1][1:] != values):
            curve.append([round(now - self._began[no], 2), *values])

    def found(self) -> dict[str, Any]:
        """The curves as data: each point is seconds since the step began, then every signal."""
        if not self._curves:
            return {}
        units = [{"signal": signal.name, "unit": signal.unit} for signal in self.signals]
        return {"signals": units, "curves": {str(no): curve for no, curve in self._curves.items()}}

    def rows(self, run_id: str) -> Iterator[Record]:
        """The curves as rows of the journal."""
        names = [signal.name for signal in self.signals]
        for no, curve in self._curves.items():
            yield Record("measured", run_id, no, self._orders[no], (("signals", names), ("curve", curve)))


def _rounded(value: object) -> Any:
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return round(value, 2) if isinstance(value, float) else value
