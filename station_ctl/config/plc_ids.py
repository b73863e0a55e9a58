"""A PLC's own number: two PLCs of one program are otherwise alike, and their cables are soon exchanged.

Knows PLC_ID and `plc_id`. Does not know the rest of the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from station_ctl.config.io_checks import check_plc_id
from station_ctl.config.io_lists import IoFile
from station_ctl.core.orders import PLC_ID

if TYPE_CHECKING:
    from station_ctl.config.checks import Sketch


def check_plc_ids(sketch: Sketch, lists: Mapping[str, IoFile]) -> None:
    """A PLC that shows its own number is asked for it, and no two are asked for the same."""
    report = sketch.document.report
    owners: dict[int, str] = {}
    for name, io in lists.items():
        own = getattr(sketch.links.get(name), "plc_id", None)
        if own is None:
            if PLC_ID in io.points and "plc_id" not in (sketch.value("links", name) or {}):
                report(("links", name, "plc_id"), f"is missing: {io.file} has {PLC_ID}", key=True)
            continue
        if io.has_rows:
            check_plc_id(io)
        if own in owners:
            report(("links", name, "plc_id"), f"is also that of link {owners[own]}", got=own)
        owners.setdefault(own, name)
