"""Bays, packs and chargers: listed, shown, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station_ctl.charging.selection import CHARGING, why_not_free, why_not_ready
from station_ctl.core.errors import NotFound, Refused
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Signal
from station_ctl.engine.events import Verb
from station_ctl.engine.opening import also_told
from station_ctl.engine.recoding import named_in, why_not_recoded
from station_ctl.engine.statement import AT_REST, why_not_at
from station_ctl.service import charging_view, recovery, view
from station_ctl.service.actions import Nothing
from station_ctl.service.bay_locks import BayLock, counted_on, locked, unlocked
from station_ctl.service.calls import Check, Plan, Result
from station_ctl.service.catalogue.bay import BayWanted, PackWanted, Statement, TrueCode
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.inventory import packs_in_bays


def _custody(duty: Duty, place: str) -> str | None:
    return duty.engine.state.ledger.at(place)


async def list_bays(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every bay as its sensors show it, beside what custody says."""
    rows = [{**view.bay(duty, bay), "custody": _custody(duty, bay.name)} for bay in duty.bays]
    data = {"bays": rows, **charging_view.packs(duty)}
    full, ready = sum(r["present"] is True for r in rows), len(data["ready"])
    return Result(data, f"{len(rows)} bays, {full} with a pack, {ready} ready; {data['next_ready_text']}")


def _bay(duty: Duty, name: str) -> BaySignals:
    for bay in duty.bays:
        if bay.name == name:
            return bay
    raise NotFound(f"no bay {name!r}; there are {duty.bays[0].name} to {duty.bays[-1].name}")


async def show(duty: Duty, params: BayWanted, call: Call) -> Result:
    """One bay. Raises NotFound."""
    bay, image = _bay(duty, params.bay), duty.image
    policy, standing = duty.reception.policy, duty.reception.standing()
    give = {model: why_not_ready(bay, image, r, policy, standing) for model, r in duty.recipes.items()}
    data = {
        **view.bay(duty, bay), "custody": _custody(duty, bay.name),
        "why_not_free": why_not_free(bay, image, standing), "why_not_ready": give,
    }  # fmt: skip
    if why := duty.bay_locks.why_not(bay.name):
        return Result(data, why)
    ready = [model for model, why in give.items() if not why]
    said = f"ready for {', '.join(ready)}" if ready else next(iter(give.values()), "")
    return Result(data, f"{bay.name}: {data['custody'] or 'no pack in custody'}; {said}")


async def scan(duty: Duty, params: Nothing, call: Call) -> Result:
    """What the sensors show against what custody says, bay by bay."""
    rows = []
    for bay in duty.bays:
        code, present = bay.pack_id.read(duty.image), bay.present.read(duty.image)
        seen = str(code.value) if code.good and code.value else ("?" if present.good and present.value else "")
        known = _custody(duty, bay.name) or ""
        rows.append({"bay": bay.name, "sensors": seen, "custody": known, "agree": seen == known})
    wrong = [row["bay"] for row in rows if not row["agree"]]
    said = f"sensors and custody disagree in {', '.join(map(str, wrong))}" if wrong else "sensors and custody agree"
    return Result({"bays": rows, "disagree": wrong}, said)


async def plan_disable(duty: Duty, params: BayWanted, call: Call) -> Plan:
    """What stands against taking the bay out of use: a run that counts on it. Raises NotFound."""
    bay = _bay(duty, params.bay)
    run = counted_on(duty.engine.state.runs, bay.name)
    check = Check("A401", "no open run counts on the bay", not run, "none", run or "none", "open runs")
    return Plan((check,), (f"no swap and no procedure works at bay {bay.name}; what is in it stays",))


async def disable(duty: Duty, params: BayWanted, call: Call) -> Result:
    """Out of use from now on, also after a restart. Raises NotFound, Refused."""
    lock = BayLock(_bay(duty, params.bay).name, call.person.name, call.envelope.reason, duty.wall())
    row = locked(lock)
    # Before it is durable: from the look at the runs to here nothing has come between.
    duty.bay_locks.put(row)
    await duty.record(row, call.take_audit())
    duty.changed()
    return Result({"bay": lock.bay, "reason": lock.reason}, str(lock))


async def enable(duty: Duty, params: BayWanted, call: Call) -> Result:
    """In use again; one that is in use stays so. Raises NotFound."""
    row = unlocked(_bay(duty, params.bay).name, call.person.name)
    await duty.record(row, call.take_audit())
    duty.bay_locks.put(row)
    duty.changed()
    return Result({"bay": params.bay}, f"bay {params.bay} is in use")


def _missing(duty: Duty) -> tuple[tuple[str, str], ...]:
    """(pack, bay) that the sensors show and custody does not have. Raises Refused naming unclear bays."""
    ledger = duty.engine.state.ledger
    return tuple((pack, bay) for pack, bay in packs_in_bays(duty.bays, duty.image) if pack not in ledger)


async def plan_inventory(duty: Duty, params: Nothing, call: Call) -> Plan:
    """What would enter custody, and what stands against it."""
    try:
        found = _missing(duty)
    except Refused as error:
        return Plan((Check("A302", "every bay can be read", False, found=str(error)),))
    taken = [(p, b) for p, b in found if _custody(duty, b) is not None]
    check = Check("A302", "no bay holds another pack by custody", not taken, found=", ".join(b for _, b in taken))
    return Plan((check,), tuple(f"{pack} enters custody in {bay}" for pack, bay in found))


async def inventory(duty: Duty, params: Nothing, call: Call) -> Result:
    """Packs that the sensors show enter custody. Raises Refused, NotAllowed."""
    found = _missing(duty)
    await duty.ask(call, Verb.ADMIT, admit=found)
    duty.changed()
    return Result({"admitted": dict(found)}, f"{len(found)} packs entered custody")


async def list_packs(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every pack in custody with its place."""
    by_bay = {bay.name: view.bay(duty, bay) for bay in duty.bays}
    rows: list[dict[str, Any]] = []
    for pack, custody in duty.engine.state.ledger:
        bay = by_bay.get(custody.place, {})
        known = {name: bay.get(name) for name in ("soc_percent", "soh_percent", "temp_max_c")}
        rows.append({"pack": pack, "place": custody.place, "on_its_way_to": custody.to, **known})
    return Result({"packs": rows}, f"{len(rows)} packs in custody")


def _packs_of(opened: Mapping[str, Any]) -> dict[object, str]:
    """The packs of a run by what it was to do with each."""
    args = opened.get("args") or {}
    moved = {args.get("pack"): str(opened.get("sequence"))} if args.get("pack") else {}
    moved |= {opened[role]: role for role in ("fresh", "spent") if opened.get(role)}
    also = also_told(opened)
    return moved | {e.fresh: "fresh" for e in also} | {e.spent: "spent" for e in also}


RUNS_LOOKED_AT = 2000
"""Runs back in which a pack is looked for: a week of a busy station, read without holding up the journal."""


MOVES_LOOKED_AT = 20_000
"""Rows back in which a pack's places are looked for: some 200 swaps."""


async def show_pack(duty: Duty, params: PackWanted, call: Call) -> Result:
    """One pack: where it is, how it is, which runs moved it. Raises NotFound."""
    ledger = duty.engine.state.ledger
    rows = await duty.journal.ask(lambda journal: journal.newest(RUNS_LOOKED_AT, ("run-opened",)))
    runs = [r for r in rows if params.pack in _packs_of(r.data)]
    if params.pack not in ledger and not runs:
        raise NotFound(f"no pack {params.pack!r} is or was in this station; see: station-ctl battery list")
    told = [
        {"at": r.at, "run": r.run, "as": _packs_of(r.data)[params.pack],
         "vehicle": r.data.get("vehicle")}
        for r in runs
    ]  # fmt: skip
    where = ledger.where(params.pack) if params.pack in ledger else "not in the station"
    here = next((view.bay(duty, b) for b in duty.bays if _custody(duty, b.name) == params.pack), {})
    return Result({"pack": params.pack, "where": str(where), "bay": here, "runs": told}, f"{params.pack}: {where}")


async def pack_history(duty: Duty, params: PackWanted, call: Call) -> Result:
    """Where the pack has been, row by row. Raises NotFound for a pack that no row tells of."""
    rows = await duty.journal.ask(lambda journal: journal.newest(MOVES_LOOKED_AT, but="person"))
    told = []
    for row in rows:
        changes = row.data.get("custody")
        if not isinstance(changes, dict) or params.pack not in changes:
            continue
        place, to, order = changes[params.pack] or ("not in the station", None, 0)
        where = {"place": place, "on_its_way_to": to, "order": order or None}
        told.append({"at": row.at, **where, "run": row.run or None, "by": row.kind})
    if not told:
        raise NotFound(f"no pack {params.pack!r} in the newest {MOVES_LOOKED_AT} rows; see: station-ctl battery list")
    return Result({"pack": params.pack, "places": told}, f"{params.pack}: {len(told)} changes of place")


async def plan_statement(duty: Duty, params: Statement, call: Call) -> Plan:
    """What speaks against a statement: the place, another pack, any sensor."""
    state = duty.engine.state
    why = why_not_at(duty.engine.facts, state.ledger, duty.image, params.pack, params.place)
    rests = state.state in AT_REST
    resting = Check("A402", "the station is at rest", rests, "at rest", str(state.state), "station state")
    agrees = Check("A302", f"nothing speaks against {params.pack} at {params.place}", not why, found=why)
    return Plan((resting, agrees), (f"custody says from then on: {params.pack} at {params.place}; nothing moves",))


async def state_place(duty: Duty, params: Statement, call: Call) -> Result:
    """Custody follows what two persons have seen and no sensor contradicts. Raises Refused, NotAllowed."""
    await duty.ask(call, Verb.STATE, admit=((params.pack, params.place),))
    duty.changed()
    return Result({"pack": params.pack, "place": params.place}, f"custody: {params.pack} at {params.place}")


async def plan_code(duty: Duty, params: TrueCode, call: Call) -> Plan:
    """What speaks against a correction: another pack of that code, the place, any sensor."""
    state, place = duty.engine.state, params.place
    rests = state.state in AT_REST
    resting = Check("A402", "the station is at rest", rests, "at rest", str(state.state), "station state")
    why = why_not_recoded(duty.engine.facts, state, duty.image, place, params.pack) if rests else ""
    agrees = Check("A302", f"nothing speaks against {params.pack} at {place}", not why, found=why)
    runs = [run.run_id for run in state.runs if named_in(run, state.ledger.at(place) or "")]
    told = f"custody{''.join(f', run {run}' for run in runs)} says {params.pack} from then on; nothing moves"
    return Plan((resting, agrees), (f"{place} holds {state.ledger.at(place) or 'no pack'} by custody", told))


async def correct_code(duty: Duty, params: TrueCode, call: Call) -> Result:
    """Custody and open runs call a pack by the code that two persons have read. Raises Refused, NotAllowed."""
    was = await recovery.recode(
        duty.engine, duty.procedures, params.place, params.pack, call.person.name, call.take_audit()
    )
    duty.changed()
    data = {"pack": params.pack, "was": was, "place": params.place}
    return Result(data, f"custody: the pack at {params.place} is {params.pack}, not {was}")


async def list_chargers(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every charger as its rack shows it."""
    image = duty.image
    rows = []
    for bay in duty.bays:
        signals: dict[str, Signal[Any]] = {
            "state": bay.charge_state, "power_kw": bay.power, "soc_percent": bay.soc, "temp_max_c": bay.temp_max,
            "minutes_left": bay.remain_min, "link": bay.charger_link, "bms": bay.bms_link,
        }  # fmt: skip
        readings = {name: signal.read(image) for name, signal in signals.items()}
        rows.append({"bay": bay.name, **{name: r.value if r.good else None for name, r in readings.items()}})
    charging = sum(row["state"] == CHARGING for row in rows)
    return Result({"chargers": rows}, f"{charging} of {len(rows)} are charging")
