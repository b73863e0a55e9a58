"""Live progress: one line a step with a bar on a terminal, plain lines elsewhere.

Knows how a step looks. Does not know how it is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from station_ctl.core.steps import Sequence, Step
from station_ctl.engine.events import Announce, Effect, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class PlainLines:
    """One line at the beginning and one at the end of each step."""

    def __init__(self) -> None:
        self._runs: dict[str, Sequence] = {}
        self._began: dict[tuple[str, int], float] = {}

    def know(self, run_id: str, sequence: Sequence) -> None:
        """Name the procedure of a run."""
        self._runs[run_id] = sequence

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, effect: Effect) -> None:
        """Show one effect of the engine."""
        if isinstance(effect, Announce):
            self.say(f"{'FIRST-OUT ' if effect.source else ''}{effect.code} {effect.text}")
        elif isinstance(effect, Progress):
            step = self._step(effect)
            if effect.what == "step-begun" and step is not None:
                self._began[effect.run_id, step.no] = effect.time
                self.begun(effect.run_id, step, effect.time)
            elif effect.what in ("step-proven", "step-stopped") and step is not None:
                took = effect.time - self._began.get((effect.run_id, step.no), effect.time)
                self.ended(effect.run_id, step, effect.time, took, effect.what.removeprefix("step-"))
            elif effect.what == "state":
                self.say(f"station {effect.text}")

    def _step(self, effect: Progress) -> Step | None:
        sequence = self._runs.get(effect.run_id)
        return sequence.by_no.get(effect.step) if sequence is not None else None

    def say(self, text: str) -> None:
        """A line that belongs to no step."""
        click.echo(text, err=True)

    def begun(self, run_id: str, step: Step, time: float) -> None:
        """A step has begun at process time `time` (s)."""
        self.say(f"{time:8.1f} s  {run_id} {step.no:>3} {step.lane:<8} begins  {step.text}")

    def ended(self, run_id: str, step: Step, time: float, took: float, result: str) -> None:
        """A step has ended after `took` s."""
        self.say(
            f"{time:8.1f} s  {run_id} {step.no:>3} {step.lane:<8} {result:<7} {step.text} ({took:.1f} s)"
        )


class BarLines(PlainLines):
    """A bar per step under way, drawn by rich; ended steps stay as lines above."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars: Bars = Bars(
            TextColumn("{task.fields[run]} {task.fields[no]:>3} {task.fields[lane]:<8}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[seconds]:>6}  {task.description}"),
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=10,
            get_time=None,
        )
        self._rate = rate
        self._tasks: dict[tuple[str, int], TaskID] = {}

    def __enter__(self) -> BarLines:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)

    def begun(self, run_id: str, step: Step, time: float) -> None:
        """Draw a bar that fills in the step's nominal time."""
        fields: dict[str, Any] = {"run": run_id, "no": step.no, "lane": step.lane, "seconds": "0 s"}
        self._tasks[run_id, step.no] = self._bars.add_task(step.text, total=step.nominal, **fields)

    def ended(self, run_id: str, step: Step, time: float, took: float, result: str) -> None:
        """Take the bar away and leave a line."""
        task = self._tasks.pop((run_id, step.no), None)
        if task is not None:
            self._bars.remove_task(task)
        mark = "✓" if result == "proven" else "✗"
        self.say(f"{mark} {run_id} {step.no:>3} {step.lane:<8} {took:6.1f} s  {step.text}")

    def tick(self, time: float) -> None:
        """Move every bar to process time `time` (s)."""
        for key, task in self._tasks.items():
            took = time - self._began[key]
            self._bars.update(task, completed=took, seconds=f"{took:.0f} s")
