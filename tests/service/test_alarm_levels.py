"""Alarm conditions as levels: the site and its bays whatever the station does, and nothing that is not known.

Knows the interlock rows of the real station and an image made by hand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.config import load_station
from station_ctl.core.conditions import NeverBoth
from station_ctl.core.modes import Mode, State
from station_ctl.core.signals import OwnFacts
from station_ctl.engine.state import StationState
from station_ctl.paths import config_directory
from station_ctl.service.alarm_levels import FILTERS, SITE_ROWS, WatchedRow, levels, watched_rows
from tests.bench.world import World


@cache
def paper() -> PaperStation:
    return put_together(load_station(config_directory() / "stations" / "sim_passenger_car.yaml", {}, PARTS))


def rows() -> tuple[WatchedRow, ...]:
    return watched_rows(paper().facts.safe, paper().stand.bays)


def world() -> World:
    """Everything that is watched is in order."""
    made = World()
    made.prove(*(row.needs for row in rows()))
    return made


def found(world: World, state: State = State.IDLE) -> dict[str, str]:
    standing = levels(StationState(mode=Mode.AUTOMATIC, state=state), world.image(OwnFacts()), {}, rows())
    return {key: level.detail for key, level in standing.items()}


def test_station_in_order_has_no_alarm() -> None:
    assert found(world()) == {}


@pytest.mark.parametrize("state", State)
def test_fire_calls_in_every_state(state: State) -> None:
    burning = world()
    burning.set(paper().stand.safety.no_fire, False)
    assert list(found(burning, state)) == ["A801-site"]


def test_every_bay_is_watched_for_smoke_and_heat() -> None:
    for bay in paper().stand.bays:
        hot = world()
        hot.set(bay.no_smoke, False)
        hot.set(bay.no_prealarm, False)
        assert set(found(hot)) == {f"A801-{bay.name}", f"A804-{bay.name}"}


def test_water_and_grid_call_with_needed_and_found() -> None:
    wet = world()
    wet.set(paper().stand.safety.no_water, False)
    wet.set(paper().stand.safety.grid_ok, False)
    assert found(wet) == {
        "A802-site": "G06 No water in the pit: needs safety.no_water on; found off [safety NO_WATER]",
        "A803-site": "G27 Grid present, UPS not on battery: needs safety.grid_ok on; found off [safety GRID_OK]",
    }
    assert set(SITE_ROWS.values()) <= FILTERS.keys() | {"A801"}


def test_open_chain_calls_where_the_station_is_awake_and_not_where_people_work_in_it() -> None:
    opened = world()
    opened.set(paper().stand.safety.curtains_clear[0], False)
    calls = {state for state in State if found(opened, state)}
    assert calls == {State.IDLE, State.EXECUTE, State.HOLDING, State.HELD, State.STOPPING}


def test_what_cannot_be_read_is_the_alarm_of_its_link_alone() -> None:
    silent = world()
    silent.set(paper().stand.safety.no_fire, False)
    silent.lose("safety")
    assert found(silent) == {}
    down = {"safety": "no answer"}
    standing = levels(replace(StationState(), state=State.IDLE), silent.image(OwnFacts()), down, rows())
    assert list(standing) == ["A201-safety"]


def pairs() -> list[NeverBoth]:
    return [pair for device in paper().devices.values() for pair in device.pairs]


@pytest.mark.parametrize("pair", pairs()[:12], ids=str)
def test_two_sensors_that_contradict_each_other_call_whatever_the_station_does(pair: NeverBoth) -> None:
    """Also at rest, when no step depends on them: the next vehicle would be held by them."""
    watched = watched_rows((), (), pairs())
    for state in State:
        for shown in (True, False):
            seen = World()
            masks = "BOLT" in pair.one.tag or "LOCKS" in pair.one.tag
            seen.set(pair.one, 0b0110 if masks else True)
            seen.set(pair.other, (0b0011 if shown else 0b1001) if masks else shown)
            standing = levels(StationState(state=state), seen.image(OwnFacts()), {}, watched)
            calls = [level for level in standing.values() if level.code == "A203"]
            assert [level.key for level in calls] == ([f"A203-{pair.one.name}"] if shown else [])
            assert all(pair.other.name in level.detail for level in calls)
    assert "A203" in FILTERS
