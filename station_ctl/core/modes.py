"""Modes and states of the station and phases of a swap run.

Mode says who may order; state (PackML names, TR88.00.02) says what the station is doing; phase says how far a swap is.
"""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Who may order motion. A station never wakes up in automatic."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    MAINTENANCE = "maintenance"


class State(StrEnum):
    """State of the station."""

    STOPPED = "stopped"
    IDLE = "idle"
    EXECUTE = "execute"
    HOLDING = "holding"
    HELD = "held"
    STOPPING = "stopping"
    ABORTING = "aborting"
    ABORTED = "aborted"


class Phase(StrEnum):
    """Phase of a swap run; the first seven in this order, the rest are exits and interruptions."""

    POSITIONING = "positioning"
    LOCK_RELEASE = "lock release"
    EXTRACTION = "extraction"
    INSERTION = "insertion"
    VERIFICATION = "verification"
    RELEASE = "release"
    PUT_AWAY = "put-away"
    COMPLETE = "complete"
    HELD = "held"
    ABORTED = "aborted"
    RECOVERING = "recovering"


ORDERED_PHASES: tuple[Phase, ...] = (
    Phase.POSITIONING,
    Phase.LOCK_RELEASE,
    Phase.EXTRACTION,
    Phase.INSERTION,
    Phase.VERIFICATION,
    Phase.RELEASE,
    Phase.PUT_AWAY,
    Phase.COMPLETE,
)
