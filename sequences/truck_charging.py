"""What charging asks of a truck station: sessions, and a hot pack carried to the isolation place. Chapters C1–C2.

Knows the steps. Does not know when they are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sequences.charging_sessions import ISOLATE, SessionInterlocks, hot_unplugged, of_charging, sessions
from sequences.crane_interlocks import CraneInterlocks
from sequences.crane_steps import AISLE, CraneSteps, Watch
from sequences.racked_station import ISOLATION
from sequences.site_interlocks import watched_always
from sequences.truck_station import CRANE, TruckStation
from station_ctl.core.custody import Move
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Interlock, Kept, OnLoss, OnResume, Recipe, Step, TopLift
from station_ctl.core.truck_roles import Over


def procedures(st: TruckStation, recipes: Mapping[str, Recipe]) -> tuple[MaintenanceProcedure, ...]:
    """What charging asks of the engine in mode automatic, each made from a bay and its pack. Raises ValueError."""
    text, lift = "Bring the hot pack {pack} of bay {bay} to the isolation place", any_pack(recipes)
    il = crane_rows(st, recipes)
    return *sessions(st), of_charging(ISOLATE, text, lambda bay, pack: _isolate(st, il, lift, bay, pack))


def any_pack(recipes: Mapping[str, Recipe]) -> TopLift:
    """How the crane takes any pack out of a bay, whatever truck it came with. Raises ValueError where that differs.

    A hot pack must be carried away by what its bay knows of it, and the bay does not know the truck.
    """
    lifts = [recipe.top_lift for recipe in recipes.values() if recipe.top_lift is not None]
    heights = sorted({lift.bay_height_mm for lift in lifts})
    if len(heights) != 1:
        found = ", ".join(f"{height:g}" for height in heights) or "none"
        raise ValueError(f"packs of all models stand equally high in a bay, so that any can be isolated; found {found} mm")
    return lifts[0]


def crane_rows(st: TruckStation, recipes: Mapping[str, Recipe]) -> CraneInterlocks:
    """Rows of the crane for a pack of any model."""
    return CraneInterlocks(st, *(recipe.pack_kg for recipe in recipes.values()))


def to_isolation(
    crane: CraneSteps, numbers: tuple[int, int, int, int], phase: Phase, pack: str, *rows: Interlock
) -> tuple[Step, ...]:
    """A pack that hangs goes to the isolation place, and the gripper leaves it there; `rows` on top."""
    carry, lower, let_go, hoist = numbers
    st, il, w = crane.st, crane.il, crane.watch("TR")
    there = st.crane.over.equals(Over.ISOLATION)
    over = Interlock("G39", "Crane over the isolation place", there)
    empty = il.receiving(ISOLATION, st.crane.isolation_empty.is_on())
    held = Kept(il.laden, OnLoss.ABORT), Kept(il.hoisted, OnLoss.ABORT)
    return (
        Step(
            carry, "Crane carries the pack to the isolation place", "crane", phase, there & il.hoisted.holds & il.still.holds & il.hangs,
            within=180, nominal=25, do=st.crane.travel_to_isolation(), permissives=(*w.needs, il.laden, il.hoisted), interlocks=(*w.keeps, *held),
            enters=(AISLE,), chapter=crane.chapter,
        ),
        Step(
            lower, "Set the pack down on the isolation place", "crane", phase, il.seated & st.crane.isolation_present.is_on() & st.crane.isolation_empty.is_off(), within=90, nominal=18,
            do=st.crane.lower(crane.lift.bay_height_mm), start=il.grip.holds & st.crane.isolation_empty.is_on(),
            permissives=(*w.needs, il.grip, il.still, over, empty, *rows), interlocks=(*w.keeps, Kept(il.steady, OnLoss.HOLD), Kept(il.grip, OnLoss.ABORT)),
            on_resume=OnResume.ASK, moves=(Move(pack, CRANE, ISOLATION),), chapter=crane.chapter,
        ),
        crane.let_go(let_go, phase, "TR"),
        crane.hoist_empty(hoist, phase, "TR"),
    )  # fmt: skip


def _isolate(st: TruckStation, il: CraneInterlocks, lift: TopLift, name: str, pack: str) -> tuple[Step, ...]:
    bay, rows, phase = st.bay(name), SessionInterlocks(st), Phase.PUT_AWAY
    keeps = (*watched_always(st), *(Kept(row, OnLoss.ABORT) for row in (il.nobody, il.load)), Kept(il.sway, OnLoss.HOLD), Kept(il.wind, OnLoss.HOLD))
    needs = (*rows.site, il.crane_fit, il.nobody, il.load, il.sway, il.wind)
    crane = CraneSteps(st, il, lift, lambda _: Watch(needs, keeps), "C2", hot=True)
    ready = Interlock("G29", "Isolation place ready", st.crane.isolation_ready.is_on())
    empty = il.receiving(ISOLATION, st.crane.isolation_empty.is_on())
    first = crane.to_bay(30, phase, bay, laden=False, nominal=20)
    return (
        *hot_unplugged(st, rows, name),
        # Nothing is lifted that has nowhere to go.
        replace(first, after=(20,), permissives=(*first.permissives, ready, empty)),
        crane.onto_bay(40, phase, bay, pack),
        crane.grip(50, phase, "TR"),
        crane.out_of_bay(60, phase, bay, pack, ready, empty),
        *to_isolation(crane, (70, 80, 90, 100), phase, pack, ready),
        crane.park(110, phase),
    )
