"""Exercises with a test vehicle: the lift under load, the lock runners, their torque. Chapter M4 of the manual.

Knows the procedures; rows are those of the swap, but for what only a swap has. Does not know whose vehicle it is:
a technician drives it in and out, and its pack never leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sequences.car_station import CarStation
from sequences.interlocks import CarInterlocks, Column
from sequences.maintenance_interlocks import MaintenanceInterlocks
from sequences.passenger_car import warming
from station_ctl.core.maintenance import count
from station_ctl.core.modes import Phase
from station_ctl.core.roles import At
from station_ctl.core.steps import Interlock, Job, Kept, OnResume, Recipe, Step

CYCLES_MOST = 20
OF_A_SWAP = frozenset(("G07", "G09", "G14", "G14h", "G15", "G22", "G29p"))
"""Rows of the swap's table that speak of its mode, its job's vehicle and its packs; maintenance has its own."""


class ExerciseRows:
    """The columns of the swap's table for a test vehicle of one model, with key and enabling device."""

    def __init__(self, st: CarStation, il: MaintenanceInterlocks, recipe: Recipe) -> None:
        first, *_, last = st.bays
        self.table = CarInterlocks(st, Job("", recipe, "", "", first.name, last.name))
        self._attended = il.attended
        car, mask = st.vehicle, recipe.bolt_mask
        fits = car.link_ok.is_on() & car.auth_ok.is_on() & car.vin.differs("") & car.model.equals(recipe.model)
        self.known = Interlock("G09", f"Test vehicle of model {recipe.model}", fits & car.pack_type.equals(recipe.pack_type))
        closed = st.robot.bolts_closed.has_bits(mask) & car.locks_closed.has_bits(mask)
        self.untouched = Interlock("G21u", "All locks closed, no bolt touched", closed)

    def needs(self, column: Column, *, without: tuple[str, ...] = ()) -> tuple[Interlock, ...]:
        """Permissives of the column, but for a swap's own rows and those named."""
        left_out = OF_A_SWAP.union(without)
        rows = self.table.needs(column)
        known = (self.known,) if any(row.code == "G09" for row in rows) else ()
        return (*(row for row in rows if row.code not in left_out), *known)

    def keeps(self, column: Column, *, without: tuple[str, ...] = ()) -> tuple[Kept, ...]:
        """Interlocks of the column likewise, and mode, key and enabling device."""
        left_out = OF_A_SWAP.union(without)
        rows = (kept for kept in self.table.keeps(column) if kept.interlock.code not in left_out)
        return (*rows, *self._attended)


def _recipe(recipes: Mapping[str, Recipe], model: str) -> Recipe:
    if model not in recipes:
        raise ValueError(f"there is no vehicle model {model}; models are {', '.join(recipes)}")
    return recipes[model]


def exercise_lift(
    st: CarStation, il: MaintenanceInterlocks, recipes: Mapping[str, Recipe], args: Mapping[str, str]
) -> tuple[Step, ...]:
    """Lift to working height and lower again, `cycles` times."""
    recipe, cycles = _recipe(recipes, args["model"]), count(args, "cycles", CYCLES_MOST)
    rows = ExerciseRows(st, il, recipe)
    steps: list[Step] = [*_vehicle_in(st, rows, il)]
    for cycle in range(cycles):
        steps += (_lift(st, rows, recipe, 100 + 10 * cycle), *_down(st, rows, 101 + 10 * cycle, touched=False))
    return (*steps, *_vehicle_out(st, rows, touched=False))


def exercise_locks(
    st: CarStation, il: MaintenanceInterlocks, recipes: Mapping[str, Recipe], args: Mapping[str, str]
) -> tuple[Step, ...]:
    """Open and close every lock `cycles` times, the pack carried from below all the while; judged by turns and torque."""
    recipe, cycles = _recipe(recipes, args["model"]), count(args, "cycles", CYCLES_MOST)
    rows = ExerciseRows(st, il, recipe)
    turns = tuple(step for cycle in range(cycles) for step in _turn(st, rows, recipe, 110 + 10 * cycle))
    return (
        *_vehicle_in(st, rows, il),
        _lift(st, rows, recipe, 100),
        _engage(st, rows, recipe),
        *turns,
        _checked(st, rows, recipe),
        Step(
            540, "Robot down and home", "robot", Phase.POSITIONING, st.robot.at.equals(At.HOME) & st.robot.pack_present.is_off(),
            within=30, nominal=5, do=st.robot.home(), permissives=rows.needs(Column.RELEASE), interlocks=rows.keeps(Column.RELEASE), chapter="M4",
        ),
        *_down(st, rows, 545, touched=True),
        *_vehicle_out(st, rows, touched=True),
    )  # fmt: skip


def _vehicle_in(st: CarStation, rows: ExerciseRows, il: MaintenanceInterlocks) -> tuple[Step, ...]:
    lift, car, table = st.lift, st.vehicle, rows.table
    en, cl = Column.ENTRY, Column.CLAMP
    secured = car.gear_p.is_on() & car.epb_on.is_on() & car.doors_closed.is_on() & car.brake_released.is_on()
    dead = car.precheck_ok.is_on() & car.hv_off.is_on() & car.hv_volts.at_most(table.job.recipe.hv_safe_volts)
    empty = Interlock("G10e", "Bay empty, wheels released", lift.bay_empty.is_on() & lift.unclamped.is_on())
    return (
        Step(
            10, "Identify the test vehicle at the entry", "vehicle", Phase.POSITIONING, rows.known.holds, within=20, nominal=5,
            do=car.identify(), permissives=(*il.site, empty), chapter="M4",
        ),
        Step(
            20, "Let the test vehicle drive in", "lift", Phase.POSITIONING, table.arrived, within=300, nominal=52,
            do=lift.open_entry(), permissives=rows.needs(en), interlocks=rows.keeps(en), chapter="M4",
        ),
        Step(
            30, "Driver secures the test vehicle", "vehicle", Phase.POSITIONING, secured & car.ready.is_on(), within=120, nominal=8,
            do=car.secure(), permissives=rows.needs(en), interlocks=rows.keeps(en), chapter="M4",
        ),
        Step(
            40, "Test vehicle switches high voltage off and discharges", "vehicle", Phase.POSITIONING, dead, within=60, nominal=15,
            do=car.switch_hv_off(), permissives=rows.needs(cl), interlocks=rows.keeps(cl), chapter="M4",
        ),
        Step(
            50, "Centre and clamp the wheels", "lift", Phase.POSITIONING, lift.clamped.is_on(), within=30, nominal=10,
            do=lift.clamp(), permissives=(*rows.needs(cl), table.robot_home), interlocks=rows.keeps(cl), chapter="M4",
        ),
    )  # fmt: skip


def _lift(st: CarStation, rows: ExerciseRows, recipe: Recipe, no: int) -> Step:
    lift, cl = st.lift, Column.CLAMP
    return Step(
        no, "Open the floor, lift to working height", "lift", Phase.POSITIONING, lift.at_work.is_on() & lift.locked.is_on() & lift.floor_open.is_on(),
        within=40, nominal=12, do=lift.lift_to_work(recipe.work_height_mm), permissives=(*rows.needs(cl), rows.table.robot_home),
        interlocks=rows.keeps(cl), chapter="M4",
    )  # fmt: skip


def _engage(st: CarStation, rows: ExerciseRows, recipe: Recipe) -> Step:
    robot, un, height = st.robot, Column.UNLOCK, recipe.raise_height_mm
    raised = robot.z.between(height - 2, height + 2) & robot.at.equals(At.UNDER_VEHICLE) & robot.pin_1.is_on() & robot.pin_2.is_on()
    return Step(
        105, "Robot under the test vehicle, raise, pins engage", "robot", Phase.POSITIONING, raised & robot.load_kg.at_least(1.0),
        within=30, nominal=10, do=robot.engage(height), permissives=rows.needs(un, without=("G16",)),
        interlocks=rows.keeps(un, without=("G16",)), chapter="M4",
    )  # fmt: skip


def _turn(st: CarStation, rows: ExerciseRows, recipe: Recipe, no: int) -> tuple[Step, ...]:
    robot, car, mask, warm = st.robot, st.vehicle, recipe.bolt_mask, st.policy.preheat_below_c
    un, lk = Column.UNLOCK, Column.LOCK
    low, high = recipe.torque_nm - recipe.torque_band_nm, recipe.torque_nm + recipe.torque_band_nm
    turned = robot.bolt_turns.each_between(mask, recipe.turns_min, recipe.turns_max)
    open_ = robot.bolts_open.has_bits(mask) & turned & car.locks_open.has_bits(mask)
    closed = robot.bolts_closed.has_bits(mask) & robot.bolt_torque.each_between(mask, low, high) & turned & car.locks_closed.has_bits(mask)
    return (
        Step(
            no, f"Open all {recipe.bolts} bolts", "robot", Phase.POSITIONING, open_, within=45 + warming(st), nominal=14, do=robot.unlock(mask, recipe.turns_min, warm),
            start=robot.bolts_closed.has_bits(mask) & robot.bolts_open.equals(0), permissives=rows.needs(un), interlocks=rows.keeps(un),
            on_resume=OnResume.ASK, measures=True, chapter="M4",
        ),
        Step(
            no + 5, f"Tighten all {recipe.bolts} bolts to {recipe.torque_nm:g} N·m", "robot", Phase.POSITIONING, closed, within=60 + warming(st), nominal=18,
            do=robot.lock(mask, recipe.torque_nm, recipe.torque_band_nm, warm), start=robot.bolts_open.has_bits(mask) & robot.bolts_closed.equals(0),
            permissives=rows.needs(lk), interlocks=rows.keeps(lk), on_resume=OnResume.ASK, measures=True, chapter="M4",
        ),
    )  # fmt: skip


def _checked(st: CarStation, rows: ExerciseRows, recipe: Recipe) -> Step:
    car, vr = st.vehicle, Column.VERIFY
    mated = car.connector_mated.is_on() & car.coolant_mated.is_on() & car.pack_latched.is_on()
    return Step(
        530, "Test vehicle checks locks, connector, coolant, insulation", "vehicle", Phase.POSITIONING,
        car.locks_closed.has_bits(recipe.bolt_mask) & mated & car.insulation.at_least(recipe.insulation_min_kohm), within=30, nominal=12,
        do=car.check_pack(), permissives=rows.needs(vr), interlocks=rows.keeps(vr), chapter="M4",
    )  # fmt: skip


def _released(rows: ExerciseRows, *, touched: bool) -> tuple[Interlock, ...]:
    """After bolts were turned their torque is judged before anything is lowered; untouched ones were never measured."""
    if touched:
        return rows.needs(Column.RELEASE)
    return (*rows.needs(Column.RELEASE, without=("G21",)), rows.untouched)


def _down(st: CarStation, rows: ExerciseRows, no: int, *, touched: bool) -> tuple[Step, ...]:
    lift, needs, keeps, table = st.lift, _released(rows, touched=touched), rows.keeps(Column.RELEASE), rows.table
    return (
        Step(
            no, "Close the floor", "lift", Phase.POSITIONING, lift.floor_closed.is_on(), within=20, nominal=3, do=lift.close_floor(),
            permissives=(*needs, table.robot_home), interlocks=keeps, chapter="M4",
        ),
        Step(
            no + 5, "Lower the test vehicle", "lift", Phase.POSITIONING, lift.down.is_on(), within=30, nominal=7, do=lift.lower(),
            permissives=(*needs, table.floor_closed), interlocks=keeps, chapter="M4",
        ),
    )  # fmt: skip


def _vehicle_out(st: CarStation, rows: ExerciseRows, *, touched: bool) -> tuple[Step, ...]:
    lift, car, needs, keeps, table = st.lift, st.vehicle, _released(rows, touched=touched), rows.keeps(Column.RELEASE), rows.table
    # The driver comes back to switch high voltage on, and no machine moves meanwhile.
    return (
        Step(
            555, "Release the wheels", "lift", Phase.POSITIONING, lift.unclamped.is_on(), within=20, nominal=5, do=lift.unclamp(),
            permissives=(*needs, table.on_ground), interlocks=keeps, chapter="M4",
        ),
        Step(
            560, "Test vehicle switches high voltage on and checks itself", "vehicle", Phase.POSITIONING,
            car.hv_on.is_on() & car.postcheck_ok.is_on(), within=90, nominal=25, do=car.switch_hv_on(),
            permissives=(*(row for row in needs if row.code != "G04b"), table.floor_closed),
            interlocks=rows.keeps(Column.RELEASE, without=("G04b",)), chapter="M4",
        ),
        Step(
            580, "Test vehicle drives out", "lift", Phase.POSITIONING, lift.bay_empty.is_on() & lift.exit_beam.is_on(), within=300, nominal=20,
            do=lift.open_exit(), permissives=(*needs, table.may_leave, table.self_check), interlocks=keeps, chapter="M4",
        ),
    )  # fmt: skip
