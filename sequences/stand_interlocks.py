"""Rows that guard the machines of a passenger station whatever the job: who is home, what is clear.

Knows which condition proves each. Does not know steps, jobs or columns.
"""

from __future__ import annotations

from sequences.bay_interlocks import BayInterlocks
from sequences.car_station import HANDOVER_IN, CarStation
from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.roles import At
from station_ctl.core.steps import Interlock


class StandInterlocks(BayInterlocks):
    """Rows of one station that are made as a step needs them; they stand in no column."""

    def __init__(self, st: CarStation) -> None:
        super().__init__(st.policy)
        robot, stacker = st.robot, st.stacker
        self.robot_home = Interlock("G23", "Robot home", robot.at.equals(At.HOME) & robot.pack_present.is_off())
        self.in_clear = Interlock("G19", "Handover IN empty by sensor and ledger", stacker.in_present.is_off() & PlaceHolds(HANDOVER_IN))
        self.robot_away = Interlock("G19z", "Robot away from the handover", robot.at.differs(At.HANDOVER_IN) & robot.at.differs(At.HANDOVER_OUT) & robot.at.differs(At.BETWEEN))
        self.stacker_away = Interlock("G19s", "Stacker parked clear of the handover", stacker.parked.is_on() & stacker.pack_on_fork.is_off())
        self.aisle_clear = Interlock("G04a", "Aisle clear", stacker.aisle_clear.is_on())
