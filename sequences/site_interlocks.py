"""Rows of any station, whatever its type: doors, curtains, the safety chain, fire, water, grid, journal.

Knows which condition proves each. Does not know steps, machines or jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_

from sequences.racked_station import RackedStation
from station_ctl.core.conditions import Condition, JournalWritable
from station_ctl.core.steps import Interlock, Kept, OnLoss


def station_interlocks(st: RackedStation) -> tuple[Interlock, ...]:
    """What must be proven to reset, start or resume the station, whatever the job."""
    safety = st.safety
    return (
        Interlock("G03", "Maintenance doors locked", all_of(d.is_on() for d in safety.doors_locked)),
        Interlock(
            "G04",
            "Light curtains and area clear",
            all_of([*(c.is_on() for c in safety.curtains_clear), safety.scanner_clear.is_on(), safety.no_muting.is_on()]),
        ),
        # Behind G03 and G04: an opened door or curtain also takes the drives away, and the cause comes first.
        Interlock(
            "G01",
            "Safety chain closed, drives enabled, no reset due",
            safety.estop_ok.is_on() & safety.drives_enabled.is_on() & safety.reset_not_needed.is_on(),
            follows=("G03", "G04"),
        ),
        Interlock("G05", "No fire alarm", safety.no_fire.is_on()),
        Interlock("G06", "No water in the pit", safety.no_water.is_on()),
        Interlock("G27", "Grid present, UPS not on battery", safety.grid_ok.is_on()),
        Interlock("G28", "Journal writable", JournalWritable()),
    )


def watched_always(st: RackedStation) -> tuple[Kept, ...]:
    """What stays on watch while the station acts, whatever the step: doors, curtains, the safety chain."""
    always = ("G01", "G03", "G04")
    return tuple(Kept(row, OnLoss.ABORT) for row in station_interlocks(st) if row.code in always)


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Every one of them is proven; there must be one at least."""
    return reduce(and_, conditions)
