"""What makes charging unsafe: the site over its limit, current into a dangerous pack, a plug drawn under load.

Knows the truth of racks and grid. Does not know who gave which level, nor what any meter or BMS showed.
"""

from __future__ import annotations

from collections.abc import Iterator

from hil_tests.simplc.danger import Finding
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truth.bay import LEAST_INSULATION_KOHM, Bay

CYCLE_S = 0.01
OVER = 1.02
OVER_S = 1.0
"""Longest wall time over the limit, and by how much it may be over for ever (what a meter does not see)."""
LOWERED_S = 4.0
"""Wall time in which a lowered limit must be kept: the meter's second, the scan's, the duty's, and one to spare."""
CURRENT_S = 2.0
"""Wall time in which the current of a pack that has become dangerous must be off."""


class ChargingWatch:
    """Looked at after each step of charging; every danger is found once for as long as it stands."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant
        self._since: dict[str, int] = {}
        self._told: set[str] = set()
        self._limits = [(0, plant.grid.limit_kw)]

    def findings(self, cycle: int) -> Iterator[Finding]:
        """What has stood too long in this PLC cycle and was not told yet."""
        limit = self._limit_that_counts(cycle)
        drawn = self.plant.site_kw()
        yield from self._stands(
            "site", drawn > limit * OVER, cycle, OVER_S, "S19", f"site draws {drawn:.0f} kW of {limit:.0f} kW"
        )
        for bay in self.plant.bays.values():
            if bay.kilowatts > 0.0 or bay.name in self._since:
                danger = _danger(bay)
                text = f"current into {bay.name}, whose pack {danger}"
                yield from self._stands(bay.name, bool(danger), cycle, CURRENT_S, "S16", text)
            torn = bay.amps > 0.0 and bay.plug < 1.0
            if torn or f"plug {bay.name}" in self._since:
                text = f"plug of {bay.name} drawn under load"
                yield from self._stands(f"plug {bay.name}", torn, cycle, 0.0, "S12", text)

    def _limit_that_counts(self, cycle: int) -> float:
        """The highest that was in force lately: a raised limit counts at once, a lowered one once it could be kept."""
        limits = self._limits
        if self.plant.grid.limit_kw != limits[-1][1]:
            limits.append((cycle, self.plant.grid.limit_kw))
        while len(limits) > 1 and (cycle - limits[1][0]) * CYCLE_S >= LOWERED_S:
            del limits[0]
        return max(limit for _, limit in limits)

    def _stands(
        self, name: str, unsafe: bool, cycle: int, seconds: float, rule: str, text: str
    ) -> Iterator[Finding]:
        if not unsafe:
            self._since.pop(name, None)
            self._told.discard(name)
            return
        since = self._since.setdefault(name, cycle)
        if (cycle - since) * CYCLE_S >= seconds and name not in self._told:
            self._told.add(name)
            yield rule, text


def _danger(bay: Bay) -> str:
    """Why no current may flow here; a welded or silent charger is no deed of the controller's."""
    pack = bay.pack
    if bay.kilowatts <= 0.0 or pack is None or bay.welded or bay.silent:
        return ""
    if pack.crashed:
        return "has its crash flag set"
    if pack.insulation < LEAST_INSULATION_KOHM:
        return "has an insulation fault"
    return "is hot or gives off gas or smoke" if bay.prealarm else ""
