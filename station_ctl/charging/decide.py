"""What charging does now: one pure function from what is seen to levels, wishes and findings.

Knows every rule's place in the whole. Has no clock and writes nothing; service/charging_duty.py does what is
decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from math import floor
from types import MappingProxyType

from station_ctl.charging import allocator, findings, insulation, sessions
from station_ctl.charging.allocator import Allocation, Limits, Told, Want, allocate, confirm, raise_safely
from station_ctl.charging.bay_view import OPEN, BayView, by_rack, neighbours
from station_ctl.charging.day_plan import DayPlan
from station_ctl.charging.history import BayHistory, watch
from station_ctl.charging.hot_packs import HotPack, heat, latch, struck
from station_ctl.charging.pack_model import ANY_PACK, PackModel
from station_ctl.charging.site_power import SiteLimit, SiteView, look, site_limit
from station_ctl.charging.state import ChargingState, Decision, Quarantine, standing
from station_ctl.charging.suspects import Clearance, Reason, Suspect, against, clashes, judge, lies
from station_ctl.core.policy import SitePolicy

LATE_FACTOR, LATE_SPARE_S = 1.15, 1800.0
"""A pack is urgent this much before the last moment at which it could begin to be charged at full power: a plan that
puts everything off leaves no other margin."""

TAKES_MORE = 1.25
TAKES_MORE_KW = 3.0
"""A pack that takes less than its level keeps so much room above what it takes; the rest is others'."""

BELIEVED_TABLE = 1.15
"""The cells of a good pack may bear so much more than the table says; its BMS has the last word."""

Reasons = tuple[Reason, ...]
NO_MODELS: Mapping[int, PackModel] = MappingProxyType({})


def decide_charging(
    state: ChargingState,
    views: Mapping[str, BayView],
    site: SiteView,
    now: float,
    plan: DayPlan | None,
    policy: SitePolicy,
    models: Mapping[int, PackModel] = NO_MODELS,
) -> Decision:
    """Decide on one look at all bays. `now` is monotonic s; `models` pack models by pack type. Pure and total.

    The state that comes back assumes nothing of the levels: tell it what was written with `after_write`.
    """
    measured = {name: seen.power_kw for name, seen in views.items()}
    told = confirm({name: _told(state, seen, policy) for name, seen in views.items()}, measured, now)
    histories, hot, doubts, quarantined = _look_at_packs(state, views, told, site, now, policy, models)
    power = look(state.power, site, views, now, policy)
    limit = site_limit(site, power, now, policy)
    leaks = insulation.watch(state.insulation, site.monitor, now)
    after = ChargingState(told, histories, hot, quarantined, power, leaks)
    clear = _clearances(after, views, doubts, now, policy)
    after = replace(after, histories=_settled(after, clear, views, doubts, now))
    locked = stopped_bays(after, views, site)
    # A leak somewhere on the DC side ends every charge. It says nothing against a pack whose own BMS finds none.
    stopped = {**locked, **{name: leaks.why_not for name in views if leaks.why_not and name not in locked}}
    wants = _wants(after, views, site, clear, stopped, now, plan, policy, models)
    unheard = sum(told[name].bound for name, seen in views.items() if not seen.heard)
    limits = _limits(limit, views, now, plan, policy)
    shared = allocate(wants, replace(limits, site_kw=max(limits.site_kw - unheard, 0.0)))
    levels = _hot_first(raise_safely(told, measured, shared.kw, limits), stopped, told)
    fans = {
        rack: any(b.name in hot or b.no_smoke is False for b in bays) for rack, bays in by_rack(views).items()
    }
    wishes = sessions.wishes(after, views, site, clear, stopped, policy)
    found = findings.findings(after, views, site, clear, limit, now)
    known = standing(after, locked, clear)
    return Decision(after, levels, fans, wishes, found, limit, clear, _held_by(clear, stopped, shared), known)


def after_write(
    state: ChargingState, levels: Mapping[str, float], now: float, unconfirmed: Iterable[str] = ()
) -> ChargingState:
    """The state after the levels were written; `unconfirmed` are bays whose write had no answer."""
    return replace(state, told=allocator.written(state.told, levels, now, unconfirmed))


def clear_hot(state: ChargingState, bay: str) -> ChargingState:
    """A person has cleared the hot latch of a bay. If it is still hot the next look latches it again."""
    return replace(state, hot={name: pack for name, pack in state.hot.items() if name != bay})


def clear_quarantine(state: ChargingState, pack: str) -> ChargingState:
    """A person has cleared a pack (or a bay, if no code was known). What still speaks against it latches it again.

    Its history begins anew: what the BMS said before is forgiven, and the settling time runs again.
    """
    gone = state.quarantined.get(pack)
    left = {key: q for key, q in state.quarantined.items() if key != pack}
    histories = dict(state.histories)
    if gone is not None:
        histories.pop(gone.bay, None)
    return replace(state, quarantined=left, histories=histories)


def _told(state: ChargingState, seen: BayView, policy: SitePolicy) -> Told:
    """What the bay was told. An open session under a level that is not ours may take all that its charger has."""
    told = state.told.get(seen.name, Told())
    foreign = not told.sure and told.at == Told().at and seen.charge_state in OPEN
    return replace(told, bound=max(told.bound, policy.bay_power_max_kw)) if foreign else told


def _look_at_packs(
    state: ChargingState, views: Mapping[str, BayView], told: Mapping[str, Told], site: SiteView, now: float,
    policy: SitePolicy, models: Mapping[int, PackModel],
) -> tuple[dict[str, BayHistory], dict[str, HotPack], dict[str, Reasons], dict[str, Quarantine]]:  # fmt: skip
    """Histories, hot latches, what speaks against each pack now, and quarantine after this look."""
    histories: dict[str, BayHistory] = {}
    doubts: dict[str, Reasons] = {}
    hot, quarantined = dict(state.hot), dict(state.quarantined)
    twice = clashes(views, site.places or {})
    for name, seen in views.items():
        before, model = state.histories.get(name, BayHistory()), _model(seen, models)
        after = histories[name] = watch(before, seen, told[name].level, now, policy)
        found = latch(hot.get(name), seen, heat(seen, after, policy), now)
        if found is not None:
            hot[name] = found
        doubts[name] = against(seen, after, now, policy, twice.get(name, ""))
        reasons = (*lies(before, seen, after, policy, model), *(r for r in doubts[name] if r.latched))
        key = seen.pack or name
        if reasons and key not in quarantined:
            quarantined[key] = Quarantine(seen.pack, name, reasons, now)
    return histories, hot, doubts, quarantined


def _clearances(
    state: ChargingState, views: Mapping[str, BayView], doubts: Mapping[str, Reasons], now: float,
    policy: SitePolicy,
) -> dict[str, Clearance]:  # fmt: skip
    """Of every bay with a pack (or one not known): cleared or suspect, quarantine included."""
    found: dict[str, Clearance] = {}
    for name, seen in views.items():
        if seen.present is False and not seen.pack:
            continue
        judged = judge(seen, state.histories[name], now, policy, doubts[name])
        kept = quarantine_of(state, seen)
        if kept is not None:
            more = judged.reasons if isinstance(judged, Suspect) else ()
            reasons = dict.fromkeys((*kept.reasons, *(r for r in more if r.latched)))
            judged = Suspect(seen.pack or kept.pack, tuple(reasons))
        found[name] = judged
    return found


def quarantine_of(state: ChargingState, seen: BayView) -> Quarantine | None:
    """The latched quarantine of the pack in this bay, by its codes or by the bay."""
    keys = (seen.custody or "", seen.pack_id or "", seen.name)
    return next((state.quarantined[key] for key in keys if key and key in state.quarantined), None)


def _settled(
    state: ChargingState, clear: Mapping[str, Clearance], views: Mapping[str, BayView],
    doubts: Mapping[str, Reasons], now: float,
) -> dict[str, BayHistory]:  # fmt: skip
    """Since when nothing speaks against each pack, and whether it is cleared."""
    histories = dict(state.histories)
    for name, seen in views.items():
        history = histories[name]
        judged = clear.get(name)
        since, cleared = None, False
        if judged is not None and not doubts[name] and quarantine_of(state, seen) is None:
            since = now if history.well_since is None else history.well_since
            cleared = not isinstance(judged, Suspect)
        if (since, cleared) != (history.well_since, history.cleared):
            histories[name] = replace(history, well_since=since, cleared=cleared)
    return histories


def stopped_bays(state: ChargingState, views: Mapping[str, BayView], site: SiteView) -> dict[str, str]:
    """Bays that get no current whatever their packs are, with the reason; the hot ones first."""
    found = struck(state.hot, neighbours(views))
    for proven, why in (
        (site.no_fire, "fire panel not proven quiet"),
        (site.no_water, "water not proven absent"),
    ):
        if not proven:
            for name in views:
                found.setdefault(name, why)
    return found


def _wants(
    state: ChargingState, views: Mapping[str, BayView], site: SiteView, clear: Mapping[str, Clearance],
    stopped: Mapping[str, str], now: float, plan: DayPlan | None, policy: SitePolicy, models: Mapping[int, PackModel],
) -> list[Want]:  # fmt: skip
    """The bays that could be given power now, each with the most it can take."""
    urgent = _urgent(views, now, plan, policy, models)
    found = []
    for name, seen in views.items():
        history, soc = state.histories[name], seen.soc
        if name in stopped or name not in clear or isinstance(clear[name], Suspect) or soc is None:
            continue
        if seen.charge_state not in OPEN or soc >= policy.charge_end_percent or seen.enabled is not True:
            continue
        if {name, seen.pack} & site.reserved:
            # A run counts on this pack or this bay: the plug may be drawn at any time, and no current flows then.
            continue
        most = policy.bay_kw
        if seen.temp_max is not None:
            most = min(most, _model(seen, models).acceptance_kw(soc, seen.temp_max) * BELIEVED_TABLE)
        if history.takes_kw is not None:
            most = min(most, max(history.takes_kw * TAKES_MORE + TAKES_MORE_KW, policy.bay_power_min_kw))
        ready = soc >= policy.swap_soc_min_percent
        found.append(Want(name, most, soc, name in urgent, ready, history.well_since or now))
    return found


def _urgent(
    views: Mapping[str, BayView],
    now: float,
    plan: DayPlan | None,
    policy: SitePolicy,
    models: Mapping[int, PackModel],
) -> frozenset[str]:
    """Bays whose pack is late unless it gets all it can take from now on: the k-th best pack is needed k-th."""
    if plan is None:
        return frozenset()
    target = policy.swap_soc_min_percent
    packs = sorted(
        (v for v in views.values() if v.present and v.soc is not None), key=lambda v: -(v.soc or 0.0)
    )
    kw = policy.bay_kw
    found = set()
    for seen, due in zip(packs, plan.still_needed(now), strict=False):
        assert seen.soc is not None
        needs = (
            _minutes(_model(seen, models), floor(seen.soc), target, kw, round(seen.temp_max or 25.0)) * 60.0
        )
        if seen.soc < target and now + needs * LATE_FACTOR + LATE_SPARE_S >= due:
            found.add(seen.name)
    return frozenset(found)


@lru_cache(maxsize=4096)
def _minutes(model: PackModel, soc: int, target: float, kw: float, temp_c: int) -> float:
    """Whole per cents and degrees are near enough, so that each is reckoned once and not at every look."""
    return model.minutes_to(soc, target, kw, temp_c)


def _limits(
    limit: SiteLimit, views: Mapping[str, BayView], now: float, plan: DayPlan | None, policy: SitePolicy
) -> Limits:
    groups: list[tuple[frozenset[str], float]] = []
    pairs: list[frozenset[str]] = []
    for bays in by_rack(views).values():
        names = [b.name for b in bays]
        groups.append((frozenset(names), policy.rack_power_max_kw))
        if policy.pair_power_max_kw > 0:
            pairs += map(frozenset, zip(names[::2], names[1::2], strict=False))
    groups += ((pair, policy.pair_power_max_kw) for pair in pairs)
    # Where one bay can take all that a pair has, there may be one module for both of them.
    switched = policy.pair_power_max_kw <= min(policy.bay_power_max_kw, policy.charge_power_kw)
    turns = tuple(pairs) if switched else ()
    planned = plan.kw_at(now) if plan is not None else None
    return Limits(limit.chargers_kw, tuple(groups), policy.bay_power_min_kw, planned, turns)


def _hot_first(
    levels: Mapping[str, float], stopped: Mapping[str, str], told: Mapping[str, Told]
) -> dict[str, float]:
    """The same levels, in the order in which they are to be written: stopped bays, other decreases, increases."""
    rank = {bay: no for no, bay in enumerate(stopped)}
    return dict(sorted(levels.items(), key=lambda i: (rank.get(i[0], len(rank)), i[1] > told[i[0]].level)))


def _held_by(
    clear: Mapping[str, Clearance], stopped: Mapping[str, str], shared: Allocation
) -> dict[str, str]:
    suspects = {name: str(c) for name, c in clear.items() if isinstance(c, Suspect)}
    return {**shared.held_by, **suspects, **stopped}


def _model(seen: BayView, models: Mapping[int, PackModel]) -> PackModel:
    return models.get(seen.pack_type or 0, ANY_PACK)
