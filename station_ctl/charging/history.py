"""What a bay has shown of its pack so far: enough to see a lie, a rise of temperature, and how long all was well.

Knows the past of one pack in one bay. Does not know other bays, and draws no consequence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from station_ctl.charging.bay_view import CHARGING, FULL, OPEN, BayView
from station_ctl.core.policy import SitePolicy

SAMPLE_EVERY_S, SAMPLES_KEPT_S = 10.0, 120.0
RISE_OVER_S, RISE_LEAST_C = 20.0, 2.0
"""A rise counts over at least this long and by at least so much: one step of a sensor is none."""

SILENCE_REMEMBERED_S = 3600.0
STEADY_S = 15.0
"""A level that stands this long has been taken up: what flows then is what the pack takes."""

AGAIN_BELOW = 3.0
"""A pack is charged again when it has lost so much, %, of the charge end."""

GAP_S = 120.0
"""Longer between two looks than this: nothing is said about what flowed meanwhile."""


@dataclass(frozen=True, slots=True)
class BayHistory:
    """Of `pack` (code) in one bay. Times are monotonic s; None: not so now, or never seen.

    `flowed_kwh` and `anchor_soc` begin anew whenever the SoC has moved by 1 %; `told_s` is how long the pack was
    told to charge since `gain_soc`; `silences` are the times of the charger's silences of the last hour.
    """

    pack: str = ""
    at: float | None = None
    well_since: float | None = None
    cleared: bool = False
    soc: float | None = None
    soc_at: float = 0.0
    anchor_soc: float | None = None
    flowed_kwh: float = 0.0
    gain_soc: float | None = None
    told_s: float = 0.0
    unread_since: float | None = None
    silent_since: float | None = None
    silences: tuple[float, ...] = ()
    temps: tuple[tuple[float, float], ...] = ()
    level_kw: float = 0.0
    level_since: float = 0.0
    takes_kw: float | None = None
    full_since: float | None = None

    def rise_c_per_min(self) -> float:
        """Steepest rise of the hottest cell over the last two minutes; 0 if too little is known."""
        if not self.temps:
            return 0.0
        now, temp = self.temps[-1]
        rises = [
            (temp - before) / (now - then) * 60.0
            for then, before in self.temps[:-1]
            if now - then >= RISE_OVER_S and temp - before >= RISE_LEAST_C
        ]
        return max(rises, default=0.0)


def watch(before: BayHistory, seen: BayView, told_kw: float, now: float, policy: SitePolicy) -> BayHistory:
    """The history after one more look. `told_kw` is the level that stood since the last look. Total."""
    if seen.pack != before.pack and (seen.heard or seen.custody is not None):
        before = BayHistory(pack=seen.pack, silences=before.silences, silent_since=before.silent_since)
    dt = 0.0 if before.at is None else max(now - before.at, 0.0)
    after = _link(replace(before, at=now), seen, now, policy)
    after = _level(after, seen, told_kw, now)
    after = _temperature(after, seen, now)
    if dt <= GAP_S:
        after = _flow(after, seen, told_kw, dt, policy)
    return _charge(after, seen, now, policy)


def _link(h: BayHistory, seen: BayView, now: float, policy: SitePolicy) -> BayHistory:
    """Since when the charger, and since when the BMS's values, cannot be had."""
    silent = seen.charger_link is not True and bool(seen.pack)
    silent_since = (now if h.silent_since is None else h.silent_since) if silent else None
    silences = tuple(t for t in h.silences if now - t < SILENCE_REMEMBERED_S)
    long_silent = silent_since is not None and now - silent_since >= policy.charger_silent_s
    if long_silent and silent_since not in silences and silent_since is not None:
        silences = (*silences, silent_since)
    unread = seen.heard and seen.bms_link is True and None in (seen.soc, seen.temp_max, seen.soh)
    unread_since = (now if h.unread_since is None else h.unread_since) if unread else None
    if (silent_since, silences, unread_since) == (h.silent_since, h.silences, h.unread_since):
        return h
    return replace(h, silent_since=silent_since, silences=silences, unread_since=unread_since)


def _level(h: BayHistory, seen: BayView, told_kw: float, now: float) -> BayHistory:
    """What the pack takes of a level that has stood for a while."""
    if told_kw != h.level_kw:
        return replace(h, level_kw=told_kw, level_since=now, takes_kw=None)
    steady = now - h.level_since >= STEADY_S and seen.charge_state == CHARGING and told_kw > 0
    takes = seen.power_kw if steady else None
    return h if takes == h.takes_kw else replace(h, takes_kw=takes)


def _temperature(h: BayHistory, seen: BayView, now: float) -> BayHistory:
    if seen.temp_max is None or seen.bms_link is not True:
        return h
    kept = tuple(s for s in h.temps if now - s[0] <= SAMPLES_KEPT_S)
    # The newest sample is always the present; the one before it stays only if it is far enough from its own.
    if len(kept) >= 2 and kept[-1][0] - kept[-2][0] < SAMPLE_EVERY_S:
        kept = kept[:-1]
    return replace(h, temps=(*kept, (now, seen.temp_max)))


def _flow(h: BayHistory, seen: BayView, told_kw: float, dt: float, policy: SitePolicy) -> BayHistory:
    """Energy that flowed, and time that passed, without the SoC moving."""
    if seen.soc is None or seen.bms_link is not True:
        return h
    flowed = h.flowed_kwh + (seen.power_kw or 0.0) * dt / 3600.0
    if h.anchor_soc is None or abs(seen.soc - h.anchor_soc) >= 1.0:
        h = replace(h, anchor_soc=seen.soc, flowed_kwh=0.0)
    else:
        h = replace(h, flowed_kwh=flowed)
    short = seen.soc < policy.charge_end_percent - 1.0
    # Nobody asks for a session of a pack that is nearly full: that its charger rests says nothing against it.
    claims_full = seen.charge_state == FULL and seen.soc <= policy.charge_end_percent - AGAIN_BELOW
    told = told_kw >= max(policy.bay_power_min_kw, 0.1) and seen.charge_state in OPEN
    if h.gain_soc is None or seen.soc - h.gain_soc >= 0.3 or seen.soc < h.gain_soc:
        return replace(h, gain_soc=seen.soc, told_s=0.0)
    return replace(h, told_s=h.told_s + dt) if short and (told or claims_full) else h


def _charge(h: BayHistory, seen: BayView, now: float, policy: SitePolicy) -> BayHistory:
    """The last believed SoC, and since when the pack is full."""
    if seen.soc is None or seen.bms_link is not True:
        return h
    full_since = h.full_since
    if seen.soc >= policy.charge_end_percent:
        full_since = now if full_since is None else full_since
    elif seen.soc < policy.charge_end_percent - AGAIN_BELOW:
        full_since = None
    return replace(h, soc=seen.soc, soc_at=now, full_since=full_since)
