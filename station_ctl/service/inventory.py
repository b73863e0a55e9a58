"""Inventory: which pack the sensors show where, to be confirmed by a person and admitted to custody.

Knows bays. Does not admit anything itself; reading is not believing until a person says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from station_ctl.core.errors import Refused
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image


def packs_in_bays(bays: Iterable[BaySignals], image: Image) -> tuple[tuple[str, str], ...]:
    """(pack, bay) for every bay with a pack. Raises Refused naming every bay that cannot be read."""
    found: list[tuple[str, str]] = []
    unclear: list[str] = []
    for bay in bays:
        if bay.present.is_off().proven(image):
            continue
        code = bay.pack_id.read(image)
        if bay.present.is_on().proven(image) and code.good and code.value:
            found.append((str(code.value), bay.name))
        else:
            unclear.append(f"{bay.name}: present {bay.present.read(image)}, code {code}")
    if unclear:
        raise Refused(f"inventory is not clear: {'; '.join(unclear)}")
    return tuple(found)
