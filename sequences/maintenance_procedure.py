"""A procedure of maintenance from its steps: its mode, its arguments, one device at a time.

Knows the form. Does not know any procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from station_ctl.core.maintenance import MaintenanceProcedure, Parameter
from station_ctl.core.modes import Mode
from station_ctl.core.steps import Sequence, Step


def by_technician(
    name: str, text: str, steps: Callable[[Mapping[str, str]], tuple[Step, ...]], *parameters: Parameter
) -> MaintenanceProcedure:
    """A procedure whose steps are made from its arguments; `text` may name them in braces."""

    def make(args: Mapping[str, str]) -> Sequence:
        told = text.format(**args)
        return Sequence(name, told, one_by_one(steps(args)), Mode.MAINTENANCE, tuple(sorted(args.items())))

    return MaintenanceProcedure(name, parameters, make)


def one_by_one(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """One device at a time: every step waits for the one before it, whatever its lane."""
    waits = [replace(step, after=(earlier.no,)) for earlier, step in pairwise(steps)]
    return (*steps[:1], *waits)
