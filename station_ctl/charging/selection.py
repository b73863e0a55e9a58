"""Selection of the charged pack and of the empty bay for a swap, judged on one image.

Pure. Highest state of charge first, then the longest wait. Refuses with the estimate of the next ready pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from station_ctl.charging.bay_view import CHARGING as CHARGING
from station_ctl.charging.pack_model import ANY_PACK
from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image
from station_ctl.core.steps import Recipe

TYPICAL_KW = 40.0
"""Power at which the shares of a charge are reckoned; the charger's own estimate says how long the whole takes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What charging knows of packs beyond one image: `against` has, by bay, why its pack is suspect, hot or in
    quarantine, and `full_since` (monotonic s) by pack since when it is full. Without it nothing is known against
    any pack.
    """

    against: Mapping[str, str] = field(default_factory=dict)
    full_since: Mapping[str, float] = field(default_factory=dict)


NOTHING_KNOWN = Standing()
NOTHING_KEPT: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Choice:
    """The packs and bays of one swap, or why there are none (`refused`, with its alarm code)."""

    fresh: str = ""
    fresh_bay: str = ""
    spent_bay: str = ""
    refused: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class NextReady:
    """The pack that will be ready next: minutes from now, its bay, its charge (%) now."""

    minutes: float
    bay: str
    soc: float

    def __str__(self) -> str:
        return f"the next one will be ready in about {self.minutes:.0f} min (bay {self.bay}, now {self.soc:.0f} %)"


def soc_needed(recipe: Recipe, policy: SitePolicy) -> float:
    """State of charge (%) that a pack for this vehicle needs: the vehicle's own limit or the site's, the higher
    one.
    """
    return max(recipe.soc_min_percent, policy.swap_soc_min_percent)


def why_not_ready(
    bay: BaySignals, image: Image, recipe: Recipe, policy: SitePolicy, known: Standing = NOTHING_KNOWN
) -> str:
    """Why the pack in this bay cannot be given to a vehicle now; empty if it can."""
    if against := known.against.get(bay.name, ""):
        return against
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


def why_not_free(bay: BaySignals, image: Image, known: Standing = NOTHING_KNOWN) -> str:
    """Why no pack can be put into this bay now; empty if one can. A bay that was hot takes none until it is
    cleared.
    """
    if against := known.against.get(bay.name, ""):
        return against
    return (
        PlaceHolds(bay.name)
        & bay.present.is_off()
        & bay.plug_out.is_on()
        & bay.enabled.is_on()
        & bay.no_smoke.is_on()
    ).why_not(image)


def choose(
    bays: Iterable[BaySignals], image: Image, recipe: Recipe, policy: SitePolicy, reserved: frozenset[str],
    known: Standing = NOTHING_KNOWN, kept: Mapping[str, int] = NOTHING_KEPT, freed: tuple[str, ...] = (),
) -> Choice:  # fmt: skip
    """Choose pack and bay together: neither is reserved without the other. `reserved` names what open runs count
    on; `kept` is how many ready packs stay for whom; `freed` are bays that will be empty by then, taken if none is now.
    """
    bays = tuple(bays)
    ready = [b for b in _ready(bays, image, recipe, policy, known) if b.name not in reserved]
    ready = [b for b in ready if image.own.ledger.at(b.name) not in reserved]
    against = {known.against.get(b.name, "") for b in bays}
    if not ready and len(against) == 1 and (everywhere := against.pop()):
        return Choice(refused=f"no charged pack may leave its bay: {everywhere}", code="A303")
    if not ready:
        estimate = next_ready(bays, image, soc_needed(recipe, policy), known)
        return Choice(refused=f"no charged pack of type {recipe.pack_type} is ready; {estimate}", code="A303")
    if len(ready) <= sum(kept.values()):
        estimate = next_ready(bays, image, soc_needed(recipe, policy), known)
        whose = ", ".join(f"{packs} for {name}" for name, packs in kept.items())
        here = f"{len(ready)} charged packs of type {recipe.pack_type} ready, and as many or more are kept: {whose}"
        return Choice(refused=f"{here}; {estimate}", code="A303")
    free = [b.name for b in bays if b.name not in reserved and not why_not_free(b, image, known)]
    free += freed
    if not free:
        return Choice(
            refused="no empty bay for the spent pack; a bay becomes empty when a charged pack leaves it",
            code="A304",
        )
    best = min(ready, key=lambda b: (-_number(b, image), _full_since(b, image, known), b.number))
    fresh = image.own.ledger.at(best.name)
    assert fresh is not None
    return Choice(fresh, best.name, free[0])


def ready_count(
    bays: Iterable[BaySignals], image: Image, recipe: Recipe, policy: SitePolicy,
    reserved: frozenset[str] = frozenset(), known: Standing = NOTHING_KNOWN,
) -> int:  # fmt: skip
    """How many packs could be given to vehicles of this model now, without those that open runs count on."""
    ready = _ready(tuple(bays), image, recipe, policy, known)
    return sum(b.name not in reserved and image.own.ledger.at(b.name) not in reserved for b in ready)


def next_ready_pack(
    bays: Iterable[BaySignals], image: Image, needed: float, known: Standing = NOTHING_KNOWN
) -> NextReady | None:
    """The pack that will reach `needed` % first by its charger's own estimate; None if none is charging."""
    found: list[tuple[float, str, float]] = []
    for bay in bays:
        state, remain, soc = (s.read(image) for s in (bay.charge_state, bay.remain_min, bay.soc))
        if (
            not (state.good and remain.good and soc.good)
            or state.value != CHARGING
            or bay.name in known.against
        ):
            continue
        now, minutes = float(soc.value or 0), float(remain.value or 0)  # type: ignore[arg-type]
        found.append((minutes * _share_of_the_way(now, needed), bay.name, now))
    return NextReady(*min(found)) if found else None


def next_ready(
    bays: Iterable[BaySignals], image: Image, needed: float, known: Standing = NOTHING_KNOWN
) -> str:
    """When the next pack will have `needed` % of charge, in words, from the chargers' own estimates."""
    return str(next_ready_pack(bays, image, needed, known) or "no pack is charging")


def _share_of_the_way(now: float, needed: float) -> float:
    """Share 0 to 1 of the time to full after which a pack has `needed` %: the last per cent take the longest."""
    full = ANY_PACK.minutes_to(now, 100.0, TYPICAL_KW)
    return min(ANY_PACK.minutes_to(now, needed, TYPICAL_KW) / full, 1.0) if full > 0 else 0.0


def _ready(
    bays: tuple[BaySignals, ...], image: Image, recipe: Recipe, policy: SitePolicy, known: Standing
) -> list[BaySignals]:
    """Bays whose pack is ready, without packs whose code is seen in more than one bay."""
    codes = [str(r.value) for r in (b.pack_id.read(image) for b in bays) if r.value]
    ready = [b for b in bays if not why_not_ready(b, image, recipe, policy, known)]
    return [b for b in ready if codes.count(str(b.pack_id.read(image).value)) == 1]


def _full_since(bay: BaySignals, image: Image, known: Standing) -> float:
    return known.full_since.get(image.own.ledger.at(bay.name) or "", float("inf"))


def _number(bay: BaySignals, image: Image) -> float:
    value = bay.soc.read(image).value
    return float(value) if isinstance(value, int | float) else 0.0
