"""Charging: chargers stopped, started and limited; packs locked and cleared; the site's limit; what is planned."""

from __future__ import annotations

from dataclasses import replace

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.decide import clear_hot, clear_quarantine
from station_ctl.charging.hot_packs import heat
from station_ctl.charging.state import Quarantine
from station_ctl.charging.suspects import Doubt, Reason
from station_ctl.core.errors import NotFound, Refused
from station_ctl.service import charging_view, view
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.bay import BayWanted
from station_ctl.service.catalogue.charging import ChargerLimit, SiteLimitWanted
from station_ctl.service.charging_memory import ChargingMemory
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty

PLAN_ROWS = 96


def _seen(duty: Duty, name: str) -> BayView:
    """The bay as charging sees it now. Raises NotFound."""
    views = duty.charge.views()
    if name not in views:
        raise NotFound(f"no bay {name!r}; there are {duty.bays[0].name} to {duty.bays[-1].name}")
    return views[name]


# ---- chargers ----
async def show_charger(duty: Duty, params: BayWanted, call: Call) -> Result:
    """One charger. Raises NotFound."""
    seen = _seen(duty, params.bay)
    data = charging_view.charger(duty, params.bay)
    bay = next(b for b in duty.bays if b.name == params.bay)
    data = {**view.bay(duty, bay), **data, "minutes_left": seen.remain_min, "stop_reason": seen.stop_reason}
    power = "power not known" if seen.power_kw is None else f"{seen.power_kw:g} kW"
    told = "not told anything" if data["level_kw"] is None else f"told {data['level_kw']:g} kW at most"
    return Result(data, f"{params.bay}: {power}, {told}" + (f"; {data['why']}" if data["why"] else ""))


async def stop_charger(duty: Duty, params: BayWanted, call: Call) -> Result:
    """No current from now on, also after a restart. Raises NotFound."""
    return await _limited(duty, params.bay, 0.0, call)


async def start_charger(duty: Duty, params: BayWanted, call: Call) -> Result:
    """As far as pack and site allow; what was given up is tried again. Raises NotFound."""
    result = await _limited(duty, params.bay, None, call)
    duty.charge.begin_again(params.bay)
    return result


async def limit_charger(duty: Duty, params: ChargerLimit, call: Call) -> Result:
    """At most so much from now on. Raises NotFound."""
    return await _limited(duty, params.bay, params.kw, call)


async def _limited(duty: Duty, bay: str, kw: float | None, call: Call) -> Result:
    _seen(duty, bay)

    def change(memory: ChargingMemory) -> ChargingMemory:
        kept = {name: limit for name, limit in memory.bay_kw.items() if name != bay}
        return replace(memory, bay_kw=kept if kw is None else {**kept, bay: kw})

    said = f"bay {bay}: " + ("may charge" if kw is None else "no current" if kw == 0.0 else f"at most {kw:g} kW")
    await duty.charge.change(change, f"{said}, by {call.person.name}", call.take_audit())
    duty.changed()
    return Result({"bay": bay, "limit_kw": kw}, said)


# ---- locked packs ----
async def quarantine(duty: Duty, params: BayWanted, call: Call) -> Result:
    """The pack of the bay is locked until somebody clears it. Raises NotFound, Refused."""
    seen = _seen(duty, params.bay)
    if seen.present is False and not seen.pack:
        raise Refused(f"there is no pack in bay {params.bay}")
    key, why = seen.pack or seen.name, f"{call.envelope.reason} ({call.person.name})"
    lock = Quarantine(seen.pack, seen.name, (Reason(Doubt.PERSON, why),), duty.engine.clock.process())

    def change(memory: ChargingMemory) -> ChargingMemory:
        return memory.of(replace(memory.state, quarantined={**memory.state.quarantined, key: lock}))

    await duty.charge.change(change, f"quarantine: {key}: {why}", call.take_audit())
    duty.changed()
    return Result({"bay": params.bay, "pack": seen.pack}, f"{key} is locked: {why}")


def _locks(duty: Duty, seen: BayView) -> tuple[bool, list[Quarantine]]:
    """What is latched of a bay: hot, and the packs in quarantine that are or were in it."""
    state, keys = duty.charge.state, {seen.custody, seen.pack_id, seen.name}
    kept = [q for key, q in state.quarantined.items() if key in keys or q.bay == seen.name]
    return seen.name in state.hot, kept


async def plan_clear(duty: Duty, params: BayWanted, call: Call) -> Plan:
    """What stands against clearing: detectors that still speak, or nothing to clear. Raises NotFound."""
    seen = _seen(duty, params.bay)
    hot, kept = _locks(duty, seen)
    history = duty.charge.state.histories.get(seen.name)
    speaks = heat(seen, history, duty.reception.policy) if history is not None else None
    quiet = seen.no_smoke is True and seen.no_prealarm is True
    found = speaks[1] if speaks is not None else "quiet" if quiet else seen.why("no_smoke") or seen.why("no_prealarm")
    checks = (
        Check("A805", f"the detectors of bay {params.bay} are quiet", speaks is None and quiet, "quiet", found),
        Check("A901", f"something of bay {params.bay} is locked", hot or bool(kept), found="nothing is locked"),
    )
    latches = [f"bay {params.bay} is no longer hot"] if hot else []
    return Plan(checks, (*latches, *(f"{q.pack or q.bay}: {'; '.join(map(str, q.reasons))}" for q in kept)))


async def clear(duty: Duty, params: BayWanted, call: Call) -> Result:
    """Whatever is latched of the bay; what still speaks against its pack locks it again. Raises NotFound, Refused."""
    plan = await plan_clear(duty, params, call)
    if failed := [check for check in plan.checks if not check.holds]:
        raise Refused("; ".join(f"{check.text}: {check.found}" for check in failed))
    _, kept = _locks(duty, _seen(duty, params.bay))

    def change(memory: ChargingMemory) -> ChargingMemory:
        state = clear_hot(memory.state, params.bay)
        for lock in kept:
            state = clear_quarantine(state, lock.pack or lock.bay)
        return memory.of(state)

    why = f"cleared: bay {params.bay} by {call.person.name}: {call.envelope.reason}"
    await duty.charge.change(change, why, call.take_audit())
    duty.charge.orders.forget(params.bay)
    duty.changed()
    said = f"bay {params.bay}: cleared: {', '.join(plan.steps)}"
    return Result({"bay": params.bay, "cleared": list(plan.steps)}, said)


# ---- the whole site ----
async def show_ready(duty: Duty, params: Nothing, call: Call) -> Result:
    """Ready packs and the next one."""
    data = charging_view.packs(duty)
    return Result(data, f"{len(data['ready'])} ready: {', '.join(data['ready']) or 'none'}; {data['next_ready_text']}")


async def show_site(duty: Duty, params: Nothing, call: Call) -> Result:
    """Power of the site now."""
    data = charging_view.site(duty)
    meter = "not known" if data["meter_kw"] is None else f"{data['meter_kw']:.1f} kW"
    limit = f"at most {data['limit_kw']:g} kW ({data['limit_by']})" if "limit_kw" in data else "no limit found yet"
    return Result(data, f"the site draws {meter}, {limit}; chargers give {data['chargers_kw']:g} kW")


async def show_plan(duty: Duty, params: Nothing, call: Call) -> Result:
    """What every charger gets and why, and the plan if there is one."""
    rows = [charging_view.charger(duty, bay.name) for bay in duty.bays]
    plan, now = duty.charge.plan, duty.engine.clock.process()
    slots = [
        {"in_min": round((plan.start + no * plan.slot_s - now) / 60.0), "kw": round(kw, 1)}
        for no, kw in enumerate(plan.kw[:PLAN_ROWS])
        if plan.start + (no + 1) * plan.slot_s > now
    ] if plan is not None else []  # fmt: skip
    planned = plan.kw_at(now) if plan is not None else None
    why = duty.planner.said if duty.planner is not None else "no plan: the station file names no tariff"
    said = f"planned now: {planned:g} kW; {why}" if planned is not None else f"{why}; the fullest pack goes first"
    site = charging_view.site(duty)
    data = {"chargers": rows, "plan": slots, "planner": why, "site": site}
    return Result(data, f"chargers are told {site.get('told_kw', 0.0):g} kW together; {said}")


async def plan_limit(duty: Duty, params: SiteLimitWanted, call: Call) -> Plan:
    """What the site may draw from then on."""
    policy = duty.reception.policy
    kw = policy.site_power_max_kw if params.kw == "off" else float(params.kw)
    check = Check(
        "A410", "within the site's own limit", kw <= policy.site_power_max_kw,
        f"{policy.site_power_max_kw:g} kW at most", f"{kw:g} kW", "policy",
    )  # fmt: skip
    return Plan((check,), (f"the site draws at most {kw:g} kW; chargers are lowered at once, nothing moves",))


async def limit_site(duty: Duty, params: SiteLimitWanted, call: Call) -> Result:
    """From now on, also after a restart. Raises Refused."""
    (check,) = (await plan_limit(duty, params, call)).checks
    if not check.holds:
        raise Refused(f"{check.text}: needs {check.needed}; is {check.found}")
    kw = None if params.kw == "off" else float(params.kw)
    said = "the site has no limit of its own" if kw is None else f"the site draws at most {kw:g} kW"
    await duty.charge.change(lambda m: replace(m, site_kw=kw), f"{said}, by {call.person.name}", call.take_audit())
    duty.changed()
    return Result({"setting_kw": kw}, said)
