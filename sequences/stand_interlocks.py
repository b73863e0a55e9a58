"""Rows that guard machines and bays of a passenger station whatever the job: who is home, what is clear, what is cool.

Knows which condition proves each. Does not know steps, jobs or columns.
"""

from __future__ import annotations

from sequences.car_station import HANDOVER_IN, CarStation
from station_ctl.core.conditions import Condition, NotLocked, PlaceHolds
from station_ctl.core.roles import At, BaySignals
from station_ctl.core.steps import Interlock


class StandInterlocks:
    """Rows of one station that are made as a step needs them; they stand in no column."""

    def __init__(self, st: CarStation) -> None:
        self.st = st
        robot, stacker = st.robot, st.stacker
        self.robot_home = Interlock("G23", "Robot home", robot.at.equals(At.HOME) & robot.pack_present.is_off())
        self.in_clear = Interlock("G19", "Handover IN empty by sensor and ledger", stacker.in_present.is_off() & PlaceHolds(HANDOVER_IN))
        self.robot_away = Interlock("G19z", "Robot away from the handover", robot.at.differs(At.HANDOVER_IN) & robot.at.differs(At.HANDOVER_OUT) & robot.at.differs(At.BETWEEN))
        self.stacker_away = Interlock("G19s", "Stacker parked clear of the handover", stacker.parked.is_on() & stacker.pack_on_fork.is_off())
        self.aisle_clear = Interlock("G04a", "Aisle clear", stacker.aisle_clear.is_on())

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
        measured = bay.bms_link.is_on() & bay.temp_max.at_most(self.st.policy.pack_temp_max_c)
        condition = self.quiet(bay).holds & measured
        return Interlock("G29", f"Pack in bay {bay.name} cool, no thermal pre-alarm", condition)

    def cool_or_apart(self, bay: BaySignals) -> Interlock:
        """G29 for a bay that is unplugged: a plug that was stopped half-way has no BMS any more, detectors remain."""
        measured = bay.bms_link.is_on() & bay.temp_max.at_most(self.st.policy.pack_temp_max_c)
        condition = self.quiet(bay).holds & (measured | bay.plug_in.is_off())
        return Interlock("G29", f"Pack in bay {bay.name} cool, no thermal pre-alarm", condition)

    def quiet(self, bay: BaySignals) -> Interlock:
        """G29 for an unplugged bay, whose BMS is silent: the bay's own detectors are quiet."""
        condition = bay.no_smoke.is_on() & bay.no_prealarm.is_on()
        return Interlock("G29", f"No smoke and no thermal pre-alarm in bay {bay.name}", condition)
