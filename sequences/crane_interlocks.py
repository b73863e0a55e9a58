"""Rows that guard the crane whatever it lifts: what hangs in the gripper, sway, wind, ropes, where it hangs.

Knows which condition proves each. Does not know columns, jobs or the order of steps.
"""

from __future__ import annotations

from sequences.bay_interlocks import BayInterlocks
from sequences.truck_station import (
    AIM_DEG,
    AIM_MM,
    CONES,
    CORNERS,
    SWAY_LOWERING_DEG,
    SWAY_MOST_DEG,
    SWAY_STILL_DEG,
    TRAVEL_MM,
    TruckStation,
)
from station_ctl.core.conditions import Condition
from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Interlock
from station_ctl.core.truck_roles import Over

OVERLOAD = 1.25
"""What the hoist may carry of its pack's weight before something else must be holding it (fault F33), if the crane may
carry that at all."""


class CraneInterlocks(BayInterlocks):
    """Rows of one crane for packs of these weights (kg)."""

    def __init__(self, st: TruckStation, *pack_kg: float) -> None:
        super().__init__(st.policy)
        crane, share = st.crane, st.policy.pack_weight_tolerance_percent / 100
        lightest, heaviest = min(pack_kg), max(pack_kg)
        self.crane = crane
        if heaviest > crane.rated_kg:
            raise ValueError(f"its pack weighs {heaviest:g} kg, and the crane of this station lifts {crane.rated_kg:g} kg")
        self.most = round(min(OVERLOAD * heaviest, crane.rated_kg), 1)
        weight = crane.load_kg.between(round((1 - share) * lightest, 1), round((1 + share) * heaviest, 1))
        spare = round(share * lightest, 1)
        grip = crane.gripper_closed.has_bits(CORNERS) & crane.gripper_open.equals(0) & crane.landed.has_bits(CORNERS)
        open_ = crane.gripper_open.has_bits(CORNERS) & crane.gripper_closed.equals(0)
        self.tight, self.slack = crane.ropes_tight.is_on(), crane.ropes_tight.is_off()
        self.seated = self.slack & crane.cones_seated.has_bits(CONES)
        """Gripper, or the pack in it, rests on both guide cones, and its ropes are slack."""
        self.hangs = grip & self.tight & weight
        """A pack hangs in the gripper, whatever its height."""
        self.empty = open_ & crane.landed.equals(0) & crane.load_kg.at_most(spare)

        # Two signs: a switch that sticks would have the crane travel low, and its own PLC with it.
        high = crane.hoisted.is_on() & crane.z.at_least(TRAVEL_MM)

        self.nobody = Interlock("G04b", "Nobody in the bay, nothing in the crane's way", st.stand.bay_clear.is_on() & crane.path_clear.is_on())
        fit = crane.homed.is_on() & crane.no_fault.is_on() & crane.brake_ok.is_on()
        self.crane_fit = Interlock("G08c", "Crane homed, without fault, brake in order", fit)
        self.grip = Interlock("G16", "Gripper closed and landed at all four corners", grip)
        self.open = Interlock("G16o", "Gripper open at all four corners", open_)
        self.laden = Interlock("G16t", "Pack at all four corners weighs what its type weighs, ropes tight", self.hangs)
        self.unladen = Interlock("G16u", "Gripper open, nothing hangs on the crane", self.empty)
        self.load = Interlock("G30", "Crane lifts no more than its pack", crane.not_overloaded.is_on() & crane.load_kg.at_most(self.most))
        self.sway = Interlock("G35", "Sway within its limit", crane.sway.at_most(SWAY_MOST_DEG))
        self.still = Interlock("G35s", "Gripper hangs still", crane.sway.at_most(SWAY_STILL_DEG))
        self.steady = Interlock("G35l", "Gripper hangs steady enough to be lowered", crane.sway.at_most(SWAY_LOWERING_DEG))
        self.wind = Interlock("G36", "Wind within the crane's limit", crane.wind.at_most(st.policy.wind_max_mps))
        self.hoisted = Interlock("G38", "Gripper at travel height by switch and by height", high)
        self.clear = Interlock("G23", "Crane hoisted clear, gripper open and empty", high & self.empty)

    def over(self, bay: BaySignals) -> Interlock:
        """The crane hangs over this very bay."""
        return Interlock("G39", f"Crane over bay {bay.name}", self.over_bay(bay))

    def over_bay(self, bay: BaySignals) -> Condition:
        """By the crane's own place and the bay's number in the station."""
        return self.crane.over.equals(Over.BAY) & self.crane.over_bay.equals(bay.number)

    def aimed(self, along_mm: float) -> Condition:
        """The gripper hangs over the pack's place in the truck as the scanner has measured it."""
        crane = self.crane
        return (
            crane.over.equals(Over.TRUCK)
            & crane.aim_x.between(along_mm - AIM_MM, along_mm + AIM_MM)
            & crane.aim_y.between(-AIM_MM, AIM_MM)
            & crane.aim_turn.between(-AIM_DEG, AIM_DEG)
        )
