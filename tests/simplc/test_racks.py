"""Racks as the controller meets them: levels, fan, chargers and BMS that fall silent or lie, the isolation place."""

from __future__ import annotations

import pytest

from hil_tests.simplc.truth.bay import CHARGING


def fault(client, name, on=True, **args):
    answer = client.station.command({"cmd": "fault", "name": name, "on": on, **args})
    assert answer["ok"], answer


def charging(client, number: int = 1, soc: float = 40.0):
    """The bay, charging with 40 kW, and its rack's values."""
    bay = client.station.plant.bays[number]
    bay.pack.soc, bay.pack.temperature = soc, 25.0
    bay.state, bay.ordered_kw = CHARGING, 40.0
    client.advance(0.3)
    assert bay.kilowatts == pytest.approx(40.0)
    return bay, client.station.plcs[bay.rack].values


# ---- levels ------------------------------------------------------------------------------------------------
def test_a_level_is_obeyed_whatever_else_is_asked(client):
    bay, values = charging(client)
    rack = client.station.plcs["rack_a"]
    client.limits["BAY01_LIMIT"] = 123
    rack.write({"STOP_REQ": 1})
    fault(client, "e-stop")
    client.advance(0.3)
    assert (bay.kilowatts, values["BAY01_POWER_SET"]) == (pytest.approx(12.3), 12.3)
    client.limits["BAY01_LIMIT"] = 0
    client.advance(0.3)
    assert (bay.kilowatts, values["BAY01_POWER"], values["BAY01_POWER_SET"]) == (0.0, 0.0, 0.0)
    assert (values["BAY01_CHG_STATE"], values["BAY01_REMAIN_MIN"]) == (4, 6000)
    client.limits["BAY01_LIMIT"] = 600
    client.advance(0.3)
    assert bay.kilowatts == pytest.approx(40.0), "the order's own power is the smaller one"
    assert values["BAY01_CHG_STATE"] == 4 and 0 < values["BAY01_REMAIN_MIN"] < 6000


def test_nothing_flows_after_a_start_until_somebody_says_how_much(client):
    client.limits = {}
    fault(client, "plc-restart", plc="rack_a")
    client.advance(3.0)
    bay = client.station.plant.bays[1]
    bay.pack.soc, bay.state, bay.ordered_kw = 40.0, CHARGING, 40.0
    client.advance(1.0)
    assert (bay.state, bay.kilowatts) == (CHARGING, 0.0)
    client.limits = {"BAY01_LIMIT": 100}
    client.advance(0.3)
    assert bay.kilowatts == pytest.approx(10.0)


def test_a_silent_controller_leaves_no_level_behind(client):
    bay, _ = charging(client)
    client.beating = False
    client.advance(1.5)
    assert bay.level_kw == 0.0 and not bay.live
    client.limits, client.beating = {}, True
    client.advance(0.3)
    client.do("rack_a", 32, 1, 400)
    client.advance(1.0)
    assert (bay.state, bay.kilowatts) == (CHARGING, 0.0)


def test_a_lower_level_is_obeyed_in_the_next_cycle(client):
    bay, values = charging(client)
    client.station.plcs["rack_a"].write({"BAY01_LIMIT": 50})
    client.station.advance(0.01)
    assert bay.kilowatts == pytest.approx(5.0)
    client.station.advance(0.1)
    assert values["BAY01_POWER"] == 5.0


def test_a_level_opens_no_charge(client):
    bay = client.station.plant.bays[1]
    bay.pack.soc, bay.state = 40.0, 0
    client.advance(1.0)
    assert (bay.state, bay.kilowatts) == (0, 0.0)


@pytest.mark.parametrize("smoke", [False, True])
def test_the_fan_runs_while_it_should_and_with_smoke_always(client, smoke):
    rack = client.station.plcs["rack_a"]
    assert rack.values["FAN_RUNNING"] is False
    rack.write({"FAN": int(not smoke)})
    fault(client, "hot-pack", bay="A02", smoke=True, on=smoke)
    client.advance(0.2)
    assert rack.values["FAN_RUNNING"] is True
    assert client.station.plcs["rack_b"].values["FAN_RUNNING"] is False
    rack.write({"FAN": 0})
    client.advance(0.2)
    assert rack.values["FAN_RUNNING"] is smoke


# ---- chargers and BMS that fall silent or lie --------------------------------------------------------------
def test_a_silent_charger_shows_its_last_values_and_then_that_it_is_lost(make_client):
    client = make_client(speed=1.0)
    bay, values = charging(client)
    fault(client, "charger-silent", bay="A01")
    client.limits["BAY01_LIMIT"] = 0
    bay.pack.temperature, bay.enabled = 35.0, False
    client.advance(15.0)
    assert (values["BAY01_POWER"], values["BAY01_CHARGER_LINK"]) == (40.0, True)
    assert values["BAY01_TEMP_MAX"] == 25.0, "the BMS speaks through the charger"
    assert values["BAY01_ENABLED"] is False, "the rack's own inputs are none of it"
    assert bay.kilowatts == pytest.approx(40.0)
    client.advance(8.0)
    assert (values["BAY01_CHARGER_LINK"], values["BAY01_BMS_LINK"], values["BAY01_POWER"]) == (False, False, 0.0)
    assert (values["BAY01_CHG_STATE"], values["BAY01_STOP_REASON"]) == (7, 6)
    fault(client, "charger-silent", bay="A01", on=False)
    client.advance(0.3)
    assert values["BAY01_CHARGER_LINK"] is True and values["BAY01_BMS_LINK"] is True


@pytest.mark.parametrize(
    ("name", "args", "shown"),
    [
        ("bms-soc-jump", {}, {"SOC": 70.0}), ("bms-soc-jump", {"by": -25}, {"SOC": 15.0}),
        ("bms-nan", {}, {"SOC": 6553.5, "TEMP_MAX": 3276.7, "INSULATION": 65535, "CELL_MAX": 65535}),
    ],
)  # fmt: skip
def test_a_lying_bms_says_something_else_than_is_the_case(make_client, name, args, shown):
    client = make_client(speed=1.0)
    bay, values = charging(client)
    code = bay.pack.code
    fault(client, name, bay="A01", **args)
    client.advance(0.3)
    assert {slot: values[f"BAY01_{slot}"] for slot in shown} == pytest.approx(shown, abs=0.11)
    assert bay.pack.soc == pytest.approx(40.0, abs=0.1) and values["BAY01_PACK_ID"] == code
    fault(client, name, on=False)
    client.advance(0.3)
    assert values["BAY01_SOC"] == pytest.approx(40.0, abs=0.2)


def test_a_frozen_bms_says_the_same_for_ever(make_client):
    client = make_client(speed=100.0)
    bay, values = charging(client)
    fault(client, "bms-frozen", bay="A01")
    client.advance(0.1)
    before = values["BAY01_SOC"], values["BAY01_TEMP_MAX"]
    client.advance(10.0)
    assert bay.pack.soc > before[0] + 5.0
    assert (values["BAY01_SOC"], values["BAY01_TEMP_MAX"]) == before
    assert values["BAY01_POWER"] == pytest.approx(40.0), "the charger itself is honest"


def test_two_packs_with_one_code(client):
    codes = [client.station.plant.bays[n].pack.code for n in (1, 2)]
    fault(client, "bms-id-clash", bay="A01", of="A02")
    client.advance(0.3)
    values = client.station.plcs["rack_a"].values
    assert (values["BAY01_PACK_ID"], values["BAY02_PACK_ID"]) == (codes[1], codes[1])
    fault(client, "bms-id-clash", on=False)
    client.advance(0.3)
    assert values["BAY01_PACK_ID"] == codes[0]


def test_a_pack_that_never_charges_opens_a_charge_and_takes_nothing(client):
    _, values = charging(client)
    fault(client, "never-charges", bay="A01")
    client.advance(5.0)
    assert (values["BAY01_CHG_STATE"], values["BAY01_POWER"], values["BAY01_POWER_SET"]) == (4, 0.0, 40.0)
    assert values["BAY01_REMAIN_MIN"] == 6000


def test_a_leak_to_earth_on_the_dc_side_shows_at_the_monitor(client):
    meter = client.station.plcs["meter"].values
    assert meter["INSULATION"] > 1000
    fault(client, "insulation-low", kohm=60)
    client.advance(1.5)
    assert meter["INSULATION"] < 100
    fault(client, "insulation-low", on=False)
    client.advance(1.5)
    assert meter["INSULATION"] > 1000


# ---- hot packs ---------------------------------------------------------------------------------------------
def test_a_damaged_pack_whose_current_stops_in_time_cools_down(make_client):
    client = make_client(speed=100.0)
    bay, values = charging(client)
    fault(client, "thermal-runaway", bay="A01")
    while bay.pack.temperature < 50.0:
        client.advance(0.5)
    client.limits["BAY01_LIMIT"] = 0
    client.advance(60.0)
    assert bay.pack.temperature < 45.0 and values["BAY01_NO_PREALARM"] is True


def test_a_damaged_pack_gives_gas_smoke_and_fire_one_after_the_other(make_client):
    client = make_client(speed=20.0)
    fault(client, "thermal-runaway", bay="A01", celsius=71.0)
    values, safety = client.station.plcs["rack_a"].values, client.station.plcs["safety"].values
    seen = []
    while safety["NO_FIRE"]:
        client.advance(0.1)
        shown = values["BAY01_GAS"] > 100, not values["BAY01_NO_SMOKE"], not safety["NO_FIRE"]
        if not seen or seen[-1] != shown:
            seen.append(shown)
        assert client.station.plant.now < 7200
    assert seen == [(True, False, False), (True, True, False), (True, True, True)]
    fault(client, "thermal-runaway", on=False)
    client.advance(0.3)
    assert safety["NO_FIRE"] and values["BAY01_NO_SMOKE"]


def test_in_the_water_of_the_isolation_place_it_does_not_burn(make_client):
    client = make_client(speed=20.0)
    client.do("rack_a", 31, 1)
    pack = client.station.plant.bays[1].pack
    fault(client, "thermal-runaway", bay="A01", celsius=75.0)
    client.do("stacker", 23, 1)
    stacker = client.station.plcs["stacker"].values
    assert (stacker["ISOLATION_PRESENT"], stacker["ISOLATION_EMPTY"]) == (True, False)
    client.advance(60.0)
    assert pack.place == "isolation" and pack.temperature < 45.0
    assert client.station.plcs["safety"].values["NO_FIRE"] is True


def test_a_hot_pack_stays_as_hot_as_told_and_takes_its_heat_along(make_client):
    client = make_client(speed=20.0)
    client.do("rack_a", 31, 1)
    pack = client.station.plant.bays[1].pack
    fault(client, "hot-pack", bay="A01", celsius=58.0)
    client.advance(10.0)
    assert pack.temperature == pytest.approx(58.0)
    fault(client, "hot-pack", bay="A01", kilowatts=30.0)
    client.do("stacker", 22, 1, 12)
    warm = pack.temperature
    client.advance(2.0)
    assert pack.place == "A12" and pack.temperature > warm > 58.0
    fault(client, "hot-pack", bay="A01", on=False)
    assert pack.temperature <= 30.0 and client.station.plant.ailing == []


def test_a_dry_isolation_place_takes_no_pack(client):
    client.do("rack_a", 31, 1)
    fault(client, "isolation-dry")
    assert client.give("stacker", 23, 1) == 6
    assert "not ready" in client.station.plcs["stacker"].refusal
    fault(client, "isolation-dry", on=False)
    client.do("stacker", 23, 1)


# ---- grid --------------------------------------------------------------------------------------------------
def test_the_meter_shows_what_the_site_draws_and_what_the_grid_allows(client):
    meter = client.station.plcs["meter"].values
    answer = client.station.command({"cmd": "grid", "limit_kw": 300, "heater_kw": 12})
    assert answer == {"ok": True, "limit_kw": 300.0, "heater_kw": 12.0}
    client.advance(1.5)
    plant = client.station.plant
    assert meter["GRID_LIMIT_KW"] == 300.0
    assert meter["POWER_KW"] == pytest.approx(plant.charging_kw() / 0.955 + 9.5 + 12, abs=0.5)
    assert plant.charging_kw() > 50
    for wrong in (-1, 5001, "all", float("nan")):
        assert client.station.command({"cmd": "grid", "limit_kw": wrong})["ok"] is False
    assert plant.grid.limit_kw == 300.0
