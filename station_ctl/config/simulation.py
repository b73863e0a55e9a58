"""What the simulated machines of a station file must be together: packs, bays, modules, racks.

Knows the sizes that there are machines for. Does not know the simulated plant.
"""

from __future__ import annotations

from station_ctl.config.checks import Sketch

RACKS = ("rack_a", "rack_b", "rack_c", "rack_d")
BAYS = (2, 12)


def check_simulation(sketch: Sketch) -> None:
    """Every rule between `simulation` and the roles; findings go to the document."""
    report, size = sketch.document.report, sketch.value("simulation")
    if not isinstance(size, dict):
        return
    if not sketch.simulated:
        report(("simulation",), "only a simulated station has simulated machines")
    racks = {name: role for name, role in sketch.roles.items() if role is not None and role.bays}
    for name, role in racks.items():
        if name not in RACKS:
            report(("roles", name), f"the simulated racks are {', '.join(RACKS)}")
        elif role.bays is not None and not BAYS[0] <= role.bays <= BAYS[1]:
            report(("roles", name, "bays"), f"a simulated rack has {BAYS[0]} to {BAYS[1]} bays", got=role.bays)
    bays = sum(role.bays or 0 for role in racks.values())
    packs, modules = size.get("packs"), size.get("modules")
    if isinstance(packs, int) and bays and packs >= bays:
        report(("simulation", "packs"), f"{bays} bays hold {bays - 1} packs at most, one must be empty", got=packs)
    pairs = sum(((role.bays or 0) + 1) // 2 for role in racks.values())
    if isinstance(modules, int) and bays and modules not in (bays, pairs):
        text = f"needs one a bay, {bays}, or one for each two neighbours of a rack, {pairs}"
        report(("simulation", "modules"), text, got=modules)
    if size.get("sharing") is True and isinstance(modules, int) and modules < bays:
        report(("simulation", "sharing"), f"neighbours lend each other what each has: needs {bays} modules")
