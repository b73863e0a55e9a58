"""The interlock table of the truck station: rows G01–G39, one column per kind of step.

Knows which condition guards which kind of step and how hard. Does not know the order of steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from operator import and_

from sequences.crane_interlocks import CraneInterlocks
from sequences.rows import Row, RowTable
from sequences.site_interlocks import station_interlocks
from sequences.truck_station import (
    REACH_MM,
    ROLL_MOST_DEG,
    SCAN_QUALITY_PERCENT,
    YAW_MOST_DEG,
    TruckStation,
)
from station_ctl.core.conditions import Condition, ModeIs, PlaceHolds
from station_ctl.core.modes import Mode
from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Interlock, Job


class Column(StrEnum):
    """Kinds of steps, the columns of the table."""

    ENTRY = "EN"
    SCAN = "SC"
    GRIP = "GR"
    UNLOCK = "UN"
    EXTRACT = "EX"
    TRANSFER = "TR"
    INSERT = "IN"
    LOCK = "LK"
    VERIFY = "VR"
    CLEAR = "CL"
    RELEASE = "RL"
    CHARGE = "CH"


class TruckInterlocks(CraneInterlocks, RowTable):
    """The table for one station, one job and the exchange at hand, which is that of `seat`, counted from 0. Stricter than
    the source matrix where the comment says so.
    """

    def __init__(self, st: TruckStation, job: Job, seat: int = 0) -> None:
        super().__init__(st, job.recipe.pack_kg)
        self.job, exchange = job, job.exchanges[seat]
        recipe, truck, stand, mask = job.recipe, st.vehicle, st.stand, job.recipe.clips_of(seat)
        self.seat_no, self.exchange, self.mask, self.seat = seat, exchange, mask, truck.seats[seat]
        self.fresh_bay, self.spent_bay = st.bay(exchange.fresh_bay), st.bay(exchange.spent_bay)
        self.pose_ok = self._pose(st)
        others = tuple(other for k, other in enumerate(truck.seats[: recipe.packs]) if k != seat)
        mated = _all(s.connector_mated.is_on() for s in (self.seat, *others))
        latched = _all(s.latched.is_on() for s in (self.seat, *others))
        self.held_in_truck = latched & truck.locks_closed.has_bits(recipe.clip_mask) & truck.locks_open.equals(0) & mated
        """Every pack of the truck: those that are not at hand stay as they are."""
        self.secured = truck.link_ok.is_on() & truck.gear_p.is_on() & truck.epb_on.is_on() & truck.doors_closed.is_on() & truck.brake_released.is_on()
        still_there = stand.shift.at_most(st.policy.position_tolerance_mm)
        fit = self.crane_fit.holds & stand.homed.is_on() & stand.no_fault.is_on()
        known = truck.auth_ok.is_on() & truck.vin.equals(job.vehicle) & truck.model.equals(recipe.model) & truck.pack_type.equals(recipe.pack_type)
        dead = truck.hv_off.is_on() & truck.hv_volts.at_most(recipe.hv_safe_volts) & truck.port_closed.is_on()
        coming = job.exchanges[seat:]
        """Exchanges that are still to be done: none is begun while one of them lacks its pack or its place."""
        charged = _all(self.ready(st.bay(e.fresh_bay), e.fresh, recipe) for e in coming)
        at_hand = _all(_at_hand(st.bay(e.fresh_bay), e.fresh) for e in coming)
        expected = _all(s.pack_id.equals(e.fresh if k <= seat else e.spent) for k, (s, e) in enumerate(zip(truck.seats, job.exchanges, strict=False)))
        shared = {row.code: row for row in station_interlocks(st)}
        # Columns:                EN SC GR UN EX TR IN LK VR CL RL CH
        self.rows: tuple[Row, ...] = (
            # Doors, curtains and the chain abort in every column but charging: entry and release move machinery, too.
            Row(shared["G03"], "S  S  S  S  S  S  S  S  S  S  S  -"),
            Row(shared["G04"], "S  S  S  S  S  S  S  S  S  S  S  -"),
            # The driver stays in his cab: nobody has any business below the hook, from the first motion to the last.
            Row(self.nobody, "X  S  S  S  S  S  S  S  S  S  S  -"),
            Row(shared["G01"], "S  S  S  S  S  S  S  S  S  S  S  -"),
            # A truck whose pack is locked is let go and may leave, whatever burns or rises.
            Row(shared["G05"], "X  X  X  X  X  X  X  X  X  -  -  S"),
            Row(shared["G06"], "X  X  X  X  X  X  X  X  H  -  -  S"),
            Row(shared["G27"], "X  X  X  X  X  X  H  H  -  -  -  H"),
            Row(shared["G28"], "X  X  X  X  X  X  X  X  X  X  X  X"),
            Row(Interlock("G07", "Mode automatic", ModeIs(Mode.AUTOMATIC)), "X  H  H  H  H  H  H  H  H  H  -  -"),
            Row(Interlock("G08", "Crane and stand homed, without fault, brake in order", fit), "X  X  X  X  X  X  X  X  -  X  -  -"),
            Row(Interlock("G09", "Truck identified, model and pack type fit", known), "X  X  X  X  -  -  X  -  X  -  -  -"),
            Row(Interlock("G10", "Truck at its wheel stop", stand.at_wheel_stop.is_on()), "-  X  H  H  H  -  H  H  H  H  -  -"),
            Row(Interlock("G10p", "Truck's pose scanned well, within the crane's reach", self.pose_ok), "-  -  H  H  H  -  H  H  -  -  -  -"),
            # Also while the gripper is let go: a truck that rolls takes it along.
            Row(Interlock("G10s", "Truck has not moved since it was scanned", still_there), "-  -  H  H  H  -  H  H  -  H  -  -"),
            Row(Interlock("G11", "Truck in P, parking brake on, doors shut, brake released", self.secured), "-  X  H  H  H  -  H  H  H  H  -  -"),
            # Held with abort, not only needed, from the first touch to the last: the truck may switch it on by itself.
            Row(Interlock("G12", "High voltage off by two signs, charging port closed", dead), "-  -  S  S  S  -  S  S  -  S  -  -"),
            Row(Interlock("G14", "Charged pack ready in its bay", charged), "X  -  -  -  -  -  -  -  -  -  -  -"),
            # Point of no return: from the unlocking on the truck has no pack of its own.
            Row(Interlock("G14h", "Charged pack stands unplugged in its bay", at_hand), "-  -  -  X  -  -  -  -  -  -  -  -"),
            Row(self.not_locked(exchange.fresh, exchange.fresh_bay), "X  X  X  X  -  -  X  -  -  -  -  -"),
            Row(Interlock("G15", "Empty compatible bay reserved for the spent pack", _takes(self.spent_bay)), "X  X  X  X  X  -  -  -  -  -  -  -"),
            # Not while a pack hangs: what becomes of the next one is no reason to leave this one hanging.
            *(Row(replace(self.not_locked(e.fresh, e.fresh_bay), text="Next charged pack neither hot nor in quarantine"), "X  X  X  X  -  -  -  -  -  -  -  -") for e in coming[1:]),
            *(Row(Interlock("G15", "Empty compatible bay reserved for the next spent pack", _takes(st.bay(bay))), "X  X  X  X  -  -  -  -  -  -  -  -") for bay in _wanted(job, seat)),
            Row(self.grip, "-  -  -  H  S  -  S  H  H  -  -  -"),
            Row(Interlock("G17", "All locks open by the truck", truck.locks_open.has_bits(mask)), "-  -  -  -  H  -  X  -  -  -  -  -"),
            Row(Interlock("G18", "Pack connector apart", self.seat.connector_apart.is_on()), "-  -  -  -  H  -  X  -  -  -  -  -"),
            # Mated by the pack's own weight: one that is not is found before any lock closes, and the pack lifts out again.
            Row(Interlock("G18m", "Pack connector mated", self.seat.connector_mated.is_on()), "-  -  -  -  -  -  -  X  -  -  -  -"),
            Row(Interlock("G20", "Pack seated in the truck on both cones, ropes slack", self.seat.latched.is_on() & self.seated), "-  -  -  X  -  -  -  H  -  -  -  -"),
            Row(Interlock("G21", "All locks closed by the truck, pack seated, connector mated", self.held_in_truck), "-  -  -  -  -  -  -  -  X  X  X  -"),
            Row(Interlock("G22", "Pack in the truck is the ordered one", expected), "-  -  -  -  -  -  -  -  -  X  X  -"),
            *(Row(Interlock("G21o", "The truck's other pack locked, seated, mated", self._locked(st, k)), "-  -  X  X  H  -  H  H  -  -  -  -") for k in range(recipe.packs) if k != seat),
            Row(self.clear, "X  -  -  -  -  -  -  -  -  -  H  -"),
            Row(self.load, "-  -  H  -  S  S  S  -  -  S  -  -"),
            Row(self.sway, "-  -  H  -  H  H  H  -  -  H  -  -"),
            # No truck is let in for a swap that the wind forbids.
            Row(self.wind, "X  -  H  -  H  H  H  -  -  -  -  -"),
        )
        self.self_check = Interlock("G24", "Truck's self-check after the swap passed", truck.postcheck_ok.is_on() & truck.hv_on.is_on())
        # Not the switch of the wheel stop alone: one that sticks would call a truck arrived that is not there.
        self.arrived = stand.at_wheel_stop.is_on() & stand.bay_empty.is_off() & stand.entry_beam.is_on()

    def _pose(self, st: TruckStation) -> Condition:
        """A scan that saw enough, of a truck that the crane can reach and that stands level enough to lift from."""
        stand = st.stand
        return (
            stand.scanned.is_on()
            & stand.quality.at_least(SCAN_QUALITY_PERCENT)
            & stand.dx.between(-REACH_MM, REACH_MM)
            & stand.dy.between(-REACH_MM, REACH_MM)
            & stand.yaw.between(-YAW_MOST_DEG, YAW_MOST_DEG)
            & stand.roll.between(-ROLL_MOST_DEG, ROLL_MOST_DEG)
        )

    def _locked(self, st: TruckStation, seat: int) -> Condition:
        """The pack of one seat is held, whatever is done to the others."""
        there, mask = st.vehicle.seats[seat], self.job.recipe.clips_of(seat)
        return there.latched.is_on() & there.connector_mated.is_on() & st.vehicle.locks_closed.has_bits(mask)


def _at_hand(bay: BaySignals, pack: str) -> Condition:
    return PlaceHolds(bay.name, pack) & bay.present.is_on() & bay.plug_out.is_on()


def _wanted(job: Job, seat: int) -> tuple[str, ...]:
    """Bays that later exchanges need empty now; where a charged pack of this truck still stands one will be by then."""
    freed = {e.fresh_bay for e in job.exchanges[seat:]}
    return tuple(e.spent_bay for e in job.exchanges[seat + 1 :] if e.spent_bay not in freed)


def _takes(bay: BaySignals) -> Condition:
    return PlaceHolds(bay.name) & bay.present.is_off() & bay.plug_out.is_on() & bay.enabled.is_on()


def _all(conditions: Iterable[Condition]) -> Condition:
    """One of them as it is, several together. There is at least one."""
    return reduce(and_, conditions)
