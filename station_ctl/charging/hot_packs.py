"""Hot packs: what makes a pack one, whom it concerns, and when it may be carried to the isolation place.

Knows thresholds and neighbours. Does not write levels, drive fans nor move packs. Source: domain rules F22 to
F24, G05, G29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from station_ctl.charging.bay_view import OVER_TEMPERATURE, BayView
from station_ctl.charging.history import BayHistory
from station_ctl.core.policy import SitePolicy

NO_CURRENT_KW = 0.5
"""Less than this measured is no current any more."""


class Grade(IntEnum):
    """How far it has come; a latch only ever rises."""

    PREALARM = 1
    SMOKE = 2


@dataclass(frozen=True, slots=True)
class HotPack:
    """A pack found hot in a bay, latched until a person clears it. `at` is monotonic s."""

    bay: str
    pack: str
    grade: Grade
    words: str
    at: float


def heat(seen: BayView, history: BayHistory, policy: SitePolicy) -> tuple[Grade, str] | None:
    """What is hot about the bay now, in words, or None. What is not known is not hot: it gets no current anyway."""
    if seen.no_smoke is False:
        return Grade.SMOKE, "smoke"
    found = []
    if seen.no_prealarm is False:
        found.append("thermal pre-alarm of the bay")
    if seen.temp_max is not None and seen.present is not False and seen.temp_max >= policy.hot_temp_c:
        found.append(f"{seen.temp_max:.1f} °C, limit {policy.hot_temp_c:g}")
    if seen.gas is not None and seen.gas >= policy.hot_gas_ppm:
        found.append(f"gas {seen.gas} ppm, limit {policy.hot_gas_ppm}")
    rise = history.rise_c_per_min()
    if rise >= policy.hot_rise_c_per_min:
        found.append(f"rising by {rise:.1f} °C a minute, limit {policy.hot_rise_c_per_min:g}")
    cool = seen.temp_max is not None and seen.temp_max <= policy.pack_temp_max_c
    if seen.stop_reason == OVER_TEMPERATURE and seen.present is True and not cool:
        found.append("charger stopped for over-temperature")
    return (Grade.PREALARM, ", ".join(found)) if found else None


def latch(
    before: HotPack | None, seen: BayView, now_hot: tuple[Grade, str] | None, now: float
) -> HotPack | None:
    """The latch of a bay after one look: it is set, it rises, it never falls."""
    if now_hot is None:
        return before
    grade, words = now_hot
    if before is None:
        return HotPack(seen.name, seen.pack, grade, words, now)
    if grade > before.grade:
        return HotPack(before.bay, before.pack or seen.pack, grade, words, before.at)
    return before


def struck(hot: Mapping[str, HotPack], beside: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Bays that get no current on account of hot packs, with the reason: the hot bays first, then their
    neighbours.
    """
    found = {bay: f"hot: {pack.words}" for bay, pack in hot.items()}
    for bay in hot:
        for other in beside.get(bay, ()):
            found.setdefault(other, f"beside {bay}, which is hot")
    return found


def why_not_isolate(pack: HotPack, seen: BayView, policy: SitePolicy, *, ready: bool, quiet: bool) -> str:
    """Why this pack is not to be carried to the isolation place now; empty if it may be asked for.

    `ready`: the isolation place is proven empty and ready. `quiet`: no fire alarm, no water, and nothing of a
    swap is in the stacker's way, all proven. The interlocks of the move judge it again; towards the vehicle there
    is no such wish at all.
    """
    if not policy.isolation_allowed:
        return "the site does not allow it (isolation_allowed)"
    if not pack.pack or seen.custody != pack.pack:
        found = seen.custody or "none"
        return f"needs {pack.pack or 'a known pack'} at rest in {pack.bay} by the ledger; found {found}"
    if seen.present is not True:
        return "needs the pack in the bay; it is not proven there"
    if seen.power_kw is None or seen.power_kw > NO_CURRENT_KW:
        return "needs no current; found " + (
            "none known" if seen.power_kw is None else f"{seen.power_kw:.1f} kW"
        )
    if seen.temp_max is None or seen.temp_max > policy.hot_move_max_c:
        found = seen.why("temp_max") if seen.temp_max is None else f"{seen.temp_max:.1f} °C"
        return f"needs at most {policy.hot_move_max_c:g} °C to be carried; found {found}"
    if not ready:
        return "needs the isolation place empty and ready"
    return "" if quiet else "needs a station without fire alarm, water and a swap in the stacker's way"
