"""The site's limit holds for any history of limits, losses, lies and appetites, on a plant that does its worst."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station_ctl.charging.bay_view import CHARGING, IDLE, BayView
from station_ctl.charging.decide import after_write, decide_charging
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState
from tests.charging.yard import POLICY, SITE, bay, unheard

SIX = tuple(bay(number, rack) for rack in ("rack_a", "rack_b") for number in (1, 2, 3))
RACKS = ("rack_a", "rack_b")
LAG_S = 0.9
"""A charger follows a new level within this time; until then it may draw what the old one allowed."""

TIGHT = replace(
    POLICY, site_power_max_kw=150.0, site_power_safe_kw=60.0, rack_power_max_kw=90.0, pair_power_max_kw=70.0
)
EFFICIENCY = TIGHT.charger_efficiency_percent / 100.0


class Plant:
    """Chargers that draw all they may, on PLCs that keep their last level when nobody writes."""

    def __init__(self, aux: float) -> None:
        self.now, self.aux = 1000.0, aux
        self.levels: dict[str, list[tuple[float, float]]] = {b.name: [(0.0, 0.0)] for b in SIX}
        self.appetite = dict.fromkeys(self.levels, 60.0)
        self.lost: set[str] = set()
        self.deaf: set[str] = set()
        self.blind: set[str] = set()
        self.closed: set[str] = set()
        self.out: set[str] = set()
        self.soc = {name: 50.0 + no for no, name in enumerate(self.levels)}
        self.grid, self.setting, self.meter_good = 5000.0, None, True
        self.lies = 0.0
        self.limits: list[tuple[float, float, bool]] = []

    def draw(self, name: str) -> float:
        """Power now: nobody draws more than the highest level that stood within the lag."""
        if name in self.closed:
            return 0.0
        told = self.levels[name]
        recent = [kw for at, kw in told if self.now - at <= LAG_S]
        before = [kw for at, kw in told if self.now - at > LAG_S]
        return min(self.appetite[name], max([*recent, *before[-1:]]))

    def write(self, name: str, kw: float) -> None:
        self.levels[name].append((self.now, int(kw * 10 + 1e-6) / 10))

    def total(self, racks: set[str] | None = None) -> float:
        chosen = [b for b in SIX if racks is None or b.rack in racks]
        return sum(self.draw(b.name) for b in chosen) / EFFICIENCY + self.aux

    def limit(self) -> float:
        limits = [TIGHT.site_power_max_kw, self.grid if self.meter_good else TIGHT.site_power_safe_kw]
        return min(limits if self.setting is None else [*limits, self.setting])

    def views(self) -> dict[str, BayView]:
        found = {}
        for seen in SIX:
            power = None if seen.name in self.blind else self.draw(seen.name)
            state = IDLE if seen.name in self.closed else CHARGING
            enabled, soc = seen.name not in self.out, self.soc[seen.name]
            shown = replace(seen, power_kw=power, charge_state=state, enabled=enabled, soc=soc)
            found[seen.name] = unheard(seen) if seen.rack in self.lost else shown
        return found

    def site(self) -> SiteView:
        meter = self.total() + self.lies if self.meter_good else None
        grid = self.grid if self.meter_good else None
        return replace(SITE, meter_kw=meter, grid_kw=grid, setting_kw=self.setting)

    def allowed(self) -> float:
        """The highest limit since the last look whose levels reached all racks that are heard and took effect."""
        found = []
        for at, limit, reached in reversed(self.limits):
            found.append(limit)
            if reached and self.now - at > LAG_S:
                break
        return max(found, default=0.0)


KW = st.sampled_from((0.0, 10.0, 35.0, 80.0, 150.0, 5000.0))
NAMES = st.sampled_from([b.name for b in SIX])
EVENTS = st.one_of(
    st.tuples(st.just("grid"), KW), st.tuples(st.just("setting"), st.one_of(st.none(), KW, st.just(-5.0))),
    st.tuples(st.just("meter"), st.booleans()), st.tuples(st.just("lies"), st.sampled_from((0.0, 30.0, 400.0))),
    st.tuples(st.just("lose"), st.sampled_from(RACKS)), st.tuples(st.just("find"), st.sampled_from(RACKS)),
    st.tuples(st.just("deaf"), st.sampled_from(RACKS)), st.tuples(st.just("hear"), st.sampled_from(RACKS)),
    st.tuples(st.just("blind"), NAMES), st.tuples(st.just("see"), NAMES),
    st.tuples(st.just("close"), NAMES), st.tuples(st.just("open"), NAMES),
    st.tuples(st.just("appetite"), st.tuples(NAMES, st.sampled_from((0.0, 5.0, 30.0, 60.0)))),
    st.tuples(st.just("out"), NAMES), st.tuples(st.just("in"), NAMES),
    st.tuples(st.just("soc"), st.tuples(NAMES, st.sampled_from((1.5, -1.5)))),
    st.tuples(st.just("plc start"), st.sampled_from(RACKS)), st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("nothing"), st.none()),
)  # fmt: skip
HISTORIES = st.lists(st.tuples(EVENTS, st.sampled_from((0.05, 0.3, 1.0, 1.5, 10.0))), min_size=5, max_size=40)


def _happen(plant: Plant, event: str, what: Any) -> None:
    match event:
        case "grid" | "setting" | "lies":
            setattr(plant, event, what)
        case "meter":
            plant.meter_good = what
        case "lose":
            plant.lost.add(what)
        case "find":
            plant.lost.discard(what)
        case "deaf":
            plant.deaf.add(what)
        case "hear":
            plant.deaf.discard(what)
        case "blind":
            plant.blind.add(what)
        case "see":
            plant.blind.discard(what)
        case "close":
            plant.closed.add(what)
        case "open":
            plant.closed.discard(what)
        case "appetite":
            plant.appetite[what[0]] = what[1]
        case "out":
            plant.out.add(what)
        case "in":
            plant.out.discard(what)
        case "soc":
            plant.soc[what[0]] += what[1]
        case "plc start":
            for seen in SIX:
                if seen.rack == what:
                    plant.write(seen.name, 0.0)


def _look(plant: Plant, state: ChargingState) -> ChargingState:
    """Decide, write: decreases reach deaf racks without an answer, increases do too; lost racks get nothing."""
    decision = decide_charging(state, plant.views(), plant.site(), plant.now, None, TIGHT)
    unconfirmed = []
    for name, kw in decision.levels.items():
        rack = next(b.rack for b in SIX if b.name == name)
        if rack in plant.lost or (
            rack in plant.deaf and kw < state.told.get(name, decision.state.told[name]).level
        ):
            unconfirmed.append(name)
            continue
        plant.write(name, kw)
        if rack in plant.deaf:
            unconfirmed.append(name)
    heard = {b.rack for b in SIX} - plant.lost
    reached = not any(b.name in unconfirmed for b in SIX if b.rack in heard)
    plant.limits.append((plant.now, plant.limit(), reached))
    return after_write(decision.state, decision.levels, plant.now, unconfirmed)


def _judge(plant: Plant, event: str, what: Any) -> None:
    held = plant.total(plant.lost)
    assert plant.total() <= max(plant.allowed(), held) + 0.5, (plant.total(), plant.allowed(), event, what)


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.sampled_from((0.0, 8.0, 15.0)))
def test_the_site_limit_holds_whatever_happens(history: list[Any], aux: float) -> None:
    plant, state = Plant(aux), ChargingState()
    for _ in range(10):
        plant.now += 1.0
        state = _look(plant, state)
    for (event, what), dt in history:
        _happen(plant, event, what)
        if event == "restart":
            # No session outlives our heartbeat (PLC contract); the levels of the PLCs do.
            state, plant.closed = ChargingState(), {b.name for b in SIX}
        state = _look(plant, state)
        _judge(plant, event, what)
        plant.now += dt
        _judge(plant, event, what)


def test_the_plant_of_this_test_draws_all_that_it_is_given() -> None:
    """Without this the property could hold for the wrong reason: nothing flows."""
    plant, state = Plant(8.0), ChargingState()
    for _ in range(40):
        plant.now += 1.0
        state = _look(plant, state)
    assert 140.0 < plant.total() <= 150.0
