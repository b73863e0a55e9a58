"""How the seeded defects of charging and of hot packs are made.

Knows the insides of what it spoils. Does not know which invariant must see it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import station_ctl.charging.decide as charging
from drivers.stacker_st2 import StackerST2
from station_ctl.charging.hot_packs import Grade
from station_ctl.charging.state import ChargingState, Standing
from station_ctl.core.conditions import NotLocked
from tests.explore import charging as ours
from tests.explore.charging import Charge
from tests.explore.defects import Patch


def deaf_to_smoke() -> tuple[Patch, ...]:
    """Smoke is heard by nobody; what else is hot about a pack still counts."""
    real = charging.heat

    def heat(seen: Any, history: Any, policy: Any) -> Any:
        found = real(seen, history, policy)
        return None if found is not None and found[0] is Grade.SMOKE else found

    return ((charging, "heat", heat),)


def alone() -> tuple[Patch, ...]:
    """A hot pack strikes its own bay and no other."""
    return ((charging, "neighbours", lambda views: {}),)


def forgives() -> tuple[Patch, ...]:
    """A pack is hot as long as its detectors say so; no person is needed to clear it."""
    real = charging.decide_charging
    return ((charging, "decide_charging", lambda state, *seen: real(replace(state, hot={}), *seen)),)


def locks_unheard() -> tuple[Patch, ...]:
    """Nobody asks whether a pack is locked."""
    return ((NotLocked, "proven", lambda self, image: True),)


def nameless() -> tuple[Patch, ...]:
    """A lock without a pack's name is none."""
    real: Any = ChargingState.locks
    named = property(lambda self: tuple(lock for lock in real.fget(self) if len(lock[0]) == 24))
    return ((ChargingState, "locks", named),)


def forgets_at_start() -> tuple[Patch, ...]:
    """The journal keeps no locks."""
    return ((ours, "restarted", lambda charge: ours.kept(Charge())),)


def promises_anything() -> tuple[Patch, ...]:
    """Selection is told nothing of hot packs and of quarantine."""
    return ((charging, "standing", lambda *_: Standing()),)


def charges_the_doubtful() -> tuple[Patch, ...]:
    """A pack in quarantine gets current like any other."""
    return ((charging, "quarantine_of", lambda *_: None), (charging, "against", lambda *_: ()))


def isolates_forward() -> tuple[Patch, ...]:
    """The way to the isolation place begins at the handover."""
    return ((StackerST2, "isolate", StackerST2.fetch),)
