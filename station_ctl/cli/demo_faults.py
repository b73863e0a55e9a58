"""Faults that a demo can strike with, by the kind of station, and the step at which each strikes unless told otherwise.

Knows names of faults and numbers of steps. Does not know the plant, nor what any step does.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[str, Mapping[str, int]] = {
    "passenger_car": {
        "e-stop": 80,
        "curtain": 100,
        "bolt-stuck": 80,
        "sensor-stuck": 70,
        "link-lost": 90,
        "plc-restart": 120,
        "wrong-pack": 23,
    },
    "heavy_truck": {
        "e-stop": 90,
        "curtain": 95,
        "sensor-stuck": 70,
        "link-lost": 120,
        "plc-restart": 135,
        "wrong-pack": 125,
        "person": 150,
        "truck-lock-stuck": 80,
        "gripper-lock-stuck": 75,
        "cone-blocked": 150,
        "pose-shift": 70,
        "snag": 90,
        "overload": 90,
        "sway": 95,
        "wind": 120,
    },
}

IN_THE_MIDDLE = frozenset(("e-stop", "curtain", "link-lost", "plc-restart", "person", "pose-shift", "sway", "wind"))
"""Faults that strike in the middle of a step's movement; the others are there when it begins."""

NAMES = tuple(dict.fromkeys(name for faults in FAULTS.values() for name in faults))
"""All of them, of any kind of station."""
