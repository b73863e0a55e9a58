"""Levels of the handshake: how much of the PLC contract a PLC keeps, and what the station therefore does not do.

Knows the levels of docs/plc_contract.md §12 in words. Does not know PLCs.
"""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """A: the whole contract. B: numbers, answers and heartbeats, but not all that proves an answer after a start or a
    loss. C: no numbers, or nothing that stops it when we are silent: it is not ordered at all."""

    A = "A"
    B = "B"
    C = "C"


MAY_LACK: dict[str, str] = {
    "EPOCH": "a new start of the PLC is not noticed by its number",
    "CMD_EPOCH": "an order from before a start of the PLC is not refused by it",
    "UPTIME_MS": "the age of an order is not known",
    "CMD_EXPIRES": "an order that was delayed is carried out all the same",
    "CMD_CRC": "a damaged order is not seen by its checksum",
}
"""Tags that a PLC of level B may lack, and what follows from it."""

TOGETHER = (("EPOCH", "CMD_EPOCH"), ("UPTIME_MS", "CMD_EXPIRES"))
"""Of each pair one is of no use without the other."""

WHAT_B_COSTS = "no run goes on after a stop, a loss or a start before a person has looked at the machine"
WHY_NOT_C = (
    "a PLC of level C is not ordered: without order numbers a repeated order moves twice, without a watch on our "
    "heartbeat or a stop of its own it does not stop when it must; work it at its own panel"
)


def cost_of_b(lacks: frozenset[str]) -> str:
    """What level B costs, with what this PLC lacks in particular."""
    missing = [tag for tag in MAY_LACK if tag in lacks]
    what = f"without {', '.join(missing)}" if missing else "with answers that do not survive a loss of power"
    return f"level B, {what}: {WHAT_B_COSTS}"
