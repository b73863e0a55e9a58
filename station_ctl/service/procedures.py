"""The procedures of one station, bound to its roles: reception, swap, and the retreats from a swap.

Knows them by key. Does not know their steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from station_ctl.core.steps import Job, Sequence


@dataclass(frozen=True)
class Procedures:
    """`by_job` makes every procedure that works on a job, by its key.

    `way_back(begun, proven, job)` takes step numbers and returns the procedure's key and job, or why there is none.
    """

    reception: Callable[[], Sequence]
    by_job: Mapping[str, Callable[[Job], Sequence]]
    swap_key: str
    way_back: Callable[[frozenset[int], frozenset[int], Job], tuple[str, Job] | str]

    def swap(self, job: Job) -> Sequence:
        """The swap for a job."""
        return self.by_job[self.swap_key](job)

    def by_key(self, key: str, job: Job) -> Sequence:
        """The procedure that a journal row names. Raises ValueError for a key of another release."""
        if key not in self.by_job:
            raise ValueError(f"procedure {key} is not known; there are {', '.join(self.by_job)}")
        return self.by_job[key](job)
