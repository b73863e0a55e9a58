"""The procedures of one station, bound to its roles: reception, swap, the retreats from a swap, and maintenance.

Knows them by key. Does not know their steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from station_ctl.core.errors import NotFound
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.steps import Job, Sequence

WayBack = Callable[[str, frozenset[int], frozenset[int], Job], tuple[str, Job] | str]
"""Of a run by its key, the numbers of its steps that are begun and proven, and its job: key and job of the procedure
that may take its place, or why none may."""


@dataclass(frozen=True)
class Procedures:
    """`by_job` makes every procedure that works on a job, by its key; `way_back` says which of them leads back.

    `maintenance` is every procedure of a technician by its name, which is also its key; `charging` likewise what
    charging asks for by itself, in mode automatic.
    """

    reception: Callable[[], Sequence]
    by_job: Mapping[str, Callable[[Job], Sequence]]
    swap_key: str
    way_back: WayBack
    maintenance: Mapping[str, MaintenanceProcedure] = field(default_factory=dict)
    charging: Mapping[str, MaintenanceProcedure] = field(default_factory=dict)

    def swap(self, job: Job) -> Sequence:
        """The swap for a job."""
        return self.by_job[self.swap_key](job)

    def by_key(self, key: str, job: Job) -> Sequence:
        """The procedure that a journal row names. Raises ValueError for a key of another release."""
        if key not in self.by_job:
            raise ValueError(f"procedure {key} is not known; there are {', '.join(self.by_job)}")
        return self.by_job[key](job)

    def of_maintenance(self, name: str) -> MaintenanceProcedure:
        """A procedure of maintenance. Raises NotFound naming those there are."""
        if name not in self.maintenance:
            raise NotFound(f"no maintenance procedure {name!r}; there are {', '.join(self.maintenance)}")
        return self.maintenance[name]
