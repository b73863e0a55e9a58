"""Bays as data, and a yard of them that obeys, for tests of the pure half of charging."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from station_ctl.charging.bay_view import CHARGING, BayView
from station_ctl.charging.decide import after_write, decide_charging
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState, Decision
from station_ctl.core.policy import SitePolicy

POLICY = SitePolicy(quarantine_settle_s=5.0)
SITE = SiteView(
    meter_kw=0.0, grid_kw=5000.0, no_fire=True, no_water=True, isolation_ready=True, path_quiet=True
)


def bay(number: int = 1, rack: str = "rack_a", **changed: Any) -> BayView:
    """A bay with a good pack at 50 %, its session open, no current yet."""
    name = f"{rack[-1].upper()}{number:02d}"
    good = BayView(
        name, number, rack, custody=f"P-{name}", pack_id=f"P-{name}", pack_type=100, present=True, seated=True,
        plug_in=True, enabled=True, charger_link=True, bms_link=True, no_smoke=True, no_prealarm=True, no_crash=True,
        coolant_ok=True, charge_state=CHARGING, stop_reason=0, power_kw=0.0, soc=50.0, soh=92.0, temp_max=25.0, gas=5,
        insulation=1500, energy_kwh=0.0, remain_min=90,
    )  # fmt: skip
    return replace(good, **changed)


def unheard(seen: BayView) -> BayView:
    """The same bay with its rack's link lost."""
    return BayView(seen.name, seen.number, seen.rack, seen.custody)


@dataclass
class Yard:
    """Bays, a site and a charging state that is driven look by look; writes succeed unless said otherwise."""

    bays: dict[str, BayView]
    policy: SitePolicy = POLICY
    site: SiteView = SITE
    now: float = 1000.0
    state: ChargingState = field(default_factory=ChargingState)
    plan: Any = None
    draws: bool = True
    aux_kw: float = 10.0

    @classmethod
    def of(cls, *bays: BayView, **changed: Any) -> Yard:
        return cls({b.name: b for b in bays}, **changed)

    def set(self, name: str, **changed: Any) -> None:
        self.bays[name] = replace(self.bays[name], **changed)

    def look(self, dt: float = 1.0) -> Decision:
        """One look after `dt` s; the levels are written, and chargers with an open session draw them."""
        self.now += dt
        drawn = sum(b.power_kw or 0.0 for b in self.bays.values()) / (
            self.policy.charger_efficiency_percent / 100
        )
        site = self.site if self.site.meter_kw is None else replace(self.site, meter_kw=drawn + self.aux_kw)
        decision = decide_charging(self.state, self.bays, site, self.now, self.plan, self.policy)
        self.state = after_write(decision.state, decision.levels, self.now)
        if self.draws:
            for name, kw in decision.levels.items():
                if self.bays[name].power_kw is not None:
                    self.set(name, power_kw=kw if self.bays[name].charge_state == CHARGING else 0.0)
        return decision

    def looks(self, seconds: float, dt: float = 1.0) -> Decision:
        """Looks every `dt` s for so long; the last decision."""
        decision = self.look(dt)
        for _ in range(int(seconds / dt) - 1):
            decision = self.look(dt)
        return decision
