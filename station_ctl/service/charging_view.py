"""Charging as everybody is shown it: the site's power, packs that are ready, packs that are locked, and each charger.

Knows how to say it. Changes nothing.
"""

from __future__ import annotations

from typing import Any

from station_ctl.charging.selection import next_ready_pack, soc_needed, why_not_ready
from station_ctl.charging.state import ChargingState
from station_ctl.service.duty import Duty


def snapshot(duty: Duty) -> dict[str, Any] | None:
    """All of it, for the one document of the station; None where the station runs without charging."""
    if duty.charging is None:
        return None
    return {"site": site(duty), **packs(duty)}


def site(duty: Duty) -> dict[str, Any]:
    """Power of the site, kW: what the meter shows, what is allowed and by whom, what chargers may give out and give."""
    charge = duty.charge
    decision, seen = charge.decision, charge.seen.values()
    now = charge.site(charge.image())
    shown: dict[str, Any] = {
        "meter_kw": now.meter_kw, "grid_kw": now.grid_kw, "setting_kw": now.setting_kw,
        "chargers_kw": round(sum(v.power_kw or 0.0 for v in seen), 1),
    }  # fmt: skip
    if decision is not None:
        limit = decision.limit
        shown |= {
            "limit_kw": limit.grid_kw, "limit_by": limit.why, "for_chargers_kw": round(limit.chargers_kw, 1),
            "others_kw": round(limit.aux_kw, 1), "told_kw": round(sum(t.level for t in charge.state.told.values()), 1),
        }  # fmt: skip
    return shown


def packs(duty: Duty) -> dict[str, Any]:
    """Bays whose pack is ready for at least one model, the next that will be, and what is locked and why."""
    image, policy, standing = duty.image, duty.reception.policy, duty.reception.standing()
    recipes, open_bays = tuple(duty.recipes.values()), duty.reception.open_bays
    reserved = duty.reception.reserved()
    ready = [
        b.name for b in open_bays
        if b.name not in reserved and any(not why_not_ready(b, image, r, policy, standing) for r in recipes)
    ]  # fmt: skip
    needed = min((soc_needed(recipe, policy) for recipe in recipes), default=policy.swap_soc_min_percent)
    following = next_ready_pack([b for b in open_bays if b.name not in ready], image, needed, standing)
    state = duty.charging.state if duty.charging is not None else ChargingState()
    return {
        "ready": ready,
        "next_ready": {"bay": following.bay, "minutes": round(following.minutes), "soc_percent": following.soc}
        if following is not None else None,
        "next_ready_text": str(following or "no pack is charging"),
        "hot": [{"bay": h.bay, "pack": h.pack, "why": h.words} for h in state.hot.values()],
        "quarantine": [
            {"bay": q.bay, "pack": q.pack, "why": "; ".join(map(str, q.reasons))} for q in state.quarantined.values()
        ],
    }  # fmt: skip


def charger(duty: Duty, name: str) -> dict[str, Any]:
    """One charger: what it was told, what it gives, and why not more. kW."""
    charge = duty.charge
    told, decision = charge.state.told.get(name), charge.decision
    limit = charge.memory.bay_kw.get(name)
    why = decision.held_by.get(name, "") if decision is not None else "not looked at yet"
    if limit == 0.0:
        why = "stopped by a person; see: station-ctl charger start"
    return {"bay": name, "level_kw": told.level if told is not None else None, "limit_kw": limit, "why": why}
