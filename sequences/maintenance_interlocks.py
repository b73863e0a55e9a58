"""The interlocks of maintenance: those of the station, and the key switch and the enabling device on top.

Knows what must hold while a technician has one machine moved. Does not know the steps.
"""

from __future__ import annotations

from sequences.bay_interlocks import BayInterlocks
from sequences.car_station import CarStation
from sequences.racked_station import RackedStation
from sequences.site_interlocks import station_interlocks, watched_always
from sequences.stand_interlocks import StandInterlocks
from station_ctl.core.bypass import Bypassable
from station_ctl.core.conditions import Condition, ModeIs
from station_ctl.core.modes import Mode
from station_ctl.core.roles import At, BaySignals
from station_ctl.core.steps import Interlock, Kept, OnLoss


class AttendedInterlocks(BayInterlocks):
    """What holds in maintenance at any station: key, enabling device, the site, bays that are worked on.

    Stricter than the source matrix: doors and curtains stay closed in maintenance, too, because there is no
    reduced-speed function of the drives behind an open door that this program could prove.
    """

    def __init__(self, st: RackedStation) -> None:
        super().__init__(st.policy)
        self.racked, safety = st, st.safety
        site = {row.code: row for row in station_interlocks(st)}
        self.mode = Interlock("G07", "Mode maintenance", ModeIs(Mode.MAINTENANCE))
        self.key = Interlock("G31", "Maintenance key switch on", safety.key_maintenance.is_on())
        self.enabling = Interlock("G32", "Enabling device held in its middle position", safety.enabling.is_on())
        self.site = tuple(site[code] for code in ("G06", "G27", "G28"))
        self.no_fire = site["G05"]
        self.needs = (self.no_fire, *self.site)
        # Letting go of the enabling device is a normal stop, not an emergency: the step can be resumed. Pressing it
        # again starts nothing, neither within a step nor between two: that is a person's resume.
        self.attended = tuple(Kept(row, OnLoss.HOLD, waited_for=False) for row in (self.mode, self.key, self.enabling))
        self.keeps = (*watched_always(st), *self.attended)

    def seated(self, bay: BaySignals) -> Interlock:
        """A pack stands in the bay so that its plug fits."""
        row = bay.present.is_on() & bay.seated.is_on() & bay.enabled.is_on()
        return self._bypassable("G20", f"Pack seated in bay {bay.name}, bay enabled", row, f"G20-{bay.name}")

    def machine_rows(self) -> tuple[Interlock, ...]:
        """Rows of the station's own machines that a bypass can reach."""
        return ()

    def bypassable(self) -> dict[str, Interlock]:
        """Every row that a bypass can reach, by its name: sensors of machines and packs, none that guards a person."""
        rows = (*self.machine_rows(), *(self.seated(bay) for bay in self.racked.bays))
        return {row.holds.name: row for row in rows if isinstance(row.holds, Bypassable)}

    def _bypassable(self, code: str, text: str, sensors: Condition, name: str = "") -> Interlock:
        """A row with the branch of ADR 0019; it counts under the key and in mode maintenance alone."""
        return Interlock(code, text, Bypassable(name or code, sensors, self.mode.holds & self.key.holds))

    def free(self, bay: BaySignals) -> tuple[Interlock, ...]:
        """A bay that can take a pack: plug out, enabled, empty by sensor and ledger."""
        out = Interlock("G15", f"Bay {bay.name} plug out, socket dead, enabled", bay.plug_out.is_on() & bay.socket_dead.is_on() & bay.enabled.is_on())
        return out, self.receiving(bay.name, bay.present.is_off())


class MaintenanceInterlocks(AttendedInterlocks):
    """The machines of a passenger station on top."""

    def __init__(self, st: CarStation) -> None:
        super().__init__(st)
        robot, lift, stacker = st.robot, st.lift, st.stacker
        stand = StandInterlocks(st)
        self.in_clear, self.robot_away, self.aisle_clear = stand.in_clear, stand.robot_away, stand.aisle_clear
        nobody = Interlock("G04b", "Nobody in the bay, nothing before the robot", lift.bay_clear.is_on() & robot.path_clear.is_on())
        self.keeps_in_the_bay = (*self.keeps, Kept(nobody, OnLoss.ABORT))
        self.robot_fit = Interlock("G08", "Robot without fault, brake in order", robot.no_fault.is_on() & robot.brake_ok.is_on())
        self.lift_fit = Interlock("G08", "Lift without fault", lift.no_fault.is_on())
        self.stacker_fit = Interlock("G08", "Stacker without fault, brake in order", stacker.no_fault.is_on() & stacker.brake_ok.is_on())
        self.stacker_homed = Interlock("G08", "Stacker homed and without fault", stacker.homed.is_on() & self.stacker_fit.holds)
        self.load = Kept(Interlock("G30", "Stacker load and chain in order", stacker.not_overloaded.is_on() & stacker.chain_tight.is_on()), OnLoss.ABORT)
        self.bay_empty = self._bypassable("G33", "No vehicle in the bay or in its gates", lift.bay_empty.is_on() & lift.entry_beam.is_on() & lift.exit_beam.is_on())
        self.robot_at_home = Interlock("G23", "Robot home", robot.at.equals(At.HOME))
        self.fork_in = self._bypassable("G19f", "Stacker fork in", stacker.fork_retracted.is_on())
        self.fork_empty = self._bypassable("G19e", "No pack on the stacker's fork", stacker.pack_on_fork.is_off())

    def machine_rows(self) -> tuple[Interlock, ...]:
        return self.bay_empty, self.fork_in, self.fork_empty
