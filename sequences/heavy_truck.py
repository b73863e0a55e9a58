"""Battery swap, heavy truck, top lift by a gantry crane. Chapters B1–B18 of the station manual, step for step.

Knows the procedure. Does not know devices' registers, nor how steps are run. Times: nominal figures of the 301 s
reference swap (limit 360 s, GB/T 29772-2024); the driver stays in his cab.
"""

from __future__ import annotations

from dataclasses import replace

from sequences.crane_steps import LANE, CraneSteps, Watch
from sequences.racked_station import vehicle_place
from sequences.truck_interlocks import Column, TruckInterlocks
from sequences.truck_station import TruckStation
from station_ctl.core.conditions import JournalWritable
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Interlock, Job, OnResume, Sequence, Step, TopLift

SWAP_KEY = "swap-truck"

CHAPTERS = {
    70: "B5", 75: "B6", 80: "B7", 90: "B8", 95: "B9", 100: "B10", 105: "B10", 110: "B10", 120: "B11", 125: "B12",
    130: "B12", 135: "B12", 140: "B13", 145: "B13", 150: "B14", 155: "B15", 160: "B15", 165: "B16", 170: "B16",
}  # fmt: skip
"""Chapters of the steps that other procedures have, too, under chapters of their own."""


def reception(st: TruckStation) -> Sequence:
    """B2: find out which truck stands at the entry. Moves nothing; the swap's job is made from its result."""
    truck = st.vehicle
    journal = Interlock("G28", "Journal writable", JournalWritable())
    empty = Interlock("G10e", "Bay empty", st.stand.bay_empty.is_on())
    return Sequence(
        "reception-truck",
        "Identify the truck at the entry",
        (
            Step(
                10, "Authorise the truck", "vehicle", Phase.POSITIONING, truck.link_ok.is_on(), within=20, nominal=5,
                do=truck.identify(), permissives=(journal, empty), asks=True, chapter="B2",
            ),
        ),
    )  # fmt: skip


def swap(st: TruckStation, job: Job) -> Sequence:
    """B1–B18 and the put-away of the spent pack. The same station and job always give the same steps.

    Raises ValueError for a vehicle whose pack is not lifted from above, not held by locks of its own, or one of two.
    """
    il, lift = TruckInterlocks(st, job), top_lift(job)
    steps = (
        *_positioning(st, job, il, lift),
        *_extraction(st, job, il, lift),
        *_insertion(st, job, il, lift),
        *release(st, job, il, lift),
        *put_away(st, job, il),
    )
    told = tuple(replace(step, chapter=CHAPTERS.get(step.no, step.chapter)) for step in steps)
    return Sequence(SWAP_KEY, f"Swap pack {job.spent} for {job.fresh} in truck {job.vehicle}", told)


def top_lift(job: Job) -> TopLift:
    """How the crane takes this truck's pack. Raises ValueError where it cannot."""
    lift = job.recipe.top_lift
    if lift is None:
        raise ValueError("its pack is taken from below, and the crane of this station lifts it from above")
    if not job.recipe.clips:
        raise ValueError("its pack is held by bolts, and nothing in this station turns bolts")
    if len(lift.places_mm) > 1:
        raise ValueError("it carries two packs, and a job of this station names one spent and one charged pack")
    return lift


def crane_steps(st: TruckStation, il: TruckInterlocks, lift: TopLift, chapter: str, *, without: tuple[str, ...] = ()) -> CraneSteps:
    """Steps of the crane, guarded by the columns of the table but for the rows `without`, wherever they stand."""

    def watch(kind: str) -> Watch:
        column = Column(kind)
        left_out = tuple(row.code for row in il.needs(column) if row.code in without)
        return Watch(il.needs(column, without=left_out), il.keeps(column, without=left_out))

    return CraneSteps(st, il, lift, watch, chapter)


def _positioning(st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    stand, truck, bay = st.stand, st.vehicle, il.fresh_bay
    rack, people = st.rack_of(il.fresh_bay), st.policy.people_s
    en, sc, ch = Column.ENTRY, Column.SCAN, Column.CHARGE
    crane = crane_steps(st, il, lift, "B3")
    dead = truck.precheck_ok.is_on() & truck.hv_off.is_on() & truck.hv_volts.at_most(job.recipe.hv_safe_volts)
    # While the truck is being secured nothing has measured it yet, and it may still be rolling on its brake.
    loose = Watch(il.needs(sc, without=("G11",)), il.keeps(sc, without=("G11",)))
    return (
        Step(
            20, "Let the truck drive in to the wheel stop", "stand", Phase.POSITIONING, il.arrived, within=people(300), nominal=40,
            do=stand.open_entry(), start=stand.bay_empty.is_on() & stand.entry_beam.is_on() & stand.at_wheel_stop.is_off(),
            permissives=il.needs(en), interlocks=il.keeps(en), admits=((job.spent, vehicle_place(job.vehicle)),), enters=(LANE,), leaves=(LANE,), chapter="B1",
        ),
        # A pack above the swap limit may still be charging: the plug is drawn only from a dead socket.
        Step(
            21, f"Stop charging in bay {bay.name}", "rack", Phase.POSITIONING, il.not_charging(bay).holds, within=30, nominal=2,
            do=rack.stop_charge(bay), permissives=il.needs(ch), background=True, chapter="B2",
        ),
        Step(
            22, f"Unplug the charged pack in bay {bay.name}", "rack", Phase.POSITIONING, bay.plug_out.is_on(), within=30, nominal=4,
            do=rack.plug_out(bay), permissives=(*il.needs(ch), il.not_charging(bay), il.cool_or_apart(bay)), background=True, chapter="B2",
        ),
        Step(
            30, "Driver secures the truck and confirms in his cab", "vehicle", Phase.POSITIONING, il.secured & truck.ready.is_on(),
            within=people(120), nominal=8, do=truck.secure(), after=(20,), permissives=loose.needs, interlocks=loose.keeps, chapter="B4",
        ),
        # The crane comes while the truck is secured and scanned, and then corrects by what was measured.
        crane.to_truck(40, Phase.POSITIONING, "Crane travels over the truck's nominal place", laden=False, nominal=12, aimed=False, after=(20,)),
        scan_pose(st, il, 50, Phase.POSITIONING, "Scan the truck's pose", after=(30,)),
        Step(
            60, "Truck switches high voltage off and discharges", "vehicle", Phase.POSITIONING, dead, within=60, nominal=15,
            do=truck.switch_hv_off(), after=(30,), permissives=il.needs(sc), interlocks=il.keeps(sc), chapter="B4",
        ),
        crane.to_truck(65, Phase.POSITIONING, "Crane corrects to the scanned pose", laden=False, nominal=8, after=(50,)),
    )  # fmt: skip


def scan_pose(st: TruckStation, il: TruckInterlocks, no: int, phase: Phase, text: str, *, after: tuple[int, ...] = (), without: tuple[str, ...] = ()) -> Step:
    """Only the order itself measures: a pose that was there before says nothing of a scan that was stopped."""
    sc = Column.SCAN
    return Step(
        no, text, "stand", phase, il.pose_ok & st.stand.shift.at_most(st.policy.position_tolerance_mm), within=60, nominal=15, do=st.stand.scan(),
        after=after, permissives=il.needs(sc, without=without), interlocks=il.keeps(sc), measures=True, chapter="B3",
    )  # fmt: skip


def _extraction(st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    release_, out, crane = Phase.LOCK_RELEASE, Phase.EXTRACTION, crane_steps(st, il, lift, "B5")
    return (
        crane.onto_pack(70, release_, job.spent),
        crane.grip(75, release_, Column.GRIP),
        replace(unlock_pack(st, job, il, 80, release_), after=(22, 75)),
        crane.out_of_truck(90, out, job.spent, job.vehicle),
        *set_down(crane, (95, 100, 105, 110), out, job.spent_bay, job.spent),
    )


def unlock_pack(st: TruckStation, job: Job, il: TruckInterlocks, no: int, phase: Phase, *, without: tuple[str, ...] = ()) -> Step:
    """B7: the truck opens its locks below a gripper that holds the pack already."""
    truck, mask, un = st.vehicle, job.recipe.clip_mask, Column.UNLOCK
    return Step(
        no, f"Truck opens its {job.recipe.clips} locks and draws its connector", "vehicle", phase,
        truck.locks_open.has_bits(mask) & truck.connector_apart.is_on(), within=30, nominal=6, do=truck.unlock_pack(mask),
        start=truck.locks_closed.has_bits(mask) & truck.locks_open.equals(0), permissives=il.needs(un, without=without),
        interlocks=il.keeps(un, without=without), on_resume=OnResume.ASK, measures=True, chapter="B7",
    )  # fmt: skip


def set_down(
    crane: CraneSteps, numbers: tuple[int, int, int, int], phase: Phase, bay: str, pack: str
) -> tuple[Step, ...]:
    """A pack that hangs goes into a bay, and the gripper leaves it there."""
    carry, lower, let_go, hoist = numbers
    there, transfer = crane.st.bay(bay), Column.TRANSFER
    return (
        crane.to_bay(carry, phase, there, laden=True),
        crane.into_bay(lower, phase, there, pack),
        crane.let_go(let_go, phase, transfer),
        crane.hoist_empty(hoist, phase, transfer),
    )


def fetch(
    crane: CraneSteps, numbers: tuple[int, int, int, int], phase: Phase, bay: str, pack: str, *rows: Interlock
) -> tuple[Step, ...]:
    """A pack is gripped in its bay and hoisted; the bay's own rows judge it again, and `rows`."""
    travel, lower, grip, hoist = numbers
    there = crane.st.bay(bay)
    return (
        crane.to_bay(travel, phase, there, laden=False, nominal=12),
        crane.onto_bay(lower, phase, there, pack),
        crane.grip(grip, phase, Column.TRANSFER),
        crane.out_of_bay(hoist, phase, there, pack, *rows),
    )


def _insertion(st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    crane = crane_steps(st, il, lift, "B11")
    return (
        *fetch(crane, (120, 125, 130, 135), Phase.INSERTION, job.fresh_bay, job.fresh, il.not_locked(job.fresh, job.fresh_bay)),
        *into_truck(st, job, il, lift, (140, 145, 150, 155)),
    )


def into_truck(
    st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift, numbers: tuple[int, int, int, int], *, without: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """B13–B15 for the pack `job.fresh`: scanned once more, because a truck without its pack stands otherwise."""
    scan, travel, lower, lock = numbers
    ins, crane = Phase.INSERTION, crane_steps(st, il, lift, "B13", without=without)
    return (
        # The bay of the spent pack is taken by now, and of the charged pack nothing is asked before it is there.
        scan_pose(st, il, scan, ins, "Scan the truck's pose again", without=("G15", "G29p")),
        crane.to_truck(travel, ins, "Crane carries the pack over the truck", laden=True, nominal=25, after=(scan,)),
        crane.into_truck(lower, ins, job.fresh, job.vehicle),
        lock_pack(st, job, il, lock),
    )  # fmt: skip


def lock_pack(st: TruckStation, job: Job, il: TruckInterlocks, no: int, *, without: tuple[str, ...] = ()) -> Step:
    """B15: the truck closes its locks on the pack in its seat, which the gripper still holds. Ordered again after a stop:
    a switch that sticks would call them closed."""
    truck, mask, lk = st.vehicle, job.recipe.clip_mask, Column.LOCK
    return Step(
        no, f"Truck closes its {job.recipe.clips} locks", "vehicle", Phase.INSERTION, il.held_in_truck, within=30, nominal=8,
        do=truck.lock_pack(mask), after=(no - 5,), start=truck.locks_open.has_bits(mask) & truck.locks_closed.equals(0),
        permissives=il.needs(lk, without=without), interlocks=il.keeps(lk, without=without), on_resume=OnResume.ASK, measures=True, chapter="B15",
    )  # fmt: skip


def release(st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """B15–B18: checked while the gripper still holds it, let go, switched on, driven off."""
    truck, stand, vr, rl = st.vehicle, st.stand, Column.VERIFY, Column.RELEASE
    crane = crane_steps(st, il, lift, "B16")
    whole = il.held_in_truck & truck.coolant_mated.is_on() & truck.pack_id.equals(job.fresh)
    return (
        Step(
            160, "Truck checks locks, connector, coolant, pack, insulation", "vehicle", Phase.VERIFICATION,
            whole & truck.insulation.at_least(job.recipe.insulation_min_kohm), within=30, nominal=8, do=truck.check_pack(),
            permissives=il.needs(vr), interlocks=il.keeps(vr), chapter="B15",
        ),
        crane.let_go(165, Phase.RELEASE, Column.CLEAR),
        crane.hoist_empty(170, Phase.RELEASE, Column.CLEAR, leaves=(LANE,)),
        crane.park(175, Phase.RELEASE),
        Step(
            180, "Truck switches high voltage on and checks itself", "vehicle", Phase.RELEASE, truck.hv_on.is_on() & truck.postcheck_ok.is_on(),
            within=90, nominal=20, do=truck.switch_hv_on(), after=(170,), permissives=il.needs(rl), interlocks=il.keeps(rl), chapter="B17",
        ),
        Step(
            190, "Settle the order with the truck", "vehicle", Phase.RELEASE, truck.settled.is_on(), within=30, nominal=5, do=truck.settle(),
            start=truck.settled.is_off(), permissives=(*il.needs(rl), il.self_check), interlocks=il.keeps(rl), chapter="B17",
        ),
        Step(
            200, "Truck drives off", "stand", Phase.RELEASE, stand.bay_empty.is_on() & stand.exit_beam.is_on(), within=st.policy.people_s(300), nominal=15,
            do=stand.open_exit(), after=(170, 190), permissives=(*il.needs(rl), il.self_check), interlocks=il.keeps(rl),
            enters=(LANE,), leaves=(LANE,), releases=(job.fresh,), chapter="B18",
        ),
    )  # fmt: skip


def put_away(st: TruckStation, job: Job, il: TruckInterlocks) -> tuple[Step, ...]:
    """In the background of the next truck: plug in, look at the returned pack, charge."""
    bay, policy, ch = il.spent_bay, st.policy, Column.CHARGE
    rack = st.rack_of(bay)
    healthy = (
        bay.bms_link.is_on() & bay.pack_id.equals(job.spent) & bay.no_crash.is_on() & bay.no_smoke.is_on()
        & bay.insulation.at_least(policy.pack_insulation_min_kohm) & bay.temp_max.at_most(policy.pack_temp_max_c)
    )  # fmt: skip
    return (
        Step(
            220, f"Plug in bay {bay.name}", "rack", Phase.PUT_AWAY, bay.plug_in.is_on(), within=30, nominal=4,
            do=rack.plug_in(bay), permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        # A returned pack is a suspect: nothing is charged before its own BMS and the bay's detectors have spoken.
        Step(
            230, "Look at the returned pack", "rack", Phase.PUT_AWAY, healthy, within=60, nominal=4, instead=il.unfit(bay, job.spent),
            permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        Step(
            240, f"Start charging bay {bay.name}", "rack", Phase.PUT_AWAY, bay.charge_state.between(1, 6), within=30, nominal=2,
            do=rack.start_charge(bay, policy.charge_power_kw), permissives=(*il.needs(ch), il.cool(bay)), interlocks=il.keeps(ch), chapter="bg",
        ),
    )  # fmt: skip
