"""Ways back from a half-done swap of a truck: give it back untouched, or put its old pack back and lock it again.

Knows the procedures and which of them fits how far a swap has come. Does not know how that was found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from sequences.crane_steps import AISLE, LANE, CraneSteps, Watch
from sequences.heavy_truck import (
    NEXT,
    SWAP_KEY,
    clear_of_pack,
    crane_steps,
    fetch,
    into_truck,
    leave,
    lock_pack,
    set_down,
    settle,
    top_lift,
    unlock_pack,
)
from sequences.truck_bays import plug_in_again, put_away
from sequences.truck_interlocks import Column, TruckInterlocks
from sequences.truck_station import TruckStation
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Interlock, Job, Sequence, Step, TopLift

LETS_IN, LOWERS, OPENS, HOISTS, SETS_DOWN, TAKES, CARRIES, PLACES, LOCKS = 20, 70, 80, 90, 100, 135, 145, 150, 155
"""Steps of the swap that decide which way back there is. The old pack's way into the truck has the last three, too."""

GIVE_BACK, RELOCK = "give-back-truck", "relock-truck"


def retreats(st: TruckStation) -> Mapping[str, Callable[[Job], Sequence]]:
    """Every way back by its key. The key says all that the steps depend on besides the job."""
    given = {f"{GIVE_BACK}:{how}": partial(_give_back, st, how) for how in ("outside", "untouched", "touched")}
    return given | {f"{RELOCK}:{where}": partial(_relock, st, where) for where in _BEFORE}


def way_back(key: str, begun: frozenset[int], proven: frozenset[int], job: Job) -> tuple[str, Job] | str:
    """The way back for a run of which these steps are begun or proven: its key and job, or why there is none.

    Of several packs one at a time is under way: those before it stay exchanged, those after it as they came.
    """
    if key != SWAP_KEY:
        return _anew(key, proven, job)
    turn = sum(LOCKS + NEXT * seat in proven for seat in range(job.recipe.packs))
    if turn == job.recipe.packs:
        return "the charged pack is locked in the truck: the way out is forward, resume"
    by, job = NEXT * turn, replace(job, turn=turn)
    if OPENS + by in begun:
        reached = ((PLACES, "fresh-in-truck"), (TAKES, "fresh-on-crane"), (SETS_DOWN, "in-bay"), (HOISTS, "on-crane"))
        where = next((where for no, where in reached if no + by in proven), "in-truck")
        return f"{RELOCK}:{where}", job
    if turn:
        return f"{GIVE_BACK}:touched", job
    how = "outside" if LETS_IN not in proven else "touched" if LOWERS in begun else "untouched"
    return f"{GIVE_BACK}:{how}", job


def _anew(key: str, proven: frozenset[int], job: Job) -> tuple[str, Job] | str:
    """A way back begins again where the old pack hangs over the truck and has not found its seat: a truck that has rolled
    meanwhile is not where the crane was brought, and only another travel brings it there.
    """
    if key.startswith(RELOCK) and CARRIES in proven and PLACES not in proven:
        return f"{RELOCK}:on-crane", job
    return "it is a way back itself: resume"


def _as_it_goes(job: Job) -> Job:
    """What the truck leaves with: fresh packs where the exchange is done, else its own."""
    kept = (replace(e, fresh=e.spent, fresh_bay=e.spent_bay) for e in job.exchanges[job.turn :])
    return job.with_exchanges((*job.exchanges[: job.turn], *kept))


def _tables(st: TruckStation, job: Job) -> tuple[TruckInterlocks, ...]:
    return tuple(TruckInterlocks(st, job, seat) for seat in range(job.recipe.packs))


def _bays(st: TruckStation, job: Job) -> tuple[Step, ...]:
    """In the background: what came out of the truck is put away, what was prepared in vain is plugged in again."""
    tables = _tables(st, job)
    done = put_away(st, tables[: job.turn]) if job.turn else ()
    return (*done, *plug_in_again(st, tables[job.turn :]))


# ---- before any lock was opened ----
def _give_back(st: TruckStation, how: str, job: Job) -> Sequence:
    """The truck leaves as it came, but for packs that are exchanged and locked, and the prepared pack is plugged in again
    where it stands.
    """
    out = _leaves_entry(st) if how == "outside" else _truck_out(st, job, touched=how == "touched")
    packs = " and ".join(e.fresh for e in _as_it_goes(job).exchanges)
    return Sequence(f"{GIVE_BACK}:{how}", f"Give truck {job.vehicle} back with its pack {packs}", (*out, *_bays(st, job)))


def _leaves_entry(st: TruckStation) -> tuple[Step, ...]:
    empty = st.stand.bay_empty.is_on() & st.stand.entry_beam.is_on()
    return (Step(10, "Truck leaves the entry", "vehicle", Phase.RELEASE, empty, within=st.policy.people_s(600), nominal=20, chapter="R1"),)


def _truck_out(st: TruckStation, job: Job, *, touched: bool) -> tuple[Step, ...]:
    """`touched`: the gripper was lowered onto a pack, and is let go and hoisted first."""
    truck, stand, rl, goes = st.vehicle, st.stand, Column.RELEASE, _as_it_goes(job)
    il, closed = TruckInterlocks(st, goes, job.turn), truck.locks_closed.has_bits(job.recipe.clip_mask)
    for seat in truck.seats[: job.recipe.packs]:
        closed = closed & seat.latched.is_on()
    untouched = Interlock("G21u", "All locks closed by the truck, pack in its seat", closed)
    needs, keeps = (*il.needs(rl, without=("G21", "G22")), untouched), il.keeps(rl)
    crane = _clearing(st, il, untouched)
    clear = (crane.let_go(10, Phase.RELEASE, "CL"), crane.hoist_empty(20, Phase.RELEASE, "CL"))
    paid = (settle(st, il, 45, Watch(needs, keeps), "R3"),) if job.turn else ()
    return (
        *(clear if touched else ()),
        crane_steps(st, il, crane.lift, "R2").park(30, Phase.RELEASE, leaves=(LANE, AISLE)),
        Step(
            40, "Truck switches high voltage on and checks itself", "vehicle", Phase.RELEASE, truck.hv_on.is_on() & truck.postcheck_ok.is_on(),
            within=90, nominal=20, do=truck.switch_hv_on(), after=(20,) if touched else (), permissives=needs, interlocks=keeps, chapter="R3",
        ),
        *paid,
        Step(
            50, "Truck drives off", "stand", Phase.RELEASE, stand.bay_empty.is_on() & stand.exit_beam.is_on(), within=st.policy.people_s(300), nominal=15,
            do=stand.open_exit(), after=(30, 45 if paid else 40), permissives=(*needs, il.self_check), interlocks=keeps, enters=(LANE,), leaves=(LANE,),
            releases=tuple(e.fresh for e in goes.exchanges), chapter="R4",
        ),
    )  # fmt: skip


def _clearing(st: TruckStation, il: TruckInterlocks, untouched: Interlock) -> CraneSteps:
    """Let go and hoist clear of a pack that is locked as it came; also of a truck that has moved since its scan."""
    cl, without = Column.CLEAR, ("G21", "G22", "G10s")
    watch = Watch((*il.needs(cl, without=without), untouched), il.keeps(cl, without=("G10s",)))
    return CraneSteps(st, il, top_lift(st, il.job), lambda _: watch, "R1", seat=il.seat_no)


# ---- after locks were opened ----
def _relock(st: TruckStation, where: str, job: Job) -> Sequence:
    """The old pack goes back into the truck from `where` things are, is locked again and checked."""
    goes, lift = _as_it_goes(job), top_lift(st, job)
    il, there, old = TruckInterlocks(st, job, job.turn), TruckInterlocks(st, goes, job.turn), job.exchanges[job.turn].spent
    if where == "in-truck":
        # It has not left its seat: whether the truck has moved since its scan, or its connector is apart, matters not.
        back: tuple[Step, ...] = (replace(lock_pack(st, there, 155, without=("G10p", "G10s", "G18m")), after=()),)
    else:
        before = _BEFORE[where](st, il, lift)
        back = (*before, *into_truck(st, there, lift, (140, 145, 150, 155), without=("G29p",)))
    clear = clear_of_pack(st, there, lift, 0, Phase.VERIFICATION, Phase.RELEASE)
    text = f"Put the old pack {old} back into truck {job.vehicle} and lock it"
    return Sequence(f"{RELOCK}:{where}", text, (*back, *clear, *leave(st, goes, there, lift), *_bays(st, job)))


def _from_crane(st: TruckStation, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """The old pack hangs: up again, if it was on its way down."""
    return (crane_steps(st, il, lift, "R1").hoist_laden(60, Phase.INSERTION),)


def _from_bay(st: TruckStation, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """The old pack stands in its bay, and what the gripper may hold rests in a bay, too."""
    crane, phase, e = crane_steps(st, il, lift, "R1"), Phase.INSERTION, il.exchange
    return (
        crane.let_go(90, phase, "TR"),
        crane.hoist_empty(95, phase, "TR"),
        *fetch(crane, (100, 105, 110, 115), phase, e.spent_bay, e.spent),
    )


def _fresh_from_crane(st: TruckStation, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """The charged pack hangs: back into its bay with it, then the old one is fetched."""
    crane, e = crane_steps(st, il, lift, "R1"), il.exchange
    down = set_down(crane, (65, 70, 75, 80), Phase.EXTRACTION, e.fresh_bay, e.fresh)
    return crane.hoist_laden(60, Phase.EXTRACTION), *down, *_from_bay(st, il, lift)


def _fresh_from_truck(st: TruckStation, il: TruckInterlocks, lift: TopLift) -> tuple[Step, ...]:
    """The charged pack stands in the truck and does not lock or mate: out of it again, for a truck that stands still."""
    crane = crane_steps(st, il, lift, "R1", without=("G15",))
    return (
        unlock_pack(st, il, 50, Phase.LOCK_RELEASE, without=("G14h", "G15", "G29p")),
        crane.out_of_truck(55, Phase.EXTRACTION, il.exchange.fresh, il.job.vehicle),
        *_fresh_from_crane(st, il, lift),
    )


_BEFORE: Mapping[str, Callable[[TruckStation, TruckInterlocks, TopLift], tuple[Step, ...]]] = {
    "in-truck": lambda st, il, lift: (),
    "on-crane": _from_crane,
    "in-bay": _from_bay,
    "fresh-on-crane": _fresh_from_crane,
    "fresh-in-truck": _fresh_from_truck,
}
"""What comes before the old pack is carried into the truck, by where things are."""
