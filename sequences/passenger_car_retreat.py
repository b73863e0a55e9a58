"""Ways back from a half-done swap of a passenger car: give the vehicle back untouched, or lock its old pack again.

Knows the procedures and which of them fits how far a swap has come. Does not know how that was found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sequences.car_station import HANDOVER_IN, ROBOT, TRAVEL_MM, CarStation, vehicle_place
from sequences.interlocks import CarInterlocks, Column
from sequences.passenger_car import AISLE, HANDOVER, PIT, SWAP_KEY, lock_pack, parked_again, release
from station_ctl.core.custody import Move
from station_ctl.core.modes import Phase
from station_ctl.core.roles import At
from station_ctl.core.steps import Interlock, Job, OnResume, Sequence, Step

LETS_IN, FETCHES, OPENS, LOWERS, SETS_DOWN, TIGHTENS = 20, 23, 80, 90, 100, 120
"""Steps of the swap that decide which way back there is."""


def retreats(st: CarStation) -> Mapping[str, Callable[[Job], Sequence]]:
    """Every way back by its key. The key says all that the steps depend on besides the job."""
    found: dict[str, Callable[[Job], Sequence]] = {}
    for fetched in (False, True):
        for inside in (False, True):
            found[_give_back_key(inside=inside, fetched=fetched)] = _maker(give_back, st, inside, fetched)
    for on_robot, half_open in ((True, False), (False, False), (False, True)):
        found[_relock_key(on_robot=on_robot, half_open=half_open)] = _maker(relock, st, on_robot, half_open)
    return found


def _maker(make: Callable[..., Sequence], st: CarStation, *facts: bool) -> Callable[[Job], Sequence]:
    return lambda job: make(st, job, *facts)


def _give_back_key(*, inside: bool, fetched: bool) -> str:
    return f"give-back-car:{'inside' if inside else 'outside'}:{'fetched' if fetched else 'in-bay'}"


def _relock_key(*, on_robot: bool, half_open: bool) -> str:
    return f"relock-car:{'on-robot' if on_robot else 'half-open' if half_open else 'in-vehicle'}"


def way_back(key: str, begun: frozenset[int], proven: frozenset[int], job: Job) -> tuple[str, Job] | str:
    """The way back for a swap of which these steps are begun or proven: its key and job, or why there is none."""
    if key != SWAP_KEY:
        return "it is a way back itself: resume"
    if TIGHTENS in proven:
        return "the charged pack is locked in the vehicle: the way out is forward, resume"
    if SETS_DOWN in proven:
        return "the spent pack stands at the handover and the vehicle has no pack: the way out is forward, resume"
    if OPENS in begun:
        return _relock_key(on_robot=LOWERS in proven, half_open=OPENS not in proven), job
    return _give_back_key(inside=LETS_IN in proven, fetched=FETCHES in proven), job


def give_back(st: CarStation, job: Job, inside: bool, fetched: bool) -> Sequence:
    """Before any bolt was touched: the vehicle leaves as it came, the prepared pack goes back to its bay."""
    il = CarInterlocks(st, job)
    steps = (*(_vehicle_out(st, job, il) if inside else _entry_empty(st)), *put_back(st, job, il, fetched=fetched))
    key = _give_back_key(inside=inside, fetched=fetched)
    return Sequence(key, f"Give vehicle {job.vehicle} back with its pack {job.spent}", steps)


def _entry_empty(st: CarStation) -> tuple[Step, ...]:
    empty = st.lift.bay_empty.is_on() & st.lift.entry_beam.is_on()
    return (Step(10, "Vehicle leaves the entry", "vehicle", Phase.RELEASE, empty, within=st.policy.people_s(600), nominal=20, chapter="R1"),)


def _vehicle_out(st: CarStation, job: Job, il: CarInterlocks) -> tuple[Step, ...]:
    """All motions are absolute: a step that has nothing to do is proven at once."""
    robot, lift, car, mask = st.robot, st.lift, st.vehicle, job.recipe.bolt_mask
    rl = Column.RELEASE
    untouched = Interlock(
        "G21u", "All locks closed, no bolt touched", robot.bolts_closed.has_bits(mask) & car.locks_closed.has_bits(mask)
    )
    needs = (*il.needs(rl, without=("G21", "G22")), untouched)
    keeps = il.keeps(rl)
    # The driver comes back to his vehicle while it checks itself, and no machine moves meanwhile.
    driver_needs = (*il.needs(rl, without=("G21", "G22", "G04b")), untouched)
    return (
        Step(
            10, "Robot down and home", "robot", Phase.RELEASE, robot.at.equals(At.HOME) & robot.pack_present.is_off(),
            within=30, nominal=8, do=robot.home(), permissives=needs, interlocks=keeps, leaves=(PIT,), chapter="R1",
        ),
        Step(
            20, "Close the floor", "lift", Phase.RELEASE, lift.floor_closed.is_on(), within=20, nominal=3, do=lift.close_floor(),
            after=(10,), permissives=(*needs, il.robot_home), interlocks=keeps, enters=(PIT,), leaves=(PIT,), chapter="R2",
        ),
        Step(
            30, "Lower the vehicle", "lift", Phase.RELEASE, lift.down.is_on(), within=30, nominal=7, do=lift.lower(),
            permissives=(*needs, il.floor_closed), interlocks=keeps, chapter="R3",
        ),
        Step(
            40, "Release the wheels", "lift", Phase.RELEASE, lift.unclamped.is_on(), within=20, nominal=5, do=lift.unclamp(),
            permissives=(*needs, il.on_ground), interlocks=keeps, chapter="R3",
        ),
        Step(
            50, "Vehicle switches high voltage on and checks itself", "vehicle", Phase.RELEASE,
            car.hv_on.is_on() & car.postcheck_ok.is_on(), within=90, nominal=25, do=car.switch_hv_on(), after=(30,),
            permissives=(*driver_needs, il.floor_closed), interlocks=il.keeps(rl, without=("G04b",)), chapter="R4",
        ),
        Step(
            60, "Vehicle drives out", "lift", Phase.RELEASE, lift.bay_empty.is_on() & lift.exit_beam.is_on(), within=st.policy.people_s(300), nominal=20,
            do=lift.open_exit(), after=(40, 50), permissives=(*needs, il.may_leave, il.self_check), interlocks=keeps,
            releases=(job.spent,), chapter="R5",
        ),
    )  # fmt: skip


def relock(st: CarStation, job: Job, on_robot: bool, half_open: bool) -> Sequence:
    """After bolts were touched and before the spent pack was set down: the old pack is locked again and checked.

    `half_open`: the bolts were stopped on their way, so that torque and locks prove them closed, and turns cannot.
    """
    back = replace(job, fresh=job.spent)
    il = CarInterlocks(st, back)
    robot, car, recipe = st.robot, st.vehicle, job.recipe
    pins = robot.pin_1.is_on() & robot.pin_2.is_on()
    at_height = robot.z.between(recipe.raise_height_mm - 2, recipe.raise_height_mm + 2) & robot.at.equals(At.UNDER_VEHICLE)
    insert = (
        Step(
            100, "Raise the old pack into the vehicle again, pins engage", "robot", Phase.INSERTION,
            at_height & pins & robot.pack_seated.is_on() & car.pack_latched.is_on(), within=30, nominal=12,
            do=robot.insert(recipe.raise_height_mm), permissives=il.needs(Column.INSERT, without=("G29p",)), interlocks=il.keeps(Column.INSERT),
            start=robot.pack_present.is_on() & robot.z.at_most(TRAVEL_MM), on_resume=OnResume.ASK, enters=(PIT,), leaves=(HANDOVER,), chapter="R1",
        ),
    )  # fmt: skip
    moves = (Move(job.spent, ROBOT, vehicle_place(job.vehicle)),) if on_robot else ()
    lock = replace(lock_pack(st, back, il), moves=moves, start=pins & robot.pack_seated.is_on())
    if half_open:
        mask, low, high = recipe.bolt_mask, recipe.torque_nm - recipe.torque_band_nm, recipe.torque_nm + recipe.torque_band_nm
        closed = robot.bolts_closed.has_bits(mask) & car.locks_closed.has_bits(mask)
        lock = replace(lock, done=closed & robot.bolt_torque.each_between(mask, low, high))
    steps = (
        *(insert if on_robot else ()),
        lock,
        *release(st, back, il),
        *put_back(st, job, CarInterlocks(st, job), fetched=True),
    )
    key = _relock_key(on_robot=on_robot, half_open=half_open)
    return Sequence(key, f"Lock the old pack {job.spent} in vehicle {job.vehicle} again", steps)


def put_back(st: CarStation, job: Job, il: CarInterlocks, *, fetched: bool) -> tuple[Step, ...]:
    """The prepared pack goes back to its bay, where it is plugged in and charged again."""
    stacker, bay = st.stacker, il.fresh_bay
    rack, fe, ch = st.rack_of(bay), Column.FETCH, Column.CHARGE
    stored = bay.present.is_on() & bay.seated.is_on() & stacker.parked.is_on() & stacker.in_present.is_off()
    here = stacker.in_present.is_on() & bay.present.is_off() & stacker.pack_on_fork.is_off()
    free = (
        Interlock("G15", f"Bay {bay.name} free for the prepared pack", bay.plug_out.is_on() & bay.enabled.is_on()),
        il.receiving(bay.name, bay.present.is_off()),
    )
    store = (
        Step(
            300, f"Bring the prepared pack back to bay {bay.name}", "stacker", Phase.PUT_AWAY, stored, within=180, nominal=26,
            do=stacker.put_back(bay.number), start=here, permissives=(*il.needs(fe), *free, il.not_locked(job.fresh, job.fresh_bay), il.robot_away, il.aisle_clear),
            interlocks=il.keeps(fe), on_resume=OnResume.ASK, enters=(AISLE, HANDOVER), leaves=(AISLE, HANDOVER),
            moves=(Move(job.fresh, HANDOVER_IN, bay.name),),
            ending=parked_again(st, il, bay.present.is_on() & bay.seated.is_on() & stacker.in_present.is_off()), chapter="R6",
        ),
    )  # fmt: skip
    return (
        *(store if fetched else ()),
        Step(
            310, f"Plug in bay {bay.name}", "rack", Phase.PUT_AWAY, bay.plug_in.is_on(), within=30, nominal=4,
            do=rack.plug_in(bay), after=(300,) if fetched else (), permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="R6",
        ),
        Step(
            320, f"Start charging bay {bay.name}", "rack", Phase.PUT_AWAY, bay.charge_state.between(1, 6), within=30, nominal=2,
            do=rack.start_charge(bay, st.policy.charge_power_kw), permissives=(*il.needs(ch), il.cool(bay)), interlocks=il.keeps(ch),
            chapter="R6",
        ),
    )  # fmt: skip
