"""Rows that guard bays and what receives a pack, whatever the station type and the job.

Knows which condition proves each. Does not know machines, steps or columns.
"""

from __future__ import annotations

from math import floor

from station_ctl.core.conditions import Condition, NotLocked, PlaceHolds
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Interlock, Recipe


class BayInterlocks:
    """Rows that are made as a step needs them; they stand in no column."""

    def __init__(self, policy: SitePolicy) -> None:
        self.policy = policy

    def receiving(self, place: str, sensed_empty: Condition) -> Interlock:
        """G19 for one place: empty by sensor and by ledger."""
        return Interlock("G19", f"{place} empty by sensor and ledger", sensed_empty & PlaceHolds(place))

    def not_locked(self, pack: str, bay: str) -> Interlock:
        """G29p: what was hot or is in quarantine comes no nearer to a vehicle until a person has cleared it.

        The bay counts, too: a pack that begins to burn on its way out of it has no name there any more.
        """
        return Interlock("G29p", "Charged pack neither hot nor in quarantine", NotLocked(pack) & NotLocked(bay))

    def not_charging(self, bay: BaySignals) -> Interlock:
        """G25 for one bay with its plug in: charging has ended, or its charger has given up, and the socket is dead.

        A charger in fault proves nothing of itself. What is proven is measured at the socket by the rack, and a hot pack
        whose charger has given up must be able to leave.
        """
        ended = bay.charge_state.equals(0) | bay.charge_state.between(6, 7)
        return Interlock("G25", f"Bay {bay.name} not charging, socket dead", ended & bay.socket_dead.is_on())

    def unplugged(self, bay: BaySignals) -> Interlock:
        """G25 for one bay: not charging, plug out, socket dead."""
        condition = self.not_charging(bay).holds & bay.plug_out.is_on()
        return Interlock("G25", f"Bay {bay.name} not charging, plug out, socket dead", condition)

    def cool(self, bay: BaySignals) -> Interlock:
        """G29 for one plugged bay: detectors quiet, pack temperature by its BMS below the site's limit."""
        measured = bay.bms_link.is_on() & bay.temp_max.at_most(self.policy.pack_temp_max_c)
        condition = self.quiet(bay).holds & measured
        return Interlock("G29", f"Pack in bay {bay.name} cool, no thermal pre-alarm", condition)

    def cool_or_apart(self, bay: BaySignals) -> Interlock:
        """G29 for a bay that is unplugged: a plug that was stopped half-way has no BMS any more, detectors remain."""
        measured = bay.bms_link.is_on() & bay.temp_max.at_most(self.policy.pack_temp_max_c)
        condition = self.quiet(bay).holds & (measured | bay.plug_in.is_off())
        return Interlock("G29", f"Pack in bay {bay.name} cool, no thermal pre-alarm", condition)

    def quiet(self, bay: BaySignals) -> Interlock:
        """G29 for an unplugged bay, whose BMS is silent: the bay's own detectors are quiet."""
        condition = bay.no_smoke.is_on() & bay.no_prealarm.is_on()
        return Interlock("G29", f"No smoke and no thermal pre-alarm in bay {bay.name}", condition)

    def unfit(self, bay: BaySignals, pack: str) -> Condition:
        """What the BMS of a returned pack may say of it that nobody at the machines can change: it stays where it is."""
        told = bay.bms_link.is_on() & bay.pack_id.equals(pack)
        leaks = bay.insulation.at_most(self.policy.pack_insulation_min_kohm - 1)
        # The first tenth above the limit, however fine the limit is: in between a pack would be neither cool nor hot.
        hot = bay.temp_max.at_least((floor(10 * self.policy.pack_temp_max_c) + 1) / 10)
        return told & (bay.no_crash.is_off() | leaks | hot)

    def ready(self, bay: BaySignals, pack: str, recipe: Recipe) -> Condition:
        """The pack rests in this bay by the ledger and by its own BMS, and may be put into a vehicle of this model."""
        return (
            PlaceHolds(bay.name, pack)
            & bay.present.is_on()
            & bay.bms_link.is_on()
            & bay.pack_id.equals(pack)
            & bay.pack_type.equals(recipe.pack_type)
            & bay.soc.at_least(max(recipe.soc_min_percent, self.policy.swap_soc_min_percent))
            & bay.soh.at_least(self.policy.pack_soh_min_percent)
            & bay.insulation.at_least(self.policy.pack_insulation_min_kohm)
            & bay.no_crash.is_on()
        )
