"""Packs moved by a technician: between bays, out of the station, into it, to isolation. Chapters M2–M3 of the manual.

Knows the steps and what custody becomes. Does not know why a pack is moved.
"""

from __future__ import annotations

from sequences.car_station import HANDOVER_IN, HANDOVER_OUT, CarStation
from sequences.maintenance_bays import plug_in, unplug
from sequences.maintenance_interlocks import MaintenanceInterlocks
from sequences.racked_station import ISOLATION
from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Move
from station_ctl.core.devices import Command
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Ending, Interlock, OnResume, Step

BY_HAND_S = 1800.0
"""Process seconds that people have to bring a pack to the handover, or to fetch it from there."""


def move(st: CarStation, il: MaintenanceInterlocks, origin: str, target: str, pack: str) -> tuple[Step, ...]:
    """From bay to bay. Raises NotFound or ValueError for bays that are not there, or are the same."""
    here, there = st.bay(origin), st.bay(target)
    left = here.present.is_off()
    arrived = there.present.is_on() & there.seated.is_on() & left
    return (
        *unplug(st, il, here, il.cool_or_apart(here)),
        _carry(
            st, il, 30, f"Move the pack from bay {origin} to bay {target}", st.stacker.move(here.number, there.number), arrived,
            here.present.is_on() & there.present.is_off(), (il.unplugged(here), il.quiet(here), *il.free(there)), Move(pack, origin, target), 40,
        ),
        *plug_in(st, il, there, pack),
    )  # fmt: skip


def take_out(st: CarStation, il: MaintenanceInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """From its bay to handover IN, where people fetch it; then it is no longer in the station's custody."""
    bay, stacker = st.bay(name), st.stacker
    arrived = stacker.in_present.is_on() & stacker.in_seated.is_on() & st.reader.in_code.equals(pack)
    start = bay.present.is_on() & stacker.in_present.is_off()
    return (
        *unplug(st, il, bay, il.cool_or_apart(bay)),
        _carry(
            st, il, 30, f"Bring the pack of bay {name} to handover IN", stacker.fetch(bay.number), arrived, start,
            (il.unplugged(bay), il.quiet(bay), il.in_clear, il.robot_away), Move(pack, name, HANDOVER_IN), 32,
            shown=stacker.in_present.is_on() & bay.present.is_off(),
        ),
        Step(
            60, "People take the pack away from handover IN", "people", Phase.POSITIONING, stacker.in_present.is_off(),
            within=BY_HAND_S, nominal=300, releases=(pack,), chapter="M3",
        ),
    )  # fmt: skip


def bring_in(st: CarStation, il: MaintenanceInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """People set a pack down at handover OUT; its code is read, then it is taken into custody and stored."""
    bay, stacker = st.bay(name), st.stacker
    here = stacker.out_present.is_on() & stacker.out_seated.is_on() & st.reader.out_code.equals(pack)
    stored = bay.present.is_on() & bay.seated.is_on() & stacker.out_present.is_off()
    return (
        Step(
            10, "People set the pack down at handover OUT", "people", Phase.POSITIONING, here,
            within=BY_HAND_S, nominal=300, admits=((pack, HANDOVER_OUT),), chapter="M3",
        ),
        _carry(
            st, il, 30, f"Store the pack in bay {name}", stacker.store(bay.number), stored,
            stacker.out_present.is_on() & bay.present.is_off(), (*il.free(bay), il.robot_away), Move(pack, HANDOVER_OUT, name), 26,
        ),
        *plug_in(st, il, bay, pack),
    )  # fmt: skip


def put_back(st: CarStation, il: MaintenanceInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """A pack that waits at handover IN goes back to a bay."""
    bay, stacker = st.bay(name), st.stacker
    stored = bay.present.is_on() & bay.seated.is_on() & stacker.in_present.is_off()
    return (
        _carry(
            st, il, 30, f"Put the pack of handover IN into bay {name}", stacker.put_back(bay.number), stored,
            stacker.in_present.is_on() & bay.present.is_off(), (*il.free(bay), il.robot_away), Move(pack, HANDOVER_IN, name), 26,
        ),
        *plug_in(st, il, bay, pack),
    )  # fmt: skip


def isolate(st: CarStation, il: MaintenanceInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """A pack that is hot, smoking or suspect leaves the rack: neither fire alarm nor detectors stand against it."""
    bay, stacker = st.bay(name), st.stacker
    arrived = stacker.isolation_empty.is_off() & bay.present.is_off()
    empty = il.receiving(ISOLATION, stacker.isolation_empty.is_on())
    return (
        *unplug(st, il, bay, hot=True),
        _carry(
            st, il, 30, f"Bring the pack of bay {name} to the isolation place", stacker.isolate(bay.number), arrived,
            bay.present.is_on() & stacker.isolation_empty.is_on(), (il.unplugged(bay), empty), Move(pack, name, ISOLATION), 28, hot=True,
        ),
    )  # fmt: skip


def _carry(
    st: CarStation,
    il: MaintenanceInterlocks,
    no: int,
    text: str,
    order: Command,
    arrived: Condition,
    start: Condition,
    places: tuple[Interlock, ...],
    moves: Move,
    nominal: float,
    *,
    shown: Condition | None = None,
    hot: bool = False,
) -> Step:
    """One order of the stacker. `arrived`, or `shown`, also says that only its way back to the park is missing."""
    stacker = st.stacker
    needs = (*(il.site if hot else il.needs), il.stacker_homed, il.aisle_clear)
    # Before it has begun the fork is empty; after a stop half-way the pack may be on it, and the PLC goes on with it.
    back = Ending((shown or arrived) & stacker.pack_on_fork.is_off(), stacker.home(), (*needs, *(row for row in places if row.code == "G19z")))
    return Step(
        no, text, "stacker", Phase.POSITIONING, arrived & stacker.parked.is_on(), within=180, nominal=nominal, do=order,
        start=start & stacker.pack_on_fork.is_off(), permissives=(*needs, *places), interlocks=(*il.keeps, il.load),
        on_resume=OnResume.ASK, moves=(moves,), ending=back, chapter="M3",
    )  # fmt: skip
