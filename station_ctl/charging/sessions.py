"""Which charging sessions are to be opened or closed, and which pack is to be carried to the isolation place.

Knows when a wish is worth an order. Orders nothing: the engine does, through its gate, when the station can.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.charging.bay_view import FAULT, FULL, IDLE, OPEN, BayView
from station_ctl.charging.history import AGAIN_BELOW
from station_ctl.charging.hot_packs import why_not_isolate
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState, Wish
from station_ctl.charging.suspects import Clearance, Suspect
from station_ctl.core.policy import SitePolicy


def wishes(
    state: ChargingState, views: Mapping[str, BayView], site: SiteView, clear: Mapping[str, Clearance],
    stopped: Mapping[str, str], policy: SitePolicy,
) -> tuple[Wish, ...]:  # fmt: skip
    """What charging asks of the engine now; the same wish comes again with every look until it is fulfilled or
    void.
    """
    found = []
    for name in (*stopped, *(n for n in views if n not in stopped)):
        seen = views.get(name)
        if seen is None or seen.present is not True:
            continue
        if why := why_close(state, seen, clear.get(name), stopped.get(name, ""), policy):
            found.append(Wish("close", name, seen.pack, why))
        elif name not in stopped and not why_not_open(state, seen, clear.get(name), site, policy):
            found.append(Wish("open", name, seen.pack, "needs charge"))
        hot = state.hot.get(name)
        quiet = site.no_fire and site.no_water and site.path_quiet
        if hot and not why_not_isolate(hot, seen, policy, ready=site.isolation_ready, quiet=quiet):
            found.append(Wish("isolate", name, hot.pack, hot.words))
    return tuple(found)


def why_close(
    state: ChargingState, seen: BayView, judged: Clearance | None, stopped: str, policy: SitePolicy
) -> str:
    """Why the open session of the bay is to be closed; empty if it is not. A wait (not yet known) closes nothing."""
    if seen.charge_state not in OPEN:
        return ""
    if stopped:
        return stopped
    if isinstance(judged, Suspect) and any(r.latched for r in judged.reasons):
        return f"quarantine: {judged}"
    if state.histories[seen.name].full_since is not None:
        return f"charged to {policy.charge_end_percent:g} %"
    return ""


def why_not_open(
    state: ChargingState, seen: BayView, judged: Clearance | None, site: SiteView, policy: SitePolicy
) -> str:
    """Why no session is to be opened for the pack in the bay; empty if one is."""
    if seen.charge_state not in (IDLE, FULL, FAULT) or seen.faulty:
        return f"needs an idle charger; found state {seen.charge_state}"
    if not state.told[seen.name].sure:
        return "needs a level that the rack has confirmed"
    if not seen.custody or {seen.custody, seen.name} & site.reserved:
        return "needs a pack at rest that no run counts on"
    proven = (seen.seated, seen.plug_in, seen.enabled, seen.charger_link, seen.no_smoke, seen.no_prealarm)
    if not all(p is True for p in proven):
        return "needs a seated, plugged pack in an enabled bay with its charger heard and its detectors quiet"
    if isinstance(judged, Suspect) and any(r.latched for r in judged.reasons):
        return f"quarantine: {judged}"
    if state.histories[seen.name].full_since is not None:
        return "the pack is full"
    if seen.bms_link is True and seen.soc is not None and seen.soc > policy.charge_end_percent - AGAIN_BELOW:
        return "the pack is nearly full"
    return ""
