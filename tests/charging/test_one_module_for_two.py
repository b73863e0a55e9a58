"""Two neighbours that have one module between them: who has it, when it changes hands, and that waiting is no fault."""

from __future__ import annotations

from dataclasses import replace

from station_ctl.charging.pack_model import ANY_PACK
from station_ctl.charging.state import Decision
from tests.charging.yard import POLICY, Yard, bay

ONE = replace(POLICY, charge_power_kw=60.0, bay_power_max_kw=60.0, pair_power_max_kw=60.0)
LOOK_S = 10.0


class Module:
    """Feeds the one of two bays that asked first, and the other one only when the first is told nothing more."""

    def __init__(self, *socs: float) -> None:
        self.yard = Yard.of(*(bay(k, soc=soc) for k, soc in enumerate(socs, 1)), policy=ONE, draws=False)
        self.at = ""

    def look(self) -> Decision:
        decision = self.yard.look(LOOK_S)
        told = {name: kw for name, kw in decision.levels.items() if kw > 0}
        if self.at not in told:
            self.at = min(told, default="")
        for name, seen in self.yard.bays.items():
            soc = seen.soc or 0.0
            kw = min(told[name], ANY_PACK.acceptance_kw(soc, 25.0)) if name == self.at else 0.0
            self.yard.set(name, power_kw=kw, soc=min(soc + kw * LOOK_S / 3600.0, 100.0))
        return decision

    def told(self) -> set[str]:
        return {name for name, kw in self.look().levels.items() if kw > 0}


def test_nobody_is_told_to_draw_from_a_module_that_his_neighbour_has() -> None:
    """The second of two waits an hour and a half for the first: it was never told to charge, so it does not refuse."""
    module = Module(20.0, 15.0)
    assert not module.told(), "neither has settled"
    for _ in range(900):
        decision = module.look()
        assert sum(kw > 0 for kw in decision.levels.values()) <= 1
        assert not decision.state.quarantined, decision.findings
    assert all((seen.soc or 0.0) > 80.0 for seen in module.yard.bays.values())


def test_a_pack_that_is_ready_hands_the_module_over_and_is_filled_when_nobody_waits() -> None:
    module = Module(89.5, 60.0)
    for _ in range(3):
        module.look()
    assert module.told() == {"A01"} and module.look().held_by["A02"] == "turn"
    while (module.yard.bays["A01"].soc or 0.0) < 90.0:
        assert module.told() == {"A01"}
    for _ in range(3):
        module.look()
    assert module.told() == {"A02"} and module.yard.bays["A02"].power_kw == 60.0
    while (module.yard.bays["A02"].soc or 0.0) < 90.0:
        assert module.told() == {"A02"}
    for _ in range(400):
        module.look()
    assert all((seen.soc or 0.0) >= 95.0 for seen in module.yard.bays.values())


def test_a_pack_that_takes_nothing_from_its_module_is_found_and_its_neighbour_is_not() -> None:
    module = Module(80.0, 60.0)
    for _ in range(200):
        module.look()
        module.yard.set("A01", power_kw=0.0, soc=80.0)
    assert set(module.yard.state.quarantined) == {"P-A01"}
    assert module.told() == {"A02"} and (module.yard.bays["A02"].soc or 0.0) > 62.0
