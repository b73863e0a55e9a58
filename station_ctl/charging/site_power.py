"""What all chargers together may draw: the least of policy, setting, grid and meter, without what else the site
draws.

Knows the site's limit and its auxiliaries. Does not know bays one by one, nor who gets what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.insulation import Monitor
from station_ctl.core.policy import SitePolicy

DRAWN_KEPT_S, AUX_KEPT_S = 3.0, 60.0
"""The meter is up to 3 s behind the racks; what auxiliaries drew within the last minute they may draw again."""

DISBELIEF_S = 5.0
MARGIN = 0.99
"""The share of the limit that is given out: heaters and fans change faster than we look."""


@dataclass(frozen=True, slots=True)
class SiteView:
    """The site on one image. kW; None is not known. The `no_…` are proven only by a good reading that says so.

    `setting_kw` is the limit a person has set, None: none set. `isolation_ready` and `path_quiet` say that the
    isolation place is empty and ready, and that no swap needs the stacker. `reserved` names packs and bays that
    runs count on; `places` where the ledger has each pack at rest. `monitor` is that of the insulation, None: none.
    """

    meter_kw: float | None = None
    grid_kw: float | None = None
    setting_kw: float | None = None
    no_fire: bool = False
    no_water: bool = False
    isolation_ready: bool = False
    path_quiet: bool = False
    reserved: frozenset[str] = frozenset()
    places: Mapping[str, str] | None = None
    monitor: Monitor | None = None


@dataclass(frozen=True, slots=True)
class SitePower:
    """What was seen of the site's power: (monotonic s, kW) of chargers' draw, and of what all else drew."""

    drawn: tuple[tuple[float, float], ...] = ()
    aux: tuple[tuple[float, float], ...] = ()
    doubted_since: float | None = None


@dataclass(frozen=True, slots=True)
class SiteLimit:
    """`grid_kw` is the most that the site may draw, `chargers_kw` what of it the chargers may give out; `why`
    names the one that holds.
    """

    grid_kw: float
    chargers_kw: float
    aux_kw: float
    why: str
    safe: bool = False


def look(
    before: SitePower, site: SiteView, views: Mapping[str, BayView], now: float, policy: SitePolicy
) -> SitePower:
    """What is known of the site's power after one more look. Total."""
    known = sum(v.power_kw for v in views.values() if v.power_kw is not None)
    drawn = known / (policy.charger_efficiency_percent / 100.0)
    samples = (*(s for s in before.drawn if 0 <= now - s[0] <= DRAWN_KEPT_S), (now, drawn))
    aux = tuple(s for s in before.aux if 0 <= now - s[0] <= AUX_KEPT_S)
    meter = _number(site.meter_kw)
    if meter is None:
        # What was last known of the auxiliaries holds until something newer is known.
        return SitePower(samples, before.aux, before.doubted_since)
    # The largest draw of the last seconds: while power falls, an older reading of the meter is not all auxiliaries.
    rest = max(meter - max(kw for _, kw in samples), 0.0)
    # A later smaller value hides behind an earlier larger one until that is too old.
    aux = (*(s for s in aux if s[1] > rest), (now, rest))
    doubted = meter < 0.9 * min(kw for _, kw in samples) - 5.0
    since = (now if before.doubted_since is None else before.doubted_since) if doubted else None
    return SitePower(samples, aux, since)


def site_limit(site: SiteView, seen: SitePower, now: float, policy: SitePolicy) -> SiteLimit:
    """The limit that holds now. A meter that is not good, or says less than the chargers alone, means the safe
    cap.
    """
    limits = [(policy.site_power_max_kw, "site limit")]
    setting, grid = _number(site.setting_kw), _number(site.grid_kw)
    if site.setting_kw is not None:
        limits.append((max(setting or 0.0, 0.0), "setting"))
    if grid is not None:
        limits.append((max(grid, 0.0), "grid operator"))
    doubted = seen.doubted_since is not None and now - seen.doubted_since >= DISBELIEF_S
    safe = _number(site.meter_kw) is None or grid is None or doubted
    if safe:
        why = "meter says less than the chargers" if doubted else "meter not known"
        limits.append((policy.site_power_safe_kw, f"safe cap, {why}"))
    most, why = min(limits)
    aux = max([policy.aux_power_kw, *(kw for _, kw in seen.aux)])
    chargers = max(most * MARGIN - aux, 0.0)
    if site.meter_kw is not None and site.meter_kw > most and seen.drawn:
        # Whatever the reason: by so much the site is over, and only the chargers can give it back. Reckoned from what
        # they drew when the meter was read: they may have come down since, and are not to be taken down twice.
        drew = max(kw for _, kw in seen.drawn)
        chargers = min(chargers, max(drew - (site.meter_kw - most), 0.0))
    chargers *= policy.charger_efficiency_percent / 100.0
    return SiteLimit(most, chargers, aux, why, safe)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
