"""The custody ledger held against the truth of the plant.

Knows where packs can be while they move. Does not know why they move.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.core.custody import Ledger

OUTSIDE = ("left:", "queue:", "vehicle:")


def custody_errors(ledger: Ledger, places: Mapping[str, str]) -> list[str]:
    """Every pack that is not where the ledger has it: a resting one at its place, a moving one on its way."""
    wrong = []
    for pack, custody in ledger:
        true = places.get(pack, "nowhere")
        possible = {custody.place, custody.to} - {None}
        if custody.moving and "robot" not in possible:
            possible.add("stacker")
        # A vehicle that rolls when its exit closes takes its pack along, and the ledger says so.
        if true.replace("left:", "vehicle:") not in possible:
            wrong.append(f"{pack}: ledger {custody}, plant {true}")
    held = (pack for pack, place in places.items() if not place.startswith(OUTSIDE))
    return wrong + [f"{pack}: plant {places[pack]}, not in the ledger" for pack in sorted(held) if pack not in ledger]
