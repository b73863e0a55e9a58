"""One look of charging at 48 bays: from views to levels, against a bare loop over the same bays.

Both run in this process on the same data. The bare loop only adds up what chargers draw and hands the rest out in
order of charge, which is the least that any allocator does; the figure that counts is the processor time of a whole
decision.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.figures import Figures, Target, percentile
from station_ctl.charging.allocator import Limits, Want, allocate
from station_ctl.charging.bay_view import CHARGING, BayView
from station_ctl.charging.day_plan import SLOT_S, DayPlan
from station_ctl.charging.decide import after_write, decide_charging
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState
from station_ctl.core.policy import SitePolicy

BAYS = (12, 24, 48)
JUDGED = 48
WANTED_MS = 5.0
LOOKS, QUICK_LOOKS = 2000, 200
WARM_UP = 60
POLICY = SitePolicy(site_power_max_kw=1200.0, site_power_safe_kw=200.0)
SITE = SiteView(meter_kw=15.0, grid_kw=5000.0, no_fire=True, no_water=True)


def run(*, quick: bool = False) -> Figures:
    """Time decisions of 12, 24 and 48 bays; a full run takes about half a minute."""
    looks = QUICK_LOOKS if quick else LOOKS
    samples = {bays: _measure(bays, looks) for bays in BAYS}
    rows = [
        [
            str(bays),
            what,
            f"{percentile(ms, 0.5):.3f}",
            f"{percentile(ms, 0.99):.3f}",
            _ratio(ms, found["bare loop"]),
        ]
        for bays, found in samples.items()
        for what, ms in found.items()
    ]
    whole = percentile(samples[JUDGED]["whole decision"], 0.99)
    each = {bays: percentile(found["whole decision"], 0.5) for bays, found in samples.items()}
    growth = each[48] / each[12]
    targets: list[Target] = [
        {"figure": f"decision for {JUDGED} bays, p99", "found": f"{whole:.2f} ms", "wanted": f"≤ {WANTED_MS:g} ms",
         "met": whole <= WANTED_MS},
        {"figure": "48 bays against 12", "found": f"{growth:.1f} ×", "wanted": "≤ 5 ×", "met": growth <= 5.0},
    ]  # fmt: skip
    return Figures(
        title="One look of charging",
        columns=["bays", "what", "p50 ms", "p99 ms", "× bare loop"],
        rows=rows,
        targets=targets,
        notes=[
            "whole decision: histories, suspects, hot packs, limits, plan, allocation, safe raise, findings"
        ],
        data={"ms": {str(bays): {k: sorted(v) for k, v in found.items()} for bays, found in samples.items()}},
    )


def _ratio(ms: list[float], bare: list[float]) -> str:
    return f"{percentile(ms, 0.5) / percentile(bare, 0.5):.0f}"


def _bays(number: int) -> dict[str, BayView]:
    """Bays that charge, in racks of twelve, with packs of every charge."""
    found = {}
    for no in range(number):
        name = f"{chr(65 + no // 12)}{no % 12 + 1:02d}"
        found[name] = BayView(
            name, no + 1, f"rack_{no // 12}", custody=f"P-{no}", pack_id=f"P-{no}", pack_type=100, present=True,
            seated=True, plug_in=True, enabled=True, charger_link=True, bms_link=True, no_smoke=True, no_prealarm=True,
            no_crash=True, coolant_ok=True, charge_state=CHARGING, stop_reason=0, power_kw=20.0,
            soc=20.0 + 70.0 * no / number, soh=92.0, temp_max=25.0, gas=5, insulation=1500, remain_min=60,
        )  # fmt: skip
    return found


def _measure(number: int, looks: int) -> dict[str, list[float]]:
    """Milliseconds of each look, of the allocation alone and of the bare loop."""
    bays, plan = _bays(number), DayPlan(0.0, (600.0,) * 96, tuple(SLOT_S * k for k in range(200)))
    wants = [Want(name, 40.0, seen.soc or 0.0) for name, seen in bays.items()]
    limits = Limits(1000.0, tuple((frozenset(list(bays)[k : k + 2]), 60.0) for k in range(0, number, 2)), 3.0)
    state, now = ChargingState(), 0.0
    found: dict[str, list[float]] = {"bare loop": [], "allocation": [], "whole decision": []}
    gc.disable()
    for look in range(looks + WARM_UP):
        now += 1.0
        # The packs charge as they should, so that no look ends early because of a suspect.
        bays = {name: replace(seen, soc=min((seen.soc or 0.0) + 0.005, 94.0)) for name, seen in bays.items()}
        begun = time.process_time()
        decision = decide_charging(state, bays, SITE, now, plan, POLICY)
        took = (time.process_time() - begun) * 1000.0
        state = after_write(decision.state, decision.levels, now)
        if look < WARM_UP:
            continue
        found["whole decision"].append(took)
        found["allocation"].append(_timed(lambda: allocate(wants, limits)))
        found["bare loop"].append(_timed(lambda seen=bays: _bare(seen)))
    gc.enable()
    return found


def _timed(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return (time.process_time() - begun) * 1000.0


def _bare(bays: dict[str, BayView]) -> dict[str, float]:
    """Hand 1,000 kW out, the fullest pack first."""
    left, given = 1000.0, {}
    for seen in sorted(bays.values(), key=lambda v: -(v.soc or 0.0)):
        given[seen.name] = min(40.0, left)
        left -= given[seen.name]
    return given
