"""The PLCs' own interlocks: what crane and stand refuse, and what ends an order under way, whoever gave it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simplc.truck.conftest import ALL, MOST_KG, ON_BAY, ON_ISOLATION, ON_TRUCK, TruckClient

Act = Callable[[TruckClient], object]


def nothing(client: TruckClient) -> None:
    """No preparation."""


def stuck(tag: str, value: object, plc: str = "crane") -> Act:
    """A sensor shows a value, whatever is the case."""
    return lambda c: c.fault("sensor-stuck", tag=f"{plc}.{tag}", value=value)


def held(client: TruckClient) -> None:
    """Somebody holds the jog button from now on."""
    client.fault("sway", on=False)
    client.station.plcs["crane"].write({"JOG_RENEW": 1})


REFUSED: list[tuple[str, Act, str, int, tuple[int, ...], str]] = [
    # travel
    ("LAND", nothing, "crane", 12, (1,), "below travel height"),
    ("GRIP", nothing, "crane", 11, (), "below travel height"),
    ("HOIST", stuck("GRIPPER_CLOSED", 0b0111), "crane", 12, (8,), "neither closed nor open"),
    ("SECURE", lambda c: c.fault("wind"), "crane", 12, (1,), "wind"),
    ("SECURE", lambda c: c.plant.see_intruder(True) or c.fault("wind", on=False), "crane", 13, (), "path not clear"),
    ("TO_TRUCK", lambda c: c.fault("person"), "crane", 12, (1,), "person"),
    # lower
    ("SECURE", nothing, "crane", 20, (ON_TRUCK,), "over nothing"),
    ("TO_TRUCK", lambda c: c.fault("sway", deg=1.5), "crane", 20, (ON_TRUCK,), "swings"),
    ("TO_TRUCK", lambda c: c.fault("person"), "crane", 20, (ON_TRUCK,), "person"),
    ("TO_TRUCK", lambda c: c.fault("hv-on"), "crane", 20, (ON_TRUCK,), "high voltage"),
    ("AWAY", lambda c: c.do("crane", 12, c.fresh), "crane", 20, (ON_BAY,), "plug in"),
    ("TO_BAY", lambda c: c.fault("bay-taken", bay="A08"), "crane", 20, (ON_BAY,), "bay is taken"),
    ("TO_BAY", lambda c: c.fault("bay-disabled", bay="A08"), "crane", 20, (ON_BAY,), "not enabled"),
    ("HOIST", lambda c: c.do("crane", 13) or c.fault("isolation-dry"), "crane", 20, (ON_ISOLATION,), "not ready"),
    ("HOIST", lambda c: c.do("crane", 13) or c.plant.places.put(c.plant.make_pack(282, 50.0), "isolation")
     or c.fault("wind", on=False), "crane", 20, (ON_ISOLATION,), "isolation place is taken"),
    ("BACK", stuck("VEH_PACK_LATCHED", True, "stand"), "crane", 20, (ON_TRUCK,), "pack on the truck"),
    ("BACK", stuck("VEH_LOCKS_OPEN", 7, "stand"), "crane", 20, (ON_TRUCK,), "not open"),
    # gripper
    ("TO_TRUCK", nothing, "crane", 21, (), "not landed"),
    ("LAND", stuck("LANDED", 0b1101), "crane", 21, (), "not landed"),
    ("HOIST", nothing, "crane", 22, (), "ropes are tight"),
    # hoist
    ("LAND", stuck("GRIPPER_OPEN", 0b1011), "crane", 23, (MOST_KG,), "neither closed nor open"),
    ("GRIP", nothing, "crane", 23, (MOST_KG,), "truck holds its pack"),
    ("UNLOCK", stuck("VEH_LOCKS_OPEN", 0b0111, "stand"), "crane", 23, (MOST_KG,), "truck holds its pack"),
    ("UNLOCK", stuck("VEH_CONNECTOR_APART", False, "stand"), "crane", 23, (MOST_KG,), "truck holds its pack"),
    ("UNLOCK", lambda c: c.fault("radio-lost"), "crane", 23, (MOST_KG,), "truck holds its pack"),
    ("UNLOCK", lambda c: c.fault("person"), "crane", 23, (MOST_KG,), "person"),
    ("GRIP", nothing, "crane", 10, (), "truck holds its pack"),
    ("GRIP_FRESH", lambda c: stuck(f"BAY{c.fresh:02d}_PLUG_OUT", False, "rack_a")(c), "crane", 23, (MOST_KG,),
     "plug in"),
    # jog
    ("SECURE", held, "crane", 50, (1, 31500), "further"),
    ("HOIST", held, "crane", 50, (3, 59500), "gripper not open"),
    ("LAND", held, "crane", 50, (1, 29800), "below travel height"),
    ("SECURE", nothing, "crane", 50, (1, 30500), "jog counter"),
    # stand
    ("LAND", nothing, "stand", 13, (), "gripper down"),
    ("GRIP", nothing, "stand", 11, (), "gripper down"),
    ("IDENTIFY", nothing, "stand", 12, (), "AT_WHEEL_STOP"),
    # truck
    ("LAND", nothing, "stand.VEH", 46, (ALL,), "does not hold"),
    ("HV_OFF", nothing, "stand.VEH", 46, (ALL,), "does not hold"),
    ("GRIP", lambda c: c.fault("hv-on"), "stand.VEH", 46, (ALL,), "high voltage"),
    ("GRIP", nothing, "stand.VEH", 44, (), "gripper down"),
    ("UNLOCK", nothing, "stand.VEH", 44, (), "locks"),
    ("LOCK", nothing, "stand.VEH", 44, (), "gripper down"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("after", "prepare", "channel", "opcode", "params", "text"), REFUSED,
    ids=[f"{r[2]}-{r[3]}-{r[0]}-{r[5]}" for r in REFUSED],
)  # fmt: skip
def test_the_plc_refuses(client, after, prepare, channel, opcode, params, text):
    client.swap_until(after)
    prepare(client)
    client.advance(0.1)
    name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
    assert client.give(name, opcode, *params, prefix=prefix) == 6
    assert text in client.station.plcs[name].refusal


@pytest.mark.parametrize(
    ("name", "opcode", "params", "prefix"),
    [
        ("crane", 11, (20001,), ""), ("crane", 11, (0, 0, -1001), ""), ("crane", 12, (0,), ""),
        ("crane", 12, (9,), ""), ("crane", 20, (4999,), ""), ("crane", 23, (6001,), ""), ("crane", 50, (4, 0), ""),
        ("stand", 46, (0,), "VEH_"), ("stand", 47, (16,), "VEH_"), ("stand", 14, (), ""),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_unknown(client, name, opcode, params, prefix):
    assert client.give(name, opcode, *params, prefix=prefix) == 8


LOST: list[tuple[str, tuple[int, ...], str, dict[str, object], str]] = [
    ("AWAY", (12, 1), "wind", {}, "wind"),
    ("HV_OFF", (11,), "person", {}, "person"),
    ("TO_TRUCK", (20, ON_TRUCK), "person", {}, "person"),
    ("TO_TRUCK", (20, ON_TRUCK), "hv-on", {}, "high voltage"),
    ("UNLOCK", (23, MOST_KG), "person", {}, "person"),
    ("TO_TRUCK", (20, ON_TRUCK), "e-stop", {}, ""),
    ("LAND", (21,), "curtain", {}, ""),
]


@pytest.mark.parametrize(("after", "order", "name", "args", "text"), LOST, ids=[f"{r[1][0]}-{r[2]}" for r in LOST])
def test_what_is_lost_under_way_stops_the_crane(client, after, order, name, args, text):
    client.swap_until(after)
    assert client.give("crane", *order) == 1
    client.advance(0.1)
    client.fault(name, **args)
    client.advance(0.3)
    assert client.shows("RESULT") == 3 and client.shows("ORDER_STATE") == 3
    assert text in client.station.plcs["crane"].refusal
    z, x = client.crane.z, client.crane.x
    client.fault(name, on=False, **args)
    client.station.command({"cmd": "safety-reset"})
    client.advance(0.5)
    assert (client.crane.z, client.crane.x) == (z, x), "nothing moves by itself when the cause is gone"


def test_no_order_moves_twice_and_none_survives_a_restart_of_the_crane(client):
    plc = client.station.plcs["crane"]
    block = client.block("crane", 12, 4)
    plc.write(block)
    client.advance(1.0)
    assert client.shows("RESULT") == 1
    client.crane.x += 50.0
    plc.write(block)
    client.advance(0.2)
    assert client.shows("ORDER_STATE") == 2 and client.crane.x == client.crane.spots["A04"][0] + 50.0
    client.give("crane", 12, 1)
    client.advance(0.1)
    client.fault("plc-restart", plc="crane", seconds=0.2)
    client.advance(0.5)
    assert client.shows("EPOCH") == 2 and client.shows("ORDER_STATE") == 0 and not client.crane.travelling


def test_a_silent_controller_stops_the_crane_with_its_load(make_client):
    client = make_client(speed=4.0)
    client.swap_until("HOIST")
    client.give("crane", 12, client.empty)
    client.advance(0.1)
    client.beating = False
    client.advance(2.5)
    assert client.shows("RESULT") == 3 and client.crane.load is not None and client.rules() == set()
    client.beating = True
    client.advance(0.3)
    assert client.shows("ORDER_STATE") == 3


def test_the_crane_creeps_while_the_button_is_held(make_client):
    client = make_client(speed=2.0)
    plc = client.station.plcs["crane"]
    plc.write({"JOG_RENEW": 1})
    assert client.give("crane", 50, 1, round(client.crane.x * 10) + 500) == 1
    client.station.advance(0.2)
    x = client.crane.x
    assert x > 3000.0
    client.advance(0.5)
    assert client.shows("RESULT") == 3 and client.crane.x < 3050.0 and client.shows("OVER") == 0
