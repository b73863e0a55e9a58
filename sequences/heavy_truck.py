"""Battery swap, heavy truck, top lift by a gantry crane. Chapters B1–B18 of the station manual, step for step.

Knows the procedure. Does not know devices' registers, nor how steps are run. Times: nominal figures of the 301 s
reference swap (limit 360 s, GB/T 29772-2024); the driver stays in his cab.
"""

from __future__ import annotations

from dataclasses import replace

from sequences.crane_steps import LANE, CraneSteps, Watch
from sequences.racked_station import vehicle_place
from sequences.truck_bays import put_away, unplug, unplugs
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

NEXT = 200
"""What is added to the numbers of the next pack's steps, and of those after it."""


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
    """B1–B18 and the put-away of the spent packs. The same station and job always give the same steps.

    A truck with two packs gets one after the other: steps of the second, and all that follow, are numbered `NEXT` higher.
    Raises ValueError for a vehicle whose packs are not lifted from above, not held by locks of their own, or too many.
    """
    lift, tables = top_lift(st, job), tuple(TruckInterlocks(st, job, seat) for seat in range(job.recipe.packs))
    last = tables[-1]
    steps = (
        *_positioning(st, job, tables, lift),
        *(step for il in tables for step in _of_pack(il, exchange(st, il, lift))),
        *leave(st, job, last, lift, NEXT * last.seat_no),
        *put_away(st, tables, NEXT * last.seat_no),
    )
    told = tuple(replace(step, chapter=CHAPTERS.get(step.no % NEXT, step.chapter)) for step in steps)
    packs = " and ".join(f"{e.spent} for {e.fresh}" for e in job.exchanges)
    return Sequence(SWAP_KEY, f"Swap pack {packs} in truck {job.vehicle}", told)


def top_lift(st: TruckStation, job: Job) -> TopLift:
    """How the crane takes this truck's packs. Raises ValueError where it cannot."""
    lift, packs, seats = job.recipe.top_lift, job.recipe.packs, len(st.vehicle.seats)
    if lift is None:
        raise ValueError("its pack is taken from below, and the crane of this station lifts it from above")
    if not job.recipe.clips:
        raise ValueError("its pack is held by bolts, and nothing in this station turns bolts")
    if packs > seats:
        raise ValueError(f"it carries {packs} packs, and the truck link of this station tells of {seats}")
    if packs != len(job.exchanges):
        raise ValueError(f"it carries {packs} packs, and the job names {len(job.exchanges)} exchanges")
    return lift


def _of_pack(il: TruckInterlocks, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps of one pack of several say which."""
    packs = il.job.recipe.packs
    return tuple(replace(s, text=f"{s.text}, pack {il.seat_no + 1} of {packs}") for s in steps) if packs > 1 else steps


def crane_steps(st: TruckStation, il: TruckInterlocks, lift: TopLift, chapter: str, *, without: tuple[str, ...] = ()) -> CraneSteps:
    """Steps of the crane at the pack at hand, guarded by the columns of the table but for the rows `without`, wherever
    they stand.
    """

    def watch(kind: str) -> Watch:
        column = Column(kind)
        left_out = tuple(row.code for row in il.needs(column) if row.code in without)
        return Watch(il.needs(column, without=left_out), il.keeps(column, without=left_out))

    return CraneSteps(st, il, lift, watch, chapter, seat=il.seat_no)


def _positioning(st: TruckStation, job: Job, tables: tuple[TruckInterlocks, ...], lift: TopLift) -> tuple[Step, ...]:
    stand, truck, people, (il, *_) = st.stand, st.vehicle, st.policy.people_s, tables
    en, sc = Column.ENTRY, Column.SCAN
    crane = crane_steps(st, il, lift, "B3")
    dead = truck.precheck_ok.is_on() & truck.hv_off.is_on() & truck.hv_volts.at_most(job.recipe.hv_safe_volts)
    # While the truck is being secured nothing has measured it yet, and it may still be rolling on its brake.
    loose = Watch(il.needs(sc, without=("G11",)), il.keeps(sc, without=("G11",)))
    return (
        Step(
            20, "Let the truck drive in to the wheel stop", "stand", Phase.POSITIONING, il.arrived, within=people(300), nominal=40,
            do=stand.open_entry(), start=stand.bay_empty.is_on() & stand.entry_beam.is_on() & stand.at_wheel_stop.is_off(),
            permissives=il.needs(en), interlocks=il.keeps(en), admits=tuple((e.spent, vehicle_place(job.vehicle, seat)) for seat, e in enumerate(job.exchanges)), enters=(LANE,), leaves=(LANE,), chapter="B1",
        ),
        *(step for table in tables for step in unplug(st, table)),
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


def exchange(st: TruckStation, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """B5–B16: the spent pack at hand out of the truck into its bay, the charged one into the truck and locked.

    Once the first of several packs is exchanged, all that follows belongs to the phase of insertion: phases do not turn
    back, and of several packs one at a time is out of the truck.
    """
    first, last, by = il.seat_no == 0, il.seat_no == il.job.recipe.packs - 1, NEXT * il.seat_no
    release_, out = (Phase.LOCK_RELEASE, Phase.EXTRACTION) if first else (Phase.INSERTION, Phase.INSERTION)
    check, clear = (Phase.VERIFICATION, Phase.RELEASE) if last else (Phase.INSERTION, Phase.INSERTION)
    crane, fetches = crane_steps(st, il, lift, "B5"), crane_steps(st, il, lift, "B11")
    e, ins = il.exchange, Phase.INSERTION
    # What one phase has done before the next begins, within one phase each step waits for.
    waits = {} if first else {90 + by: 80 + by, 140 + by: 110 + by}
    waits |= {} if last else {165 + by: 160 + by}
    over = () if first else (crane.to_truck(65 + by, ins, "Crane travels over the truck's next pack", laden=False, nominal=8),)
    steps = (
        *over,
        crane.onto_pack(70 + by, release_, e.spent),
        crane.grip(75 + by, release_, Column.GRIP),
        replace(unlock_pack(st, il, 80 + by, release_), after=(unplugs(il), 75 + by)),
        crane.out_of_truck(90 + by, out, e.spent, il.job.vehicle),
        *set_down(crane, (95 + by, 100 + by, 105 + by, 110 + by), out, e.spent_bay, e.spent),
        *fetch(fetches, (120 + by, 125 + by, 130 + by, 135 + by), ins, e.fresh_bay, e.fresh, il.not_locked(e.fresh, e.fresh_bay)),
        *into_truck(st, il, lift, (140 + by, 145 + by, 150 + by, 155 + by)),
        *clear_of_pack(st, il, lift, by, check, clear, leaves=(LANE,) if last else ()),
    )  # fmt: skip
    return tuple(replace(s, after=(*s.after, waits[s.no])) if s.no in waits else s for s in steps)


def unlock_pack(st: TruckStation, il: TruckInterlocks, no: int, phase: Phase, *, without: tuple[str, ...] = ()) -> Step:
    """B7: the truck opens its locks below a gripper that holds the pack already."""
    truck, mask, un = st.vehicle, il.mask, Column.UNLOCK
    return Step(
        no, f"Truck opens its {il.job.recipe.clips} locks and draws its connector", "vehicle", phase,
        truck.locks_open.has_bits(mask) & il.seat.connector_apart.is_on(), within=30, nominal=6, do=truck.unlock_pack(mask),
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


def into_truck(
    st: TruckStation, il: TruckInterlocks, lift: TopLift, numbers: tuple[int, int, int, int], *, without: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """B13–B15 for the fresh pack at hand: scanned once more, because a truck without its pack stands otherwise."""
    scan, travel, lower, lock = numbers
    ins, crane = Phase.INSERTION, crane_steps(st, il, lift, "B13", without=without)
    return (
        # The bay of the spent pack is taken by now, and of the charged pack nothing is asked before it is there.
        scan_pose(st, il, scan, ins, "Scan the truck's pose again", without=("G15", "G29p")),
        crane.to_truck(travel, ins, "Crane carries the pack over the truck", laden=True, nominal=25, after=(scan,)),
        crane.into_truck(lower, ins, il.exchange.fresh, il.job.vehicle),
        lock_pack(st, il, lock),
    )  # fmt: skip


def lock_pack(st: TruckStation, il: TruckInterlocks, no: int, *, without: tuple[str, ...] = ()) -> Step:
    """B15: the truck closes its locks on the pack in its seat, which the gripper still holds. Ordered again after a stop:
    a switch that sticks would call them closed."""
    truck, mask, lk = st.vehicle, il.mask, Column.LOCK
    others = il.job.recipe.clip_mask & ~mask
    return Step(
        no, f"Truck closes its {il.job.recipe.clips} locks", "vehicle", Phase.INSERTION, il.held_in_truck, within=30, nominal=8,
        do=truck.lock_pack(mask), after=(no - 5,), start=truck.locks_open.has_bits(mask) & truck.locks_closed.equals(others),
        permissives=il.needs(lk, without=without), interlocks=il.keeps(lk, without=without), on_resume=OnResume.ASK, measures=True, chapter="B15",
    )  # fmt: skip


def clear_of_pack(
    st: TruckStation, il: TruckInterlocks, lift: TopLift, by: int, check: Phase, clear: Phase, *, leaves: tuple[str, ...] = (LANE,)
) -> tuple[Step, ...]:
    """B15, B16: checked while the gripper still holds it, let go, left."""
    vr, crane, seat = Column.VERIFY, crane_steps(st, il, lift, "B16"), il.seat
    whole = il.held_in_truck & seat.coolant_mated.is_on() & seat.pack_id.equals(il.exchange.fresh)
    return (
        Step(
            160 + by, "Truck checks locks, connector, coolant, pack, insulation", "vehicle", check,
            whole & st.vehicle.insulation.at_least(il.job.recipe.insulation_min_kohm), within=30, nominal=8, do=st.vehicle.check_pack(),
            permissives=il.needs(vr), interlocks=il.keeps(vr), chapter="B15",
        ),
        crane.let_go(165 + by, clear, Column.CLEAR),
        crane.hoist_empty(170 + by, clear, Column.CLEAR, leaves=leaves),
    )  # fmt: skip


def settle(st: TruckStation, il: TruckInterlocks, no: int, watch: Watch, chapter: str) -> Step:
    """Whoever leaves with a pack of the station has it on his account first."""
    truck = st.vehicle
    return Step(
        no, "Settle the order with the truck", "vehicle", Phase.RELEASE, truck.settled.is_on(), within=30, nominal=5, do=truck.settle(),
        start=truck.settled.is_off(), permissives=(*watch.needs, il.self_check), interlocks=watch.keeps, chapter=chapter,
    )  # fmt: skip


def leave(st: TruckStation, job: Job, il: TruckInterlocks, lift: TopLift, by: int = 0) -> tuple[Step, ...]:
    """B17, B18: the crane parks, the truck is switched on, paid, let go with the fresh packs of its job."""
    truck, stand, rl, crane = st.vehicle, st.stand, Column.RELEASE, crane_steps(st, il, lift, "B16")
    return (
        crane.park(175 + by, Phase.RELEASE),
        Step(
            180 + by, "Truck switches high voltage on and checks itself", "vehicle", Phase.RELEASE, truck.hv_on.is_on() & truck.postcheck_ok.is_on(),
            within=90, nominal=20, do=truck.switch_hv_on(), after=(170 + by,), permissives=il.needs(rl), interlocks=il.keeps(rl), chapter="B17",
        ),
        settle(st, il, 190 + by, Watch(il.needs(rl), il.keeps(rl)), "B17"),
        Step(
            200 + by, "Truck drives off", "stand", Phase.RELEASE, stand.bay_empty.is_on() & stand.exit_beam.is_on(), within=st.policy.people_s(300), nominal=15,
            do=stand.open_exit(), after=(170 + by, 190 + by), permissives=(*il.needs(rl), il.self_check), interlocks=il.keeps(rl),
            enters=(LANE,), leaves=(LANE,), releases=tuple(e.fresh for e in job.exchanges), chapter="B18",
        ),
    )  # fmt: skip
