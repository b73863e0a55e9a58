"""What the loss of a row demands, written a second time: a silent PLC that takes orders holds, all else is the cell's.

Knows which links of either station carry orders. Does not ask the engine.
"""

from __future__ import annotations

from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Image
from station_ctl.core.steps import Kept, OnLoss

TAKES_ORDERS = {"lift": ScanClass.FAST, "robot": ScanClass.FAST, "stacker": ScanClass.FAST}
TAKES_ORDERS |= {"crane": ScanClass.FAST, "stand": ScanClass.FAST}
TAKES_ORDERS |= {"rack_a": ScanClass.NORMAL, "rack_b": ScanClass.NORMAL}
"""Links of PLCs that stop by themselves without us, and the scan class in which each shows its life."""

SAFETY = ("G01", "G03", "G04")


def silent(image: Image) -> set[str]:
    """Those of them of which nothing can be believed."""
    return {
        link
        for link, scan in TAKES_ORDERS.items()
        if not image.reading(link, scan, "EPOCH", 0.25 if scan is ScanClass.FAST else 0.5).good
    }


def demanded(kept: Kept, image: Image) -> OnLoss:
    """What the loss of this row on this image must do."""
    reasons = kept.interlock.holds.unmet(image)
    if kept.interlock.code in SAFETY or any(reason.known for reason in reasons):
        return kept.on_loss
    return OnLoss.HOLD if {reason.link for reason in reasons} <= silent(image) else kept.on_loss
