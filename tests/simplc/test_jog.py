"""JOG of the simulated PLCs: only while the counter moves, a little way, and with each machine's own interlocks."""

from __future__ import annotations

import pytest

from hil_tests.simplc.jog import CREEP_MM_S
from hil_tests.simplc.station import SimStation
from tests.simplc.conftest import Client

JOG, UNKNOWN, INTERLOCK, STOPPED = 50, 8, 6, 3


@pytest.fixture
def slow():
    """A controller at machines in real time."""
    station = SimStation(seed=1)
    station.plant.safety.key = station.plant.safety.enabling = True
    client = Client(station)
    client.advance(0.5)
    return client


def renew(client, name, seconds, every=0.1):
    """Time passes, heartbeat and counter move."""
    plc = client.station.plcs[name]
    for _ in range(round(seconds / every)):
        plc.write({"JOG_RENEW": int(plc.inputs.get("JOG_RENEW", 0)) + 1})
        client.advance(every)


def begun(client, name="stacker", *params):
    renew(client, name, 0.1)
    return client.give(name, JOG, *params)


def test_without_a_moving_counter_nothing_is_jogged(slow):
    assert slow.give("stacker", JOG, 1, 15200) == INTERLOCK
    assert slow.station.plcs["stacker"].refusal == "jog counter stands still"
    renew(slow, "stacker", 0.1)
    slow.station.advance(0.3)
    assert slow.give("stacker", JOG, 1, 15200) == INTERLOCK, "a counter that has moved once"
    slow.station.plcs["stacker"].write({"JOG_RENEW": slow.station.plcs["stacker"].inputs["JOG_RENEW"]})
    assert slow.give("stacker", JOG, 1, 15200) == INTERLOCK, "a counter that is written and does not move"
    assert slow.station.plant.stacker.x == 1500.0


def test_it_creeps_to_its_target_and_stands(slow):
    assert begun(slow, "stacker", 1, 15200) == 1
    began = slow.station.plant.stacker.x
    renew(slow, "stacker", 1.0)
    assert slow.station.plant.stacker.x - began == pytest.approx(CREEP_MM_S, abs=0.5)
    renew(slow, "stacker", 1.5)
    values = slow.station.plcs["stacker"].values
    assert (values["RESULT"], values["X_MM"], values["PARKED"]) == (1, 1520, False)


def test_it_stops_250_ms_after_the_counter_last_moved(slow):
    assert begun(slow, "stacker", 1, 15900) == 1
    renew(slow, "stacker", 0.5)
    values = slow.station.plcs["stacker"].values
    slow.station.advance(0.14)
    assert values["ORDER_STATE"] == 1
    slow.station.advance(0.05)
    assert (values["ORDER_STATE"], values["RESULT"]) == (STOPPED, 3)
    stood = slow.station.plant.stacker.x
    renew(slow, "stacker", 1.0)
    assert slow.station.plant.stacker.x == stood, "moving again starts nothing"


WRONG = [
    ("stacker", (4, 15000), UNKNOWN, ""),
    ("stacker", (1, -10), UNKNOWN, ""),
    ("lift", (1, 18010), UNKNOWN, ""),
    ("stacker", (1, 16020), INTERLOCK, "target further than 100 mm"),
    ("robot", (1, 1020), INTERLOCK, "target further than 100 mm"),
]


@pytest.mark.parametrize(("name", "params", "code", "why"), WRONG)
def test_what_it_does_not_know_or_what_is_too_far_is_refused(slow, name, params, code, why):
    assert begun(slow, name, *params) == code
    assert code == UNKNOWN or slow.station.plcs[name].refusal == why


AGAINST = [
    ("stacker", (1, 15100), "stacker.FORK_RETRACTED", False, "fork not retracted"),
    ("stacker", (2, 3100), "stacker.AISLE_CLEAR", False, "aisle not clear"),
    ("robot", (1, 100), "stacker.AT_HANDOVER", True, "stacker in the handover"),
    ("robot", (1, 100), "robot.Z_MM", 400.0, "table is up"),
    ("robot", (2, 100), "lift.BAY_EMPTY", False, "vehicle in the bay, or the table is up"),
    ("lift", (1, 100), "lift.BAY_EMPTY", False, "not BAY_EMPTY"),
    ("lift", (1, 100), "robot.AT_POSITION", 2, "robot not at home"),
]


@pytest.mark.parametrize(("name", "params", "tag", "value", "why"), AGAINST)
def test_each_machine_has_its_own_interlocks(slow, name, params, tag, value, why):
    assert slow.station.command({"cmd": "fault", "name": "sensor-stuck", "tag": tag, "value": value})["ok"]
    assert begun(slow, name, *params) == INTERLOCK
    assert slow.station.plcs[name].refusal == why


def test_a_loss_on_the_way_stops_it(slow):
    assert begun(slow, "stacker", 1, 15900) == 1
    renew(slow, "stacker", 0.3)
    slow.station.command({"cmd": "fault", "name": "sensor-stuck", "tag": "stacker.AISLE_CLEAR", "value": False})
    renew(slow, "stacker", 0.2)
    assert slow.station.plcs["stacker"].values["ORDER_STATE"] == STOPPED


def test_the_monitor_sees_a_jog_without_key(slow):
    assert slow.rules() == set()
    slow.station.command({"cmd": "switch", "name": "key", "on": False})
    slow.advance(0.5)
    begun(slow, "stacker", 1, 15200)
    assert slow.rules() == {"S13"}
