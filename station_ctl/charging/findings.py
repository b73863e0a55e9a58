"""What a person should know of charging: levels for the alarm board, each with a stable code, a place and words.

Knows what is worth telling. Does not know alarms, priorities or texts in other languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.hot_packs import Grade
from station_ctl.charging.insulation import UNREAD_S, believed
from station_ctl.charging.site_power import SiteLimit, SiteView
from station_ctl.charging.state import STATION, ChargingState, Finding
from station_ctl.charging.suspects import WAITS, Clearance, Suspect

OVER_LIMIT = 1.02
"""More than this share of the limit on the meter is told; the meter and the racks are not read at the same
instant.
"""

HOT_CODES = {Grade.PREALARM: "pack-hot", Grade.SMOKE: "pack-smoke"}


def findings(
    state: ChargingState, views: Mapping[str, BayView], site: SiteView, clear: Mapping[str, Clearance],
    limit: SiteLimit, now: float,
) -> tuple[Finding, ...]:  # fmt: skip
    """Everything that stands now: hot packs, packs in quarantine and suspects, site power and insulation."""
    found = [
        Finding(HOT_CODES[h.grade], h.bay, f"{h.pack or 'unknown pack'}: {h.words}")
        for h in state.hot.values()
    ]
    for kept in state.quarantined.values():
        found.extend(
            Finding(str(r.doubt), kept.bay, f"{kept.pack or 'unknown pack'}: {r.words}") for r in kept.reasons
        )
    for name, judged in clear.items():
        if isinstance(judged, Suspect):
            told = [r for r in judged.reasons if not r.latched and r.doubt not in WAITS]
            found.extend(
                Finding(str(r.doubt), name, f"{judged.pack or 'unknown pack'}: {r.words}") for r in told
            )
    return (*found, *_site(state, views, site, limit), *_insulation(state, site, now))


def _insulation(state: ChargingState, site: SiteView, now: float) -> list[Finding]:
    found = []
    if why := state.insulation.why_not:
        found.append(Finding("site-insulation", STATION, f"nothing is charged: {why}"))
    if site.monitor is not None and not believed(state.insulation, now):
        words = f"no new measurement for {UNREAD_S:g} s; self-test {_said(site.monitor.ok)}"
        found.append(Finding("insulation-monitor", STATION, words))
    return found


def _said(passed: bool | None) -> str:
    return "not known" if passed is None else "passed" if passed else "failed"


def _site(
    state: ChargingState, views: Mapping[str, BayView], site: SiteView, limit: SiteLimit
) -> list[Finding]:
    found = []
    if limit.safe:
        found.append(Finding("site-meter", STATION, f"{limit.why}; at most {limit.grid_kw:g} kW"))
    if site.meter_kw is not None and site.meter_kw > limit.grid_kw * OVER_LIMIT:
        words = f"the site draws {site.meter_kw:.1f} kW; {limit.grid_kw:g} kW allowed ({limit.why})"
        found.append(Finding("site-over-limit", STATION, words))
    if limit.chargers_kw <= 0:
        words = f"{limit.grid_kw:g} kW allowed ({limit.why}), {limit.aux_kw:.1f} kW drawn by all else"
        found.append(Finding("no-power", STATION, f"nothing is left for charging: {words}"))
    lost = sorted({v.rack for v in views.values() if not v.heard})
    found.extend(
        Finding("rack-unheard", rack, "its chargers count with the most that they were told")
        for rack in lost
        if any(
            state.told[v.name].bound > 0 for v in views.values() if v.rack == rack and v.name in state.told
        )
    )
    return found
