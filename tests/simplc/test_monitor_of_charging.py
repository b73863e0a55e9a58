"""The monitor sees what charging may not do, and only that."""

from __future__ import annotations

import pytest

from hil_tests.simplc.truth.bay import CHARGING


def fault(client, name, on=True, **args):
    answer = client.station.command({"cmd": "fault", "name": name, "on": on, **args})
    assert answer["ok"], answer


def grid(client, limit: float) -> None:
    assert client.station.command({"cmd": "grid", "limit_kw": limit})["ok"]


def charging(client, *numbers: int) -> None:
    """These bays charge with 60 kW, no other does."""
    for number, bay in client.station.plant.bays.items():
        if bay.state == CHARGING:
            bay.state, bay.kilowatts, bay.amps = 0, 0.0, 0.0
        if number in numbers:
            bay.pack.soc, bay.pack.temperature = 30.0, 25.0
            bay.state, bay.ordered_kw, bay.changed = CHARGING, 60.0, True
    client.advance(0.2)


def texts(client, rule: str) -> list[str]:
    return [v["text"] for v in client.report()["violations"] if v["rule"] == rule]


@pytest.fixture
def slow(make_client):
    """One plant second in one second, so that packs change little."""
    return make_client(speed=1.0)


# ---- the site's limit --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("limit", "seen"), [(70.0, 1), (71.0, 0)])
def test_a_site_over_its_limit_is_seen_once(slow, limit, seen):
    """60 kW in the pack are 72.3 kW at the meter, and 2 % are beyond what it measures."""
    client = slow
    charging(client)
    grid(client, limit)
    client.advance(5.0)
    charging(client, 1)
    client.advance(4.0)
    assert len(texts(client, "S19")) == seen
    charging(client)
    client.advance(2.0)
    charging(client, 1)
    client.advance(4.0)
    assert len(texts(client, "S19")) == 2 * seen


def test_a_second_over_the_limit_is_forgiven(slow):
    charging(slow)
    grid(slow, 60.0)
    slow.advance(5.0)
    charging(slow, 1)
    slow.advance(0.5)
    charging(slow)
    slow.advance(2.0)
    assert texts(slow, "S19") == []


@pytest.mark.parametrize(("followed_after", "seen"), [(3.5, 0), (6.0, 1)])
def test_a_lowered_limit_is_kept_when_there_was_time_to_follow(slow, followed_after, seen):
    charging(slow, 1, 2, 3)
    slow.advance(2.0)
    grid(slow, 100.0)
    slow.advance(followed_after)
    charging(slow, 1)
    slow.advance(6.0)
    assert len(texts(slow, "S19")) == seen


def test_a_limit_that_falls_and_falls_gives_no_new_time_for_what_was_too_much_before(slow):
    charging(slow, 1, 2)
    for limit in range(120, 90, -1):
        grid(slow, float(limit))
        slow.advance(0.5)
    assert len(texts(slow, "S19")) == 1


# ---- current into a dangerous pack -------------------------------------------------------------------------
STRIKES = [
    ("crashed", True, "crash"), ("insulation", 40, "insulation"), ("temperature", 58.0, "hot"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "value", "word"), STRIKES)
def test_current_into_a_dangerous_pack_is_seen(slow, attribute, value, word):
    """The rack's own reaction is taken away: what it does by itself must not be all that helps."""
    client = slow
    charging(client, 1)
    bay = client.station.plant.bays[1]
    plant_flow = client.station.plant
    plant_flow.charge = lambda dt: None  # the current stands as it is
    setattr(bay.pack, attribute, value)
    client.advance(1.5)
    assert texts(client, "S16") == []
    client.advance(1.0)
    (text,) = texts(client, "S16")
    assert "A01" in text and word in text


def test_a_current_that_is_off_in_time_is_not_told(slow):
    charging(slow, 1)
    slow.station.plant.bays[1].pack.crashed = True
    slow.advance(1.0)
    slow.limits["BAY01_LIMIT"] = 0
    slow.advance(5.0)
    assert texts(slow, "S16") == []


@pytest.mark.parametrize(("attribute", "value", "word"), STRIKES)
def test_a_dangerous_pack_without_current_is_nobodys_fault(slow, attribute, value, word):
    charging(slow, 1)
    slow.limits["BAY01_LIMIT"] = 0
    setattr(slow.station.plant.bays[1].pack, attribute, value)
    slow.advance(5.0)
    assert texts(slow, "S16") == []


def test_the_rack_itself_ends_the_current_of_a_hot_pack(slow):
    charging(slow, 1)
    slow.station.plant.bays[1].pack.temperature = 58.0
    slow.advance(5.0)
    values = slow.station.plcs["rack_a"].values
    assert (values["BAY01_CHG_STATE"], values["BAY01_STOP_REASON"]) == (7, 4)
    assert texts(slow, "S16") == []


@pytest.mark.parametrize("name", ["charger-welded", "charger-silent"])
def test_what_a_charger_does_on_its_own_is_not_the_controllers_doing(slow, name):
    charging(slow, 1)
    fault(slow, name, bay="A01")
    slow.station.plant.bays[1].pack.crashed = True
    slow.advance(5.0)
    assert slow.station.plant.bays[1].kilowatts > 0.0
    assert texts(slow, "S16") == []


# ---- the plug ----------------------------------------------------------------------------------------------
def test_a_plug_drawn_under_load_is_seen_and_an_order_for_it_refused(slow):
    charging(slow, 1)
    assert slow.give("rack_a", 31, 1) == 6
    assert texts(slow, "S12") == ["plug ordered out of A01 under voltage"]
    slow.station.plant.bays[1].plug = 0.8
    slow.advance(0.3)
    assert texts(slow, "S12")[1:] == ["plug of A01 drawn under load"]
