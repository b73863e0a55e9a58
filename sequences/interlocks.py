"""The interlock table of the passenger station: rows G01–G30, one column per kind of step.

Knows which condition guards which kind of step and how hard. Does not know the order of steps.
"""

from __future__ import annotations

from enum import StrEnum

from sequences.car_station import HANDOVER_IN, CarStation
from sequences.rows import Row, RowTable
from sequences.site_interlocks import all_of, station_interlocks
from sequences.stand_interlocks import StandInterlocks
from station_ctl.core.conditions import Condition, ModeIs, OnItsWay, PlaceHolds
from station_ctl.core.modes import Mode
from station_ctl.core.roles import At
from station_ctl.core.steps import Interlock, Job

OVERLOAD = 1.25
"""What a lift may carry of its pack's weight before something else must be holding it (rows G30)."""


class Column(StrEnum):
    """Kinds of steps, the columns of the table."""

    ENTRY = "EN"
    CLAMP = "CL"
    UNLOCK = "UN"
    EXTRACT = "EX"
    TRANSFER = "TR"
    INSERT = "IN"
    LOCK = "LK"
    VERIFY = "VR"
    RELEASE = "RL"
    FETCH = "FE"
    CHARGE = "CH"


class CarInterlocks(StandInterlocks, RowTable):
    """The table for one station and one job. Stricter than the source matrix where the comment says so."""

    def __init__(self, st: CarStation, job: Job) -> None:
        super().__init__(st)
        self.job = job
        p, recipe, car = st.policy, job.recipe, st.vehicle
        robot, lift, stacker = st.robot, st.lift, st.stacker
        self.fresh_bay, self.spent_bay = st.bay(job.fresh_bay), st.bay(job.spent_bay)
        least = round(recipe.pack_kg * (1 - p.pack_weight_tolerance_percent / 100), 1)
        heaviest = round(recipe.pack_kg * (1 + p.pack_weight_tolerance_percent / 100), 1)
        weight = robot.load_kg.between(least, heaviest)
        pins = robot.pin_1.is_on() & robot.pin_2.is_on()
        spare = round(recipe.pack_kg * p.pack_weight_tolerance_percent / 100, 1)
        # A table that lifts more than its pack presses against something that holds: a bolt, the vehicle, the floor.
        most = round(OVERLOAD * recipe.pack_kg, 1)
        float_ok = robot.float_dx.between(-p.float_tolerance_mm, p.float_tolerance_mm) & robot.float_dy.between(
            -p.float_tolerance_mm, p.float_tolerance_mm
        )
        locked = (
            robot.bolts_closed.has_bits(recipe.bolt_mask)
            & robot.bolt_torque.each_between(
                recipe.bolt_mask, recipe.torque_nm - recipe.torque_band_nm, recipe.torque_nm + recipe.torque_band_nm
            )
            & car.locks_closed.has_bits(recipe.bolt_mask)
        )
        unlocked = robot.bolts_open.has_bits(recipe.bolt_mask) & car.locks_open.has_bits(recipe.bolt_mask)
        spent_bay = self.spent_bay
        destination = (
            PlaceHolds(job.spent_bay)
            & spent_bay.present.is_off()
            & spent_bay.plug_out.is_on()
            & spent_bay.enabled.is_on()
        )
        shared = {row.code: row for row in station_interlocks(st)}
        # Columns:                EN CL UN EX TR IN LK VR RL FE CH
        self.rows: tuple[Row, ...] = (
            # Doors, curtains and the chain abort in every column but charging: entry and release move machinery, too.
            Row(shared["G03"], "S  S  S  S  S  S  S  S  S  S  -"),
            Row(shared["G04"], "S  S  S  S  S  S  S  S  S  S  -"),
            # Radar of the bay and scanner of the robot: while a vehicle drives in, its driver gets out, and is no reason
            # to stop what stands; before, nobody may be there.
            Row(Interlock("G04b", "Nobody in the bay, nothing before the robot", lift.bay_clear.is_on() & robot.path_clear.is_on()), "X  S  S  S  S  S  S  S  S  -  -"),
            Row(shared["G01"], "S  S  S  S  S  S  S  S  S  S  -"),
            Row(shared["G05"], "X  X  X  X  X  X  X  X  -  X  S"),
            Row(shared["G06"], "X  X  X  X  X  X  X  H  -  X  S"),
            Row(shared["G27"], "X  X  X  X  X  H  H  -  -  X  H"),
            Row(shared["G28"], "X  X  X  X  X  X  X  X  X  X  X"),
            Row(Interlock("G07", "Mode automatic", ModeIs(Mode.AUTOMATIC)), "X  H  H  H  H  H  H  H  -  H  -"),
            Row(Interlock("G08", "Devices homed and without fault", all_of(s.is_on() for s in (lift.homed, lift.no_fault, robot.homed, robot.no_fault, robot.brake_ok, stacker.homed, stacker.no_fault, stacker.brake_ok))), "X  X  X  X  X  X  X  -  -  X  -"),
            Row(Interlock("G09", "Vehicle identified, model and pack type fit", car.auth_ok.is_on() & car.vin.equals(job.vehicle) & car.model.equals(recipe.model) & car.pack_type.equals(recipe.pack_type)), "X  X  X  -  -  X  -  X  -  -  -"),
            Row(Interlock("G10", "Vehicle in position within tolerance", lift.in_position.is_on() & lift.x_err.between(-p.position_tolerance_mm, p.position_tolerance_mm) & lift.y_err.between(-p.position_tolerance_mm, p.position_tolerance_mm) & lift.yaw_err.between(-p.yaw_tolerance_deg, p.yaw_tolerance_deg)), "-  X  H  H  -  H  H  -  -  -  -"),
            Row(Interlock("G11", "Vehicle in P, parking brake on, doors shut, brake released", car.link_ok.is_on() & car.gear_p.is_on() & car.epb_on.is_on() & car.doors_closed.is_on() & car.brake_released.is_on()), "-  X  H  H  -  H  H  H  -  -  -"),
            # Held, not only needed: the vehicle may switch high voltage on again while the bolts turn.
            Row(Interlock("G12", "High voltage off by two signs, charging port closed", car.hv_off.is_on() & car.hv_volts.at_most(recipe.hv_safe_volts) & car.port_closed.is_on()), "-  -  S  S  -  S  S  -  -  -  -"),
            Row(Interlock("G13", "Wheels clamped, lift locked at working height, columns level", lift.clamped.is_on() & lift.at_work.is_on() & lift.locked.is_on() & lift.sync_err.at_most(p.lift_sync_tolerance_mm) & lift.floor_open.is_on()), "-  -  H  H  H  H  H  -  -  -  -"),
            Row(Interlock("G14", "Charged pack ready in its bay, or being fetched", self.ready(self.fresh_bay, job.fresh, recipe) | self._fetched()), "X  -  -  -  -  -  -  -  -  -  -"),
            # Where it is fetched, and taken from the handover, the step itself asks for it, too.
            Row(self.not_locked(job.fresh, job.fresh_bay), "X  X  X  -  -  X  -  -  -  -  -"),
            Row(Interlock("G14h", "Charged pack waits at the handover", PlaceHolds(HANDOVER_IN, job.fresh) & stacker.in_present.is_on() & stacker.in_seated.is_on() & st.reader.in_code.equals(job.fresh)), "-  -  X  -  -  -  -  -  -  -  -"),
            Row(Interlock("G15", "Empty compatible bay reserved for the spent pack", destination), "X  X  X  X  X  -  -  -  -  -  -"),
            Row(Interlock("G16", "Locating pins engaged, pack carried", pins & robot.load_kg.at_least(1.0)), "-  -  H  X  -  -  H  -  -  -  -"),
            Row(Interlock("G16w", "Pack on the robot weighs what its type weighs", robot.pack_present.is_on() & weight), "-  -  -  -  -  X  -  -  -  -  -"),
            Row(Interlock("G17", "All locks open by station and vehicle", unlocked), "-  -  -  X  -  -  -  -  -  -  -"),
            Row(Interlock("G18", "Pack connector apart", car.connector_apart.is_on()), "-  -  -  -  X  -  -  -  -  -  -"),
            Row(Interlock("G20", "Pack seated, float within tolerance", robot.pack_seated.is_on() & float_ok), "-  -  -  -  -  -  X  -  -  -  -"),
            Row(Interlock("G21", "All locks closed by station and vehicle, torque in band", locked), "-  -  -  -  -  -  -  X  X  -  -"),
            Row(Interlock("G22", "Pack in the vehicle is the ordered one", car.pack_id.equals(job.fresh)), "-  -  -  -  -  -  -  -  X  -  -"),
            Row(Interlock("G30", "Stacker load and chain in order", stacker.not_overloaded.is_on() & stacker.chain_tight.is_on() & stacker.load_kg.at_most(most)), "-  -  -  -  -  -  -  -  -  S  -"),
            # Judged with the fork in alone: while it is out beneath a pack, load and sensor change one after the other.
            Row(Interlock("G16f", "Fork carries what its sensor says", stacker.fork_retracted.is_off() | (stacker.pack_on_fork.is_off() & stacker.load_kg.at_most(spare)) | (stacker.pack_on_fork.is_on() & stacker.load_kg.between(least, heaviest))), "-  -  -  -  -  -  -  -  -  H  -"),
            Row(Interlock("G30r", "Robot lifts no more than its pack", robot.load_kg.at_most(most)), "-  -  -  H  S  H  -  -  -  -  -"),
        )
        # G16 in the column TR: which of the two holds is known to the step alone. At its end the pack is set down or
        # taken: there the sensors change one after the other, and a robot that rolls on afterwards has lost nothing.
        self.laden = Interlock("G16t", "Pack carried on its pins all the way, weighs what its type weighs", (robot.pack_present.is_on() & pins & weight) | robot.at.equals(At.HANDOVER_OUT) | stacker.out_present.is_on())
        self.unladen = Interlock("G16u", "Nothing on the robot all the way to the charged pack", (robot.pack_present.is_off() & robot.load_kg.at_most(spare)) | robot.at.equals(At.HANDOVER_IN) | stacker.in_present.is_off())
        # Not the switch of the grooves alone: one that sticks would call a vehicle arrived that still rolls. Wide enough
        # for a vehicle that stands askew, which is let out again from its place, and far from one on its way.
        near = 2 * p.position_tolerance_mm
        self.arrived = lift.in_position.is_on() & lift.x_err.between(-near, near) & lift.entry_beam.is_on()
        self.floor_closed = Interlock("G23", "Robot home and floor closed", robot.at.equals(At.HOME) & lift.floor_closed.is_on())
        self.on_ground = Interlock("G23", "Robot home, floor closed, lift down", robot.at.equals(At.HOME) & lift.floor_closed.is_on() & lift.down.is_on())
        self.may_leave = Interlock("G23", "Robot home, floor closed, lift down, wheels released", robot.at.equals(At.HOME) & lift.floor_closed.is_on() & lift.down.is_on() & lift.unclamped.is_on())
        self.self_check = Interlock("G24", "Vehicle self-check after the swap passed", car.postcheck_ok.is_on() & car.hv_on.is_on())

    def _fetched(self) -> Condition:
        """So that an entry that was held goes on when the pack has left its bay meanwhile."""
        return OnItsWay(self.job.fresh, HANDOVER_IN) | PlaceHolds(HANDOVER_IN, self.job.fresh)
