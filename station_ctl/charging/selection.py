"""Selection of the charged pack and of the empty bay for a swap, judged on one image.

Pure. Highest state of charge first, then the longest wait. Refuses with the estimate of the next ready pack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image
from station_ctl.core.steps import Recipe

CHARGING = 4
"""Charger state "charging" (config/io/charging_rack_cr12.csv)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The packs and bays of one swap, or why there are none (`refused`, with its alarm code)."""

    fresh: str = ""
    fresh_bay: str = ""
    spent_bay: str = ""
    refused: str = ""
    code: str = ""


def soc_needed(recipe: Recipe, policy: SitePolicy) -> float:
    """State of charge (%) that a pack for this vehicle needs: the vehicle's own limit or the site's, the higher
    one.
    """
    return max(recipe.soc_min_percent, policy.swap_soc_min_percent)


def why_not_ready(bay: BaySignals, image: Image, recipe: Recipe, policy: SitePolicy) -> str:
    """Why the pack in this bay cannot be given to a vehicle now; empty if it can."""
    pack = image.own.ledger.at(bay.name)
    if pack is None:
        return f"ledger: {image.own.ledger.describe(bay.name)}"
    return (
        bay.present.is_on()
        & bay.bms_link.is_on()
        & bay.pack_id.equals(pack)
        & bay.pack_type.equals(recipe.pack_type)
        & bay.soc.at_least(soc_needed(recipe, policy))
        & bay.soh.at_least(policy.pack_soh_min_percent)
        & bay.insulation.at_least(policy.pack_insulation_min_kohm)
        & bay.temp_max.at_most(policy.pack_temp_max_c)
        & bay.no_crash.is_on()
        & bay.no_smoke.is_on()
        & bay.no_prealarm.is_on()
    ).why_not(image)


def why_not_free(bay: BaySignals, image: Image) -> str:
    """Why no pack can be put into this bay now; empty if one can."""
    return (
        PlaceHolds(bay.name)
        & bay.present.is_off()
        & bay.plug_out.is_on()
        & bay.enabled.is_on()
        & bay.no_smoke.is_on()
    ).why_not(image)


def choose(
    bays: Iterable[BaySignals], image: Image, recipe: Recipe, policy: SitePolicy, reserved: frozenset[str]
) -> Choice:
    """Choose pack and bay. `reserved` names bays and packs that open runs count on."""
    bays = tuple(bays)
    ready = [b for b in bays if b.name not in reserved and not why_not_ready(b, image, recipe, policy)]
    ready = [b for b in ready if image.own.ledger.at(b.name) not in reserved]
    if not ready:
        estimate = next_ready(bays, image, soc_needed(recipe, policy))
        return Choice(refused=f"no charged pack of type {recipe.pack_type} is ready; {estimate}", code="A303")
    free = [b for b in bays if b.name not in reserved and not why_not_free(b, image)]
    if not free:
        return Choice(
            refused="no empty bay for the spent pack; a bay becomes empty when a charged pack leaves it",
            code="A304",
        )
    best = max(ready, key=lambda b: (_number(b, image), -b.number))
    fresh = image.own.ledger.at(best.name)
    assert fresh is not None
    return Choice(fresh, best.name, free[0].name)


def next_ready(bays: Iterable[BaySignals], image: Image, needed: float) -> str:
    """When the next pack will have `needed` % of charge, in words, from the chargers' own estimates."""
    waits: list[tuple[float, str, float]] = []
    for bay in bays:
        state, remain, soc = (s.read(image) for s in (bay.charge_state, bay.remain_min, bay.soc))
        if not (state.good and remain.good and soc.good) or state.value != CHARGING:
            continue
        now, minutes = float(soc.value or 0), float(remain.value or 0)  # type: ignore[arg-type]
        # The charger estimates the time to full; the swap limit comes earlier by the share still missing.
        share = (needed - now) / max(100.0 - now, 1.0)
        waits.append((minutes * min(max(share, 0.0), 1.0), bay.name, now))
    if not waits:
        return "no pack is charging"
    minutes, name, now = min(waits)
    return f"the next one will be ready in about {minutes:.0f} min (bay {name}, now {now:.0f} %)"


def _number(bay: BaySignals, image: Image) -> float:
    value = bay.soc.read(image).value
    return float(value) if isinstance(value, int | float) else 0.0
