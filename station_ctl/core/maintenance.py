"""Maintenance procedures: what a technician has a machine do that is no swap, with the parameters it takes.

Knows their form and how parameters are filled in. Does not know any machine, nor who may ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, nan
from typing import Any

from station_ctl.core.custody import Ledger
from station_ctl.core.jog import Axis
from station_ctl.core.signals import Signal
from station_ctl.core.steps import Sequence


class Takes(StrEnum):
    """What a parameter names."""

    BAY = "bay"
    PACK = "pack"
    MODEL = "vehicle model"
    COUNT = "count"
    AXIS = "axis"
    TARGET = "target in mm"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `found_at` names the parameter, or the place, where custody has the pack that is not named;
    `default` is taken where nothing is given. Without either it must be given."""

    name: str
    takes: Takes
    found_at: str = ""
    default: str = ""


@dataclass(frozen=True)
class MaintenanceProcedure:
    """One procedure. `make` turns the complete parameters into its steps, the same ones every time.

    `make` raises ValueError or NotFound for values that this station does not have.
    """

    name: str
    parameters: tuple[Parameter, ...]
    make: Callable[[Mapping[str, str]], Sequence]
    records: tuple[Signal[Any], ...] = ()
    """What is recorded as a curve while its steps that measure are under way."""
    axes: Mapping[str, Axis] = field(default_factory=dict)
    """Axes of a procedure that moves by hand: it is begun with the jog button held, and in no other way."""

    def complete(self, given: Mapping[str, str], ledger: Ledger) -> dict[str, str]:
        """All parameters, those left out filled in. Raises ValueError naming what is unknown, missing or not there."""
        names = [p.name for p in self.parameters]
        if unknown := sorted(set(given) - set(names)):
            known = ", ".join(names) or "nothing"
            raise ValueError(f"{self.name} does not take {', '.join(unknown)}; it takes {known}")
        found: dict[str, str] = {}
        for parameter in self.parameters:
            value = given.get(parameter.name) or parameter.default
            if not value and parameter.found_at:
                place = found.get(parameter.found_at, parameter.found_at)
                value = ledger.at(place) or ""
                if not value:
                    raise ValueError(f"custody has no pack at {place}: {ledger.describe(place)}")
            if not value:
                raise ValueError(f"{self.name} needs {parameter.name} (a {parameter.takes})")
            found[parameter.name] = value
        return found

    def specimen(self, bays: Iterable[str], model: str) -> Sequence:
        """The procedure for print: first and last bays, placeholders for codes."""
        first, *_, last = bays
        places = iter((first, last))
        values = {Takes.PACK: "<pack>", Takes.MODEL: model, Takes.COUNT: "1", Takes.AXIS: next(iter(self.axes), "")}
        values[Takes.TARGET] = "100"
        return self.make({p.name: next(places) if p.takes is Takes.BAY else values[p.takes] for p in self.parameters})


def count(args: Mapping[str, str], name: str, most: int) -> int:
    """A whole number from 1 to `most`. Raises ValueError."""
    text = args[name]
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise ValueError(f"{name} is {text!r}, needs a whole number from 1 to {most}")
    return int(text)


def number(name: str, text: str) -> float:
    """A finite number as it is typed. Raises ValueError."""
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not isfinite(found):
        raise ValueError(f"{name} is {text!r}, needs a number")
    return found
