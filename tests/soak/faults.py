"""What may go wrong in a swap, drawn at random: where it strikes, and what a person does to take its cause away.

Knows the faults of the plant, of the links and of the controller. Does not know how the station reacts.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults.struck_bench import STEPS

PLCS = ("lift", "stacker", "rack_a", "rack_b", "safety", "robot", "meter", "reader")
ORDERED = ("lift", "stacker", "rack_a", "rack_b", "robot")

KINDS = (
    "e-stop", "curtain", "maintenance-door", "scanner", "bolt-stuck", "sensor-stuck", "link-lost", "plc-restart",
    "wrong-pack", "door-open", "hv-on", "clamp-drift", "creep", "person", "lost-write", "lost-reply", "kill",
    "operator-hold", "operator-abort",
)  # fmt: skip

# A label that is changed after it was read for the last time is a lie that nobody can find out; and a vehicle that was
# identified by a false label is test_ways_out.py's case.
_READ_LATER = {
    "": STEPS,
    "fresh": tuple(no for no in STEPS if no < 130),
    "vehicle": tuple(no for no in STEPS if 20 < no < 100),
}


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes when step `no` has begun and `part` of its nominal time has passed."""

    kind: str
    no: int
    part: float
    args: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value}" for name, value in self.args)
        return f"{self.kind}{f' ({said})' if said else ''} at step {self.no} + {self.part:.0%}"


def strikes(rng: Random) -> tuple[Strike, ...]:
    """The faults of one swap: mostly one, sometimes none or two."""
    return tuple(_strike(rng) for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 1, 2))))


def _strike(rng: Random) -> Strike:
    kind = rng.choice(KINDS)
    args: dict[str, Any] = {}
    match kind:
        case "curtain":
            args["which"] = rng.randint(1, 2)
        case "maintenance-door":
            args["which"] = rng.randint(1, 3)
        case "bolt-stuck":
            args["bolt"] = rng.randint(1, 10)
        case "link-lost":
            args["plc"] = rng.choice(PLCS)
        case "plc-restart":
            args = {"plc": rng.choice(PLCS), "seconds": rng.choice((0.1, 0.5, 1.0, 3.0))}
        case "wrong-pack":
            args["target"] = rng.choice(("fresh", "vehicle"))
        case "creep":
            args["mm"] = rng.choice((-35.0, 35.0))
        case "lost-write" | "lost-reply":
            args["link"] = rng.choice(ORDERED)
        case "kill":
            args["outage"] = rng.choice((0.05, 0.5, 1.5, 3.0))
    where = {"bolt-stuck": (80, 120), "wrong-pack": _READ_LATER[args.get("target", "")]}
    no = rng.choice(where.get(kind, STEPS))
    return Strike(kind, no, rng.choice((0.0, 0.1, 0.4, 0.8, 0.98)), tuple(args.items()))
