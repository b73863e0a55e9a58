"""Battery swap, passenger car, chassis swap from below. Chapters A1–A18 of the station manual, step for step.

Knows the procedure. Does not know devices' registers, nor how steps are run. Times: nominal figures of the
280 s reference swap; the drive-in, the driver and the vehicle's self-check make up 130 s of it.
"""

from __future__ import annotations

from sequences.car_station import (
    HANDOVER_IN,
    HANDOVER_OUT,
    REQUIRED_ROLES,
    ROBOT,
    TRAVEL_MM,
    CarStation,
    vehicle_place,
)
from sequences.interlocks import CarInterlocks, Column
from station_ctl.core.conditions import Condition, JournalWritable
from station_ctl.core.custody import Move
from station_ctl.core.modes import Phase
from station_ctl.core.roles import At
from station_ctl.core.steps import Ending, Interlock, Job, Kept, OnLoss, OnResume, Sequence, Step

__all__ = ["REQUIRED_ROLES", "CarStation", "reception", "swap"]

SWAP_KEY = "swap-car"
PIT = "under_vehicle"
HANDOVER = "handover"
AISLE = "aisle"


def reception(st: CarStation) -> Sequence:
    """A1: find out which vehicle stands at the entry. Moves nothing; the swap's job is made from its result."""
    car = st.vehicle
    # Only that it answers: who it is, and whether it may be swapped, is judged from the answer. A stranger is no fault.
    answers = car.link_ok.is_on()
    journal = Interlock("G28", "Journal writable", JournalWritable())
    empty = Interlock("G10e", "Bay empty, wheels released", st.lift.bay_empty.is_on() & st.lift.unclamped.is_on())
    return Sequence(
        "reception-car",
        "Identify the vehicle at the entry",
        (
            Step(
                10, "Authorise the vehicle", "vehicle", Phase.POSITIONING, answers, within=20, nominal=5,
                do=car.identify(), permissives=(journal, empty), asks=True, chapter="A1",
            ),
        ),
    )  # fmt: skip


def swap(st: CarStation, job: Job) -> Sequence:
    """A2–A18 and the put-away of the spent pack. The same station and job always give the same steps.

    Raises ValueError for a vehicle whose pack is not taken from below, or not held by bolts.
    """
    if job.recipe.top_lift is not None:
        raise ValueError("its pack is lifted out from above, and the robot of this station works from below")
    if not job.recipe.bolts:
        raise ValueError("its pack is held by clips, and the robot of this station turns bolts")
    il = CarInterlocks(st, job)
    steps = (*_positioning(st, job, il), *_exchange(st, job, il), *release(st, job, il), *_put_away(st, job, il))
    return Sequence(SWAP_KEY, f"Swap pack {job.spent} for {job.fresh} in vehicle {job.vehicle}", steps)


def _positioning(st: CarStation, job: Job, il: CarInterlocks) -> tuple[Step, ...]:
    lift, car, stacker, bay = st.lift, st.vehicle, st.stacker, il.fresh_bay
    rack, recipe = st.rack_of(bay), job.recipe
    en, cl, fe = Column.ENTRY, Column.CLAMP, Column.FETCH
    secured = car.gear_p.is_on() & car.epb_on.is_on() & car.doors_closed.is_on() & car.brake_released.is_on()
    fetched = stacker.in_present.is_on() & stacker.in_seated.is_on() & stacker.parked.is_on()
    safe_volts = car.hv_volts.at_most(recipe.hv_safe_volts)
    at_work = lift.at_work.is_on() & lift.locked.is_on() & lift.floor_open.is_on()
    return (
        Step(
            20, "Let the vehicle drive in", "lift", Phase.POSITIONING, il.arrived, within=st.policy.people_s(300), nominal=52,
            do=lift.open_entry(), start=lift.bay_empty.is_on() & lift.entry_beam.is_on() & lift.in_position.is_off(), permissives=il.needs(en), interlocks=il.keeps(en), on_resume=OnResume.REPEAT,
            admits=((job.spent, vehicle_place(job.vehicle)),), chapter="A2",
        ),
        # A pack above the swap limit may still be charging: the plug is drawn only from a dead socket.
        Step(
            21, f"Stop charging in bay {bay.name}", "rack", Phase.POSITIONING,
            il.not_charging(bay).holds, within=30, nominal=2,
            do=rack.stop_charge(bay), permissives=il.needs(Column.CHARGE), background=True, chapter="A2",
        ),
        Step(
            22, f"Unplug the charged pack in bay {bay.name}", "rack", Phase.POSITIONING, bay.plug_out.is_on(), within=30, nominal=4,
            do=rack.plug_out(bay), permissives=(*il.needs(Column.CHARGE), il.not_charging(bay), il.cool_or_apart(bay)), background=True, chapter="A2",
        ),
        Step(
            23, f"Fetch the charged pack from bay {bay.name} to the handover", "stacker", Phase.POSITIONING,
            fetched & st.reader.in_code.equals(job.fresh), within=180, nominal=32,
            do=stacker.fetch(bay.number), after=(22,), start=bay.present.is_on() & stacker.pack_on_fork.is_off() & stacker.in_present.is_off(),
            permissives=(*il.needs(fe), il.unplugged(bay), il.quiet(bay), il.not_locked(job.fresh, job.fresh_bay), il.in_clear, il.robot_away, il.aisle_clear),
            interlocks=il.keeps(fe), on_resume=OnResume.ASK, enters=(AISLE, HANDOVER), leaves=(AISLE, HANDOVER),
            moves=(Move(job.fresh, bay.name, HANDOVER_IN),), background=True,
            ending=parked_again(st, il, stacker.in_present.is_on() & stacker.in_seated.is_on() & bay.present.is_off()), chapter="A2",
        ),
        *_preheat(st, il),
        # Not the charged pack: it may be unplugged and not yet on its way, and the vehicle is in the bay already.
        Step(
            30, "Driver secures the vehicle and starts the swap", "vehicle", Phase.POSITIONING,
            secured & car.ready.is_on(), within=st.policy.people_s(120), nominal=8,
            do=car.secure(), after=(20,), permissives=il.needs(en, without=("G14",)), interlocks=il.keeps(en), chapter="A3",
        ),
        Step(
            40, "Vehicle switches high voltage off and discharges", "vehicle", Phase.POSITIONING,
            car.precheck_ok.is_on() & car.hv_off.is_on() & safe_volts, within=60, nominal=15,
            do=car.switch_hv_off(), permissives=il.needs(cl), interlocks=il.keeps(cl), chapter="A4",
        ),
        # Centred and clamped while high voltage goes off: two machines, two lanes.
        Step(
            50, "Centre and clamp the wheels", "lift", Phase.POSITIONING, lift.clamped.is_on(), within=30, nominal=10,
            do=lift.clamp(), after=(30,), permissives=(*il.needs(cl), il.robot_home), interlocks=il.keeps(cl),
            chapter="A5",
        ),
        Step(
            60, "Open the floor, lift to working height", "lift", Phase.POSITIONING, at_work, within=40, nominal=12,
            do=lift.lift_to_work(recipe.work_height_mm), permissives=(*il.needs(cl), il.robot_home),
            interlocks=il.keeps(cl), enters=(PIT,), leaves=(PIT,), chapter="A6",
        ),
    )  # fmt: skip


PREHEAT_SPARE_C, PREHEAT_S = 5.0, 120.0
"""Runners are warmed by so much more than they need, which they lose while the vehicle is made ready; and for so long."""


def _preheat(st: CarStation, il: CarInterlocks) -> tuple[Step, ...]:
    """In a cold climate the lock runners are warm before a bolt is touched: stiff grease shows a torque that is none."""
    limit = st.policy.preheat_below_c
    if limit is None:
        return ()
    en = Column.ENTRY
    return (
        Step(
            24, f"Warm the lock runners to {limit + PREHEAT_SPARE_C:g} °C", "robot", Phase.POSITIONING, st.robot.drive_temp.at_least(limit),
            within=PREHEAT_S, nominal=45, do=st.robot.preheat(limit + PREHEAT_SPARE_C), permissives=(*il.needs(en, without=("G14",)), il.robot_home),
            interlocks=il.keeps(en), chapter="A2",
        ),
    )  # fmt: skip


def warming(st: CarStation) -> float:
    """Seconds that an order of the runners may take longer where it has to warm them first, after a long stop."""
    return 0.0 if st.policy.preheat_below_c is None else PREHEAT_S


def parked_again(st: CarStation, il: CarInterlocks, stands: Condition) -> Ending:
    """A stacker that was stopped after it had set its pack down: fork in, back to its park position.

    `stands`: the pack stands at its target and has left its origin; it is ordered nowhere any more.
    """
    shows = stands & st.stacker.pack_on_fork.is_off()
    return Ending(shows, st.stacker.home(), (*il.needs(Column.FETCH), il.robot_away, il.aisle_clear))


def _exchange(st: CarStation, job: Job, il: CarInterlocks) -> tuple[Step, ...]:
    robot, car, stacker, recipe, policy = st.robot, st.vehicle, st.stacker, job.recipe, st.policy
    mask, height = recipe.bolt_mask, recipe.raise_height_mm
    un, ex, tr, ins = Column.UNLOCK, Column.EXTRACT, Column.TRANSFER, Column.INSERT
    at_height = robot.z.between(height - 2, height + 2) & robot.at.equals(At.UNDER_VEHICLE)
    pins = robot.pin_1.is_on() & robot.pin_2.is_on()
    spread = recipe.pack_kg * policy.pack_weight_tolerance_percent / 100
    carried = robot.pack_present.is_on() & robot.load_kg.between(
        round(recipe.pack_kg - spread, 1), round(recipe.pack_kg + spread, 1)
    )
    clear = (il.aisle_clear, il.stacker_away)
    low = Interlock("G16l", "Robot's table low enough to travel", robot.z.at_most(TRAVEL_MM))
    out_empty = il.receiving(HANDOVER_OUT, stacker.out_present.is_off())
    return (
        Step(
            70, "Robot under the vehicle, raise, pins engage", "robot", Phase.LOCK_RELEASE, at_height & pins & robot.load_kg.at_least(1.0),
            within=30, nominal=10, do=robot.engage(height),
            permissives=il.needs(un, without=("G14h", "G16")), interlocks=il.keeps(un, without=("G16",)), enters=(PIT,), chapter="A7",
        ),
        Step(
            80, f"Open all {recipe.bolts} bolts", "robot", Phase.LOCK_RELEASE,
            robot.bolts_open.has_bits(mask) & robot.bolt_turns.each_between(mask, recipe.turns_min, recipe.turns_max)
            & car.locks_open.has_bits(mask),
            within=45 + warming(st), nominal=14, do=robot.unlock(mask, recipe.turns_min, policy.preheat_below_c), after=(23,), start=robot.bolts_closed.has_bits(mask) & robot.bolts_open.equals(0), permissives=(*il.needs(un), out_empty),
            interlocks=il.keeps(un), on_resume=OnResume.ASK, measures=True, chapter="A8",
        ),
        Step(
            90, "Lower with the spent pack", "robot", Phase.EXTRACTION, carried & robot.z.at_most(TRAVEL_MM) & car.connector_apart.is_on(),
            within=30, nominal=10, do=robot.lower(), start=at_height & pins & car.pack_latched.is_on(), permissives=(*il.needs(ex), out_empty), interlocks=il.keeps(ex),
            on_resume=OnResume.ASK, moves=(Move(job.spent, vehicle_place(job.vehicle), ROBOT),), chapter="A9",
        ),
        Step(
            100, "Set the spent pack down at handover OUT", "robot", Phase.EXTRACTION,
            robot.at.equals(At.HANDOVER_OUT) & robot.pack_present.is_off() & stacker.out_present.is_on() & stacker.out_seated.is_on()
            & st.reader.out_code.equals(job.spent),
            within=60, nominal=14, do=robot.set_down(At.HANDOVER_OUT), start=carried & robot.z.at_most(TRAVEL_MM) & robot.at.equals(At.UNDER_VEHICLE) & stacker.out_present.is_off(), permissives=(*il.needs(tr), il.laden, low, *clear, out_empty),
            interlocks=(*il.keeps(tr), Kept(il.laden, OnLoss.HOLD)), on_resume=OnResume.ASK, enters=(HANDOVER,), leaves=(PIT,),
            moves=(Move(job.spent, ROBOT, HANDOVER_OUT),), ending=_beneath_again(st, job, (*il.needs(tr), low, *clear)), chapter="A10",
        ),
        Step(
            105, "Take the charged pack from handover IN", "robot", Phase.INSERTION,
            robot.at.equals(At.HANDOVER_IN) & carried & stacker.in_present.is_off(), within=60, nominal=18,
            do=robot.pick_up(At.HANDOVER_IN), start=robot.pack_present.is_off() & robot.z.at_most(TRAVEL_MM) & stacker.in_present.is_on(), permissives=(*il.needs(tr), il.unladen, low, il.not_locked(job.fresh, job.fresh_bay), *clear, _waiting(st, job)), interlocks=(*il.keeps(tr), Kept(il.unladen, OnLoss.HOLD)),
            on_resume=OnResume.ASK, moves=(Move(job.fresh, HANDOVER_IN, ROBOT),), chapter="A10",
        ),
        Step(
            110, "Raise the charged pack into the vehicle, pins engage", "robot", Phase.INSERTION,
            at_height & pins & robot.pack_seated.is_on() & car.pack_latched.is_on(), within=30, nominal=12, do=robot.insert(height), start=carried & robot.z.at_most(TRAVEL_MM),
            permissives=il.needs(ins), interlocks=il.keeps(ins), on_resume=OnResume.ASK, enters=(PIT,), leaves=(HANDOVER,),
            chapter="A11",
        ),
        lock_pack(st, job, il),
    )  # fmt: skip


def _beneath_again(st: CarStation, job: Job, needs: tuple[Interlock, ...]) -> Ending:
    """A robot that was stopped after it had set its pack down, and stands nowhere: empty, to its place beneath it."""
    robot, stacker = st.robot, st.stacker
    standing = stacker.out_present.is_on() & stacker.out_seated.is_on() & st.reader.out_code.equals(job.spent)
    spread = round(job.recipe.pack_kg * st.policy.pack_weight_tolerance_percent / 100, 1)
    nothing = Interlock("G16e", "Nothing on the robot", robot.pack_present.is_off() & robot.load_kg.at_most(spread))
    return Ending(standing & robot.pack_present.is_off(), robot.set_down(At.HANDOVER_OUT), (*needs, nothing))


def lock_pack(st: CarStation, job: Job, il: CarInterlocks) -> Step:
    """A12: tighten every bolt of the pack `job.fresh`; each is judged by turns and torque, and by the vehicle."""
    robot, car, recipe, lk = st.robot, st.vehicle, job.recipe, Column.LOCK
    mask = recipe.bolt_mask
    return Step(
        120, f"Tighten all {recipe.bolts} bolts to {recipe.torque_nm:g} N·m", "robot", Phase.INSERTION,
        robot.bolts_closed.has_bits(mask)
        & robot.bolt_torque.each_between(mask, recipe.torque_nm - recipe.torque_band_nm, recipe.torque_nm + recipe.torque_band_nm)
        & robot.bolt_turns.each_between(mask, recipe.turns_min, recipe.turns_max) & car.locks_closed.has_bits(mask),
        within=60 + warming(st), nominal=18, do=robot.lock(mask, recipe.torque_nm, recipe.torque_band_nm, st.policy.preheat_below_c), start=robot.bolts_open.has_bits(mask) & robot.bolts_closed.equals(0), permissives=il.needs(lk),
        interlocks=il.keeps(lk), on_resume=OnResume.ASK, measures=True, moves=(Move(job.fresh, ROBOT, vehicle_place(job.vehicle)),), chapter="A12",
    )  # fmt: skip


def _waiting(st: CarStation, job: Job) -> Interlock:
    here = st.stacker.in_present.is_on() & st.stacker.in_seated.is_on() & st.reader.in_code.equals(job.fresh)
    return Interlock("G14w", "Ordered pack waits at handover IN", here)


def release(st: CarStation, job: Job, il: CarInterlocks) -> tuple[Step, ...]:
    robot, lift, car, recipe = st.robot, st.lift, st.vehicle, job.recipe
    vr, rl = Column.VERIFY, Column.RELEASE
    # The driver comes back to his vehicle, and no machine moves meanwhile.
    driver_needs, driver_keeps = il.needs(rl, without=("G04b",)), il.keeps(rl, without=("G04b",))
    mated = car.connector_mated.is_on() & car.coolant_mated.is_on() & car.pack_latched.is_on()
    return (
        Step(
            130, "Vehicle checks locks, connector, coolant, pack, insulation", "vehicle", Phase.VERIFICATION,
            car.locks_closed.has_bits(recipe.bolt_mask) & mated & car.pack_id.equals(job.fresh) & car.insulation.at_least(recipe.insulation_min_kohm),
            within=30, nominal=12, do=car.check_pack(), permissives=il.needs(vr), interlocks=il.keeps(vr), chapter="A13",
        ),
        Step(
            140, "Robot down and home", "robot", Phase.RELEASE, robot.at.equals(At.HOME) & robot.pack_present.is_off(), within=30, nominal=5,
            do=robot.home(), permissives=il.needs(rl), interlocks=il.keeps(rl), leaves=(PIT,), chapter="A14",
        ),
        Step(
            145, "Close the floor", "lift", Phase.RELEASE, lift.floor_closed.is_on(), within=20, nominal=3, do=lift.close_floor(),
            after=(140,), permissives=(*il.needs(rl), il.robot_home), interlocks=il.keeps(rl), enters=(PIT,), leaves=(PIT,), chapter="A14",
        ),
        Step(
            150, "Lower the vehicle", "lift", Phase.RELEASE, lift.down.is_on(), within=30, nominal=7, do=lift.lower(),
            permissives=(*il.needs(rl), il.floor_closed), interlocks=il.keeps(rl), chapter="A15",
        ),
        Step(
            155, "Release the wheels", "lift", Phase.RELEASE, lift.unclamped.is_on(), within=20, nominal=5, do=lift.unclamp(),
            permissives=(*il.needs(rl), il.on_ground), interlocks=il.keeps(rl), chapter="A15",
        ),
        # Not before the wheels stand on the ground: the vehicle is free to move its brakes again from here on.
        Step(
            160, "Vehicle switches high voltage on and checks itself", "vehicle", Phase.RELEASE,
            car.hv_on.is_on() & car.postcheck_ok.is_on(), within=90, nominal=25, do=car.switch_hv_on(), after=(150,),
            permissives=(*driver_needs, il.floor_closed), interlocks=driver_keeps, chapter="A16",
        ),
        Step(
            170, "Settle the order with the vehicle", "vehicle", Phase.RELEASE, car.settled.is_on(), within=30, nominal=5,
            do=car.settle(), start=car.settled.is_off(), permissives=(*driver_needs, il.self_check), interlocks=driver_keeps, chapter="A17",
        ),
        Step(
            180, "Vehicle drives out", "lift", Phase.RELEASE, lift.bay_empty.is_on() & lift.exit_beam.is_on(), within=st.policy.people_s(300), nominal=20,
            do=lift.open_exit(), after=(155, 170), permissives=(*il.needs(rl), il.may_leave, il.self_check),
            interlocks=il.keeps(rl), releases=(job.fresh,), chapter="A18",
        ),
    )  # fmt: skip


def _put_away(st: CarStation, job: Job, il: CarInterlocks) -> tuple[Step, ...]:
    """In the background of the next vehicle: store, plug in, look at the returned pack, charge."""
    stacker, bay, policy = st.stacker, il.spent_bay, st.policy
    rack, fe, ch = st.rack_of(il.spent_bay), Column.FETCH, Column.CHARGE
    stored = bay.present.is_on() & bay.seated.is_on() & stacker.parked.is_on() & stacker.out_present.is_off()
    healthy = (
        bay.bms_link.is_on() & bay.pack_id.equals(job.spent) & bay.no_crash.is_on() & bay.no_smoke.is_on()
        & bay.insulation.at_least(policy.pack_insulation_min_kohm) & bay.temp_max.at_most(policy.pack_temp_max_c)
    )  # fmt: skip
    free = (
        Interlock("G15", f"Bay {bay.name} free for the spent pack", bay.plug_out.is_on() & bay.enabled.is_on()),
        il.receiving(bay.name, bay.present.is_off()),
    )
    return (
        Step(
            190, f"Store the spent pack in bay {bay.name}", "stacker", Phase.PUT_AWAY, stored, within=180, nominal=26,
            do=stacker.store(bay.number), start=stacker.out_present.is_on() & stacker.pack_on_fork.is_off() & bay.present.is_off(), permissives=(*il.needs(fe), *free, il.robot_away, il.aisle_clear), interlocks=il.keeps(fe),
            on_resume=OnResume.ASK, enters=(AISLE, HANDOVER), leaves=(AISLE, HANDOVER),
            moves=(Move(job.spent, HANDOVER_OUT, bay.name),),
            ending=parked_again(st, il, bay.present.is_on() & bay.seated.is_on() & stacker.out_present.is_off()), chapter="bg",
        ),
        Step(
            200, f"Plug in bay {bay.name}", "rack", Phase.PUT_AWAY, bay.plug_in.is_on(), within=30, nominal=4,
            do=rack.plug_in(bay), after=(190,), permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        # A returned pack is a suspect: nothing is charged before its own BMS and the bay's detectors have spoken.
        Step(
            210, "Look at the returned pack", "rack", Phase.PUT_AWAY, healthy, within=60, nominal=4, instead=il.unfit(bay, job.spent),
            permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        Step(
            220, f"Start charging bay {bay.name}", "rack", Phase.PUT_AWAY, bay.charge_state.between(1, 6), within=30, nominal=2,
            do=rack.start_charge(bay, policy.charge_power_kw), permissives=(*il.needs(ch), il.cool(bay)), interlocks=il.keeps(ch),
            chapter="bg",
        ),
    )  # fmt: skip
